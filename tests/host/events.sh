#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Events count themselves: no gap and no repeat, whoever is slow, away or killed.
. "$(dirname "$0")/../lib.sh"
need_controller

# The bus drops what a client does not take, as it does on a machine that is busy for long.
bus_limits='<limit name="max_outgoing_bytes">1024</limit>'
start_bus
start_rssd || exit 1

# A container in which some are killed again and again: one OOM each time.
start_storm() {
	local i
	rssctl create "$1" --limit=12M
	for i in {1..4}; do
		rssctl run "$1" -- bash -c "while :; do $build/tests/tools/hog anon 32M; done" \
			>/dev/null 2>&1 </dev/null &
		disown $!
	done
}
stop_storm() { rssctl remove --force "$1"; }
ooms_of() { rssctl oom "$1" --json=short | jq length; }
at_least() { [ "$(ooms_of "$1")" -ge "$2" ]; }

numbers() { jq 'select(.sequence != null) | .sequence' "$1"; }
# The file of events has neither a repeat nor an event before an earlier one.
in_order() {
	jq -se '[.[] | select(.sequence != null)] | [., .[1:]] | transpose | map(select(.[1] != null)) |
		all((.[0].last // .[0].sequence) < .[1].sequence)' "$1" >/dev/null
}
# Watch in the background: events go to $1; the rest are its arguments.
watch_to() {
	local file=$1
	shift
	rssctl watch --json=short "$@" >"$file" 2>>"$work/watch.err" </dev/null &
	watcher=$!
	children+=($watcher)
	disown $watcher
}
# What @1 has of the numbered events is what the history has, from its first to its last.
same_as_history() {
	local from to
	from=$(numbers "$1" | head -n 1) to=$(numbers "$1" | tail -n 1)
	timeout 10 rssctl watch --json=short --since=$((from - 1)) >"$work/history" 2>/dev/null
	diff <(numbers "$1") <(numbers "$work/history" | awk -v to="$to" '$1 <= to') >"$work/diff" ||
		fail "not what the history has: $(head -n 5 "$work/diff")"
}

case_since_begins_where_one_left_off() {
	start_storm since
	watch_to "$work/first" since
	await 20 at_least since 3
	kill $watcher
	await 20 at_least since 6
	local last
	last=$(numbers "$work/first" | tail -n 1)
	[ -n "$last" ] || { last=0; note "the first watcher heard nothing"; }
	watch_to "$work/second" since --since="$last"
	await 20 at_least since 9
	await 10 eval '[ "$(numbers "$work/second" | wc -l)" -ge 6 ]'
	kill $watcher
	cat "$work/first" "$work/second" >"$work/both"
	in_order "$work/both" || fail "a repeat: $(numbers "$work/both" | uniq -d | head -n 3)"
	stop_storm since
	same_as_history "$work/both"
	# OOMs have their records, and times of then.
	jq -se '[.[] | select(.event == "oom")] | all(.oom.sequence == .sequence) and any(.oom.victim_command == "hog")' \
		"$work/second" >/dev/null || fail "no records: $(head -c 300 "$work/second")"
	expect 2 rssctl watch --since=99999999
	says "No event has the number"
	expect 2 rssctl watch --since=yesterday
}

case_over_a_kill_and_a_restart() {
	start_storm away
	watch_to "$work/away" --since=0
	await 20 at_least away 3
	kill_rssd
	start_rssd
	await 20 eval '[ "$(ooms_of away)" -ge 5 ]'
	stop_rssd
	start_rssd
	await 20 eval '[ "$(ooms_of away)" -ge 7 ]'
	local last
	last=$(rssctl oom away --json=short | jq '.[-1].sequence')
	await 10 eval 'numbers "$work/away" | grep -qx '"$last"
	kill $watcher
	stop_storm away
	in_order "$work/away" || fail "not in order"
	grep -q '"lost"' "$work/away" && fail "lost: $(grep -m 1 lost "$work/away")"
	same_as_history "$work/away"
}

# One subscriber stands still and the bus drops its events: nobody else waits, and it misses none.
case_a_slow_subscriber() {
	local from
	start_storm slow
	watch_to "$work/slow"
	local slow=$watcher
	watch_to "$work/quick"
	await 20 eval '[ "$(numbers "$work/slow" | wc -l)" -ge 1 ]'
	kill -STOP $slow
	from=$(numbers "$work/quick" | wc -l)
	# More than the socket and the bus hold for it.
	await 120 eval '[ "$(numbers "$work/quick" | wc -l)" -ge '$((from + 260))' ]'
	# The quick one has heard the last of them, the slow one none.
	local last
	last=$(rssctl oom slow --json=short | jq '.[-1].sequence')
	await 10 eval 'numbers "$work/quick" | awk -v n='"$last"' "\$1 >= n { found = 1 } END { exit !found }"'
	local heard
	heard=$(numbers "$work/slow" | wc -l)
	kill -CONT $slow
	await 20 eval 'numbers "$work/slow" | awk -v n='"$last"' "\$1 >= n { found = 1 } END { exit !found }"'
	kill $slow $watcher
	stop_storm slow
	note "it had heard $heard, then $(numbers "$work/slow" | wc -l); the quick one $(numbers "$work/quick" | wc -l)"
	in_order "$work/slow" || fail "the slow one was told something twice"
	same_as_history "$work/slow"
	same_as_history "$work/quick"
}

# What is not kept any more is told as lost, with its range.
case_what_is_forgotten_is_lost() {
	stop_rssd
	echo 5000 >"$work/state/sequence"
	rm -f "$work/run/events"
	start_rssd
	watch_to "$work/lost" --since=100
	await 10 grep -q lost "$work/lost"
	kill $watcher
	equal "$(jq -c 'select(.event == "lost") | [.sequence, .last]' "$work/lost")" '[101,4999]' "the range"
}

run_cases "$@"
