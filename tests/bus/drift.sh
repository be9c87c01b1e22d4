#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Another program changes the cgroup of a container: event, diff, doctor, repair.
. "$(dirname "$0")/../lib.sh"

need_controller
start_bus
start_rssd

# Sets $dir to the directory of the containers; fails without memory-v1.
on_v1() {
	dir=$(memory_mount)/$root
	[ -f "$dir/memory.limit_in_bytes" ] || { skip "needs memory-v1"; return 1; }
}

drift_of() { rssctl diff --json=short | jq -c --arg n "$1" '[.[] | select(.name == $n).drift[]]'; }
no_drift() { [ "$(rssctl diff --json=short)" = "[]" ]; }
has_heard() { [ "$(count_heard "$2" "$3")" -ge "$1" ]; }
is_limited() { [ "$(cat "$1/memory.limit_in_bytes")" = "$2" ]; }

case_each_drift_is_an_event_and_is_repaired() {
	local dir
	on_v1 || return
	rssctl create web --limit=32M
	start_watch
	echo $((64 << 20)) >"$dir/web/memory.limit_in_bytes"
	await 20 heard drift web '.drift == "limit"'
	echo 1 >"$dir/web/memory.oom_control"
	await 20 heard drift web '.drift == "oom-killer"'
	equal "$(drift_of web)" '["limit","oom-killer"]' drift
	expect 1 rssctl diff --no-legend
	equal "$(awk '$2 == "oom-killer" { print $3, $4, $5 }' <<<"$out")" "- on off" "row"
	expect 0 rssctl doctor
	says "The kernel's limit of \"web\" is not what rssd set"
	expect 0 rssctl repair web --no-legend
	equal "$(awk '{ print $2, $3, $4 }' <<<"$out" | paste -sd,)" "limit 64.0M 32.0M,oom-killer off on" repaired
	await 20 is_limited "$dir/web" $((32 << 20))
	equal "$(sed -n 's/oom_kill_disable //p' "$dir/web/memory.oom_control")" 0 "OOM killer"
	await 20 no_drift
	# The same change after a repair is an event again, and the history has the events as they
	# came live.
	echo 1 >"$dir/web/memory.oom_control"
	await 20 has_heard 3 drift web
	equal "$(timeout 20 rssctl watch web --since=0 --count=3 --json=short | jq -r .drift | paste -sd,)" \
		"limit,oom-killer,oom-killer" history
	expect 0 rssctl doctor
	says "The OOM killer of \"web\" is switched off"
	expect 0 rssctl repair
	stop_watch
	expect 0 rssctl remove web
}

case_drift_right_after_a_repair_is_an_event() {
	local dir round
	on_v1 || return
	rssctl create again --limit=32M
	start_watch
	for round in 1 2 3 4 5; do
		echo 1 >"$dir/again/memory.oom_control"
		await 20 has_heard "$round" drift again
		expect 0 rssctl repair again
	done
	stop_watch
	expect 0 rssctl remove again
}

case_removed_cgroups_are_made_again() {
	local dir
	on_v1 || return
	rssctl create web --limit=32M
	rssctl create web/inner --limit=16M
	start_watch
	rmdir "$dir/web/inner" "$dir/web"
	await 20 heard drift web '.drift == "cgroup"'
	await 20 heard drift web/inner '.drift == "cgroup"'
	equal "$(drift_of web/inner)" '["cgroup"]' drift
	expect 0 rssctl doctor
	says "The cgroup of \"web\" is gone"
	expect 1 rssctl repair web/inner
	says "repair the parent first"
	expect 0 rssctl repair
	await 20 is_limited "$dir/web" $((32 << 20))
	await 20 is_limited "$dir/web/inner" $((16 << 20))
	expect 0 rssctl diff
	# The repaired container works as before: members, events, another removal, and a removal
	# by rssd.
	launch_hog_in web/inner lock 32M
	await 20 heard oom web/inner
	equal "$(rssctl show web/inner --json=short | jq '.[0].oom_kills')" 1 "OOM kills"
	await 20 is_empty web/inner
	rmdir "$dir/web/inner"
	await 20 has_heard 2 drift web/inner
	expect 0 rssctl repair web/inner
	stop_watch
	expect 0 rssctl remove --force web
	[ ! -d "$dir/web" ] || fail "the cgroup is left"
}

# Changes by rssd itself are no drift.
case_own_changes_are_no_drift() {
	local dir i
	on_v1 || return
	start_watch
	for i in {1..15}; do
		rssctl create own --limit=32M
		rssctl create own/inner --limit=16M
		rssctl limit own $((20 + i))M >/dev/null
		rssctl set own limit=40M
		rssctl run own -- true
		rssctl remove --force own
	done
	# A drift is reported within half a second, so a drift of these would come before this one.
	rssctl create probe2 --limit=32M
	echo $((64 << 20)) >"$dir/probe2/memory.limit_in_bytes"
	await 20 heard drift probe2
	equal "$(jq -c 'select(.event == "drift" and .container != "probe2")' "$events")" "" "events"
	stop_watch
	expect 0 rssctl remove probe2
}

# Most operations fail without the cgroup: the messages say why, and what to do.
case_a_removed_cgroup_is_explained() {
	local dir
	on_v1 || return
	rssctl create hollow --limit=32M
	rmdir "$dir/hollow"
	expect 1 rssctl limit hollow 16M
	says "rssctl repair"
	expect 1 rssctl create hollow/inner
	says "Cannot create \"hollow/inner\": the cgroup of its parent \"hollow\" was removed"
	says "rssctl repair hollow"
	equal "$(rssctl list --json=short | jq -r '.[].name')" hollow containers
	expect 0 rssctl repair hollow
	expect 0 rssctl create hollow/inner
	expect 0 rssctl remove --force hollow
}

# After the rename, two places have the same cgroup for a moment.
case_renamed_cgroup_of_a_place() {
	local dir one two
	on_v1 || return
	one=$root.one two=$root.two dir=${dir%/*}
	mkdir "$dir/$one" "$dir/$two"
	rssctl create one --cgroup="/$one"
	rssctl create two --cgroup="/$two"
	rmdir "$dir/$two"
	mv "$dir/$one" "$dir/$two"
	await 10 grep -q "two: /$two is running" "$rssd_log"
	await 10 grep -q "one: /$one is not running" "$rssd_log"
	expect 0 rssctl list
	expect 0 rssctl remove one
	expect 0 rssctl remove two
	rmdir "$dir/$two"
}

case_oom_killer_is_on_after_a_start() {
	local dir
	on_v1 || return
	rssctl create web --limit=32M
	stop_rssd
	echo 1 >"$dir/web/memory.oom_control"
	start_rssd
	equal "$(sed -n 's/oom_kill_disable //p' "$dir/web/memory.oom_control")" 0 "OOM killer"
	expect 0 rssctl diff
	expect 0 rssctl remove web
}

run_cases "$@"
