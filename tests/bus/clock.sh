#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The wall clock is set back and forth, as by NTP, a resumed virtual machine or an administrator.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
export WALL_CLOCK=$work/wall-clock
wall_clock=$build/tests/preload/wall-clock.so

# set_clock SECONDS: the wall clock of rssd is off by SECONDS.
set_clock() {
	echo "$1" >"$WALL_CLOCK.new"
	mv "$WALL_CLOCK.new" "$WALL_CLOCK"
}
set_clock 0
write_config LogLevel=debug SampleInterval=1s
LD_PRELOAD=$wall_clock start_rssd || exit 1

jumps=(0 -86400 31536000 -31536000 60 0)

case_events_keep_their_order_and_have_the_time_of_the_clock() {
	local off i=0
	rssctl create ticking --limit=32M
	for off in "${jumps[@]}"; do
		set_clock "$off"
		launch_hog_in ticking anon 1M
		await 20 grep -q ready "$hog_out"
		expect 0 rssctl kill ticking --signal=KILL
		await 10 is_empty ticking
		printf '%s\n' $(($(date +%s) + off)) >>"$work/times"
	done
	timeout 20 rssctl watch --since=0 --json=short >"$work/events" &
	local watcher=$!
	await 10 all_kills_are_shown
	kill $watcher
	jq -s '[.[] | .sequence | select(.)] | . == (unique)' "$work/events" | grep -q true || fail "out of order: $(jq .sequence "$work/events")"
	jq -r 'select(.event == "kill" and .container == "ticking") | .time' "$work/events" | while read -r time; do
		i=$((i + 1))
		off=$((time / 1000000 - $(sed -n "${i}p" "$work/times")))
		[ ${off#-} -le 30 ] || echo "kill $i is off by $off s"
	done >"$work/off"
	equal "$(cat "$work/off")" "" "times"
	rssctl remove ticking
}

all_kills_are_shown() { [ "$(jq -c 'select(.event == "kill" and .container == "ticking")' "$work/events" | wc -l)" = ${#jumps[@]} ]; }

case_the_history_of_usage_goes_on() {
	local off
	rssctl create steady
	launch_hog_in steady anon 8M
	await 20 grep -q ready "$hog_out"
	# A sample covers 15 seconds at least.
	await 60 has_samples 2
	for off in "${jumps[@]}"; do
		set_clock "$off"
		has_samples 2
		jq -e --argjson now $((($(date +%s) + off) * 1000000)) '[.data[0][][0]] |
			. == sort and all(. > $now - 300000000 and . < $now + 60000000)' "$work/history" >/dev/null ||
			fail "history with the clock off by $off: $(cat "$work/history")"
		# The clock of rssctl is another, as if it was set after the reply of rssd.
		expect 0 rssctl suggest steady --json=short
		equal "$(jq '.recorded_usec > 0 and .recorded_usec < 300000000' <<<"$out")" true "a plausible record"
	done
	set_clock 0
	rssctl remove steady --force
}

# The samples of rssd, with their times by the wall clock.
has_samples() {
	busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" --json=short call org.rssd1 /org/rssd1/container/steady \
		org.rssd1.Container GetUsageHistory >"$work/history"
	[ "$(jq '.data[0] | length' "$work/history")" -ge "$1" ]
}

case_a_timeout_does_not_know_the_clock() {
	local start off limit
	rssctl create locked
	launch_hog_in locked ebb 8M
	await 20 grep -q ready "$hog_out"
	for off in 31536000 -31536000; do
		set_clock 0
		start=$SECONDS
		: >"$rssd_log"
		rssctl limit locked 1M --timeout=2s >"$work/limit" 2>&1 &
		limit=$!
		await 10 grep -q 'locked: changing settings, limit 1.0M' "$rssd_log"
		set_clock "$off"
		wait $limit
		equal $? 5 "status of a limit below locked memory"
		[ $((SECONDS - start)) -le 20 ] || fail "it took $((SECONDS - start)) s"
	done
	set_clock 0
	rssctl remove locked --force
}

run_cases "$@"
