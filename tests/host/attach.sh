#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Attaching and detaching real processes and process trees, also while these fork and exit.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1
own_hog

# Ends hogs of an earlier case: they would be counted.
no_hogs() { kill_own hog; }

case_200_forking_processes_are_all_inside() {
	local inside
	no_hogs
	rssctl create tree
	# Attached while the tree is still growing.
	launch_hog fork 200
	await 20 test -d "/proc/$hog"
	expect 0 rssctl attach tree --tree "$hog"
	await 30 tree_is_complete
	inside=$(field tree processes)
	equal "$inside" 200 "processes inside"
	equal "$(own_count hog)" 200 "hogs of this script"
	expect 0 rssctl kill tree --signal=KILL
	await 10 is_empty tree
	rssctl remove tree
}

tree_is_complete() { [ "$(grep -c ready "$hog_out")" = 200 ]; }

# A chain of processes, each of which forks the next and exits: the last one is inside.
case_storm_of_short_lived_processes_ends_inside() {
	no_hogs
	rssctl create storm
	hog_out=$work/storm
	# Its session leader stays, so the session leads to the last process of the chain.
	setsid bash -c 'hog storm 3000; sleep 1000' >"$hog_out" 2>&1 &
	hog=$!
	children+=("$hog")
	disown "$hog"
	await 10 grep -q ready "$hog_out"
	expect 0 rssctl attach storm --tree "$hog"
	await 60 storm_rests
	equal "$(outside_of storm hog)" "" "processes outside"
	expect 0 rssctl remove storm --force
	await 20 test ! -d "/proc/$hog"
}
# Only the last process of the chain lives long enough to be seen twice.
storm_rests() {
	local last
	last=$(living hog)
	[ -n "$last" ] && [ "$(living hog)" = "$last" ]
}
living() {
	local pid
	for pid in $(own_pids "$1"); do ! lives "$pid" || echo "$pid"; done
}

# outside_of CONTAINER NAME: the living processes of that name that are not in the container.
outside_of() {
	local pid place
	for pid in $(own_pids "$2"); do
		place=$(cat "/proc/$pid/cgroup" 2>/dev/null)
		# Checked last: a process that has ended is in no container.
		[[ $place == *"/$root/$1"* ]] || ! lives "$pid" || echo "$pid"
	done
}
lives() { grep -qs '^State:.[^ZX]' "/proc/$1/status"; }

# 1,000 children a second, some of them orphans that cannot be found by their parents.
case_growing_tree_is_attached_completely() {
	local left moved
	rssctl create grow
	start_hog spawn 1000
	await 30 sprouts_are_many
	# A dry run scans once: repeated scans would never end.
	expect 0 rssctl attach grow --tree --dry-run "$hog" --json=short
	equal "$(jq -c '[.[].outcome] - ["would-move", "vanished"]' <<<"$out")" '[]' "outcomes of a dry run"
	[ "$(jq '[.[] | select(.outcome == "would-move")] | length' <<<"$out")" -gt 1 ] || fail "would move: $out"
	equal "$(field grow processes)" 0 "processes after a dry run"
	expect 0 rssctl attach grow --tree "$hog" --json=short
	left=$(outside_of grow sprout)
	equal "$left" "" "living descendants outside"
	moved=$(jq '[.[] | select(.outcome == "moved")] | length' <<<"$out")
	note "$moved moved, $(jq length <<<"$out") in the report"
	[ "$moved" -gt 20 ] || fail "only $moved were moved"
	equal "$(jq '[.[].pid] | length - (unique | length)' <<<"$out")" 0 "processes that are reported twice"
	[ "$(field grow processes)" -gt 20 ] || fail "only $(field grow processes) are inside"
	kill -KILL "$hog"
	await 10 is_empty grow
	rssctl remove grow
}

sprouts_are_many() { [ "$(own_count sprout)" -gt 20 ]; }

# While one branch is moved, the others fork children outside: a later scan moves these.
case_children_forked_during_attach_are_attached() {
	# With a sanitizer rssd would be the slower one.
	local rate=250
	[ -z "${SANITIZER:-}" ] || rate=60
	stop_rssd
	LD_PRELOAD=$build/tests/preload/slow-moves.so start_rssd
	rssctl create slow
	hog_out=$work/branches
	bash -c 'for i in 1 2 3 4; do hog spawn $0 & done; wait' $rate >"$hog_out" 2>&1 &
	hog=$!
	children+=("$hog")
	disown "$hog"
	await 30 tree_has_started 4
	expect 0 rssctl attach slow --tree "$hog" --json=short
	equal "$(outside_of slow sprout)" "" "living descendants outside"
	# Processes that ended before they were moved are reported as vanished.
	note "$(jq -c 'group_by(.outcome) | map({(.[0].outcome): length}) | add' <<<"$out")"
	jq -e 'any(.[]; .outcome == "vanished")' <<<"$out" >/dev/null || fail "no process has vanished"
	kill_own sprout
	await 10 is_empty slow
	rssctl remove slow
	stop_rssd
	start_rssd
}

# Each descriptor is closed in a hook, also those of an attach and of a scrape under way.
case_descriptors_are_closed_on_exec() {
	local pids=() i before attach
	stop_rssd
	LD_PRELOAD=$build/tests/preload/slow-moves.so start_rssd
	rssctl create slow
	rssctl metrics >/dev/null
	for i in {1..20}; do
		start_hog anon 64K
		pids+=("$hog")
	done
	before=$(own_descriptors | wc -l)
	rssctl attach slow "${pids[@]}" >/dev/null &
	attach=$!
	await 10 has_more_descriptors $((before + 10))
	equal "$(inherited_descriptors)" "" "descriptors that a hook inherits"
	wait $attach
	kill -KILL "${pids[@]}"
	await 10 is_empty slow
	rssctl remove slow
	stop_rssd
	start_rssd
}

# Chains of short-lived processes: attach ends with success or an error, in bounded time.
case_a_fork_bomb_is_bounded() {
	local status=0 from=$SECONDS
	no_hogs
	rssctl create bomb
	start_hog bomb 4
	rssctl attach bomb --tree "$hog" >"$work/out" 2>"$work/err" || status=$?
	[ $((SECONDS - from)) -lt 60 ] || fail "it took $((SECONDS - from)) seconds"
	case $status in
	0 | 1) equal "$(outside_of bomb hog | head -n 5)" "" "living descendants outside" ;;
	5) grep -q 'still growing.* were moved and stay inside' "$work/err" || fail "said: $(cat "$work/err")" ;;
	*) fail "ended with $status: $(cat "$work/err")" ;;
	esac
	note "ended with $status after $((SECONDS - from)) s $(cat "$work/err")"
	kill -KILL "$hog"
	await 10 storm_is_over
	rssctl remove bomb --force
}

# No process can be moved before it ends: attach gives up after 20 seconds, not before, and says so.
case_attach_gives_up_on_a_tree_that_grows_faster() {
	[ -z "${SANITIZER:-}" ] || { skip "a sanitizer changes which of the two is faster"; return; }
	no_hogs
	stop_rssd
	LD_PRELOAD=$build/tests/preload/slow-moves.so start_rssd
	expect 0 rssctl create bomb
	# rssctl sends sixteen processes in a call of their own, before the call that fails.
	local others=() from
	for _ in {1..16}; do
		sleep 1000 &
		others+=($!)
	done
	children+=("${others[@]}")
	disown "${others[@]}"
	start_hog bomb 4
	from=$SECONDS
	expect 5 rssctl attach bomb --tree "${others[@]}" "$hog"
	[ $((SECONDS - from)) -ge 19 ] || fail "it gave up after $((SECONDS - from)) s"
	says "still growing faster than it can be followed"
	says "(16 processes had been moved before)"
	[[ $err =~ [1-9][0-9]*" processes were moved and stay inside, "[1-9][0-9]*" had ended, 0 were refused" ]] ||
		fail "said: $err"
	kill -KILL "$hog"
	await 10 storm_is_over
	expect 0 rssctl remove bomb --force
	stop_rssd
	start_rssd
}

# A removal does not wait until the attach has given up.
case_attach_ends_when_its_container_is_removed() {
	local attacher
	no_hogs
	stop_rssd
	LD_PRELOAD=$build/tests/preload/slow-moves.so start_rssd
	expect 0 rssctl create bomb
	start_hog bomb 4
	rssctl attach bomb --tree "$hog" >"$work/attach" 2>&1 &
	attacher=$!
	await 10 eval '[ "$(field bomb processes)" -ge 1 ]'
	expect 0 rssctl remove bomb --force
	wait $attacher
	equal $? 5 "status of the attach"
	grep -q "bomb is being removed" "$work/attach" || fail "said: $(cat "$work/attach")"
	await 10 storm_is_over
	stop_rssd
	start_rssd
}

case_dry_run_moves_nothing() {
	no_hogs
	rssctl create dry
	start_hog fork 5
	await 10 tree_has_started 5
	expect 0 rssctl attach dry --tree --dry-run "$hog" --json=short
	equal "$(jq -c '[.[].outcome] | unique' <<<"$out")" '["would-move"]'
	equal "$(jq length <<<"$out")" 5 "processes that would move"
	says "from /"
	equal "$(field dry processes)" 0 "processes inside"
	expect 1 rssctl attach dry --dry-run 1
	says "the init process"
	expect 0 rssctl attach dry --tree "$hog"
	expect 0 rssctl attach dry --dry-run "$hog"
	says "is inside already"
	kill_own hog
	await 10 is_empty dry
	rssctl remove dry
}

# A cgroup may have any name; a reply must be valid UTF-8.
case_a_cgroup_whose_name_is_not_text() {
	local mount odd
	mount=$(controller_mount)
	odd=$mount/$root-$'odd\xff\xc3'
	mkdir "$odd"
	rssctl create dry
	start_hog anon 1M
	echo "$hog" >"$odd/cgroup.procs"
	expect 0 rssctl attach dry --dry-run "$hog"
	says "from /$root-odd??"
	kill -KILL "$hog"
	await 20 rmdir "$odd"
	rssctl remove dry
}

tree_has_started() { [ "$(grep -c ready "$hog_out")" = "$1" ]; }

case_detach_when_the_origin_is_gone() {
	local mount
	mount=$(controller_mount)
	mkdir -p "$mount/$root-origin/deep/er"
	start_hog anon 1M
	echo "$hog" >"$mount/$root-origin/deep/er/cgroup.procs"
	rssctl create lost
	expect 0 rssctl attach lost "$hog"
	stop_rssd
	rmdir "$mount/$root-origin/deep/er" "$mount/$root-origin/deep"
	start_rssd
	expect 0 rssctl detach "$hog"
	says "its origin is gone: moved to /$root-origin"
	equal "$(cgroup_of "$hog")" "/$root-origin" "its cgroup"
	kill -KILL "$hog"
	await 20 test ! -d "/proc/$hog"
	rmdir "$mount/$root-origin"
	rssctl remove lost
}

storm_is_over() { [ "$(own_count hog)" -le 1 ]; }

case_detach_brings_a_tree_back() {
	local before pid
	no_hogs
	rssctl create away
	start_hog fork 5
	before=$(cat "/proc/$hog/cgroup")
	rssctl attach away --tree "$hog" >/dev/null
	# shellcheck disable=SC2046
	expect 0 rssctl detach $(rssctl ps away --json=short | jq '.[].pid')
	for pid in $(own_pids hog); do
		equal "$(cat "/proc/$pid/cgroup")" "$before" "where $pid is"
	done
	rssctl remove away
	kill_own hog
}

# A process forked inside was never attached: its origin is that of its parent.
case_child_forked_inside_detaches_to_the_origin_of_its_parent() {
	local mount child
	mount=$(controller_mount)
	mkdir "$mount/$root-origin"
	rssctl create born
	mkfifo "$work/go"
	bash -c 'read -r <"$1"; sleep 1000 & echo $!; wait' - "$work/go" >"$work/born" 2>/dev/null &
	hog=$!
	children+=("$hog")
	disown "$hog"
	echo "$hog" >"$mount/$root-origin/cgroup.procs"
	expect 0 rssctl attach born "$hog"
	echo go >"$work/go"
	await 10 test -s "$work/born"
	child=$(cat "$work/born")
	stop_rssd
	start_rssd
	expect 0 rssctl detach "$child"
	equal "$(cgroup_of "$child")" "/$root-origin" "its cgroup"
	kill -KILL "$hog" "$child"
	# An unknown origin is an error.
	start_hog anon 1M
	echo "$hog" >"$mount/$root/born/cgroup.procs"
	expect 1 rssctl detach "$hog"
	says "its origin is unknown"
	equal "$(cgroup_of "$hog")" "/$root/born" "its cgroup"
	kill -KILL "$hog"
	await 20 is_empty born
	await 20 rmdir "$mount/$root-origin"
	rssctl remove born
}

# The attached parent has ended: the origin of an orphan is that of its session.
case_orphan_detaches_to_the_origin_of_its_session() {
	local mount child
	mount=$(controller_mount)
	mkdir "$mount/$root-origin"
	rssctl create born
	mkfifo "$work/go-orphan"
	setsid bash -c 'echo $$; read -r <"$1"; sleep 1000 & echo $!' - "$work/go-orphan" >"$work/orphan" 2>/dev/null &
	children+=($!)
	await 10 test -s "$work/orphan"
	read -r hog <"$work/orphan"
	echo "$hog" >"$mount/$root-origin/cgroup.procs"
	expect 0 rssctl attach born "$hog"
	echo go >"$work/go-orphan"
	await 10 test ! -d "/proc/$hog"
	child=$(sed -n 2p "$work/orphan")
	stop_rssd
	start_rssd
	expect 0 rssctl detach "$child"
	equal "$(cgroup_of "$child")" "/$root-origin" "its cgroup"
	kill -KILL "$child"
	await 20 rmdir "$mount/$root-origin"
	rssctl remove born
}

# A process lives as long as one of its threads does.
case_process_whose_main_thread_has_ended_is_counted() {
	rssctl create headless --limit=64M
	start_hog headless 2M
	expect 0 rssctl attach headless "$hog"
	expect 0 rssctl detach "$hog"
	kill -KILL "$hog"
	await 20 test ! -d "/proc/$hog"
	# One that was inside before its main thread ended.
	launch_hog_in headless headless 2M
	await 20 grep -q ready "$hog_out"
	equal "$(field headless processes)" 1 processes
	expect 0 rssctl kill headless
	await 10 is_empty headless
	launch_hog_in headless headless 2M
	await 20 grep -q ready "$hog_out"
	expect 0 rssctl remove --force headless
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

# Starts an rssd for which pids are reused; see tests/preload/reused-pid.c.
start_reuser() {
	mkfifo "$work/ask" "$work/reply"
	"$build/tests/tools/pid-reuse" <>"$work/ask" 1<>"$work/reply" &
	reuser=$!
	children+=("$reuser")
	disown "$reuser"
	stop_rssd
	REUSE=$work LD_PRELOAD=$build/tests/preload/reused-pid.so start_rssd
}
end_reuser() {
	kill -KILL "$reuser"
	stop_rssd
	rm "$work/ask" "$work/reply"
	start_rssd
}
# has_inherited PID: another process has that pid now, lives, and is in no container.
has_inherited() {
	[ ! -e "$work/when" ] || fail "the pid was not reused: $(cat "$work/when")"
	equal "$(sed -n 's/^PPid:\t//p' "/proc/$1/status")" "$reuser" "parent of the process that has the pid now"
	lives "$1" || fail "it was killed"
	[[ $(<"/proc/$1/cgroup") != *"/$root/"* ]] || fail "it was attached: $(grep "$root" "/proc/$1/cgroup")"
}

# A new process with the pid of a listed one is not attached, at whatever step the pid is reused.
case_a_pid_that_was_reused_is_not_attached() {
	local moment child
	rssctl create reused
	start_reuser
	for moment in stat move; do
		start_hog anon 1M
		echo "$moment $hog" >"$work/when"
		expect 3 rssctl attach reused "$hog"
		says vanished
		has_inherited "$hog"
		kill -KILL "$hog"
	done
	# A descendant when it was listed, another process when it is moved.
	for moment in open move; do
		rm -f "$work/child"
		bash -c 'sleep 1000 & echo $!; wait; sleep 1000' >"$work/child" 2>/dev/null &
		hog=$!
		children+=("$hog")
		disown "$hog"
		await 10 test -s "$work/child"
		child=$(cat "$work/child")
		echo "$moment $child" >"$work/when"
		expect 0 rssctl attach reused --tree "$hog" --json=short
		equal "$(jq -c --argjson c "$child" '[.[] | select(.pid == $c).outcome]' <<<"$out")" '["vanished"]' \
			"outcome of the child ($moment)"
		has_inherited "$child"
		kill -KILL "$child"
		expect 0 rssctl kill reused --signal=KILL
		await 10 is_empty reused
	done
	end_reuser
	rssctl remove reused
}

# A new process with the pid of a listed one is not killed for a limit.
case_a_pid_that_was_reused_is_not_killed() {
	local large
	rssctl create reused --limit=64M
	start_reuser
	launch_hog_in reused lock 16M
	await 20 grep -q ready "$hog_out"
	large=$(rssctl ps reused --json=short | jq '.[0].pid')
	echo "open $large" >"$work/when"
	expect 0 rssctl limit reused 8M --mode=force
	has_inherited "$large"
	kill -KILL "$large"
	end_reuser
	await 20 is_empty reused
	rssctl remove reused
}

# A new process with the pid of an attached one is not moved to the origin of that one.
case_a_pid_that_was_reused_is_not_detached() {
	local mount
	mount=$(controller_mount)
	mkdir "$mount/$root-origin"
	rssctl create reused
	start_reuser
	start_hog anon 1M
	echo "$hog" >"$mount/$root-origin/cgroup.procs"
	expect 0 rssctl attach reused "$hog"
	echo "move $hog" >"$work/when"
	expect 3 rssctl detach "$hog"
	says vanished
	has_inherited "$hog"
	grep -q "$root-origin" "/proc/$hog/cgroup" && fail "it was moved: $(grep "$root" "/proc/$hog/cgroup")"
	kill -KILL "$hog"
	end_reuser
	await 20 rmdir "$mount/$root-origin"
	rssctl remove reused
}

run_cases "$@"
