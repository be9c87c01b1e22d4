# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by host-suite.sh and users-suite.sh: scripts of a suite in the machine, each of which starts an
# rssd of its own.
# shellcheck shell=bash
tests=${0%/*}
# /tmp of Debian 13 is a tmpfs, whose files are shared memory.
export BUILD=$tests TMPDIR=/var/tmp
systemctl stop rssd

# run_suite SUITE SCRIPT[/CASE]...
run_suite() {
	local suite=$1 part script name
	shift
	for part; do
		script=${part%%/*} name=${part#*/}
		[ "$name" != "$part" ] || name=
		# shellcheck disable=SC2086 # Without a case, all of the script.
		TIMES=1 bash "$tests/tests/$suite/${script%.sh}.sh" $name
	done
}
