#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Trees of real processes: all of them inside, whatever they do meanwhile.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1
own_hog

# Hogs that an earlier case left would be counted.
no_hogs() { kill_own hog; }

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
	equal "$(own_count hog)" 200 "hogs of this script"
	expect 0 rssctl kill tree --signal=KILL
	await 10 is_empty tree
	rssctl remove tree
}

tree_is_complete() { [ "$(grep -c ready "$hog_out")" = 200 ]; }

# A chain of processes, each born of one that ends at once: the last one is inside.
case_storm_of_short_lived_processes_ends_inside() {
	no_hogs
	rssctl create storm
	hog_out=$work/storm
	# In a session of its own, of one who stays: both lead to whoever is the last.
	setsid bash -c 'hog storm 3000; sleep 1000' >"$hog_out" 2>&1 &
	hog=$!
	children+=("$hog")
	disown "$hog"
	await 10 grep -q ready "$hog_out"
	expect 0 rssctl attach storm --tree "$hog"
	await 60 storm_rests
	equal "$(outside_of storm hog)" "" "the last one, which is outside"
	expect 0 rssctl remove storm --force
	await 5 test ! -d "/proc/$hog"
}
# Nobody of the chain but its last one lives long enough to be seen twice.
storm_rests() {
	local last
	last=$(living hog)
	[ -n "$last" ] && [ "$(living hog)" = "$last" ]
}
living() {
	local pid
	for pid in $(own_pids "$1"); do ! lives "$pid" || echo "$pid"; done
}

# Which of the living processes named $2 are not in container $1?
outside_of() {
	local pid place
	for pid in $(own_pids "$2"); do
		place=$(cat "/proc/$pid/cgroup" 2>/dev/null)
		# Asked last: what has ended is in no container any more.
		[[ $place == *"/$root/$1"* ]] || ! lives "$pid" || echo "$pid"
	done
}
lives() { grep -qs '^State:.[^ZX]' "/proc/$1/status"; }

# 1,000 children a second, and orphans among them that no parent leads to.
case_a_tree_that_grows_all_the_time_ends_complete() {
	local left moved
	rssctl create grow
	start_hog spawn 1000
	await 5 sprouts_are_many
	# One look is all that a dry run takes, or it would never end.
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
	equal "$(jq '[.[].pid] | length - (unique | length)' <<<"$out")" 0 "processes that are told twice"
	[ "$(field grow processes)" -gt 20 ] || fail "only $(field grow processes) are inside"
	kill -KILL "$hog"
	await 10 is_empty grow
	rssctl remove grow
}

sprouts_are_many() { [ "$(own_count sprout)" -gt 20 ]; }

# While one branch is moved, the others go on to bear children outside: those are for a later look.
case_what_is_born_while_others_are_moved_is_inside() {
	stop_rssd
	LD_PRELOAD=$build/tests/preload/slow-moves.so start_rssd
	rssctl create slow
	hog_out=$work/branches
	bash -c 'for i in 1 2 3 4; do hog spawn 250 & done; wait' >"$hog_out" 2>&1 &
	hog=$!
	children+=("$hog")
	disown "$hog"
	await 5 tree_has_started 4
	expect 0 rssctl attach slow --tree "$hog" --json=short
	equal "$(outside_of slow sprout)" "" "living descendants outside"
	# And of whom was not there any more when its turn came, that is told.
	note "$(jq -c 'group_by(.outcome) | map({(.[0].outcome): length}) | add' <<<"$out")"
	jq -e 'any(.[]; .outcome == "vanished")' <<<"$out" >/dev/null || fail "nobody has vanished"
	kill_own sprout
	await 10 is_empty slow
	rssctl remove slow
	stop_rssd
	start_rssd
}

# Chains of processes that live for a moment each: it ends, one way or the other, and says which.
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

# Nobody can be moved before it has ended: after its time the loop gives up, and says so.
case_a_tree_that_outruns_us_is_told() {
	no_hogs
	stop_rssd
	LD_PRELOAD=$build/tests/preload/slow-moves.so start_rssd
	expect 0 rssctl create bomb
	# Sixteen go in a message of their own, before the one that fails.
	local others=()
	for _ in {1..16}; do
		sleep 1000 &
		others+=($!)
	done
	children+=("${others[@]}")
	disown "${others[@]}"
	start_hog bomb 4
	expect 5 rssctl attach bomb --tree "${others[@]}" "$hog"
	says "still growing faster than it can be followed"
	says "(16 processes had been moved before)"
	[[ $err =~ [1-9][0-9]*" processes were moved and stay inside, "[1-9][0-9]*" had vanished, 0 were refused" ]] ||
		fail "said: $err"
	kill -KILL "$hog"
	await 10 storm_is_over
	expect 0 rssctl remove bomb --force
	stop_rssd
	start_rssd
}

# Whoever removes the container does not wait until that is given up.
case_an_attach_ends_when_its_container_goes() {
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

case_dry_run_moves_nobody() {
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

# A cgroup may have any name: the answer comes all the same.
case_a_cgroup_whose_name_is_not_text() {
	local mount odd
	mount=$(memory_mount)
	[ -n "$mount" ] || { skip "no v1 memory hierarchy to make directories in"; return; }
	odd=$mount/$root-$'odd\xff\xc3'
	mkdir "$odd"
	rssctl create dry
	start_hog anon 1M
	echo "$hog" >"$odd/cgroup.procs"
	expect 0 rssctl attach dry --dry-run "$hog"
	says "from /$root-odd??"
	kill -KILL "$hog"
	await 5 rmdir "$odd"
	rssctl remove dry
}

tree_has_started() { [ "$(grep -c ready "$hog_out")" = "$1" ]; }

case_detach_when_the_origin_is_gone() {
	local mount
	mount=$(memory_mount)
	[ -n "$mount" ] || { skip "no v1 memory hierarchy to make folders in"; return; }
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
	grep -q "memory[^:]*:/$root-origin\$" "/proc/$hog/cgroup" || fail "it is in $(cat "/proc/$hog/cgroup")"
	kill -KILL "$hog"
	await 5 test ! -d "/proc/$hog"
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

# Nobody attached it, and it is known all the same where it belongs: where its parent was.
case_who_was_born_inside_goes_where_its_parent_was() {
	local mount child
	mount=$(memory_mount)
	[ -n "$mount" ] || { skip "no v1 memory hierarchy to make folders in"; return; }
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
	grep -q "memory[^:]*:/$root-origin\$" "/proc/$child/cgroup" || fail "it is in $(cat "/proc/$child/cgroup")"
	kill -KILL "$hog" "$child"
	# Of whom nothing is known, that is said.
	start_hog anon 1M
	echo "$hog" >"$mount/$root/born/cgroup.procs"
	expect 1 rssctl detach "$hog"
	says "does not know where it came from"
	grep -q "memory[^:]*:/$root/born\$" "/proc/$hog/cgroup" || fail "it is in $(cat "/proc/$hog/cgroup")"
	kill -KILL "$hog"
	await 5 is_empty born
	await 5 rmdir "$mount/$root-origin"
	rssctl remove born
}

# The parent that was attached has ended: its session tells where the orphan belongs.
case_an_orphan_goes_where_its_session_was() {
	local mount child
	mount=$(memory_mount)
	[ -n "$mount" ] || { skip "no v1 memory hierarchy to make directories in"; return; }
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
	grep -q "memory[^:]*:/$root-origin\$" "/proc/$child/cgroup" || fail "it is in $(cat "/proc/$child/cgroup")"
	kill -KILL "$child"
	await 5 rmdir "$mount/$root-origin"
	rssctl remove born
}

# A process lives as long as one of its threads does.
case_a_process_whose_main_thread_has_ended_is_one() {
	rssctl create headless --limit=64M
	start_hog headless 2M
	expect 0 rssctl attach headless "$hog"
	expect 0 rssctl detach "$hog"
	kill -KILL "$hog"
	await 5 test ! -d "/proc/$hog"
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

# From now on rssd meets pids that are reused; see tests/preload/reused-pid.c.
start_reuser() {
	mkfifo "$work/ask" "$work/told"
	"$build/tests/tools/pid-reuse" <>"$work/ask" 1<>"$work/told" &
	reuser=$!
	children+=("$reuser")
	disown "$reuser"
	stop_rssd
	REUSE=$work LD_PRELOAD=$build/tests/preload/reused-pid.so start_rssd
}
end_reuser() {
	kill -KILL "$reuser"
	stop_rssd
	rm "$work/ask" "$work/told"
	start_rssd
}
# has_inherited PID: another process has it by now, lives, and is in no container.
has_inherited() {
	[ ! -e "$work/when" ] || fail "the moment did not come: $(cat "$work/when")"
	equal "$(sed -n 's/^PPid:\t//p' "/proc/$1/status")" "$reuser" "parent of who has the pid now"
	lives "$1" || fail "it was killed"
	[[ $(<"/proc/$1/cgroup") != *"/$root/"* ]] || fail "it was attached: $(grep "$root" "/proc/$1/cgroup")"
}

# Whoever has the pid of a process that has ended is left alone, or goes back, whenever that was.
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
	# Who was seen as a descendant, and is not when its turn comes. Its parent waits for it.
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
			"what is told of the child ($moment)"
		has_inherited "$child"
		kill -KILL "$child"
		expect 0 rssctl kill reused --signal=KILL
		await 10 is_empty reused
	done
	end_reuser
	rssctl remove reused
}

# Nor is it killed for a limit.
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
	await 5 is_empty reused
	rssctl remove reused
}

# Nor is it taken to where the other one came from.
case_a_pid_that_was_reused_is_not_detached() {
	local mount
	mount=$(memory_mount)
	[ -n "$mount" ] || { skip "no v1 memory hierarchy to make folders in"; return; }
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
	await 5 rmdir "$mount/$root-origin"
	rssctl remove reused
}

run_cases "$@"
