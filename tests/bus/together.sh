#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Settings of several containers: apply all or none, and diff.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
write_config LogLevel=debug LimitTimeout=60s
start_rssd || exit 1

limits() { rssctl list --json=short | jq -c '[.[] | {(.name): .limit}] | add // {}'; }
make_three() {
	local name
	for name in a b c; do rssctl create $name --limit=64M; done
	before=$(limits)
}
remove_three() { for name in a b c; do rssctl remove --force $name; done; }
file() { printf '%s' "$1" >"$work/file.json"; }

# Container b holds locked memory, so that a limit below it is refused.
hold_b() {
	launch_hog_in b lock 32M
	await 20 grep -q ready "$hog_out"
}
no_swap() { [ "$(awk '/SwapTotal/ { print $2 }' /proc/meminfo)" = 0 ]; }

case_all_of_them() {
	make_three
	file '[{"name":"a","limit":"32M"},{"name":"b","limit":134217728},{"name":"c","limit":"infinity"}]'
	expect 0 rssctl apply "$work/file.json" --dry-run
	says NEW
	says 128.0M
	equal "$(awk 'NR > 1 { print $5 }' <<<"$out" | xargs)" "fits fits fits" "forecasts"
	equal "$(limits)" "$before" "limits after a dry run"
	expect 0 rssctl apply "$work/file.json"
	says 32.0M
	equal "$(limits)" '{"a":33554432,"b":134217728,"c":"infinity"}' limits
	# With a log, the next start would apply it again and undo later changes.
	[ ! -e "$work/state/transaction.json" ] || fail "the log is still there"
	# Settings that are in force already are no difference.
	expect 0 rssctl apply "$work/file.json" --no-legend
	equal "$out" "" "difference of nothing"
	expect 0 sh -c "rssctl apply - --json=short <'$work/file.json'"
	equal "$(jq -r '.[0].outcome' <<<"$out")" unchanged outcome
	remove_three
}

case_or_none() {
	no_swap || { skip "needs a machine without swap"; return; }
	make_three
	hold_b
	file '[{"name":"a","limit":"32M"},{"name":"b","limit":"8M"},{"name":"c","limit":"128M"}]'
	# The forecast says so to any user, for each mode.
	expect 5 setpriv --reuid=65534 --clear-groups rssctl apply "$work/file.json" --dry-run --json=short
	equal "$(jq -c '[.[] | [.name, .forecast, .outcome]]' <<<"$out")" \
		'[["a","fits",null],["b","refused",null],["c","fits",null]]' "forecasts"
	expect 0 rssctl apply "$work/file.json" --dry-run --mode=force
	says kills
	equal "$(limits)" "$before" "limits after a dry run"
	expect 5 rssctl apply "$work/file.json" --timeout=1s
	says "no container was changed"
	# The difference is printed first, also if it is refused.
	equal "$(awk '$2 == "limit" { print $1, $3, $4 }' <<<"$out")" $'a 64.0M 32.0M\nb 64.0M 8.0M\nc 64.0M 128.0M' \
		"the difference"
	equal "$(limits)" "$before" "limits after a refusal"
	expect 5 rssctl apply "$work/file.json" --mode=refuse
	equal "$(limits)" "$before" "limits after another"
	[ ! -e "$work/state/transaction.json" ] || fail "the log is still there"
	# The kernel and the saved state have them as well.
	expect 0 rssctl diff
	equal "$out" "" "difference"
	stop_rssd
	start_rssd
	equal "$(limits)" "$before" "limits after a restart"
	[ ! -e "$work/state/transaction.json" ] || fail "the log is still there"
	remove_three
}

# The verdicts come in the order of the file, whatever the order of the steps.
case_forecasts_of_nested_limits() {
	no_swap || { skip "needs a machine without swap"; return; }
	make_three
	rssctl create b/inner --limit=64M
	launch_hog_in b/inner lock 16M
	await 20 grep -q ready "$hog_out"
	file '[{"name":"c","limit":"128M"},{"name":"b/inner","limit":"20M"},{"name":"b","limit":"8M"},{"name":"a","oom_group":false}]'
	expect 5 rssctl apply "$work/file.json" --dry-run --json=short
	equal "$(jq -c '[.[] | [.name, .forecast]]' <<<"$out")" \
		'[["c","fits"],["b/inner","fits"],["b","refused"],["a","fits"]]' "forecasts"
	remove_three
}

# Mode and timeout are those of each limit.
case_by_force_and_in_time() {
	make_three
	launch_hog_in b ebb 32M
	await 20 grep -q ready "$hog_out"
	file '[{"name":"a","limit":"32M"},{"name":"b","limit":"8M"}]'
	local from=$SECONDS
	expect 5 rssctl apply "$work/file.json" --timeout=1s
	says "before the timeout"
	[ $((SECONDS - from)) -lt 30 ] || fail "it took $((SECONDS - from)) seconds"
	equal "$(limits)" "$before" "limits after the timeout"
	expect 0 rssctl apply "$work/file.json" --mode=force --json=short
	equal "$(jq -c '[.[].outcome]' <<<"$out")" '["set","killed"]' outcomes
	await 20 is_empty b
	remove_three
}

case_wrong_files() {
	make_three
	expect 1 rssctl apply "$work/nothing"
	expect 1 rssctl apply "$work"
	says "Is a directory"
	file '[{"name":"a"'
	expect 2 rssctl apply "$work/file.json"
	says "invalid JSON"
	# Neither a second document nor what follows a NUL byte is passed over.
	file '[{"name":"a","limit":"32M"}] [{"name":"missing","limit":"32M"}]'
	expect 2 rssctl apply "$work/file.json"
	says "text after its end"
	printf '[{"name":"a","limit":"32M"}]\0[' >"$work/file.json"
	expect 2 rssctl apply "$work/file.json"
	says "text after its end"
	file '[{"name":"a\u0000b","limit":"32M"}]'
	expect 2 rssctl apply "$work/file.json"
	says "contains a NUL byte"
	file ' [{"name":"a","limit":"infinity"}]
	'
	expect 0 rssctl apply "$work/file.json" --dry-run
	# An empty list, as list --json prints it without containers, changes nothing.
	file '[]'
	expect 0 rssctl apply "$work/file.json"
	file '[{"name":"a","limit":"lots"}]'
	expect 2 rssctl apply "$work/file.json"
	says "container 1: limit"
	file '[{"name":"a","colour":1}]'
	expect 2 rssctl apply "$work/file.json"
	says colour
	file '[{"limit":1}]'
	expect 2 rssctl apply "$work/file.json"
	says "name is missing"
	file '[{"name":"a","limit":"32M"},{"name":"missing","limit":"32M"}]'
	expect 3 rssctl apply "$work/file.json"
	says missing
	expect 3 rssctl apply "$work/file.json" --dry-run
	says missing
	file '[{"name":"a","limit":"32M"},{"name":"a","limit":"16M"}]'
	expect 2 rssctl apply "$work/file.json"
	says "named twice"
	expect 2 rssctl apply "$work/file.json" --dry-run
	says "named twice"
	file '[{"name":"a","limit":"32M"},{"name":"b","limit":12}]'
	expect 2 rssctl apply "$work/file.json"
	says "below the smallest"
	expect 2 rssctl apply "$work/file.json" --dry-run
	says "below the smallest"
	equal "$(limits)" "$before" "limits after wrong files"
	remove_three
}

# The reader waits for a writer that is late.
case_from_a_pipe() {
	local status=0
	make_three
	mkfifo "$work/fifo"
	rssctl apply "$work/fifo" >"$work/applied" 2>&1 &
	local applier=$!
	await 20 grep -q "^State:.S" "/proc/$applier/status"
	echo '[{"name":"a","limit":"32M"}]' >"$work/fifo"
	wait "$applier" || status=$?
	equal "$status" 0 "status"
	equal "$(field a limit)" $((32 << 20)) "limit"
	remove_three
}

case_ctrl_c_undoes() {
	make_three
	# Reclaim makes progress all the time, so that it is not given up before Ctrl-C.
	launch_hog_in b ebb 32M
	await 20 grep -q ready "$hog_out"
	: >"$rssd_log"
	file '[{"name":"a","limit":"32M"},{"name":"b","limit":"8M"}]'
	# A background process of a script ignores SIGINT unless that is undone.
	env --default-signal=INT rssctl apply "$work/file.json" --timeout=60s >/dev/null 2>&1 &
	local applier=$!
	await 10 grep -q 'b: changing settings, limit 8.0M' "$rssd_log"
	# Meanwhile its containers cannot be changed or removed.
	expect 1 rssctl limit a 16M
	says "changed already"
	expect 1 rssctl remove a
	says "part of a transaction"
	expect 1 rssctl apply "$work/file.json"
	says "Another transaction"
	kill -INT $applier
	wait $applier
	equal $? 130 "status of who was interrupted"
	await 10 unchanged
	await 10 rssctl limit a 60M
	remove_three
}
unchanged() { [ "$(limits)" = "$before" ]; }

case_killed_in_the_middle() {
	no_swap || { skip "needs a machine without swap"; return; }
	make_three
	launch_hog_in b ebb 32M
	await 20 grep -q ready "$hog_out"
	: >"$rssd_log"
	file '[{"name":"a","limit":"32M"},{"name":"b","limit":"8M"},{"name":"c","limit":"128M"}]'
	rssctl apply "$work/file.json" --timeout=60s >/dev/null 2>&1 &
	children+=($!)
	await 10 grep -q 'b: changing settings, limit 8.0M' "$rssd_log"
	grep -q '"limit":33554432' "$work/state/containers/a.json" || fail "a was not set yet"
	kill_rssd
	[ -s "$work/state/transaction.json" ] || fail "there is no log"
	start_rssd
	grep -q "interrupted: it is undone" "$rssd_log" || fail "it does not say so"
	await 10 unchanged
	expect 0 rssctl diff
	[ ! -e "$work/state/transaction.json" ] || fail "the log is still there"
	# It stays undone after the next start.
	kill_rssd
	start_rssd
	await 10 unchanged
	remove_three
}

# No transaction begins without a log, because the log undoes it after a crash.
case_no_log_no_transaction() {
	make_three
	mkdir "$work/state/transaction.json"
	file '[{"name":"a","limit":"32M"},{"name":"c","limit":"128M"}]'
	expect 1 rssctl apply "$work/file.json"
	says "log could not be written"
	equal "$(limits)" "$before" "limits without a log"
	rmdir "$work/state/transaction.json"
	expect 0 rssctl apply "$work/file.json"
	remove_three
}

# leave_log_of_c LIMIT: writes the log of an rssd that was killed after the last step that can fail.
leave_log_of_c() {
	local file
	file=$(jq -c . "$work/state/containers/c.json")
	jq -nc --argjson c "$file" --argjson limit "$1" \
		'{phase: "redo", steps: [{from: $c, to: ($c | .limit = $limit)}]}' >"$work/state/transaction.json"
}

# After the last step that can fail, a start completes the transaction.
case_finished_after_a_kill() {
	make_three
	stop_rssd
	leave_log_of_c 134217728
	: >"$rssd_log"
	start_rssd
	grep -q "interrupted: it is finished" "$rssd_log" || fail "it does not say so"
	await 10 eval '[ "$(field c limit)" = 134217728 ]'
	expect 0 rssctl diff
	# The same after a reboot, when there are no cgroups. The limit stays after another start
	# without a log.
	stop_rssd
	leave_log_of_c 100663296
	remove_cgroups
	start_rssd
	equal "$(field c limit)" 100663296 "limit after a reboot"
	kill_rssd
	start_rssd
	equal "$(field c limit)" 100663296 "limit after the next start"
	# An unreadable log is reported, and stops nothing.
	stop_rssd
	echo rubbish >"$work/state/transaction.json"
	start_rssd
	grep -q "The transaction log is malformed" "$rssd_log" || fail "the unreadable log is not reported"
	equal "$(field c limit)" 100663296 "limit after rubbish"
	remove_three
}

case_diff() {
	local file
	rssctl create drift --limit=32M
	expect 0 rssctl diff
	equal "$out" "" "difference of nothing"
	file=$(memory_mount)/$root/drift/memory.limit_in_bytes
	if [ -f "$file" ]; then
		echo $((64 << 20)) >"$file"
		expect 1 rssctl diff
		says drift
		says 64.0M
		expect 1 rssctl diff --json=short
		equal "$(jq -c '.[0] | [.name, .declared, .set.limit, .kernel.limit]' <<<"$out")" \
			'["drift",null,33554432,67108864]'
		echo $((32 << 20)) >"$file"
	fi
	echo '{"name":"drift","limit":"48M"}' >"$work/containers.d/drift.json"
	echo '{"name":"not-there","limit":"48M"}' >"$work/containers.d/not-there.json"
	expect 1 rssctl diff --no-legend
	equal "$(awk '/^drift/ { print $2, $3, $4, $5 }' <<<"$out")" "limit 48.0M 32.0M 32.0M"
	says not-there
	expect 0 rssctl reload
	await 10 rssctl diff
	rm "$work"/containers.d/*
	rssctl remove drift
	rssctl remove not-there
}

run_cases "$@"
