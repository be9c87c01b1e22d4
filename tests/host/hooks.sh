#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# OOM hooks: they get the record, are bounded in time, and only root can declare them.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

# declare_hook NAME COMMAND: a container of 16M with a hook.
declare_hook() {
	printf '{"name":"%s","limit":"16M","oom_hook":"%s"}\n' "$1" "$2" >"$work/containers.d/$1.json"
	rssctl reload
	await 10 rssctl show "$1"
}
# write_hook NAME: a script from standard input.
write_hook() {
	{ echo '#!/bin/sh'; cat; } >"$work/$1"
	chmod 755 "$work/$1"
}
run_out() { rssctl run "$1" -- "$build/tests/tools/hog" anon 64M >/dev/null 2>&1; }
# last_oom NAME FIELD: of its newest OOM.
last_oom() { rssctl oom "$1" --json=short | jq ".[-1].$2"; }
count_ooms() { rssctl oom "$1" --json=short | jq length; }
# The kernel describes at most ten OOMs in five seconds, those of other tests included. Without
# a description the victim can be unknown, so this runs out until an OOM was described.
run_out_described() {
	local before
	before=$(count_ooms "$1")
	run_out "$1"
	until_true 3 eval '[ "$(count_ooms $1)" -gt $before ]'
	[ "$(last_oom "$1" usage)" != null ]
}
# The same, until the hook has had the record.
described_and_recorded() {
	run_out_described "$1" && until_true 12 eval '[ "$(jq .id "$work/record")" = "$(last_oom hooked id)" ]'
}
# run_out_until NAME COMMAND...: runs out until the hook has made the command true. On a machine so
# busy that rssd's bound of 10 seconds ended the hook, the next OOM runs it again.
run_out_until() { await 100 run_out_and_see "$@"; }
run_out_and_see() {
	run_out "$1"
	until_true 12 "${@:2}"
}
forget() {
	rm -f "$work/containers.d/$1.json"
	rssctl reload
	rssctl remove --force "$1"
}

case_hook_gets_the_record() {
	write_hook hook <<-EOF
		cat >$work/record.new
		{ echo "\$@"; cat /proc/self/cgroup /proc/self/oom_score_adj; } >$work/hook_output
		mv $work/record.new $work/record
	EOF
	declare_hook hooked "$work/hook"
	# One process stays inside: if the kernel's log omits the processes, rssd lists them later.
	launch_hog_in hooked anon 1M
	await 20 grep -q ready "$hog_out"
	# Hooks run with the default oom_score_adj, whatever rssd has: here a lower value if this test
	# may set one, else a higher one.
	{ echo -500 >"/proc/$rssd_pid/oom_score_adj" || echo 500 >"/proc/$rssd_pid/oom_score_adj"; } 2>/dev/null
	await 100 described_and_recorded hooked
	equal "$(jq -r .container "$work/record")" hooked "whose limit"
	equal "$(jq -r .victim_command "$work/record")" hog victim
	equal "$(jq -r .limit "$work/record")" $((16 << 20)) limit
	[ "$(jq '.processes | length' "$work/record")" -ge 1 ] || fail "no processes: $(cat "$work/record")"
	equal "$(head -n 1 "$work/hook_output")" hooked "argument of the hook"
	grep -q "$root" "$work/hook_output" && fail "the hook runs inside: $(cat "$work/hook_output")"
	equal "$(tail -n 1 "$work/hook_output")" 0 "its oom_score_adj"
	# A hook that is no longer declared is not run.
	local reported
	reported=$(count_ooms hooked)
	rm "$work/record"
	echo '{"name":"hooked","limit":"16M"}' >"$work/containers.d/hooked.json"
	rssctl reload
	run_out hooked
	await 10 eval '[ "$(count_ooms hooked)" -gt "$reported" ]'
	[ ! -e "$work/record" ] || fail "the hook was run again"
	# OOMs are kept over a stop and a kill of rssd.
	local before
	before=$(rssctl oom hooked --json=short)
	stop_rssd
	start_rssd
	equal "$(rssctl oom hooked --json=short)" "$before" "OOMs after a restart"
	kill_rssd
	start_rssd
	equal "$(rssctl oom hooked --json=short)" "$before" "OOMs after a kill"
	forget hooked
}

case_hook_that_takes_too_long() {
	write_hook slow <<-EOF
		echo \$\$ >$work/slow.pid
		sleep 1000 &
		echo \$! >>$work/slow.pid
		sleep 1000
	EOF
	declare_hook late "$work/slow"
	run_out_until late test -s "$work/slow.pid"
	# rssd serves other clients meanwhile.
	expect 0 rssctl list
	await 20 grep -q 'took longer than 10 seconds' "$rssd_log"
	for pid in $(cat "$work/slow.pid"); do
		await 20 test ! -d "/proc/$pid"
	done
	forget late
}

# No process of a hook outlives the hook or rssd.
case_processes_that_a_hook_leaves_are_killed() {
	write_hook leaving <<-EOF
		sleep 1000 &
		echo \$! >$work/left.pid
	EOF
	declare_hook leaves "$work/leaving"
	run_out_until leaves test -s "$work/left.pid"
	await 20 test ! -d "/proc/$(cat "$work/left.pid")"
	write_hook staying <<-EOF
		echo \$\$ >$work/stays.pid
		exec sleep 1000
	EOF
	declare_hook leaves "$work/staying"
	run_out_until leaves test -s "$work/stays.pid"
	stop_rssd
	await 20 test ! -d "/proc/$(cat "$work/stays.pid")"
	start_rssd
	forget leaves
}

both_have_run() {
	grep -qx "outer outer/inner" "$work/both.out" && grep -qx "outer/inner outer/inner" "$work/both.out"
}

# If the limit was that of a parent container, the hook of the victim's container runs as well.
case_hooks_of_limit_and_victim() {
	write_hook both <<-EOF
		echo "\$1 \$(jq -r .victim_container)" >>$work/both.out
	EOF
	declare_hook outer "$work/both"
	printf '{"name":"outer/inner","oom_hook":"%s"}\n' "$work/both" >"$work/containers.d/inner.json"
	rssctl reload
	await 10 rssctl show outer/inner
	run_out_until outer/inner both_have_run
	rm "$work/containers.d/inner.json"
	forget outer
}

case_hooks_that_cannot_be_run() {
	write_hook open <<<'exit 0'
	chmod 777 "$work/open"
	declare_hook loose "$work/open"
	run_out loose
	await 10 grep -q 'loose: the hook .* is not run: it is writable by users' "$rssd_log"
	declare_hook loose "$work/missing"
	run_out loose
	await 10 grep -q 'loose: the hook .*missing could not be started' "$rssd_log"
	write_hook failing <<<'exit 3'
	declare_hook loose "$work/failing"
	run_out loose
	await 10 grep -q 'failing ended with 3' "$rssd_log"
	: >"$rssd_log"
	echo '{"name":"loose","oom_hook":"relative"}' >"$work/containers.d/loose.json"
	rssctl reload
	await 20 grep -q 'oom_hook: must be the path' "$rssd_log"
	# The previous content of an unreadable file stays in force.
	run_out loose
	await 10 grep -q 'failing ended with 3' "$rssd_log"
	forget loose
}

# Twelve processes are killed at once: each OOM runs the hook, at most four at a time.
case_many_ooms_at_once_run_four_hooks_at_a_time() {
	local i
	write_hook many <<-EOF
		echo begin >>$work/many.log
		sleep 0.2
		jq -c .id >>$work/many.ids
		echo end >>$work/many.log
	EOF
	declare_hook stormy "$work/many"
	local pids=()
	for i in {1..8}; do
		launch_hog_in stormy anon 64M
		pids+=("$hog")
	done
	for i in "${pids[@]}"; do await 60 test ! -d "/proc/$i"; done
	await 30 eval '[ "$(sort -u "$work/many.ids" | wc -l)" = 8 ]'
	equal "$(sort "$work/many.ids" | uniq -d)" "" "OOMs that ran the hook twice"
	equal "$(sort -n "$work/many.ids" | tr "\n" " ")" \
		"$(rssctl oom stormy --json=short | jq -r '.[].id' | sort -n | tr "\n" " ")" "ids"
	[ "$(awk '/begin/ { n++ } /end/ { n-- } n > m { m = n } END { print m }' "$work/many.log")" -le 4 ] ||
		fail "more than 4 at a time"
	forget stormy
}

run_cases "$@"
