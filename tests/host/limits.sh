#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits on real processes: processes at a limit are reclaimed or killed, and no others.
# A file is read by one case alone: its page cache belongs to the container that read it first.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

case_limit_holds_a_file_mapping_process_without_killing_it() {
	local usage
	rssctl create files --limit=64M
	truncate -s 256M "$work/files"
	launch_hog_in files file "$work/files" 3
	await 60 grep -q ready "$hog_out"
	usage=$(field files peak)
	[ "$usage" -le $((64 << 20)) ] || fail "peak $usage is above the limit"
	[ "$(field files failures)" -gt 0 ] || fail "the limit was never hit"
	equal "$(field files oom_kills)" 0 "kills"
	equal "$(field files processes)" 1 "processes"
	rssctl remove files --force
}

# A container with some MiB of page cache, of a file that it has read: $hog.
start_reader() {
	rssctl create reader --limit=256M
	rm -f "$work/read"
	truncate -s 96M "$work/read"
	launch_hog_in reader file "$work/read" 3
	await 60 grep -q ready "$hog_out"
	[ "$(field reader usage)" -ge $((90 << 20)) ] || fail "the page cache belongs to another container"
}
usage_of_reader_is_below() { [ "$(field reader usage)" -lt "$1" ]; }

# cgroup v1 has no file for it. The limit stays what it is, also for the kernel.
case_reclaim_on_request() {
	local before freed file limits=()
	start_reader
	file=$(controller_mount)$(field reader control_group)/memory.limit_in_bytes
	before=$(field reader usage)
	expect 0 rssctl reclaim reader 16M
	freed=$((before - $(field reader usage)))
	note "freed $((freed >> 10)) KiB for 16 MiB"
	[ $freed -ge $((15 << 20)) ] || fail "$freed bytes were freed"
	[ $freed -le $((40 << 20)) ] || fail "$freed bytes were freed, far more than was asked for"
	# More than there is. Meanwhile the limit is read again and again.
	rssctl reclaim reader 512M >/dev/null 2>&1 &
	if [ -f "$file" ]; then
		while kill -0 $! 2>/dev/null; do limits+=("$(cat "$file")"); done
		equal "$(printf '%s\n' "${limits[@]}" | sort -u)" $((256 << 20)) "limits in the kernel meanwhile"
	fi
	wait $! || fail "reclaim ended with $?"
	equal "$(field reader limit)" $((256 << 20)) limit
	kill -0 "$hog" || fail "the process was killed"
	equal "$(field reader oom_kills)" 0 kills
	rssctl remove reader --force
}

case_reclaim_is_killed() {
	local file before
	start_reader
	file=$(controller_mount)$(field reader control_group)/memory.limit_in_bytes
	[ -f "$file" ] || { rssctl remove reader --force; skip "not memory-v1"; return; }
	before=$(field reader usage)
	rssctl reclaim reader 512M >/dev/null 2>&1 &
	await 10 usage_of_reader_is_below $((before - (1 << 20)))
	kill_rssd
	equal "$(cat "$file")" $((256 << 20)) "limit after a kill"
	wait $!
	start_rssd || return
	equal "$(field reader limit)" $((256 << 20)) "limit after a restart"
	kill -0 "$hog" || fail "the process was killed"
	rssctl remove reader --force
}

# The kernel logs at most 10 OOMs in 5 seconds in full, for the whole machine: 6 seconds after the
# last one, the next one is logged in full.
log_is_open() {
	[ "$(rssctl oom --json=short | jq '(.[-1].time // 0) / 1000000 + 6 < now')" = true ]
}

# The state at the OOM is read when the kernel reports it. A victim that has ended by then is not in
# it, as on a machine under load, so it is tried again.
record_has_its_cause() {
	local record
	record=$(rssctl show caused --json=short | jq -c '.[0].last_oom')
	jq -e --argjson least $((16 << 20)) '.failures > 0 and .anonymous > $least and .swap_free >= 0 and
		.processes[0].command == "hog" and .processes[0].pid == .victim_pid and
		.processes[0].resident > $least' <<<"$record" >/dev/null && return
	note "the record: $record"
	return 1
}

# The record has the attempts of reclaim, the remaining usage and the processes.
case_oom_record_has_its_cause() {
	local try
	rssctl create caused --limit=32M
	for try in {1..5}; do
		await 10 log_is_open
		expect 137 rssctl run caused -- "$build/tests/tools/hog" anon 256M
		until_true 5 record_has_its_cause && break
	done
	record_has_its_cause || fail "no record of five has its cause"
	rssctl remove caused --force
}

# cgroup v1 has no memory.oom.group: rssd kills the rest, nested containers included, and says so.
case_oom_group_is_killed_whole() {
	local rest
	[ "$(rssctl version --json=short | jq -r .controller)" = memory-v1 ] || { skip "the kernel does it"; return; }
	rssctl create whole --limit=32M --oom-group
	rssctl create whole/in
	launch_hog_in whole/in anon 4M
	await 20 grep -q ready "$hog_out"
	rest=$(rssctl ps whole/in --json=short | jq '.[0].pid')
	start_watch
	expect 137 rssctl run whole -- "$build/tests/tools/hog" anon 256M
	await 10 is_empty whole/in
	await 10 heard kill whole '.kill.cause == "oom" and .kill.killed == 1 and .kill.victim_command == "hog"'
	equal "$(jq -s '[.[] | select(.event == "kill")][0].kill.victim_pid' "$events")" "$rest" "the killed process"
	stop_watch
	equal "$(field whole oom_kills)" 1 "kills by the kernel"
	rssctl set whole oom-group=no
	launch_hog_in whole/in anon 4M
	await 20 grep -q ready "$hog_out"
	expect 137 rssctl run whole -- "$build/tests/tools/hog" anon 256M
	await 10 eval '[ "$(field whole oom_kills)" -eq 2 ]'
	equal "$(field whole/in processes)" 1 "processes without oom-group"
	rssctl remove whole --force
}

case_hog_is_killed_and_the_neighbour_is_not_touched() {
	local neighbour before
	await 10 log_is_open
	rssctl create hogged --limit=32M
	rssctl create neighbour --limit=128M
	launch_hog_in neighbour anon 64M
	await 20 grep -q ready "$hog_out"
	neighbour=$(rssctl ps neighbour --json=short | jq '.[0].pid')
	before=$(field neighbour usage)
	start_watch
	expect 137 rssctl run hogged -- "$build/tests/tools/hog" anon 256M
	says "out of memory"
	kill -0 "$neighbour" || fail "the neighbour is dead"
	[ "$(field neighbour usage)" -ge "$((before - (1 << 20)))" ] ||
		fail "the neighbour was reclaimed: $before before, $(field neighbour usage) now"
	equal "$(field hogged oom_kills)" 1 "kills"
	[ "$(field hogged oom_events)" -ge 1 ] || fail "no OOM was counted"
	equal "$(field neighbour oom_events)" 0 "the neighbour's OOMs"
	await 20 oom_is_reported hogged
	await 20 heard oom hogged '.sequence > 0 and .oom.victim_pid > 1 and .oom.victim_command == "hog"'
	stop_watch
	equal "$(field hogged last_oom.victim_command)" hog "victim"
	equal "$(field hogged last_oom.container)" hogged "whose limit"
	equal "$(field hogged last_oom.limit)" $((32 << 20)) "limit in the record"
	[ "$(field hogged last_oom.victim_pid)" -gt 1 ] || fail "no victim"
	expect 0 rssctl oom hogged --no-legend
	equal "$(wc -l <<<"$out")" 1 "OOMs of hogged"
	RSSCTL_PAGER="sed s/^/PAGED/" expect 0 terminal 80 24 -- rssctl oom hogged
	[ "$(tr -d '\r' <"$work/out" | wc -L)" -le 80 ] || fail "wider than the terminal: $(cat "$work/out")"
	says " killed "
	grep -q PAGED "$work/out" && fail "two rows were paged"
	expect 0 rssctl oom hogged --no-legend
	local id before_all
	id=$(awk '{ print $1 }' <<<"$out")
	expect 0 rssctl oom --id="$id"
	says "The largest processes"
	expect 0 rssctl oom neighbour --json=short
	equal "$out" '[]' "OOMs of the neighbour"
	expect 3 rssctl oom --id=999999
	before_all=$(rssctl oom --json=short)
	grep -q "out of memory: killed process .*the largest were .*(hog)" "$rssd_log" || fail "the OOM is not in the log"
	# OOMs are kept over a restart, a kill and the removal of the container.
	stop_rssd
	start_rssd
	equal "$(field hogged last_oom.victim_command)" hog "victim after a restart"
	rssctl remove hogged --force
	kill_rssd
	start_rssd
	equal "$(rssctl oom --json=short)" "$before_all" "OOMs after a kill"
	expect 0 rssctl oom hogged --json=short
	equal "$(jq length <<<"$out")" 1 "OOMs of a container that is gone"
	rssctl remove neighbour --force
}

# runs_out_in_full NAME: causes an OOM; true if the kernel logged it in full. After many OOMs it
# omits lines: then poll this again.
runs_out_in_full() {
	rssctl run "$1" -- "$build/tests/tools/hog" anon 64M >/dev/null 2>&1
	until_true 5 eval '[ "$(last_of '"$1"' .id)" != "'"$last"'" ]' || return 1
	last=$(last_of "$1" .id)
	[ "$(last_of "$1" .usage)" != null ]
}
last_of() { rssctl oom "$1" --json=short | jq -c ".[-1] | $2"; }

# Each OOM has its own time and figures, not those of an earlier one.
case_each_oom_has_its_own_cause() {
	local last= from failures
	from=$(date +%s)
	rssctl create cause --limit=16M
	rssctl create cause/inner
	# These survive and are listed in the record.
	launch_hog_in cause lock 4M
	await 20 grep -q ready "$hog_out"
	launch_hog_in cause/inner anon 2M
	await 20 grep -q ready "$hog_out"
	await 30 runs_out_in_full cause
	equal "$(last_of cause '[.container, .limit, .victim_uid]')" "[\"cause\",$((16 << 20)),0]" "limit and victim"
	[ "$(last_of cause .usage)" -gt $((14 << 20)) ] && [ "$(last_of cause .usage)" -le $((16 << 20)) ] ||
		fail "usage $(last_of cause .usage)"
	[ "$(last_of cause .locked)" -ge $((3 << 20)) ] || fail "locked $(last_of cause .locked)"
	equal "$(last_of cause '.time / 1000000 >= '"$from"' and .time / 1000000 <= now')" true "its time"
	equal "$(last_of cause '[.processes[].resident] | length == 3 and . == (sort | reverse)')" true \
		"three processes, the largest first"
	await 30 runs_out_in_full cause
	failures=$(rssctl oom cause --json=short | jq '[.[].failures] | add')
	[ "$failures" -le "$(field cause failures)" ] ||
		fail "$failures failures in the records, and the counter is $(field cause failures)"
	expect 0 rssctl oom --id="$last"
	for key in "Limit met: [1-9]" "Usage: 1" "Limit: 16.0M" "Locked: [3-9]" "Free swap: "; do
		grep -q " $key" <<<"$out" || fail "no \"$key\" in $out"
	done
	rssctl remove cause --force
}

# After many OOMs the kernel's log omits whose limit was hit: rssd then takes it from the counters,
# here for each OOM.
case_whose_limit_without_the_log() {
	local small
	stop_rssd
	"${own_mounts[@]}" sh -c "mount --bind /dev/null /dev/kmsg; exec rssd --config='$work/rssd.conf'" 2>>"$rssd_log" &
	rssd_pid=$!
	await 10 rssctl list
	rssctl create silent --limit=24M
	rssctl create silent/inner --limit=8M
	# It survives and is there when rssd lists the processes.
	launch_hog_in silent/inner anon 2M
	await 20 grep -q ready "$hog_out"
	small=$(rssctl ps silent/inner --json=short | jq '.[0].pid')
	expect 137 rssctl run silent/inner -- "$build/tests/tools/hog" anon 64M
	await 10 eval '[ "$(rssctl oom silent/inner --json=short | jq length)" = 1 ]'
	expect 0 rssctl limit silent/inner infinity
	expect 137 rssctl run silent/inner -- "$build/tests/tools/hog" anon 64M
	await 10 eval '[ "$(rssctl oom silent/inner --json=short | jq length)" = 2 ]'
	equal "$(rssctl oom silent/inner --json=short | jq -c 'map([.container, .limit, .victim_container])')" \
		"[[\"silent/inner\",$((8 << 20)),\"silent/inner\"],[\"silent\",$((24 << 20)),\"silent/inner\"]]" \
		"container of the limit"
	equal "$(rssctl oom silent/inner --json=short | jq -c 'map([.processes[]?.pid] | contains(['"$small"']))')" \
		'[true,true]' "whether the surviving process is in the record"
	rssctl remove silent --force
	stop_rssd
	start_rssd
}

# Each fact of an OOM is a field of the journal.
case_an_oom_in_the_journal() {
	local last= field
	stop_rssd
	: >"$work/journal"
	JOURNAL=$work/journal LD_PRELOAD=$build/tests/preload/journal.so \
		JOURNAL_STREAM=$(stat -c %d:%i "$rssd_log") start_rssd
	rssctl create logged --limit=16M
	await 30 runs_out_in_full logged
	await 10 grep -qx "RSSD_OOM_ID=$last" "$work/journal"
	for field in PRIORITY=4 RSSD_CONTAINER=logged RSSD_OOM_LIMIT_CONTAINER=logged RSSD_OOM_LIMIT_OWNER=/ \
		RSSD_OOM_VICTIM_CONTAINER=logged RSSD_OOM_VICTIM_COMMAND=hog \
		"RSSD_OOM_VICTIM_PID=$(last_of logged .victim_pid)" "RSSD_OOM_USAGE=$(last_of logged .usage)" \
		RSSD_OOM_LIMIT=$((16 << 20)) 'RSSD_OOM_RECORD={"id":'"$last"; do
		grep -q "^$field" "$work/journal" || fail "no $field in the journal"
	done
	equal "$(rssctl metrics | sed -n 's/^rssd_container_last_oom_timestamp_seconds{container="logged"} //p' | tr -d .)" \
		"$(last_of logged .time)" "time of the OOM in the metrics"
	rssctl remove logged --force
	stop_rssd
	start_rssd
}

oom_is_reported() { [ "$(field "$1" last_oom)" != null ]; }

case_parent_limit_binds_its_children_together() {
	local one
	rssctl create parent --limit=48M
	rssctl create parent/one
	rssctl create parent/two
	launch_hog_in parent/one anon 32M
	await 20 grep -q ready "$hog_out"
	one=$(rssctl ps parent/one --json=short | jq '.[0].pid')
	expect 137 rssctl run parent/two -- "$build/tests/tools/hog" anon 64M
	await 20 oom_is_reported parent
	equal "$(field parent last_oom.container)" parent "whose limit"
	# The process of the first child may have been killed before; each record has its own container.
	await 10 eval '[ "$(field parent/two last_oom.container)" = parent ]'
	equal "$(rssctl oom parent/one --json=short | jq -c --argjson one "$one" \
		'map(select(.victim_container == "parent/one").victim_pid // $one) - [$one]')" '[]' "victims of the first child"
	equal "$(field parent oom_events)" "$(field parent oom_events)"
	[ "$(field parent oom_events)" -ge 1 ] || fail "the parent's OOM was not counted"
	equal "$(field parent/one oom_events)" 0 "OOMs of the first child's own limit"
	equal "$(field parent/two oom_events)" 0 "OOMs of the second child's own limit"
	rssctl remove parent --force
}

# inner_runs_out CGROUP SIZE FILTER: a process that is moved there hits the limit; true if the record
# matches. After many OOMs the kernel's log omits whose limit was hit: then poll this again.
inner_runs_out() {
	sh -c 'echo $$ >"$1/cgroup.procs" && exec "$2" anon "$3"' sh "$1" "$build/tests/tools/hog" "$2" \
		>/dev/null 2>&1
	until_true 3 eval 'last_of outer "'"$3"'" | grep -qx true'
}
each_kill_has_a_record() { [ "$(field outer oom_kills)" = "$(rssctl oom outer --json=short | jq length)" ]; }

# A cgroup that something else made inside a container, as podman and build tools do: its OOM kills
# are the container's, and the limit is that of its path.
case_an_oom_in_an_inner_cgroup() {
	local inner kills
	rssctl create outer --limit=64M
	inner=$(controller_mount)$(field outer control_group)/inner
	[ -f "${inner%/inner}/memory.limit_in_bytes" ] || { rssctl remove outer; skip "needs memory-v1"; return; }
	mkdir "$inner"
	echo 16M >"$inner/memory.limit_in_bytes"
	await 60 inner_runs_out "$inner" 48M ".limit_owner == \\\"$(field outer control_group)/inner\\\""
	equal "$(last_of outer '[.container, .victim_container, .victim_command, .limit]')" \
		"[null,\"outer\",\"hog\",$((16 << 20))]" "the record"
	await 20 each_kill_has_a_record
	# The limit of the container itself, which a process of the inner cgroup hits.
	echo -1 >"$inner/memory.limit_in_bytes"
	await 60 inner_runs_out "$inner" 128M '.container == \"outer\"'
	equal "$(last_of outer .limit)" $((64 << 20)) "the limit"
	await 20 each_kill_has_a_record
	kills=$(field outer oom_kills)
	[ "$kills" -ge 2 ] || fail "$kills kills were counted"
	await 10 rmdir "$inner"
	stop_rssd
	start_rssd
	equal "$(field outer oom_kills)" "$kills" "kills after a restart"
	# A kill in the container itself is neither lost nor reported twice.
	expect 137 rssctl run outer -- "$build/tests/tools/hog" anon 128M
	await 10 eval '[ "$(field outer oom_kills)" -gt '"$kills"' ] && each_kill_has_a_record'
	rssctl remove outer --force
}

case_limit_hit_is_signalled() {
	rssctl create met --limit=32M
	start_watch
	truncate -s 128M "$work/met"
	launch_hog_in met file "$work/met" 1
	await 30 heard limit-hit met ".limit == $((32 << 20)) and .sequence > 0 and .usage > 0"
	stop_watch
	rssctl remove met --force
}

case_limit_is_lowered_by_reclaim() {
	rssctl create lower --limit=128M
	truncate -s 96M "$work/lower"
	launch_hog_in lower file "$work/lower" 1
	await 30 grep -q ready "$hog_out"
	[ "$(field lower usage)" -gt $((90 << 20)) ] || fail "usage is only $(field lower usage)"
	expect 5 rssctl limit lower 32M --mode=refuse
	expect 0 rssctl limit lower 32M --dry-run --json=short
	equal "$(jq -r .forecast <<<"$out")" reclaims "forecast"
	[ "$(jq .reclaimable <<<"$out")" -gt $((64 << 20)) ] || fail "forecast: $out"
	expect 5 rssctl limit lower 32M --dry-run --mode=refuse
	says "would be refused"
	equal "$(field lower limit)" $((128 << 20)) "limit after dry runs"
	equal "$(field lower limit)" $((128 << 20)) "limit after a refusal"
	expect 0 rssctl limit lower 32M
	says reclaimed
	[ "$(field lower usage)" -le $((32 << 20)) ] || fail "usage is $(field lower usage)"
	equal "$(field lower processes)" 1 "processes"
	rssctl remove lower --force
}

# What reclaim for a limit depends on: swappiness, and pages that must be written first.
case_forecast_knows_swappiness_and_dirty_pages() {
	local swappiness=/proc/sys/vm/swappiness file=$work/dirty
	rssctl create written --limit=64M
	[ ! -f "$(memory_mount)/$root/written/memory.swappiness" ] ||
		swappiness=$(memory_mount)/$root/written/memory.swappiness
	expect 0 rssctl run written -- bash -c "head -c 16M /dev/zero >$file"
	expect 0 rssctl limit written 32M --dry-run --json=short
	equal "$(jq .swappiness <<<"$out")" "$(cat "$swappiness")" swappiness
	equal "$(jq '.dirty == null' <<<"$out")" "$([ "$(field written shmem)" = null ] && echo true || echo false)" \
		"whether dirty pages are known"
	if [ "$swappiness" != /proc/sys/vm/swappiness ]; then
		echo 0 >"$swappiness"
		expect 0 rssctl limit written 32M --dry-run --json=short
		equal "$(jq .swappiness <<<"$out")" 0 "swappiness of the cgroup"
	fi
	rm -f "$file"
	rssctl remove written
}

# The forecast of a dry run is what the change does.
case_forecast_of_locked_memory_comes_true() {
	rssctl create pinned --limit=64M
	launch_hog_in pinned lock 32M
	await 20 grep -q ready "$hog_out"
	expect 5 rssctl limit pinned 8M --dry-run
	says "would be refused"
	says "is locked"
	expect 0 rssctl limit pinned 8M --dry-run --mode=force --json=short
	equal "$(jq -r .forecast <<<"$out")" kills "forecast"
	# The last locked pages are in a per-CPU batch and not counted yet.
	[ "$(jq .locked <<<"$out")" -ge $((31 << 20)) ] || fail "locked: $out"
	equal "$(field pinned processes)" 1 "processes after dry runs"
	expect 5 rssctl limit pinned 8M --timeout=1s
	expect 0 rssctl limit pinned 8M --mode=force
	says killed
	rssctl remove pinned --force
}

case_force_kills_no_more_than_it_must() {
	local small large
	rssctl create forced --limit=64M
	rssctl create forced/inner
	launch_hog_in forced lock 4M
	await 20 grep -q ready "$hog_out"
	small=$(rssctl ps forced --json=short | jq '.[0].pid')
	# A process of a nested container can be killed as well.
	launch_hog_in forced/inner lock 24M
	await 20 grep -q ready "$hog_out"
	large=$(rssctl ps forced/inner --json=short | jq '.[0].pid')
	start_watch
	expect 0 rssctl limit forced 12M --mode=force
	says killed
	# The kill is reported like an OOM kill: limit, victim and requester.
	await 10 heard kill forced ".limit == $((12 << 20)) and .usage > $((24 << 20))"
	stop_watch
	equal "$(jq -c 'select(.event == "kill").kill | [.cause, .killed, .container, .victim_container,
		.victim_pid, .victim_uid, .victim_command, .requester_uid, .processes[0].pid]' "$events")" \
		"[\"limit\",1,\"forced\",\"forced/inner\",$large,0,\"hog\",0,$large]" "the record"
	kill -0 "$small" || fail "the small process was killed as well"
	await 20 is_empty forced/inner
	equal "$(field forced limit)" $((12 << 20)) "limit"
	rssctl remove forced --force
}

# The victim may be gone as soon as the signal was sent: the report names its user all the same.
case_the_victim_is_described_before_it_ends() {
	local what
	stop_rssd
	LD_PRELOAD=$build/tests/preload/slow-signals.so start_rssd
	rssctl create gone --limit=64M
	for what in "kill gone --signal=KILL" "limit gone 12M --mode=force"; do
		launch_hog_in gone lock 24M
		await 20 grep -q ready "$hog_out"
		start_watch
		expect 0 rssctl $what
		await 10 heard kill gone
		stop_watch
		equal "$(jq -c 'select(.event == "kill").kill | [.victim_uid, .victim_command]' "$events")" \
			'[0,"hog"]' "the victim of $what"
		await 20 is_empty gone
	done
	rssctl remove gone
	stop_rssd
	start_rssd
}

case_oom_storm_loses_no_kill() {
	local i pids=()
	rssctl create storm --limit=16M
	for i in {1..12}; do
		launch_hog_in storm anon 64M
		pids+=("$hog")
	done
	for i in "${pids[@]}"; do await 60 test ! -d "/proc/$i"; done
	equal "$(field storm oom_kills)" 12 "kills"
	# The kernel logs the victim of each kill, and the limit of a few.
	await 10 eval '[ "$(rssctl oom storm --json=short | jq length)" = 12 ]'
	equal "$(rssctl oom storm --json=short | jq -c 'map(.container) | unique')" '["storm"]' "container of the limit"
	equal "$(field storm processes)" 0 "processes"
	rssctl remove storm
}

run_cases "$@"
