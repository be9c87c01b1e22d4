#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Scripts of tests/users in the machine, with the programs that are installed there:
# users-suite.sh [SCRIPT[/CASE]]... Each script starts an rssd of its own.
tests=${0%/*}
export BUILD=$tests TMPDIR=/var/tmp RUNTIMES=
systemctl stop rssd
[ $# -gt 0 ] || set -- oci
for part; do
	script=${part%%/*} name=${part#*/}
	[ "$name" != "$part" ] || name=
	# shellcheck disable=SC2086 # Without a case, all of the script.
	TIMES=1 bash "$tests/tests/users/$script.sh" $name
done
