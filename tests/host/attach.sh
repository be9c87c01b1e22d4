#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Trees of real processes: all of them inside, whatever they do meanwhile.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

# Hogs that an earlier case left would be counted.
no_hogs() { pkill -KILL -x hog; until_true 5 sh -c '! pgrep -x hog'; }

case_200_forking_processes_are_all_inside() {
	local inside
	no_hogs
	rssctl create tree
	# Attached while the tree is still growing.
	launch_hog fork 200
	await 5 test -d "/proc/$hog"
	expect 0 rssctl attach tree --tree "$hog"
	await 30 tree_is_complete
	inside=$(field tree processes)
	equal "$inside" 200 "processes inside"
	equal "$(pgrep -c -x hog)" 200 "hogs on the machine"
	expect 0 rssctl kill tree --signal=KILL
	await 10 is_empty tree
	rssctl remove tree
}

tree_is_complete() { [ "$(grep -c ready "$hog_out")" = 200 ]; }

# A chain of processes, each born of one that ends at once: the last one is inside.
case_storm_of_short_lived_processes_ends_inside() {
	no_hogs
	rssctl create storm
	launch_hog storm 2000
	rssctl attach storm --tree "$hog" >"$work/report" 2>&1
	await 30 storm_is_over
	expect 0 rssctl list
	rssctl remove storm --force
	pkill -KILL -x hog
}

storm_is_over() { [ "$(pgrep -c -x hog)" -le 1 ]; }

case_detach_brings_a_tree_back() {
	local before pid
	no_hogs
	rssctl create away
	start_hog fork 5
	before=$(cat "/proc/$hog/cgroup")
	rssctl attach away --tree "$hog" >/dev/null
	# shellcheck disable=SC2046
	expect 0 rssctl detach $(rssctl ps away --json=short | jq '.[].pid')
	for pid in $(pgrep -x hog); do
		equal "$(cat "/proc/$pid/cgroup")" "$before" "where $pid is"
	done
	rssctl remove away
	pkill -KILL -x hog
}

case_moving_between_containers_keeps_the_origin() {
	local before
	rssctl create one
	rssctl create two
	start_hog anon 1M
	before=$(cat "/proc/$hog/cgroup")
	rssctl attach one "$hog" >/dev/null
	rssctl attach two "$hog" >/dev/null
	equal "$(field two processes)" 1
	rssctl detach "$hog" >/dev/null
	equal "$(cat "/proc/$hog/cgroup")" "$before" "where it is"
	kill -KILL "$hog"
	rssctl remove one
	rssctl remove two
}

run_cases "$@"
