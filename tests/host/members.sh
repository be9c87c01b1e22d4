#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A container is a subtree: nested containers, and cgroups that other programs (podman, systemd,
# build tools) create inside, belong to it for every verb.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

directory_of() { echo "$(controller_mount)$(field "$1" control_group)"; }
pids_of() { rssctl ps "$@" --json=short | jq -c '[.[].pid] | sort'; }
sorted() { printf '%s\n' "$@" | sort -n | jq -sc .; }

# Three processes: $own in the container, $inner in a cgroup inside, $deep two levels further down.
make_members() {
	local directory
	directory=$(directory_of "$1")
	mkdir -p "$directory/inner/a/b"
	start_hog anon 1M
	own=$hog
	start_hog anon 1M
	inner=$hog
	start_hog anon 1M
	deep=$hog
	# In cgroup v2, a cgroup with a nested container has no process of its own: rssd knows the place.
	rssctl attach "$1" "$own" >/dev/null
	echo "$inner" >"$directory/inner/cgroup.procs"
	echo "$deep" >"$directory/inner/a/b/cgroup.procs"
}

case_inner_cgroups_are_members() {
	local own inner deep root
	rssctl create web
	root=$(field web control_group)
	make_members web
	equal "$(pids_of web)" "$(sorted "$own" "$inner" "$deep")" "processes"
	equal "$(field web processes)" 3 "how many show says"
	equal "$(rssctl list --json=short | jq '.[0].processes')" 3 "how many list says"
	equal "$(rssctl ps web --json=short | jq -c "map(select(.pid == $deep))[0] | [.container, .control_group]")" \
		"[\"web\",\"$root/inner/a/b\"]" "where the deep one is"
	expect 0 rssctl ps web
	says "$root/inner/a/b"
	equal "$(busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.rssd1 /org/rssd1 org.rssd1.Manager \
		GetContainerByPID u "$inner")" 'o "/org/rssd1/container/web"' "the container of a process inside"
	# The inner cgroups are no containers, also after a restart.
	expect 3 rssctl show web/inner
	stop_rssd
	start_rssd
	equal "$(rssctl list --json=short | jq -c '[.[].name]')" '["web"]' "containers after a restart"
	equal "$(field web processes)" 3 "processes after a restart"
	quiet_remove web
	for pid in $own $inner $deep; do [ ! -d "/proc/$pid" ] || is_zombie "$pid" || fail "$pid lives on"; done
}
is_zombie() { grep -qs '^State:.Z' "/proc/$1/status"; }

case_kill_reaches_inner_cgroups_and_nested_containers() {
	local own inner deep nested
	rssctl create web
	rssctl create web/worker
	make_members web
	start_hog anon 1M
	nested=$hog
	expect 0 rssctl attach web/worker "$nested"
	equal "$(pids_of web)" "$(sorted "$own" "$inner" "$deep" "$nested")" "processes"
	equal "$(rssctl ps web --json=short | jq -r "map(select(.pid == $nested))[0].container")" web/worker \
		"container of the nested one"
	equal "$(pids_of web --no-nested)" "$(sorted "$own" "$inner" "$deep")" "processes without nested containers"
	equal "$(field web processes)" 4 "processes of both"
	equal "$(field web/worker processes)" 1 "processes of the nested one"
	equal "$(rssctl list --json=short | jq -c '[.[].processes]')" '[4,1]' "how many list says"
	expect 0 rssctl kill web --signal=KILL --no-nested --json=short
	equal "$(jq ".[0].processes" <<<"$out")" 3 "killed without the nested one"
	await 10 eval '[ "$(pids_of web)" = "[$nested]" ]'
	expect 0 rssctl kill web --signal=KILL --json=short
	equal "$(jq ".[0].processes" <<<"$out")" 1 "killed with it"
	await 10 is_empty web
	expect 0 rssctl remove web --force
}

case_removal_removes_inner_cgroups() {
	local own inner deep directory
	rssctl create web
	directory=$(directory_of web)
	make_members web
	kill -KILL "$own" "$inner"
	await 10 eval '[ "$(pids_of web)" = "[$deep]" ]'
	# A process deep inside prevents the removal.
	expect 1 rssctl remove web
	says "1 process"
	[ -d "$directory/inner/a/b" ] || fail "a directory inside is gone"
	kill -KILL "$deep"
	await 10 is_empty web
	# Empty inner cgroups do not.
	expect 0 rssctl remove web
	[ ! -d "$directory" ] || fail "$directory is still there"
}

case_a_transient_container_stays_for_an_inner_process() {
	local directory inner
	rssctl run brief --limit=64M -- sleep 1000 >/dev/null 2>&1 &
	children+=($!)
	disown $!
	await 10 eval '[ "$(field brief processes)" = 1 ]'
	directory=$(directory_of brief)
	mkdir "$directory/inner"
	inner=$(pids_of brief | jq '.[0]')
	echo "$inner" >"$directory/inner/cgroup.procs"
	# All transient containers are checked when this one goes.
	rssctl run other --limit=64M -- true
	await 15 eval '! rssctl show other'
	equal "$(pids_of brief)" "[$inner]" "processes of the transient one"
	kill -KILL "$inner"
	await 15 nothing_listed
	[ ! -d "$directory" ] || fail "$directory is still there"
}

# A process that joins after the list was read is killed as well.
case_a_kill_is_repeated_until_none_is_left() {
	local late first
	rssctl create web
	start_hog anon 1M
	late=$hog
	start_hog anon 1M
	first=$hog
	stop_rssd
	LATE_PID=$late LATE_PROCS=$(controller_mount)/$root/web/cgroup.procs \
		LD_PRELOAD=$build/tests/preload/late-member.so start_rssd
	expect 0 rssctl attach web "$first"
	expect 0 rssctl kill web --signal=KILL --json=short
	equal "$(jq ".[0].processes" <<<"$out")" 2 "killed"
	await 10 is_empty web
	stop_rssd
	start_rssd
	expect 0 rssctl remove web
}

# Descendants of a detached process are detached with it, also those forked inside.
case_detach_takes_a_tree_or_all() {
	local before root_pid extra
	rssctl create web
	rssctl create web/worker
	launch_hog fork 8
	await 20 eval '[ "$(grep -c ready "$hog_out")" = 8 ]'
	root_pid=$hog
	before=$(cgroup_of "$root_pid")
	expect 0 rssctl attach web --tree "$root_pid"
	equal "$(field web processes)" 8 "processes inside"
	expect 0 rssctl detach "$root_pid"
	equal "$(field web processes)" 7 "processes inside without the root"
	expect 1 rssctl detach --tree "$root_pid"
	await 10 is_empty web
	equal "$(cgroup_of "$root_pid")" "$before" "where the root is"
	expect 0 rssctl attach web --tree "$root_pid"
	expect 0 rssctl detach --tree "$root_pid" --json=short
	equal "$(jq 'map(select(.outcome == "moved")) | length' <<<"$out")" 8 "moved with the root"
	await 10 is_empty web
	# All processes of a container, including the nested one and inner cgroups.
	expect 0 rssctl attach web --tree "$root_pid"
	start_hog anon 1M
	extra=$hog
	expect 0 rssctl attach web/worker "$extra"
	expect 2 rssctl detach web other --all
	expect 3 rssctl detach nope --all
	expect 0 rssctl detach web --all --json=short
	equal "$(jq 'map(select(.outcome == "moved")) | length' <<<"$out")" 9 "moved with --all"
	await 10 is_empty web
	expect 0 rssctl detach web --all
	kill -KILL "$root_pid" "$extra"
	expect 0 rssctl remove web --force
}

freezer=$(sed -n 's/^[^ ]* \([^ ]*\) cgroup [^ ]*freezer.*/\1/p' /proc/mounts | head -n 1)

# freeze_in DIR: puts $hog into a freezer of another program.
freeze_in() {
	mkdir "$1"
	echo "$hog" >"$1/cgroup.procs"
	echo FROZEN >"$1/freezer.state"
	await 10 grep -qx FROZEN "$1/freezer.state"
}

# A process in another program's freezer does not end on a signal: the error names it. It is killed
# and counted once, and as it does not end, another one is killed.
case_a_frozen_process_is_named() {
	[ -n "$freezer" ] || { skip "no v1 freezer is mounted"; return; }
	local cold=$freezer/$root.cold other
	rssctl create web --limit=64M
	launch_hog_in web lock 8M
	await 20 grep -q ready "$hog_out"
	hog=$(pids_of web | jq '.[0]')
	freeze_in "$cold"
	launch_hog_in web lock 2M
	await 20 grep -q ready "$hog_out"
	hog=$(cat "$cold/cgroup.procs")
	other=$(pids_of web | jq ".[] | select(. != $hog)")
	expect 5 rssctl limit web 1M --mode=force --timeout=6s
	says "process $hog (hog) is frozen by $cold"
	await 20 test ! -d "/proc/$other"
	await 20 grep -q 'web: killed 2 processes (limit)' "$rssd_log"
	equal "$(field web limit)" $((64 << 20)) "the limit"
	expect 1 rssctl remove web --force
	says "process $hog (hog) is frozen by $cold"
	echo THAWED >"$cold/freezer.state"
	await 10 is_empty web
	rmdir "$cold"
	expect 0 rssctl remove web
}

# TERM and HUP are to end a process: one that is stopped goes on, so that it receives them.
case_kill_ends_stopped_processes() {
	local signal pid
	rssctl create web
	for signal in TERM HUP KILL; do
		launch_hog_in web lock 1M
		await 20 grep -q ready "$hog_out"
		pid=$(pids_of web | jq '.[0]')
		kill -STOP "$pid"
		await 10 grep -q '^State:.T' "/proc/$pid/status"
		# Another signal waits until the process is continued.
		expect 0 rssctl kill web --signal=USR2
		grep -q '^State:.T' "/proc/$pid/status" || fail "USR2 continued it"
		expect 0 rssctl kill web --signal=$signal
		await 20 is_empty web
	done
	expect 0 rssctl remove web
}

# A signal for a process in another program's freezer waits: that is no success.
case_kill_names_a_frozen_process() {
	[ -n "$freezer" ] || { skip "no v1 freezer is mounted"; return; }
	local cold=$freezer/$root.cold2 signal
	rssctl create web
	launch_hog_in web lock 1M
	await 20 grep -q ready "$hog_out"
	hog=$(pids_of web | jq '.[0]')
	freeze_in "$cold"
	for signal in USR1 TERM KILL; do
		expect 1 rssctl kill web --signal=$signal
		says "$hog (hog) is frozen by $cold"
		says "takes effect when it is thawed"
	done
	echo THAWED >"$cold/freezer.state"
	await 10 is_empty web
	rmdir "$cold"
	expect 0 rssctl remove web
}

case_a_forced_limit_kills_in_inner_cgroups() {
	local directory inner
	rssctl create web --limit=64M
	directory=$(directory_of web)
	mkdir "$directory/inner"
	launch_hog_in web lock 8M
	await 20 grep -q ready "$hog_out"
	inner=$(pids_of web | jq '.[0]')
	echo "$inner" >"$directory/inner/cgroup.procs"
	expect 0 rssctl limit web 4M --mode=force --timeout=20s
	says killed
	await 10 is_empty web
	expect 0 rssctl remove web
}

run_cases "$@"
