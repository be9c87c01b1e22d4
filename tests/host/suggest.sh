#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rssctl suggest for real processes: what it proposes is enough for them.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

suggested() { jq -r ".$1" <<<"$out"; }

case_no_suggestion_without_data() {
	rssctl create empty
	expect 1 rssctl suggest empty
	says "Too little is known"
	says "It has used no memory"
	expect 1 rssctl suggest empty --json=short
	equal "$(suggested enough)" false enough
	equal "$(suggested limit)" infinity limit
	expect 1 rssctl suggest empty --apply
	equal "$(field empty limit)" infinity "the limit if too little is known to apply"
	rssctl remove empty
	expect 3 rssctl suggest empty
	expect 2 rssctl suggest
	expect 2 rssctl suggest empty --watch=soon
}

case_suggested_limit_is_enough() {
	rssctl create calm
	launch_hog_in calm anon 24M
	await 20 grep -q ready "$hog_out"
	expect 0 rssctl suggest calm
	says "To set it: rssctl set calm limit="
	expect 0 rssctl suggest calm --watch=1s --json=short
	[ "$(suggested samples)" -ge 5 ] || fail "only $(suggested samples) samples"
	[ "$(suggested limit)" -ge $((25 << 20)) ] && [ "$(suggested limit)" -le $((64 << 20)) ] ||
		fail "suggests $(suggested limit): $out"
	rssctl kill calm --signal=KILL >/dev/null
	await 10 is_empty calm
	# The printed command sets the limit, and the same process fits.
	expect 0 rssctl suggest calm
	expect 0 bash -c "$(sed -n 's/^To set it: //p' <<<"$out")"
	launch_hog_in calm anon 24M
	await 20 grep -q ready "$hog_out"
	equal "$(field calm oom_kills)" 0 kills
	# --apply sets it itself.
	expect 0 rssctl limit calm 512M
	expect 0 rssctl suggest calm --apply --json=short
	equal "$(field calm limit)" "$(suggested limit)" "the limit that was applied"
	rssctl remove --force calm
}

# A file that is read repeatedly refaults its pages: the limit is too small.
case_refaults_raise_the_suggestion() {
	truncate -s 32M "$work/data"
	rssctl create thrash --limit=12M
	launch_hog_in thrash file "$work/data" 100000
	await 20 limit_was_met
	expect 0 rssctl suggest thrash --watch=3s --json=short
	if [ "$(field thrash refaults)" = null ]; then
		[[ $out == *"does not report refaults"* ]] || fail "said: $out"
	else
		[[ $out == *"pages were faulted in again"* ]] || fail "said: $out"
	fi
	equal "$(suggested at_least)" true "at least"
	[ "$(suggested limit)" -gt $((13 << 20)) ] || fail "suggests $(suggested limit)"
	rssctl remove --force thrash
}

# Samples of list and show are recorded, without a watcher.
case_samples_of_other_verbs_are_recorded() {
	rssctl create seen
	expect 0 bus_call seen GetUsageHistory
	equal "$out" "a(tt)a{sv} 0 0" "history before the first sample"
	launch_hog_in seen anon 24M
	await 20 grep -q ready "$hog_out"
	# Repeated lists are recorded once in a while; after a start, the first one is.
	stop_rssd
	start_rssd || return
	expect 0 rssctl list
	expect 0 bus_call seen GetUsageHistory
	[[ $out == "a(tt)a{sv} 1 "* && $out == *'"Failures" t 0'* ]] || fail "after one sample: $out"
	[ "$(cut -d' ' -f4 <<<"$out")" -ge $((24 << 20)) ] || fail "usage of the sample: $out"
	rssctl kill seen --signal=KILL >/dev/null
	await 10 is_empty seen
	expect 0 rssctl show seen
	expect 0 bus_call seen GetUsageHistory
	[ "$(cut -d' ' -f4 <<<"$out")" -ge $((24 << 20)) ] || fail "a lower sample reduced it: $out"
	if rssctl version --json | jq -e '.features | index("peak-reset")' >/dev/null; then
		expect 0 rssctl reset-peak seen
		expect 0 bus_call seen GetUsageHistory
		equal "$out" "a(tt)a{sv} 0 0" "history after the peak was reset"
	fi
	rssctl remove seen
}

# rssd takes samples by itself while SampleInterval= is set.
case_rssd_samples() {
	rssctl create sampled
	launch_hog_in sampled anon 24M
	await 20 grep -q ready "$hog_out"
	write_config SampleInterval=1s
	expect 0 rssctl reload
	await 40 eval '[ "$(history_length sampled)" -ge 2 ]'
	expect 0 rssctl suggest sampled --json=short
	equal "$(suggested source)" history source
	[ "$(suggested limit)" -ge $((25 << 20)) ] || fail "suggests $(suggested limit): $out"
	expect 0 rssctl suggest sampled
	says "This is from a record of"
	expect 0 rssctl suggest sampled --watch=1s --json=short
	equal "$(suggested source)" watch source
	write_config
	expect 0 rssctl reload
	rssctl remove --force sampled
	# No samples any more: rssd sleeps for the time of several intervals.
	await 40 sleeps_for_three_seconds
}

# Each sample wakes the event loop at least twice: by the timer and by the worker.
wakeups() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$rssd_pid/status"; }
sleeps_for_three_seconds() {
	local before
	before=$(wakeups)
	read -rt 3 <> <(:) || :
	[ $(($(wakeups) - before)) -lt 3 ]
}

# Failures at an earlier limit do not count against the current one.
case_a_limit_counts_from_when_it_was_set() {
	local before
	rssctl create judged --limit=8M
	expect 0 rssctl show judged
	truncate -s 32M "$work/judge"
	launch_hog_in judged file "$work/judge" 100000
	await 20 eval '[ "$(field judged failures)" -gt 0 ]'
	expect 0 bus_call judged GetUsageHistory
	[[ $out == *'"Failures" t 0'* ]] || fail "failures before the first sample: $out"
	rssctl kill judged --signal=KILL >/dev/null
	await 10 is_empty judged
	before=$(field judged failures)
	expect 0 rssctl limit judged 64M
	expect 0 bus_call judged GetUsageHistory
	[[ $out == *"\"Failures\" t $before"* ]] || fail "failures do not start at $before: $out"
	rssctl remove judged
}

# An OOM at the limit of a parent raises the suggestion for the parent, though the kill is counted
# in the nested container.
case_oom_in_a_nested_container() {
	rssctl create outer --limit=12M
	rssctl create outer/inner
	expect 0 rssctl show outer
	expect 137 rssctl run outer/inner -- hog anon 40M
	await 10 eval '[ "$(field outer oom_events)" = 1 ]'
	expect 0 rssctl suggest outer --json=short
	[[ $out == *"killed for lack of memory, 1 so far"* ]] || fail "said: $out"
	equal "$(suggested at_least)" true "at least"
	[ "$(suggested limit)" -gt $((16 << 20)) ] || fail "suggests $(suggested limit)"
	rssctl remove outer/inner outer
}

# What rssd recorded survives a restart, and a kill -9 once it was written.
case_the_history_survives_a_restart() {
	local before file=$work/state/usage-history
	rssctl create kept --limit=64M
	rssctl create other
	launch_hog_in kept anon 24M
	await 20 grep -q ready "$hog_out"
	expect 0 rssctl show kept
	expect 0 rssctl history kept --json=short
	before=$(jq -c "[.samples[].usage]" <<<"$out")
	[ "$(jq '.samples[0].usage' <<<"$out")" -ge $((24 << 20)) ] || fail "history: $out"
	stop_rssd
	[ -s "$file" ] || fail "no file after a stop"
	start_rssd || return
	expect 0 rssctl history kept --json=short
	equal "$(jq -c "[.samples[].usage]" <<<"$out")" "$before" "samples after a restart"
	[ "$(jq .highest <<<"$out")" -ge $((24 << 20)) ] || fail "histogram after a restart: $out"
	# The first sample after a start is written at once.
	stop_rssd
	rm "$file"
	start_rssd || return
	await 10 test -s "$file"
	rssctl kill kept --signal=KILL >/dev/null
	await 10 is_empty kept
	kill_rssd
	start_rssd || return
	expect 0 rssctl history kept --json=short
	[ "$(jq '.samples[0].usage' <<<"$out")" -ge $((24 << 20)) ] || fail "after kill -9: $out"
	expect 0 rssctl history kept
	says "  at most 2"
	says "24h ago"
	# A new container of that name has no samples.
	rssctl remove kept --force
	rssctl create kept
	stop_rssd
	start_rssd || return
	expect 0 rssctl history kept --json=short
	equal "$(jq '[.samples[].usage] | max // 0' <<<"$out")" 0 "usage of a new container"
	rssctl remove kept other
	expect 3 rssctl history kept
	expect 2 rssctl history
}

# A damaged file is logged and not used, and rssd starts.
case_a_damaged_history_is_refused() {
	local file=$work/state/usage-history kind
	rssctl create torn
	for kind in truncated changed empty directory binary; do
		launch_hog_in torn anon 8M
		await 20 grep -q ready "$hog_out"
		expect 0 rssctl show torn
		rssctl kill torn --signal=KILL >/dev/null
		await 10 is_empty torn
		stop_rssd
		: >"$rssd_log"
		case $kind in
		truncated) truncate -s -20 "$file" ;;
		changed) sed -i 's/^torn 15/torn 16/' "$file" ;;
		empty) : >"$file" ;;
		directory) rm "$file"; mkdir "$file" ;;
		binary) rmdir "$file"; head -c 100000 /dev/urandom >"$file" ;;
		esac
		start_rssd || return
		grep -q 'usage histories begin again' "$rssd_log" || fail "$kind: not logged"
		[ $kind != directory ] || [ -d "$file" ] || fail "the directory is gone"
		expect 0 rssctl history torn --json=short
		[ "$(jq '[.samples[].usage] | max // 0' <<<"$out")" -lt $((8 << 20)) ] || fail "$kind: used: $out"
	done
	rssctl remove torn --force
}

# The limit of a process that takes whatever it gets is raised twice, and stays then.
case_a_leak_does_not_raise_the_limit_for_ever() {
	local limit before=0 i
	rssctl create leak --limit=8M
	for i in 1 2 3; do
		expect 0 rssctl show leak
		expect 137 rssctl run leak -- hog anon 200M
		await 10 eval '[ "$(field leak oom_events)" = '$i' ]'
		expect 0 rssctl suggest leak --apply --json=short
		limit=$(field leak limit)
		if [ $i -lt 3 ]; then
			[ "$limit" -gt "$before" ] || fail "OOM $i: not raised: $limit"
		else
			equal "$limit" "$before" "the limit after OOM $i"
			[[ $out == *"whatever it gets"* ]] || fail "said: $out"
		fi
		before=$limit
		# The number of raises survives a restart.
		[ $i != 1 ] || { stop_rssd && start_rssd; } || return
	done
	rssctl remove leak
}

bus_call() {
	busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.rssd1 "/org/rssd1/container/$1" \
		org.rssd1.Container "$2"
}
history_length() { bus_call "$1" GetUsageHistory | cut -d' ' -f2; }
limit_was_met() { [ "$(field thrash failures)" -gt 0 ]; }

case_ctrl_c_ends_the_watch() {
	rssctl create long
	launch_hog_in long anon 8M
	await 20 grep -q ready "$hog_out"
	expect 0 terminal 80 24 "+usage 8" $'=\x03' "+To set it" -- rssctl suggest long --watch=1h
	says "watching long: "
	says "Limit "
	rssctl remove --force long
}

# What a process used before it was attached stays charged elsewhere.
case_memory_from_before_an_attach() {
	rssctl create late
	start_hog anon 24M
	expect 0 rssctl attach late "$hog"
	[ "$(field late usage)" -lt $((8 << 20)) ] || { skip "the controller moves charges"; rssctl remove late --force; return; }
	expect 0 rssctl suggest late
	says "before they were attached"
	expect 0 rssctl suggest late --json=short
	[ "$(suggested limit)" -ge $((28 << 20)) ] || fail "suggests $(suggested limit): $out"
	rssctl remove late --force
}

run_cases "$@"
