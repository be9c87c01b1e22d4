#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Signals to all processes of a container.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

# Sixteen chains of processes, each of which forks the next and ends: a list of them is out of date
# when it has been read. SIGKILL is repeated until no process is left. They begin right before the
# kill: the pids of the machine are reused every second, and bash may then wait for ever for a command
# of a script next to this one.
case_kill_outruns_processes_that_fork() {
	local round before
	rssctl create chains
	for round in 1 2 3; do
		for _ in {1..16}; do
			"$hog_program" reaper rssctl run chains -- "$hog_program" storm 100000000 "$work/go$round" \
				>/dev/null 2>&1 </dev/null &
			children+=($!)
			disown
		done
		await 20 eval '[ "$(field chains processes)" = 16 ]'
		before=$(rssctl ps chains --json=short)
		touch "$work/go$round"
		await 20 eval '[ "$(rssctl ps chains --json=short)" != "$before" ]'
		expect 0 rssctl kill chains --signal=KILL
		# A chain that was missed goes on for hours.
		await 20 is_empty chains
	done
	quiet_remove chains
}

run_cases "$@"
