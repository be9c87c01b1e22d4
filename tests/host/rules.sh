#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real processes join containers by rules, and each join is logged.
# Rules act on the whole machine: the rules of this script name only its own programs.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
write_config "LogLevel=debug"
start_rssd || exit 1

# The kernel keeps 15 characters of a name. Six of them are the pid of this script, so that
# other runs of it have other names.
printf -v tag %06x $$
mkdir -p "$work/bin"
cp "$(command -v sleep)" "$work/bin/rulee$tag"
cp "$build/tests/tools/hog" "$work/bin/rulehog$tag"
cp "$build/tests/tools/hog" "$work/bin/rulestorm$tag"
cp "$(command -v bash)" "$work/bin/rulebash$tag"

# declare_container FILE JSON: "@" in JSON is replaced by the tag.
declare_container() { printf '%s\n' "${2//@/$tag}" >"$work/containers.d/$1.json"; }
# start_rulee SECONDS: starts a process that a rule can match, $rulee.
start_rulee() {
	"$work/bin/rulee$tag" "$1" &
	rulee=$!
	children+=("$rulee")
	disown "$rulee"
}
is_inside() { [[ $(<"/proc/$1/cgroup") == *"/$root/$2"$'\n'* ]]; }
is_outside() { [[ $(<"/proc/$1/cgroup") != *"/$root/"* ]]; }
rules_of() { rssctl show "$1" --json=short | jq -c '.[0].rules'; }
finding() { rssctl doctor --json=short | jq -r '.[] | select(.subject == "rules").text'; }
end_rules() {
	local name
	for name in rulee rulehog rulestorm rulebash; do kill_own "$name$tag"; done
	rm -f "$work"/containers.d/*
	rssctl reload
	# Without --force, which would kill a foreign process that a rule had matched by mistake.
	rssctl list --no-legend | awk '{ print $1 }' | sort -r | while read -r name; do
		await 10 rssctl remove "$name"
	done
}
# rules_are_applied NAME: a new process has joined, so all earlier events have been handled.
rules_are_applied() {
	start_rulee 1000
	await 20 is_inside "$rulee" "$1"
	await 20 grep -q "process $rulee (rulee$tag) joined" "$rssd_log"
}

# all_are_scanned NAME: new rules make rssd scan all processes; then as above.
all_are_scanned() {
	: >"$rssd_log"
	declare_container new "{\"name\":\"new\",\"join\":[{\"command\":\"unmatched$((++changes))\"}]}"
	expect 0 rssctl reload
	await 10 grep -q 'Scanning all processes' "$rssd_log"
	rules_are_applied "$1"
}
changes=0

# A transient container has subscribed to process events already: the first rules get them as well.
case_rules_after_a_transient_container() {
	# One call: an empty transient container would be removed between two.
	hog_out=$(mktemp -p "$work" hog.XXXXXX)
	rssctl run passing --limit=64M -- "$hog_program" anon 1M >"$hog_out" 2>&1 </dev/null &
	hog=$!
	children+=("$hog")
	disown "$hog" # the shell does not report how it ended
	await 20 grep -q ready "$hog_out"
	declare_container late '{"name":"late","join":[{"command":"rulee@"}]}'
	expect 0 rssctl reload
	await 10 rssctl show late
	equal "$(rssctl doctor --json=short | jq -r '.[] | select(.subject == "rules").severity')" ok "severity of the finding"
	rssctl remove --force passing
	end_rules
}

case_running_and_new_processes_join() {
	local before
	start_rulee 1000
	before=$rulee
	declare_container web "{\"name\":\"web\",\"join\":[{\"executable\":\"$work/bin/rulee$tag\"}]}"
	expect 0 rssctl reload
	await 20 is_inside "$before" web
	start_rulee 1000
	await 20 is_inside "$rulee" web
	equal "$(rules_of web)" "[\"executable=$work/bin/rulee$tag\"]" rules
	expect 0 rssctl show web
	says "Joined by: executable=$work/bin/rulee$tag"
	[[ $(finding) =~ ^"1 container has rules: "[1-9][0-9]*" processes joined" ]] || fail "finding: $(finding)"
	grep -q "process $rulee (rulee$tag) joined by the rule executable=" "$rssd_log" || fail "not in the log"
	# The rules are removed with the file; processes inside stay.
	rm "$work/containers.d/web.json"
	expect 0 rssctl reload
	equal "$(rules_of web)" "[]" "rules without the file"
	start_rulee 1000
	is_inside "$before" web || fail "was moved out with the rule"
	is_outside "$rulee" || fail "joined by a removed rule"
	end_rules
}

# While a process exits, the kernel shows "/" as its cgroup, as if it were outside.
case_a_process_that_exits_joins_once() {
	local inside
	[ -n "$(memory_mount)" ] || { skip "v2 shows the cgroup of a process that exits"; return; }
	stop_rssd
	mkdir -p "$work/exiting"
	EXITING=$work/exiting LD_PRELOAD=$build/tests/preload/exiting.so start_rssd
	declare_container once '{"name":"once","join":[{"command":"rulee@"}]}'
	expect 0 rssctl reload
	await 10 rssctl show once
	rules_are_applied once
	inside=$rulee
	echo "$inside" >"$work/exiting/pid"
	all_are_scanned once
	! grep "process $inside .*joined" "$rssd_log" || fail "$inside joined again"
	rm "$work/exiting/pid"
	end_rules
	stop_rssd
	start_rssd
}

# Rules that are set at run time work as those of declarations, are stored, and are for root alone.
case_rules_are_set_at_run_time() {
	local before
	start_rulee 1000
	before=$rulee
	expect 0 rssctl create live --join="executable=$work/bin/rulee$tag"
	# A process that matches is inside when the call returns.
	is_inside "$before" live || fail "is not inside after create"
	start_rulee 1000
	await 20 is_inside "$rulee" live
	equal "$(rules_of live)" "[\"executable=$work/bin/rulee$tag\"]" rules
	kill_rssd
	start_rssd
	equal "$(rules_of live)" "[\"executable=$work/bin/rulee$tag\"]" "rules after kill -9"
	start_rulee 1000
	await 20 is_inside "$rulee" live
	# A refused change keeps limit and rules; an accepted one changes both.
	expect 2 rssctl set live limit=64M join=user=root join=colour=red
	says "Invalid rule \"colour=red\""
	equal "$(field live limit)" infinity "limit after a refused change"
	expect 0 rssctl set live limit=64M "join=command=nothing$tag" "join=user=12345 command=also$tag"
	equal "$(rules_of live)" "[\"command=nothing$tag\",\"user=12345 command=also$tag\"]" "new rules"
	equal "$(field live limit)" $((64 << 20)) "limit after the change"
	start_rulee 1000
	before=$rulee
	expect 0 rssctl set live "join=command=rulee$tag"
	await 20 is_inside "$before" live
	expect 0 rssctl set live join=
	equal "$(rules_of live)" "[]" "rules after they are removed"
	# Rules of a declaration stay in force next to them, and the other way round.
	declare_container live "{\"name\":\"live\",\"join\":[{\"command\":\"declared@\"}]}"
	expect 0 rssctl reload
	await 10 eval '[ "$(field live declared)" = true ]'
	expect 0 rssctl set live "join=command=set$tag"
	equal "$(rules_of live)" "[\"command=declared$tag\",\"command=set$tag\"]" "rules of both kinds"
	rm "$work/containers.d/live.json"
	expect 0 rssctl reload
	equal "$(rules_of live)" "[\"command=set$tag\"]" "rules without the declaration"
	end_rules
}

# In the most nested container, by user and cgroup, and gone with the container.
case_rules_at_run_time_of_several_containers() {
	local mount
	mount=$(memory_mount)
	expect 0 rssctl create outer --join="command=rulee$tag"
	expect 0 rssctl create outer/inner --join="user=root command=rulee$tag"
	start_rulee 1000
	await 20 is_inside "$rulee" outer/inner
	kill "$rulee"
	expect 0 rssctl remove --force outer/inner
	start_rulee 1000
	await 20 is_inside "$rulee" outer
	expect 2 rssctl create outer/bad --join=executable=make
	says "must be a path"
	expect 3 rssctl show outer/bad
	if [ -n "$mount" ]; then
		mkdir "$mount/$root-jobs"
		expect 0 rssctl create jobs --join="cgroup=/$root-jobs command=rulee$tag"
		(echo "$BASHPID" >"$mount/$root-jobs/cgroup.procs"; exec "$work/bin/rulee$tag" 1000) &
		rulee=$!
		children+=("$rulee")
		disown "$rulee"
		# Both rules match at the same depth: the first name of the alphabet wins.
		await 20 is_inside "$rulee" jobs
		expect 2 rssctl create place --cgroup="/$root-jobs" --join=user=1
		says "takes no rules"
	fi
	end_rules
	[ -z "$mount" ] || rmdir "$mount/$root-jobs"
}

# What polkit allows does not include rules, which move the processes of other users.
case_rules_at_run_time_are_for_root() {
	echo yes >"$work/mood"
	polkit "$work/mood" >"$work/polkit.log" 2>&1 &
	children+=($!)
	expect 0 rssctl create mine
	await 10 setpriv --reuid=65534 --regid=65534 --clear-groups rssctl create theirs
	expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups rssctl create other --join=user=root
	says "may not set Join; only root may"
	expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups rssctl set theirs join=user=root
	says "may not set Join"
	equal "$(rules_of theirs)" "[]" rules
	expect 1 busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.rssd1 /org/rssd1 org.rssd1.Manager \
		Apply "a(sa{sv})a{sv}" 1 mine 1 Join as 1 user=root 0
	says "\"Join\" is not a known key"
	end_rules
}

# Each descriptor is closed in a hook, also those of processes that are about to join.
case_descriptors_of_a_join_are_closed_on_exec() {
	local before
	stop_rssd
	LD_PRELOAD=$build/tests/preload/slow-moves.so start_rssd
	for _ in {1..20}; do start_rulee 1000; done
	before=$(own_descriptors | wc -l)
	declare_container web "{\"name\":\"web\",\"join\":[{\"executable\":\"$work/bin/rulee$tag\"}]}"
	expect 0 rssctl reload
	await 20 has_more_descriptors $((before + 10))
	equal "$(inherited_descriptors)" "" "descriptors that a hook inherits"
	await 20 is_inside "$rulee" web
	end_rules
	stop_rssd
	start_rssd
}

# A new process joins by its event, without a scan of all processes. Other programs of the machine
# can cause such scans: one join of ten without a scan is enough.
case_a_process_event_is_enough_to_join() {
	local tries
	declare_container hint '{"name":"hint","join":[{"command":"rulee@"}]}'
	expect 0 rssctl reload
	rules_are_applied hint
	for tries in {1..10}; do
		: >"$rssd_log"
		start_rulee 1000
		await 20 grep -q "process $rulee (rulee$tag) joined" "$rssd_log"
		sed "/process $rulee (rulee$tag) joined/q" "$rssd_log" | grep -q 'Scanning all processes' || break
	done
	[ "$tries" -lt 10 ] || fail "joins only when all processes are scanned"
	end_rules
}

# Each of 500 processes is inside or has ended; the log and the counters agree.
case_500_short_lived_processes_are_accounted_for() {
	local pids=() logged=() inside=0 gone=0 joined=0 alive=0 pid i
	declare_container storm '{"name":"storm","join":[{"command":"rulee@"}]}'
	expect 0 rssctl reload
	await 10 rssctl show storm
	rules_are_applied storm
	kill "$rulee"
	: >"$rssd_log"
	for i in {0..499}; do
		# Some end at once, some after milliseconds, some not during the test.
		case $((i % 10)) in
		0) start_rulee 1000 ;;
		1 | 2) start_rulee 0 ;;
		*) start_rulee "0.0$((i % 90 + 10))" ;;
		esac
		pids+=("$rulee")
	done
	await 30 all_settled "${pids[@]}"
	await 10 at_most_live 50 "${pids[@]}"
	# Read by the shell itself: 500 greps can be wrong where another test uses up the pids.
	# The kernel may also use a pid again, so each is counted.
	while read -r pid; do
		logged[pid]=$((${logged[pid]:-0} + 1))
		joined=$((joined + 1))
	done < <(sed -n "s/.*process \([0-9]*\) (rulee$tag) joined by the rule.*/\1/p" "$rssd_log")
	for pid in "${pids[@]}"; do
		if is_inside "$pid" storm 2>/dev/null; then
			alive=$((alive + 1))
			[ "${logged[pid]:-0}" -gt 0 ] || fail "no log line for the join of $pid"
		fi
		if [ "${logged[pid]:-0}" -gt 0 ]; then
			inside=$((inside + 1))
			logged[pid]=$((logged[pid] - 1))
		elif [ ! -d "/proc/$pid" ]; then
			gone=$((gone + 1))
		fi
	done
	note "$joined joined, $gone had ended before, $alive live on inside"
	equal $((inside + gone)) 500 "processes that are accounted for"
	equal "$joined" "$inside" "joins in the log"
	equal "$alive" 50 "processes that live on"
	equal "$(field storm processes)" 50 "processes inside"
	# A process that ended before it could be moved does not count as refused.
	[[ $(finding) == *" 0 were refused."* ]] || fail "finding: $(finding)"
	joined=$(rssctl metrics | sed -n 's/^rssd_rule_processes_total{outcome="joined"} //p')
	[[ $(finding) == *": $joined processes joined"* ]] || fail "metrics say $joined joined; $(finding)"
	end_rules
}
# at_most_live COUNT PID...: no more of them live.
at_most_live() {
	local count=0 most=$1 pid
	shift
	for pid; do [ ! -d "/proc/$pid" ] || count=$((count + 1)); done
	[ $count -le "$most" ]
}
all_settled() {
	local pid
	for pid; do
		is_inside "$pid" storm || [ ! -d "/proc/$pid" ] || return 1
	done
}

# rssd is stopped until its event buffer overflows: a scan finds the processes of lost events.
case_lost_process_events_miss_no_process() {
	local pids=() pid i
	declare_container stopped '{"name":"stopped","join":[{"command":"rulee@"}]}'
	expect 0 rssctl reload
	rules_are_applied stopped
	: >"$rssd_log"
	kill -STOP "$rssd_pid"
	for i in {1..5}; do
		start_rulee 1000
		pids+=("$rulee")
	done
	"$work/bin/rulestorm$tag" storm 12000 >/dev/null &
	until_true 300 storm_is_over || fail "the storm goes on"
	kill -CONT "$rssd_pid"
	await 30 grep -q 'events were lost' "$rssd_log"
	for pid in "${pids[@]}"; do await 20 is_inside "$pid" stopped; done
	end_rules
}
storm_is_over() {
	[ "$(own_count "rulestorm$tag")" = 1 ] && grep -q '^State:.S' "/proc/$(own_pids "rulestorm$tag")/status"
}

start_rulehog() {
	"$work/bin/rulehog$tag" "$@" >/dev/null &
	rulehog=$!
	children+=("$rulehog")
	disown "$rulehog"
}

case_detached_by_hand_stays_out() {
	local parent pid
	declare_container out "{\"name\":\"out\",\"join\":[{\"executable\":\"$work/bin/rulehog$tag\"}]}"
	expect 0 rssctl reload
	start_rulehog fork 3
	parent=$rulehog
	await 20 three_inside
	# shellcheck disable=SC2046
	expect 0 rssctl detach $(own_pids "rulehog$tag")
	declare_container out2 '{"name":"out2","join":[{"command":"rulee@"}]}'
	all_are_scanned out2
	# A new process of that name joins.
	start_rulehog anon 64K
	await 20 is_inside "$rulehog" out
	for pid in $(pgrep -P "$parent" -x "rulehog$tag") "$parent"; do
		is_outside "$pid" || fail "$pid was pulled back"
	done
	kill -HUP "$rssd_pid"
	stop_rssd
	start_rssd
	start_rulehog anon 64K
	await 20 is_inside "$rulehog" out
	for pid in $(pgrep -P "$parent" -x "rulehog$tag") "$parent"; do
		is_outside "$pid" || fail "$pid was pulled back by a restart"
	done
	# It can be attached again by hand.
	expect 0 rssctl attach out "$parent"
	is_inside "$parent" out || fail "not attached"
	end_rules
}
three_inside() { [ "$(rssctl ps out --no-legend | wc -l)" = 3 ]; }

# A child that a detached process forks stays outside as well.
case_children_of_a_detached_process_stay_out() {
	local parent child
	mkfifo "$work/births" "$work/never"
	declare_container kin '{"name":"kin","join":[{"command":"rulebash@"},{"command":"rulee@"}]}'
	expect 0 rssctl reload
	exec 7<>"$work/births"
	# shellcheck disable=SC2016
	"$work/bin/rulebash$tag" -c 'while read -r _; do read -r _ <"$0" & done' "$work/never" <&7 &
	parent=$!
	children+=("$parent")
	disown "$parent"
	await 20 is_inside "$parent" kin
	expect 0 rssctl detach "$parent"
	echo >&7
	await 10 pgrep -P "$parent"
	child=$(pgrep -P "$parent")
	all_are_scanned kin
	is_outside "$parent" || fail "$parent was pulled back"
	is_outside "$child" || fail "$child, a child of it, was pulled in"
	exec 7>&-
	end_rules
}

# A rule that names a user matches only that user's processes.
case_rule_with_a_user() {
	local other
	declare_container user '{"name":"user","join":[{"command":"rulee@","user":"nobody"}]}'
	expect 0 rssctl reload
	await 10 rssctl show user
	start_rulee 1000
	other=$rulee
	setpriv --reuid=nobody --clear-groups "$work/bin/rulee$tag" 1000 &
	rulee=$!
	children+=("$rulee")
	disown "$rulee"
	await 20 is_inside "$rulee" user
	is_outside "$other" || fail "the process of root has joined"
	end_rules
}

# The kernel has no event for a moved process: the next periodic scan finds it.
case_moved_process_joins_at_the_next_scan() {
	local uid=8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a55 pods
	pods=$(controller_mount)/$root-kubepods
	mkdir -p "$pods/pod$uid"
	declare_container pod "{\"name\":\"pod\",\"join\":[{\"pod\":\"$uid\"}]}"
	expect 0 rssctl reload
	start_rulee 1000
	: >"$rssd_log"
	# Wait for the scan of the events so far.
	await 20 grep -q 'Scanning all processes' "$rssd_log"
	is_outside "$rulee" || fail "it joined before"
	echo "$rulee" >"$pods/pod$uid/cgroup.procs"
	/bin/true # a scan needs an event
	await 20 is_inside "$rulee" pod
	end_rules
	await 20 rmdir "$pods/pod$uid"
	rmdir "$pods"
}

# Without process events from the kernel, rssd scans periodically.
case_without_process_events() {
	"${own_mounts[@]}" --net true 2>/dev/null || { skip "no namespaces can be made here"; return; }
	stop_rssd
	"${own_mounts[@]}" --net "${sanitized[@]}" "$rssd" --config="$work/rssd.conf" 2>>"$rssd_log" &
	rssd_pid=$!
	await 10 rssctl list
	declare_container quiet '{"name":"quiet","join":[{"command":"rulee@"}]}'
	start_rulee 1000
	expect 0 rssctl reload
	await 10 is_inside "$rulee" quiet
	for _ in 1 2; do
		start_rulee 1000
		await 20 is_inside "$rulee" quiet
	done
	grep -q 'reports no process events here' "$rssd_log" || fail "the log does not say so"
	end_rules
	stop_rssd
	start_rssd
}

case_rules_of_two_containers_match_one_process() {
	declare_container a '{"name":"a","join":[{"command":"rulee@"}]}'
	declare_container b '{"name":"b","join":[{"command":"rulee@"}]}'
	declare_container z '{"name":"z"}'
	declare_container zz '{"name":"z/inner","join":[{"command":"rulee@","user":"root"}]}'
	expect 0 rssctl reload
	await 10 rssctl show z/inner
	rules_are_applied z/inner
	rm "$work/containers.d/zz.json"
	expect 0 rssctl reload
	rules_are_applied a
	# A process in a container stays there, whatever rules of other containers match.
	rssctl create hand
	expect 0 rssctl attach hand "$rulee"
	# New rules make rssd scan all processes.
	declare_container c '{"name":"c","join":[{"command":"nobody"}]}'
	expect 0 rssctl reload
	await 10 rssctl show c
	rules_are_applied a
	equal "$(field hand processes)" 1 "processes in hand"
	equal "$(field b processes)" 0 "processes in b"
	end_rules
}

# Creating containers takes time: no process joins an outer one because the inner one is missing.
case_rules_wait_for_all_declared_containers() {
	local i
	start_rulee 1000
	for i in a z z/inner; do
		declare_container "${i//\//-}" "{\"name\":\"$i\",\"join\":[{\"command\":\"rulee@\"}]}"
	done
	for i in {10..59}; do declare_container "m$i" "{\"name\":\"m$i\"}"; done
	expect 0 rssctl reload
	await 30 is_inside "$rulee" z/inner
	end_rules
}

# A copy of rssd, so that the rule matches only this one: other instances may run on this machine,
# and the processes of a container are killed when this script ends.
case_rssd_and_kernel_threads_never_join() {
	local original=$rssd
	stop_rssd
	rssd=$work/bin/rssd$tag
	cp "$original" "$rssd"
	start_rssd
	declare_container all "{\"name\":\"all\",\"join\":[{\"executable\":\"$rssd\"},{\"command\":\"kthreadd\"},{\"command\":\"rulee@\"}]}"
	: >"$rssd_log"
	expect 0 rssctl reload
	await 10 rssctl show all
	rules_are_applied all
	is_outside "$rssd_pid" || fail "rssd has joined"
	equal "$(rssctl ps all --json=short | jq -c '[.[].command] | unique')" "[\"rulee$tag\"]" "commands inside"
	grep -q 'cannot join' "$rssd_log" && fail "$(grep -m 1 'cannot join' "$rssd_log")"
	end_rules
	stop_rssd
	rssd=$original
	start_rssd
}

case_an_error_in_the_file_keeps_the_rules() {
	declare_container keep '{"name":"keep","join":[{"command":"rulee@"}]}'
	expect 0 rssctl reload
	await 10 rssctl show keep
	: >"$rssd_log"
	declare_container keep '{"name":"keep","join":[{"comand":"rulee@"}]}'
	expect 1 rssctl reload
	await 20 grep -q 'keep.json:1: comand: is not a condition of a rule' "$rssd_log"
	rules_are_applied keep
	end_rules
}

# Other runs on this machine have processes of the same name, of their own copy of the program.
case_processes_of_another_run_are_left_alone() {
	local other
	mkdir -p "$work/other"
	cp "$build/tests/tools/hog" "$work/other/rulehog$tag"
	"$work/other/rulehog$tag" anon 64K >/dev/null &
	other=$!
	children+=("$other")
	disown "$other"
	await 10 pgrep -x "rulehog$tag"
	start_rulehog anon 64K
	await 10 test "$(own_count "rulehog$tag")" = 1
	equal "$(own_pids "rulehog$tag")" "$rulehog" "own processes"
	kill_own "rulehog$tag"
	kill -0 "$other" || fail "a process of another run was killed"
	kill -KILL "$other"
}

# The end of a test kills what it has started, not what it has attached.
case_attached_processes_of_others_are_left_alone() {
	local other
	env -u RSSD_TEST sleep 1000 &
	other=$!
	children+=("$other")
	disown "$other"
	mkdir -p "$work/tests/host"
	cp "$here/lib.sh" "$work/tests/"
	cat >"$work/tests/host/ends.sh" <<-'END'
		. "$(dirname "$0")/../lib.sh"
		start_bus
		start_rssd
		rssctl create both
		start_hog anon 64K
		rssctl attach both "$hog" "$OTHER"
		echo "own $hog"
	END
	expect 0 env OTHER="$other" BUILD="$build" TMPDIR="$work" bash "$work/tests/host/ends.sh"
	says "moved out of the test: process $other (sleep)"
	[ ! -d "/proc/$(sed -n 's/^own //p' <<<"$out")" ] || fail "its own process is left"
	kill -0 "$other" || fail "a process that it attached was killed"
	kill -KILL "$other"
}

run_cases "$@"
