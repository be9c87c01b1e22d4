#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Freezing real processes. On memory-v1 rssd moves them to a cgroup of the freezer's hierarchy.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

# The hierarchy of the freezer, if it is mounted by itself and memory is in v1.
freezer=$(awk '$3 == "cgroup" && $4 ~ /(^|,)freezer(,|$)/ && $4 !~ /rss|memory/ { print $2 }' /proc/mounts | head -n 1)
[ "$(rssctl version --json=short | jq -r .controller)" = memory-v1 ] || freezer=
[ -n "$freezer" ] || rssctl version --json=short | jq -e '.features | index("freeze")' >/dev/null || {
	printf 'skip - %s: this controller has no freezer\n' "${0##*/}"
	exit 0
}
needs_freezer() { [ -n "$freezer" ] || { skip "groups have a control file"; false; }; }

# start_counter NAME: a process in the container that appends to the file $counted without end.
start_counter() {
	counted=$(mktemp -p "$work" counted.XXXXXX)
	rssctl run "$1" -- sh -c 'while :; do echo >>"$0"; done' "$counted" &
	children+=($!)
	disown $!
	await 20 test -s "$counted"
}
count() { stat -c %s "$counted"; }
grows() {
	local before
	before=$(count)
	until_true 5 eval '[ "$(count)" -gt '"$before"' ]'
}
# It is for the kernel to say when all have stopped; then nothing is written for as long as a few
# calls take.
stands() {
	local before
	until_true 10 settled || { note "still counting"; return 1; }
	before=$(count)
	for _ in {1..5}; do rssctl list >/dev/null; done
	[ "$(count)" = "$before" ]
}
settled() {
	local before
	before=$(count)
	rssctl list >/dev/null
	[ "$(count)" = "$before" ]
}
freezer_of() { sed -n 's/^[0-9]*:freezer://p' "/proc/$1/cgroup"; }
nothing_left() { [ -z "$freezer" ] || [ ! -d "$freezer/$root" ]; }

case_freeze_stops_and_thaw_continues() {
	rssctl create web
	start_counter web
	grows || fail "it does not run"
	expect 0 rssctl freeze web
	stands || fail "it runs while it is frozen"
	equal "$(field web frozen)" true frozen
	expect 0 rssctl freeze web
	expect 0 rssctl diff
	expect 0 rssctl thaw web
	grows || fail "it does not run after thaw"
	equal "$(field web frozen)" false frozen
	expect 0 rssctl freeze web
	expect 0 rssctl remove web --force
	nothing_left || fail "cgroups of the freezer are left"
}

# Also what is forked meanwhile, in nested containers, and in cgroups of other programs.
case_all_members_are_frozen() {
	local pid outside
	needs_freezer || return
	rssctl create web
	rssctl create web/in
	mkdir "$(controller_mount)$(field web control_group)/inner"
	launch_hog_in web/in anon 1M
	await 20 grep -q ready "$hog_out"
	launch_hog anon 1M
	echo "$hog" >"$(controller_mount)$(field web control_group)/inner/cgroup.procs"
	launch_hog_in web spawn 200
	await 20 eval '[ "$(rssctl ps web --no-legend | wc -l)" -gt 10 ]'
	expect 0 rssctl freeze web
	outside=$(for pid in $(rssctl ps web --json=short | jq '.[].pid'); do
		[ "$(freezer_of "$pid")" = "/$root/web" ] || echo "$pid $(freezer_of "$pid")"
	done)
	equal "$outside" "" "members that are not frozen"
	# No more are forked.
	equal "$(sort "$freezer/$root/web/cgroup.procs")" "$(rssctl ps web --json=short | jq '.[].pid' | sort)" "frozen processes"
	expect 0 rssctl thaw web
	nothing_left || fail "cgroups of the freezer are left"
	expect 0 rssctl remove web --force
}

case_nested_containers_freeze_by_themselves() {
	rssctl create web
	rssctl create web/in
	start_counter web/in
	expect 0 rssctl freeze web
	stands || fail "what is nested runs"
	equal "$(field web/in frozen)" false "frozen of what is nested"
	expect 0 rssctl freeze web/in
	expect 0 rssctl thaw web
	stands || fail "what was frozen by itself runs after the parent's thaw"
	expect 0 rssctl freeze web
	expect 0 rssctl thaw web/in
	stands || fail "it runs while its parent is frozen"
	expect 0 rssctl thaw web
	grows || fail "it does not run after thaw"
	expect 0 rssctl remove web --force
	nothing_left || fail "cgroups of the freezer are left"
}

# A process is frozen while it is in a frozen container, however it comes and goes.
case_attach_freezes_and_detach_thaws() {
	rssctl create web
	rssctl create other
	expect 0 rssctl freeze web
	launch_hog anon 1M
	await 20 grep -q ready "$hog_out"
	expect 0 rssctl attach web --leave-unit "$hog"
	[ -z "$freezer" ] || equal "$(freezer_of "$hog")" "/$root/web" "freezer after attach"
	expect 0 rssctl attach other --leave-unit "$hog"
	[ -z "$freezer" ] || equal "$(freezer_of "$hog")" / "freezer in a container that is not frozen"
	expect 0 rssctl attach web --leave-unit "$hog"
	expect 0 rssctl detach "$hog"
	[ -z "$freezer" ] || equal "$(freezer_of "$hog")" / "freezer after detach"
	kill "$hog"
	await 10 eval '! [ -d "/proc/$hog" ] || grep -q "^State:.Z" "/proc/$hog/status"'
	expect 0 rssctl remove web other
	nothing_left || fail "cgroups of the freezer are left"
}

case_a_frozen_container_survives_rssd() {
	rssctl create web
	start_counter web
	expect 0 rssctl freeze web
	kill_rssd
	start_rssd || return
	equal "$(field web frozen)" true "frozen after a kill"
	stands || fail "it runs after a kill of rssd"
	stop_rssd
	start_rssd || return
	expect 0 rssctl thaw web
	grows || fail "it does not run after thaw"
	expect 0 rssctl freeze web
	expect 0 rssctl kill web --signal=KILL
	await 10 is_empty web
	expect 0 rssctl remove web
	nothing_left || fail "cgroups of the freezer are left"
}

# A process that another program may freeze is left there.
case_a_freezer_of_another_program_is_left_alone() {
	local foreign
	needs_freezer || return
	foreign=$freezer/$root.foreign
	rssctl create web
	start_counter web
	launch_hog_in web anon 1M
	await 20 grep -q ready "$hog_out"
	hog=$(rssctl ps web --json=short | jq '.[] | select(.command == "hog") | .pid')
	mkdir "$foreign"
	echo "$hog" >"$foreign/cgroup.procs"
	expect 1 rssctl freeze web
	says "freezer cgroup of another program"
	equal "$(field web frozen)" false frozen
	equal "$(freezer_of "$hog")" "/$root.foreign" "freezer of the process"
	grows || fail "another process stays frozen"
	nothing_left || fail "cgroups of the freezer are left"
	expect 0 rssctl remove web --force
	await 10 rmdir "$foreign"
}

# freeze_outside GROUP PID: in a cgroup of the freezer that rssd did not make.
freeze_outside() {
	mkdir -p "$freezer/$root/$1"
	echo "$2" >"$freezer/$root/$1/cgroup.procs"
	echo FROZEN >"$freezer/$root/$1/freezer.state"
}

# A killed process in the freezer ends when it is thawed: one after 6 s and one after 12 s. The seconds are
# what is tested: together they are more than the ten in which one process must end.
case_removal_goes_on_while_processes_end() {
	local start=$SECONDS i thawing
	needs_freezer || return
	rssctl create web
	for i in 1 2; do
		launch_hog_in web anon 1M
		await 20 grep -q ready "$hog_out"
		freeze_outside "slow$i" "$(rssctl ps web --json=short | jq '[.[].pid] | max')"
	done
	for i in 1 2; do
		sleep 6
		echo THAWED >"$freezer/$root/slow$i/freezer.state"
	done &
	thawing=$!
	expect 0 timeout 60 rssctl remove --force web
	[ $((SECONDS - start)) -ge 11 ] || fail "all had ended after $((SECONDS - start)) s"
	wait $thawing
	find "$freezer/$root" -depth -type d -exec rmdir {} + 2>/dev/null
	nothing_left || fail "cgroups of the freezer are left"
}

run_cases "$@"
