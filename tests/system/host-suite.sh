#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The host suite in the machine, on the memory controller that it has: host-suite.sh [SCRIPT[/CASE]]...
# Each script starts an rssd of its own.
tests=${0%/*}
# /tmp of Debian 13 is a tmpfs, whose files are shared memory.
export BUILD=$tests TMPDIR=/var/tmp
systemctl stop rssd
[ $# -gt 0 ] || set -- "$tests"/tests/host/*.sh
for part; do
	part=${part#"$tests/tests/host/"}
	script=${part%%/*} name=${part#*/}
	[ "$name" != "$part" ] || name=
	# shellcheck disable=SC2086 # Without a case, all of the script.
	TIMES=1 bash "$tests/tests/host/${script%.sh}.sh" $name
done
