#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real processes join containers by rules: all that live, each of them told.
# Rules act on the whole machine: those here name programs of our own alone.
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

# declare_container FILE JSON: with the end of our names in the place of each @.
declare_container() { printf '%s\n' "${2//@/$tag}" >"$work/containers.d/$1.json"; }
# start_rulee SECONDS: a process that a rule may take, $rulee.
start_rulee() {
	"$work/bin/rulee$tag" "$1" &
	rulee=$!
	children+=("$rulee")
	disown "$rulee"
}
is_inside() { [[ $(<"/proc/$1/cgroup") == *"/$root/$2"$'\n'* ]]; }
is_outside() { [[ $(<"/proc/$1/cgroup") != *"/$root/"* ]]; }
rules_of() { rssctl show "$1" --json=short | jq -c .rules; }
finding() { rssctl doctor --json=short | jq -r '.[] | select(.subject == "rules").text'; }
end_rules() {
	local name
	for name in rulee rulehog rulestorm rulebash; do kill_own "$name$tag"; done
	rm -f "$work"/containers.d/*
	rssctl reload
	# Not forced: had a rule taken a process that is not ours, it would be killed.
	rssctl list --no-legend | awk '{ print $1 }' | sort -r | while read -r name; do
		await 10 rssctl remove "$name"
	done
}
# looked_again NAME: somebody who has come later has joined, so all before was looked at.
looked_again() {
	start_rulee 1000
	await 20 is_inside "$rulee" "$1"
	await 20 grep -q "process $rulee (rulee$tag) joined" "$rssd_log"
}

# looked_at_all NAME: rules are new, so all processes are held against them; then as above.
looked_at_all() {
	: >"$rssd_log"
	declare_container new "{\"name\":\"new\",\"join\":[{\"command\":\"nobody$((++changes))\"}]}"
	expect 0 rssctl reload
	await 10 grep -q 'All processes are held' "$rssd_log"
	looked_again "$1"
}
changes=0

# A transient container has subscribed to process events already: the first rules get them as well.
case_rules_after_a_transient_container() {
	# One call: an empty transient container would be removed between two.
	hog_out=$(mktemp -p "$work" hog.XXXXXX)
	rssctl run passing --limit=64M -- "$hog_program" anon 1M >"$hog_out" 2>&1 </dev/null &
	hog=$!
	children+=("$hog")
	disown "$hog" # the shell is not to tell how it ended
	await 20 grep -q ready "$hog_out"
	declare_container late '{"name":"late","join":[{"command":"rulee@"}]}'
	expect 0 rssctl reload
	await 10 rssctl show late
	equal "$(rssctl doctor --json=short | jq -r '.[] | select(.subject == "rules").severity')" ok "severity of the finding"
	rssctl remove --force passing
	end_rules
}

case_who_runs_already_and_who_comes_later() {
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
	# The rules go with the file; who is inside stays.
	rm "$work/containers.d/web.json"
	expect 0 rssctl reload
	equal "$(rules_of web)" "[]" "rules without the file"
	start_rulee 1000
	is_inside "$before" web || fail "was put out with the rule"
	is_outside "$rulee" || fail "joined by a rule that is gone"
	end_rules
}

# A process that starts is told of, and joins without a look at all others. The machine is not
# ours, and others bring such looks about: once in ten times is enough.
case_a_hint_is_enough() {
	local tries
	declare_container hint '{"name":"hint","join":[{"command":"rulee@"}]}'
	expect 0 rssctl reload
	looked_again hint
	for tries in {1..10}; do
		: >"$rssd_log"
		start_rulee 1000
		await 20 grep -q "process $rulee (rulee$tag) joined" "$rssd_log"
		sed "/process $rulee (rulee$tag) joined/q" "$rssd_log" | grep -q 'All processes are held' || break
	done
	[ "$tries" -lt 10 ] || fail "joins only when all processes are looked at"
	end_rules
}

# Of 500, each is inside or has ended; the log and the counters say the same.
case_500_short_lived_processes_are_accounted_for() {
	local pids=() inside=0 gone=0 joined alive=0 pid i
	declare_container storm '{"name":"storm","join":[{"command":"rulee@"}]}'
	expect 0 rssctl reload
	await 10 rssctl show storm
	looked_again storm
	kill "$rulee"
	: >"$rssd_log"
	for i in {0..499}; do
		# From "gone at once" to "lives on".
		case $((i % 10)) in
		0) start_rulee 1000 ;;
		1 | 2) start_rulee 0 ;;
		*) start_rulee "0.0$((i % 90 + 10))" ;;
		esac
		pids+=("$rulee")
	done
	await 30 all_settled "${pids[@]}"
	joined=$(grep -c "rulee$tag) joined by the rule" "$rssd_log")
	for pid in "${pids[@]}"; do
		if is_inside "$pid" storm 2>/dev/null; then
			alive=$((alive + 1))
			grep -q "process $pid (rulee$tag) joined" "$rssd_log" || fail "nothing says how $pid got inside"
		fi
		if grep -q "process $pid (rulee$tag) joined" "$rssd_log"; then
			inside=$((inside + 1))
		elif [ ! -d "/proc/$pid" ]; then
			gone=$((gone + 1))
		fi
	done
	note "$joined joined, $gone had ended before, $alive live on inside"
	equal $((inside + gone)) 500 "processes that are accounted for"
	equal "$joined" "$inside" "joins in the log"
	equal "$alive" 50 "processes that live on"
	equal "$(field storm processes)" 50 "processes inside"
	# A process that ended before it could be moved is not one that was refused.
	[[ $(finding) == *" 0 were refused."* ]] || fail "finding: $(finding)"
	joined=$(rssctl metrics | sed -n 's/^rssd_rule_processes_total{outcome="joined"} //p')
	[[ $(finding) == *": $joined processes joined"* ]] || fail "metrics say $joined joined; $(finding)"
	end_rules
}
all_settled() {
	local pid
	for pid; do
		is_inside "$pid" storm || [ ! -d "/proc/$pid" ] || return 1
	done
}

# rssd is deaf for a while, and more happens than its buffer holds: a look at all has them.
case_lost_events_lose_nobody() {
	local pids=() pid i
	declare_container deaf '{"name":"deaf","join":[{"command":"rulee@"}]}'
	expect 0 rssctl reload
	looked_again deaf
	: >"$rssd_log"
	kill -STOP "$rssd_pid"
	for i in {1..5}; do
		start_rulee 1000
		pids+=("$rulee")
	done
	"$work/bin/rulestorm$tag" storm 12000 >/dev/null &
	until_true 60 storm_is_over || fail "the storm goes on"
	kill -CONT "$rssd_pid"
	await 30 grep -q 'events were lost' "$rssd_log"
	for pid in "${pids[@]}"; do await 20 is_inside "$pid" deaf; done
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
	looked_at_all out2
	# Others of the name join.
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
	# By hand it gets in again.
	expect 0 rssctl attach out "$parent"
	is_inside "$parent" out || fail "not attached"
	end_rules
}
three_inside() { [ "$(rssctl ps out --no-legend | wc -l)" = 3 ]; }

# What it forks later comes from outside, as it does itself.
case_children_of_the_detached_stay_out() {
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
	looked_at_all kin
	is_outside "$parent" || fail "$parent was pulled back"
	is_outside "$child" || fail "$child, a child of it, was pulled in"
	exec 7>&-
	end_rules
}

# Of those with the same name, a rule that names a user takes that user's alone.
case_a_user() {
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
	is_outside "$other" || fail "root's has joined"
	end_rules
}

# Nothing tells that a process was moved: a look that comes some seconds later sees it.
case_who_is_moved_joins_later() {
	local uid=8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a55 pods
	[ -n "$(memory_mount)" ] || { skip "no v1 memory hierarchy to make folders in"; return; }
	pods=$(memory_mount)/$root-kubepods
	mkdir -p "$pods/pod$uid"
	declare_container pod "{\"name\":\"pod\",\"join\":[{\"pod\":\"$uid\"}]}"
	expect 0 rssctl reload
	start_rulee 1000
	: >"$rssd_log"
	# What has happened up to now has had its look.
	await 20 grep -q 'All processes are held' "$rssd_log"
	is_outside "$rulee" || fail "it joined before"
	echo "$rulee" >"$pods/pod$uid/cgroup.procs"
	/bin/true # while something happens at all
	await 20 is_inside "$rulee" pod
	end_rules
	await 5 rmdir "$pods/pod$uid"
	rmdir "$pods"
}

# Where the kernel tells of no process, they are looked for again and again.
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
	grep -q 'does not tell of processes here' "$rssd_log" || fail "it is not said"
	end_rules
	stop_rssd
	start_rssd
}

case_two_containers_want_one() {
	declare_container a '{"name":"a","join":[{"command":"rulee@"}]}'
	declare_container b '{"name":"b","join":[{"command":"rulee@"}]}'
	declare_container z '{"name":"z"}'
	declare_container zz '{"name":"z/inner","join":[{"command":"rulee@","user":"root"}]}'
	expect 0 rssctl reload
	await 10 rssctl show z/inner
	looked_again z/inner
	rm "$work/containers.d/zz.json"
	expect 0 rssctl reload
	looked_again a
	# Who is in a container stays there, whatever the rules of others say.
	rssctl create hand
	expect 0 rssctl attach hand "$rulee"
	# New rules have all processes looked at.
	declare_container c '{"name":"c","join":[{"command":"nobody"}]}'
	expect 0 rssctl reload
	await 10 rssctl show c
	looked_again a
	equal "$(field hand processes)" 1 "processes in hand"
	equal "$(field b processes)" 0 "processes in b"
	end_rules
}

# Making containers takes its time: nobody joins the first because the most nested is not there yet.
case_all_declared_are_there_to_choose_from() {
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

# A copy of rssd, so that the rule matches this one alone: other rssd run on this machine, and
# what a rule takes is killed when this script ends.
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
	looked_again all
	is_outside "$rssd_pid" || fail "rssd has joined"
	equal "$(rssctl ps all --json=short | jq -c '[.[].command] | unique')" "[\"rulee$tag\"]" "who is inside"
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
	await 5 grep -q 'keep.json:1: comand: is no condition of a rule' "$rssd_log"
	looked_again keep
	end_rules
}

run_cases "$@"
