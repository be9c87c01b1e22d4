#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Events are numbered: subscribers see no gap and no repeat when they are slow, disconnected or killed.
. "$(dirname "$0")/../lib.sh"
need_controller

# The bus drops messages that a client does not read, as it does on a busy machine.
bus_limits='<limit name="max_outgoing_bytes">1024</limit>'
start_bus
start_rssd || exit 1

# start_storm NAME: a container in which processes are killed again and again, one OOM each time.
# The kernel spares the shells that start them, or the storm would end; bash would need the limit for
# itself.
start_storm() {
	local i
	rssctl create "$1" --limit=12M
	for i in {1..4}; do
		rssctl run "$1" -- sh -c '
			echo -999 >/proc/$$/oom_score_adj
			while :; do (echo 0 >/proc/self/oom_score_adj && exec "$1" anon 32M); done
		' sh "$hog_program" >/dev/null 2>&1 </dev/null &
		disown $!
	done
}
stop_storm() { rssctl remove --force "$1"; }
ooms_of() { rssctl oom "$1" --json=short | jq length; }
at_least() { [ "$(ooms_of "$1")" -ge "$2" ]; }

numbers() { jq 'select(.sequence != null) | .sequence' "$1"; }
# in_order FILE: the numbers in a file of events increase; only created and removed events have none.
in_order() {
	jq -se 'all(.sequence != null or .event == "created" or .event == "removed")' "$1" >/dev/null || return
	jq -se '[.[] | select(.sequence != null)] | [., .[1:]] | transpose | map(select(.[1] != null)) |
		all((.[0].last // .[0].sequence) < .[1].sequence)' "$1" >/dev/null
}
# watch_to FILE ARGUMENT...: rssctl watch in the background, $watcher.
watch_to() {
	local file=$1
	shift
	rssctl watch --json=short "$@" >"$file" 2>>"$work/watch.err" </dev/null &
	watcher=$!
	children+=($watcher)
	disown $watcher
}
facts() { jq -c 'select(.sequence != null) | del(.oom)' "$1"; }
# same_as_history FILE: its numbered events are those of the history in the same range, with the
# same times; OOM records are not compared, because fewer are kept. No number is given twice.
same_as_history() {
	local from to
	from=$(numbers "$1" | head -n 1) to=$(numbers "$1" | tail -n 1)
	timeout 10 rssctl watch --json=short --since=$((from - 1)) >"$work/history" 2>/dev/null
	diff <(facts "$1") <(facts "$work/history" | jq -c "select(.sequence <= $to)") >"$work/diff" ||
		fail "differs from the history: $(head -n 5 "$work/diff")"
	awk 'NR > 1 { if ($1 <= last) exit 1; last = $1 }' "$work/run/events" ||
		fail "a number was given twice: $(tail -n +2 "$work/run/events" | cut -d " " -f 1 | uniq -d | head -n 3)"
}

case_since_continues_after_a_number() {
	start_storm since
	watch_to "$work/first" since
	await 20 at_least since 3
	kill $watcher
	await 20 at_least since 6
	local last
	last=$(numbers "$work/first" | tail -n 1)
	[ -n "$last" ] || { last=0; note "the first watcher received nothing"; }
	watch_to "$work/second" since --since="$last"
	await 20 at_least since 9
	await 10 eval '[ "$(numbers "$work/second" | wc -l)" -ge 6 ]'
	kill $watcher
	cat "$work/first" "$work/second" >"$work/both"
	in_order "$work/both" || fail "a repeat: $(numbers "$work/both" | uniq -d | head -n 3)"
	stop_storm since
	same_as_history "$work/both"
	# Replayed OOMs have their records.
	jq -se '[.[] | select(.event == "oom")] | all(.oom.id == .sequence) and any(.oom.victim_command == "hog")' \
		"$work/second" >/dev/null || fail "no records: $(head -c 300 "$work/second")"
	expect 2 rssctl watch --since=99999999
	says "No event has the number"
	expect 2 rssctl watch --since=someday
}

case_watch_across_a_kill_and_a_restart() {
	begin_with 1 </dev/null
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
	last=$(rssctl oom away --json=short | jq '.[-1].id')
	await 10 eval 'numbers "$work/away" | grep -qx '"$last"
	kill $watcher
	stop_storm away
	in_order "$work/away" || fail "not in order"
	grep -q '"lost"' "$work/away" && fail "lost: $(grep -m 1 lost "$work/away")"
	same_as_history "$work/away"
}

# One subscriber is stopped and the bus drops its events: the others are not delayed, and it gets
# the dropped events from the history.
case_a_slow_subscriber() {
	local from
	start_storm slow
	watch_to "$work/slow"
	local slow=$watcher
	watch_to "$work/quick"
	await 20 eval '[ "$(numbers "$work/slow" | wc -l)" -ge 1 ]'
	kill -STOP $slow
	from=$(numbers "$work/quick" | wc -l)
	# More than the socket and the bus buffer for it.
	await 120 eval '[ "$(numbers "$work/quick" | wc -l)" -ge '$((from + 260))' ]'
	# The quick subscriber has the last event, the slow one does not.
	local last
	last=$(rssctl oom slow --json=short | jq '.[-1].id')
	await 10 eval 'numbers "$work/quick" | awk -v n='"$last"' "\$1 >= n { found = 1 } END { exit !found }"'
	local heard
	heard=$(numbers "$work/slow" | wc -l)
	kill -CONT $slow
	await 20 eval 'numbers "$work/slow" | awk -v n='"$last"' "\$1 >= n { found = 1 } END { exit !found }"'
	kill $slow $watcher
	stop_storm slow
	note "it had received $heard, then $(numbers "$work/slow" | wc -l); the quick one $(numbers "$work/quick" | wc -l)"
	in_order "$work/slow" || fail "the slow one received an event twice"
	same_as_history "$work/slow"
	same_as_history "$work/quick"
}

# begin_with NEXT: starts rssd with stored events, which are read from standard input in the format
# of its file; NEXT is the number of the next event.
begin_with() {
	stop_rssd
	{ echo "from 1"; cat; } >"$work/run/events"
	echo "$1" >"$work/state/sequence"
	start_rssd
}
get_events() {
	busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.rssd1 /org/rssd1 org.rssd1.Manager GetEvents tt "$@"
}

# More events than one reply holds: rssctl fetches all of them.
case_long_history_is_fetched_completely() {
	begin_with 2501 < <(seq 2500 | sed 's/$/ 0 1700000000000000 0 1 2 3 0 web/')
	expect 0 timeout 60 rssctl watch --json=short --since=0 --count=2500
	equal "$(numbers "$work/out" | cmp - <(seq 2500) 2>&1)" "" "difference to all numbers"
	expect 0 get_events 7 3
	[[ $out == "ta(tstsa{sv}) 2501 3 8 "* ]] || fail "three after 7: ${out:0:100}"
	expect 0 get_events 0 5000
	[[ $out == "ta(tstsa{sv}) 2501 1000 1 "* ]] || fail "all: ${out:0:100}"
	# There is no event after the last number.
	expect 0 get_events 2500 10
	equal "$out" "ta(tstsa{sv}) 2501 0" "events after the last"
	expect 1 get_events 2501 10
	says "No event has the number 2501 yet"
}

case_replayed_events_keep_their_fields() {
	begin_with 11 <<-EOF
		1 0 1700000000000001 0 11 12 13 0 web
		2 0 1700000000000002 1 21 22 23 0 web
		3 0 1700000000000003 3 31 32 0 1 web/in
		4 0 1700000000000004 3 41 42 0 0 webbed
		5 9 1700000000000005 4 0 0 0 0
		10 0 1700000000000006 2 51 52 0 0 web/in
	EOF
	expect 0 timeout 20 rssctl watch --json=short --since=0 --count=6
	equal "$(jq -c '[.event, .time % 10, .container, .sequence, .usage, .limit,
		.failures // .reclaimed // .watermark // .last]' <<<"$out")" \
		'["limit-hit",1,"web",1,11,12,13]
["reclaimed",2,"web",2,21,22,23]
["watermark",3,"web/in",3,31,32,"wmark_high"]
["watermark",4,"webbed",4,41,42,"wmark_low"]
["lost",5,null,5,null,null,9]
["oom",6,"web/in",10,51,52,null]' "events"
	# A range of lost events begins after the given number.
	expect 0 timeout 20 rssctl watch --json=short --since=6 --count=2
	equal "$(jq -c '[.sequence, .last]' <<<"$out" | xargs)" "[7,9] [10,null]" "events after 6"
	# A name selects nested containers as well; lost events concern all containers.
	expect 0 timeout 20 rssctl watch web --json=short --since=0 --count=5
	equal "$(numbers "$work/out" | xargs)" "1 2 3 5 10" "events of web"
	expect 0 timeout 20 rssctl watch web/in --json=short --since=0 --count=3
	equal "$(numbers "$work/out" | xargs)" "3 5 10" "events of web/in"
	# By time, and without waiting for more.
	expect 0 timeout 20 rssctl watch --json=short --since=0 --until=now
	equal "$(numbers "$work/out" | xargs)" "1 2 3 4 5 10" "events until now"
	expect 0 timeout 20 rssctl watch --json=short --since=2023-11-14 --until=1min
	equal "$(numbers "$work/out" | xargs)" "1 2 3 4 5 10" "events since a day"
	expect 0 timeout 20 rssctl watch --json=short --since=10min --until=now
	equal "$out" "" "events of the last ten minutes"
	expect 0 timeout 20 rssctl watch --json=short --since=0 --until="2023-11-14 00:00"
	equal "$out" "" "events until a day"
	expect 0 timeout 20 rssctl watch --json=short --since=yesterday --until=today
	expect 2 rssctl watch --since=soon
	says "not a time"
	expect 2 rssctl watch --until=7x
	expect 0 timeout 20 rssctl watch --since=2 --count=3
	says "crossed wmark_high"
	says "events 5 to 9 are lost"
}

# An event that was stored and not sent before a kill is sent by the next rssd, without another
# event that would trigger it.
case_event_stored_before_a_kill_is_sent_after_it() {
	local next
	begin_with 2 <<<"1 0 1700000000000001 0 1 2 3 0 web"
	watch_to "$work/unsent" --since=0
	await 20 grep -q limit-hit "$work/unsent"
	kill_rssd
	echo "2 0 1700000000000002 1 1 2 3 0 web" >>"$work/run/events"
	start_rssd
	await 20 grep -q reclaimed "$work/unsent"
	equal "$(numbers "$work/unsent" | xargs)" "1 2" "numbers"
	# The state is lost and numbers start again at 1: so does the subscriber.
	next=$(get_events 0 0 | awk '{ print $2 }')
	[ "$next" -gt 2 ] || fail "a killed rssd skipped no numbers: $next"
	begin_with 2 <<<"1 0 1700000000000003 1 7 8 9 0 restarted"
	await 20 grep -q restarted "$work/unsent"
	equal "$(numbers "$work/unsent" | xargs)" "1 2 1" "numbers"
	kill $watcher
}

# Live events of the rss controller, lost ranges included: a range counts as all of its numbers, so
# that the events after it are not taken for missing.
case_live_lost_ranges_and_watermarks() {
	stop_rssd
	fake-rssd "limit 1" "lost 2 6" "wmark_high 7" "wmark_low 8" "lost 9 9" "reclaimed 10" 2>"$work/fake-rssd.err" &
	local fake_rssd=$!
	children+=($fake_rssd)
	disown $fake_rssd
	await 10 eval 'busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" list --no-legend | grep -q "^org.rssd1 "'
	expect 0 timeout 20 rssctl watch --json=short --count=6
	equal "$(jq -c '[.event, .sequence, .failures // .reclaimed // .watermark // .last]' <<<"$out" | xargs)" \
		"[limit-hit,1,3] [lost,2,6] [watermark,7,wmark_high] [watermark,8,wmark_low] [lost,9,9] [reclaimed,10,2048]" "events"
	equal "$(jq -c '[.usage, .limit]' <<<"$out" | xargs)" \
		"[4096,8192] [null,null] [4096,null] [4096,null] [null,null] [4096,8192]" "usage and limit"
	equal "$(jq -c '.time / 1000000' <<<"$out" | xargs)" "1 2 7 8 9 10" "the times of the events"
	kill $fake_rssd
	start_rssd
}

# Any client of the bus can send signals: those that rssd did not send are ignored.
case_signals_of_other_senders_are_ignored() {
	begin_with 1 </dev/null
	local address name
	watch_to "$work/forged" --since=0
	address=--address=$DBUS_SYSTEM_BUS_ADDRESS
	await 10 eval 'name=$(busctl $address list --unique --no-legend | awk "\$2 == $watcher { print \$1 }"); [ -n "$name" ]'
	await 10 eval 'rssctl create before; rssctl remove before; grep -q before "$work/forged"'
	expect 0 busctl "$address" emit --destination="$name" /org/rssd1/container/forged \
		org.rssd1.Container LimitHit tttt 1 2 3 4
	expect 0 busctl "$address" emit --destination="$name" /org/rssd1 org.rssd1.Manager EventsLost tt 1 9
	rssctl create after
	await 10 grep -q after "$work/forged"
	kill $watcher
	grep -q 'forged\|lost' "$work/forged" && fail "printed: $(cat "$work/forged")"
	rssctl remove after
}

# Events that are no longer stored are reported as lost, with their range.
case_events_no_longer_stored_are_lost() {
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
