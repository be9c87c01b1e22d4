#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Malicious and unusual processes: names that are no text, zombies, stopped processes, ended
# main threads, vfork, pid namespaces, and very many of them.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

# Names of programs, and so of processes, with characters that are special in terminals, JSON,
# /proc or the log.
evil_names=($'new\nline' $'\e[31mred\e[0m' $'\xff\xfe\xc3' 'a) Z 1 (b' '%n%s%d' '"q\u0000"' $'tab\tcr\r' ' ' "'\$(x)\`"
	$'m\xc3\xb6we \xf0\x9f\x90\xa6')

# has_no_controls FILE: it is UTF-8 without control characters, except newlines and tabs.
has_no_controls() {
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1 || fail "$case_name: no UTF-8: $(head -c 200 "$1" | od -c | head -n 3)"
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$1" || fail "control characters: $(LC_ALL=C grep -aP '[\x00-\x08\x0b-\x1f\x7f]' "$1" | od -c | head -n 3)"
}

# shows COMMAND...: it succeeds, and its output is text.
shows() {
	expect 0 "$@"
	has_no_controls "$work/out"
}

# evil I: the path of a hog with that name.
evil() { printf '%s/evil/%s' "$work" "${evil_names[$1]}"; }

make_evil() {
	local i
	mkdir -p "$work/evil"
	for i in "${!evil_names[@]}"; do [ -e "$(evil "$i")" ] || cp "$hog_program" "$(evil "$i")"; done
}

# start_evil I: starts it in the background, $hog.
start_evil() {
	"$(evil "$1")" anon 64K >"$work/evil.$1" 2>&1 </dev/null &
	hog=$!
	children+=("$hog")
	disown "$hog"
	await 20 grep -q ready "$work/evil.$1"
}

case_names_in_lists_and_metrics() {
	local i
	make_evil
	rssctl create evil
	for i in "${!evil_names[@]}"; do
		start_evil "$i"
		expect 0 rssctl attach evil "$hog"
	done
	shows rssctl ps evil --no-legend
	equal "$(wc -l <"$work/out")" ${#evil_names[@]} "lines of ps"
	expect 0 rssctl ps evil --json=short
	equal "$(jq length <<<"$out")" ${#evil_names[@]} "processes in JSON"
	shows rssctl show evil
	shows rssctl metrics
	shows rssctl doctor --json=short
	rssctl remove --force evil
}

case_names_in_rules() {
	local i
	make_evil
	for i in "${!evil_names[@]}"; do
		jq -nc --arg path "$(evil "$i")" --arg name "evil$i" '{name: $name, join: [{executable: $path}]}' \
			>"$work/containers.d/evil$i.json"
	done
	# jq replaces invalid UTF-8, so no rule matches that path.
	expect 0 rssctl reload
	for i in "${!evil_names[@]}"; do
		await 10 rssctl show "evil$i"
		start_evil "$i"
		if iconv -f UTF-8 -t UTF-8 <<<"${evil_names[i]}" >/dev/null 2>&1; then
			await 10 eval '[ "$(field evil$i processes)" = 1 ]'
		fi
		shows rssctl show "evil$i"
	done
	rm "$work"/containers.d/evil*.json
	rssctl reload
	for i in "${!evil_names[@]}"; do rssctl remove --force "evil$i"; done
}

case_names_in_records_and_hooks() {
	local i
	make_evil
	printf '#!/bin/sh\ncat >%s/record.new && mv %s/record.new %s/record\n' "$work" "$work" "$work" >"$work/hook"
	chmod 755 "$work/hook"
	printf '{"name":"evil","limit":"8M","oom_hook":"%s"}\n' "$work/hook" >"$work/containers.d/evil.json"
	rssctl reload
	await 10 rssctl show evil
	for i in "${!evil_names[@]}"; do
		rm -f "$work/record"
		rssctl run evil -- "$(evil "$i")" anon 64M >/dev/null 2>&1
		await 20 test -e "$work/record"
		jq -e . "$work/record" >/dev/null || fail "the hook got no JSON: $(cat "$work/record")"
		has_no_controls "$work/record"
	done
	shows rssctl oom evil --no-legend
	equal "$(wc -l <"$work/out")" "$(rssctl oom evil --json=short | jq length)" "lines of oom"
	shows rssctl oom evil --id="$(rssctl oom evil --json=short | jq '.[-1].id')"
	shows rssctl show evil
	has_no_controls "$rssd_log"
	# The names are read again, in the declaration as in the state.
	field evil last_oom >"$work/before"
	stop_rssd
	start_rssd
	equal "$(field evil last_oom)" "$(cat "$work/before")" "last OOM after a restart"
	rm "$work/containers.d/evil.json"
	rssctl reload
	rssctl remove --force evil
}

# A user names the cgroups below one that is delegated so that the kernel's line about an OOM there
# ends like one about a container.
case_cgroup_names_that_forge_an_oom() {
	local top path pid
	[ -n "$(memory_mount)" ] || { skip "the paths are those of cgroups v1"; return; }
	rssctl create web --limit=64M
	rssctl create true --limit=8M
	top=$(memory_mount)/$root-user
	path="$top/x,task_memcg=$(field web control_group)"
	mkdir -p "$path"
	echo 8M >"$top/memory.limit_in_bytes"
	sh -c 'echo $$ >"$1/cgroup.procs" && exec "$2" anon 64M' sh "$path" "$hog_program" >/dev/null 2>&1
	equal $? 137 "status of the process that ran out"
	# The log is read in order: an OOM after the forged one has been reported.
	rssctl run true -- "$hog_program" anon 64M >/dev/null 2>&1
	await 10 eval '[ "$(rssctl oom true --json=short | jq length)" = 1 ]'
	equal "$(rssctl oom --json=short | jq -c 'map(.container)')" '["true"]' "containers with an OOM"
	equal "$(field web oom_kills)" 0 "kills in the container that was named"
	rssctl remove web
	rssctl remove --force true
	find "$top" -depth -type d -exec rmdir {} +
}

case_zombies_are_no_members() {
	rssctl create dead
	launch_hog_in dead zombie 5
	await 20 grep -q ready "$hog_out"
	equal "$(rssctl ps dead --json=short | jq length)" 1 "processes"
	expect 0 rssctl kill dead --signal=KILL
	await 10 is_empty dead
	expect 0 rssctl remove dead
}

case_stopped_processes_are_moved_and_killed() {
	rssctl create halted
	start_hog anon 1M
	kill -STOP "$hog"
	await 20 grep -q '^State:.T' "/proc/$hog/status"
	expect 0 rssctl attach halted "$hog"
	expect 0 rssctl detach "$hog"
	expect 0 rssctl attach halted "$hog" --tree
	grep -q '^State:.T' "/proc/$hog/status" || fail "it runs again"
	expect 0 rssctl remove --force halted
	await 20 test ! -d "/proc/$hog"
}

# The main thread has ended, another one lives: a zombie that uses memory.
case_dead_leaders_move_as_a_tree() {
	rssctl create headless
	start_hog headless 1M
	await 20 grep -q '^State:.Z' "/proc/$hog/status"
	expect 0 rssctl attach headless "$hog" --tree
	equal "$(rssctl ps headless --json=short | jq '.[0].pid')" "$hog" "process"
	expect 0 rssctl detach headless --all
	is_empty headless || fail "it is still inside"
	expect 0 rssctl attach headless "$hog"
	expect 0 rssctl remove --force headless
	await 20 test ! -d "/proc/$hog"
}

# Parent and child have one mm; the parent cannot run, and receives no signal except SIGKILL.
case_vforked_children() {
	rssctl create vfork --limit=32M
	start_hog vfork 4M
	await 20 pgrep -P "$hog"
	local child
	child=$(pgrep -P "$hog")
	expect 0 rssctl attach vfork "$hog" --tree
	equal "$(rssctl ps vfork --json=short | jq -c 'map(.pid) | sort')" \
		"$(printf '%s\n' "$hog" "$child" | sort -n | jq -sc .)" "processes"
	expect 0 rssctl detach "$child"
	equal "$(rssctl ps vfork --json=short | jq -c 'map(.pid)')" "[$hog]" "processes without the child"
	expect 0 rssctl attach vfork "$child"
	# The parent's state is D, but SIGKILL ends it at once.
	expect 0 rssctl kill vfork --signal=KILL
	await 20 test ! -d "/proc/$hog"
	expect 0 rssctl remove --force vfork
}

# Their pids inside differ from those outside, where other processes can have these pids.
case_pid_namespaces() {
	unshare --pid --fork true 2>/dev/null || { skip "no pid namespace can be made"; return; }
	local outer inner
	rssctl create spaces
	unshare --pid --fork --kill-child "$hog_program" anon 1M >"$work/inner" 2>&1 </dev/null &
	outer=$!
	children+=($outer)
	disown $outer
	await 20 grep -q ready "$work/inner"
	inner=$(pgrep -P $outer)
	equal "$(awk '/^NSpid:/ { print $3 }' "/proc/$inner/status")" 1 "its pid inside"
	expect 0 rssctl attach spaces "$inner"
	equal "$(rssctl ps spaces --json=short | jq -c 'map(.pid)')" "[$inner]" "processes"
	expect 0 rssctl detach "$inner"
	expect 0 rssctl attach spaces $outer --tree
	equal "$(rssctl ps spaces --json=short | jq length)" 2 "processes of the tree"
	expect 0 rssctl remove --force spaces
	await 20 test ! -d "/proc/$inner"
}

case_ten_thousand_processes() {
	local count=10000 room
	room=$(($(cat /proc/sys/kernel/pid_max) - $(ls -d /proc/[0-9]*/task/* 2>/dev/null | wc -l)))
	[ "$room" -gt 15000 ] || count=1000
	[ "$(awk '/MemAvailable/ { print $2 }' /proc/meminfo)" -gt 4000000 ] || count=1000
	rssctl create many
	# In a session of its own, with which the scheduler does not starve the script beside this one.
	setsid rssctl run many -- "$hog_program" fork $count >"$work/many" 2>&1 </dev/null &
	children+=($!)
	disown $!
	await 120 eval '[ "$(field many processes)" -ge $count ]'
	expect 0 rssctl ps many --json=short
	equal "$(jq 'length >= '$count <<<"$out")" true "as many as there are"
	expect 0 rssctl kill many --signal=WINCH
	expect 0 timeout 10 rssctl list
	expect 0 timeout 120 rssctl remove --force many
	expect 3 rssctl show many
}

run_cases "$@"
