#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every verb of rssctl as documented in rssctl(1): its effect, output and exit status.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

case_create_list_show_remove() {
	expect 0 rssctl create web --limit=64M
	expect 0 rssctl create web/worker1
	expect 0 rssctl list
	says NAME
	says web/worker1
	expect 0 rssctl list --no-legend
	equal "$(wc -l <<<"$out")" 2 "number of lines"
	expect 0 rssctl --json=short list
	equal "$(jq -r '.[].name' <<<"$out" | paste -sd,)" web,web/worker1
	equal "$(jq -r '.[0].limit' <<<"$out")" 67108864
	equal "$(jq -r '.[1].limit' <<<"$out")" infinity
	expect 0 rssctl show web
	says 64.0M
	expect 0 rssctl remove web/worker1
	expect 0 rssctl remove web
	expect 0 rssctl list --no-legend
	equal "$out" "" "the list"
}

# Many clients list at once: no reply is older than its call.
case_list_is_never_stale() {
	local i pids=()
	for i in {1..20}; do expect 0 rssctl create "many$i" --limit=$((i + 10))M; done
	for i in {1..4}; do
		(for _ in {1..25}; do rssctl list --no-legend | wc -l; done | sort -u >"$work/lines.$i") &
		pids+=($!)
	done
	# From the second list on, rssd keeps control files open; changes must still be seen.
	rssctl list >/dev/null
	for i in {1..5}; do
		start_hog anon 1M
		expect 0 rssctl attach many1 "$hog"
		equal "$(rssctl list --json=short | jq '.[] | select(.name == "many1").processes')" 1 processes
		expect 0 rssctl detach "$hog"
		equal "$(rssctl list --json=short | jq '.[] | select(.name == "many1").processes')" 0 processes
		kill -KILL "$hog"
	done
	wait "${pids[@]}"
	equal "$(sort -u "$work"/lines.*)" 20 "lines of each list"
	expect 0 rssctl set many2 limit=77M
	equal "$(rssctl list --json=short | jq -c '[.[] | select(.name == "many2").limit]')" "[$((77 << 20))]" limit
	equal "$(rssctl list --json=short | jq -c '[.[] | .name] == ([.[] | .name] | sort)')" true "sorted by name"
	# list and show have the same values.
	rssctl show many1 --json=short >"$work/shown"
	equal "$(rssctl list --json=short | jq -c --slurpfile shown "$work/shown" '.[] | select(.name == "many1") |
		del(.usage, .peak) | to_entries | map(select($shown[0][0][.key] != .value))')" "[]" "other than shown"
	for i in {1..20}; do expect 0 rssctl remove --force "many$i"; done
}

case_limit_in_three_modes() {
	expect 0 rssctl create lim
	start_hog anon 32M
	expect 0 rssctl attach lim "$hog"
	# Pages from before the attach stay charged where they are: this process allocates inside.
	expect 0 rssctl kill lim
	hold_in lim 32M
	expect 0 rssctl limit lim 128M
	equal "$(field lim limit)" $((128 << 20))
	expect 5 rssctl limit lim 8M --mode=refuse
	says "in use"
	equal "$(field lim limit)" $((128 << 20)) "limit after a refusal"
	if [ "$(awk '/SwapTotal/ { print $2 }' /proc/meminfo)" = 0 ]; then
		expect 5 rssctl limit lim 8M --dry-run
		says "no swap is free"
		expect 5 rssctl limit lim 8M --mode=reclaim --timeout=1s
		equal "$(field lim limit)" $((128 << 20)) "limit after reclaim was not enough"
	fi
	expect 0 rssctl limit lim 8M --mode=force
	equal "$(field lim limit)" $((8 << 20)) "limit after force"
	await 20 is_empty lim
	expect 0 rssctl limit lim infinity
	equal "$(field lim limit)" infinity
	expect 0 rssctl remove lim --force
}

# hold_in NAME SIZE: starts a process that is attached before it touches its memory.
hold_in() {
	launch_hog_in "$1" anon "$2"
	await 20 grep -q ready "$hog_out"
}

case_set_many_or_nothing() {
	expect 0 rssctl create many
	expect 0 rssctl set many limit=32M
	equal "$(field many limit)" $((32 << 20))
	if [ "$(rssctl --json=short doctor | jq -r '.[] | select(.subject == "watermarks").severity')" != ok ]; then
		expect 1 rssctl set many limit=16M wmark-high=8M
		says "wmark-high and wmark-low"
		equal "$(field many limit)" $((32 << 20)) "limit after a failed set"
	fi
	expect 2 rssctl set many limit=16M colour=red
	equal "$(field many limit)" $((32 << 20)) "limit after a wrong key"
	expect 0 rssctl remove many
}

case_attach_ps_detach() {
	local before
	expect 0 rssctl create box
	start_hog anon 1M
	before=$(cat "/proc/$hog/cgroup")
	expect 0 rssctl attach box "$hog"
	says moved
	expect 0 rssctl ps box
	says "$hog"
	expect 0 rssctl ps box --json=short
	equal "$(jq -r '.[0].pid' <<<"$out")" "$hog"
	expect 0 rssctl detach "$hog"
	says moved
	equal "$(cat "/proc/$hog/cgroup")" "$before" "where it is after detach"
	expect 1 rssctl detach "$hog"
	says "is in no container"
	expect 0 rssctl remove box
}

case_detach_after_a_restart() {
	local before
	expect 0 rssctl create box
	start_hog fork 3
	before=$(cat "/proc/$hog/cgroup")
	expect 0 rssctl attach box --tree "$hog"
	stop_rssd
	start_rssd
	expect 0 rssctl detach "$hog"
	equal "$(cat "/proc/$hog/cgroup")" "$before" "where it is after detach"
	expect 0 rssctl kill box
	await 20 rssctl remove box
}

case_run_in_a_transient_container() {
	expect 7 rssctl run --limit=64M -- sh -c 'exit 7'
	expect 0 rssctl run --limit=64M -- echo "it speaks"
	equal "$out" "it speaks"
	expect 127 rssctl run --limit=64M -- /nonexistent/command
	expect 143 rssctl run --limit=64M -- sh -c 'kill -TERM $$'
	await 10 nothing_listed
}

# rssctl removes the container that it created; if rssctl is killed, rssd does so after the last process.
case_transient_container_is_removed_after_its_last_process() {
	local name
	rssctl run --limit=64M -- "$build/tests/tools/hog" anon 1M >"$work/orphan" &
	hog=$!
	disown "$hog"
	await 10 grep -q ready "$work/orphan"
	name=$(rssctl list --no-legend | awk '{ print $1 }')
	kill -KILL "$hog"
	await 20 test ! -d "/proc/$hog"
	equal "$(field "$name" processes)" 1 "processes after their client was killed"
	expect 0 rssctl kill "$name" --signal=KILL
	await 10 nothing_listed
	# One that nothing was ever attached to is removed with its client.
	expect 0 rssctl create empty --transient
	await 10 nothing_listed
}

# True if rssd has a socket that is subscribed to the kernel's process events.
listens_to_processes() {
	local inode
	for inode in $(awk '$2 == 11 && $4 != "00000000" { print $10 }' /proc/net/netlink); do
		! readlink "/proc/$rssd_pid"/fd/* | grep -qxF "socket:[$inode]" || return 0
	done
	return 1
}
is_unsubscribed() { ! listens_to_processes; }

# A subscriber is woken by each process of the machine that ends.
case_process_events_only_while_needed() {
	[ "$(rssctl doctor --json=short | jq -r '.[] | select(.subject == "process events").severity')" = ok ] ||
		{ skip "this kernel has no process events"; return; }
	await 20 is_unsubscribed
	rssctl run --limit=64M -- "$build/tests/tools/hog" anon 1M >"$work/heard" &
	await 10 grep -q ready "$work/heard"
	listens_to_processes || fail "rssd has no subscription"
	expect 0 rssctl kill "$(rssctl list --no-legend | awk '{ print $1 }')" --signal=KILL
	await 10 nothing_listed
	await 20 is_unsubscribed
}

case_run_in_a_named_container() {
	expect 0 rssctl create named --limit=64M
	expect 0 rssctl run named -- sh -c 'cat /proc/self/cgroup'
	says "$root/named"
	expect 0 rssctl remove named
}

# For a shell, a command that stops itself is a stopped job, which continues with fg.
case_run_stops_and_continues_with_the_command() {
	rssctl create stopping --limit=64M
	expect 0 terminal 80 24 "+ready>" $'=rssctl run stopping -- sh -c \'kill -STOP $$; echo it went on\'\n' \
		"+Stopped" "+ready>" $'=fg\n' "+it went on" "+ready>" $'=exit\n' \
		-- env PS1="ready>" bash --norc --noediting -i
	# The key stops both as well.
	expect 0 terminal 80 24 "+ready>" $'=rssctl run stopping -- sh -c \'echo begun; read x; echo got $x\'\n' \
		$'+\nbegun' $'=\x1a' "+Stopped" "+ready>" $'=fg\n' "+sh -c" $'=line\n' "+got line" "+ready>" $'=exit\n' \
		-- env PS1="ready>" bash --norc --noediting -i
	# Without a shell that could continue it, rssctl does not stop.
	expect 5 terminal 80 24 -- rssctl run stopping -- sh -c '(until grep -q "State:.T" /proc/$$/status; do :; done
		kill -CONT $$) & kill -STOP $$; exit 5'
	# The process that continued it may end after it.
	await 20 rssctl remove stopping
}

# rssctl leads the session, so that the hangup is sent to it alone.
case_run_hands_on_a_hangup() {
	rssctl create hangup --limit=64M
	expect 129 terminal 80 24 "+ready" ^ -- rssctl run hangup -- sh -c 'echo ready; exec sleep 1000'
	await 20 is_empty hangup
	rssctl remove hangup
}

case_run_hands_on_every_signal() {
	local signal signals="HUP QUIT ABRT INT USR1 USR2 PIPE ALRM TERM CHLD TSTP TTIN TTOU URG XCPU XFSZ
		VTALRM PROF WINCH IO PWR RTMIN RTMIN+3 RTMAX"
	env --default-signal rssctl run --limit=64M -- python3 -c '
import signal, sys
names = {}
for name in sys.argv[1:]:
    base, _, offset = name.partition("+")
    names[getattr(signal, "SIG" + base) + int(offset or 0)] = name
signal.pthread_sigmask(signal.SIG_BLOCK, names)
print("ready", flush=True)
while True:
    print("got", names[signal.sigwait(names)] + ".", flush=True)' $signals >"$work/signals" 2>&1 &
	local pid=$!
	children+=("$pid")
	await 10 grep -q ready "$work/signals"
	for signal in $signals; do
		kill -s "$signal" "$pid"
		await 20 grep -q "got $signal\." "$work/signals"
		[ -z "$case_failed" ] || break
	done
	kill -0 "$pid" || fail "rssctl has ended"
	rssctl kill "$(rssctl list --no-legend | awk '/^run-/ { print $1 }')" --signal=KILL >/dev/null
	await 10 sh -c "! grep -q '^State:.[^Z]' /proc/$pid/status"
	[ -z "$case_failed" ] || kill -KILL "$pid"
	local status=0
	wait "$pid" || status=$?
	equal "$status" 137 "status"
	await 10 nothing_listed
}

case_kill_with_a_signal() {
	expect 0 rssctl create sig
	launch_hog_in sig anon 1M
	await 20 grep -q ready "$hog_out"
	expect 0 rssctl kill sig --signal=TERM
	await 20 is_empty sig
	expect 0 rssctl remove sig
}

# can FEATURE: whether this kernel's controller has it.
can() { rssctl version --json=short | jq -e --arg f "$1" '.features | index($f)' >/dev/null; }

case_freeze_and_thaw() {
	expect 0 rssctl create ice
	launch_hog_in ice anon 1M
	await 20 grep -q ready "$hog_out"
	if can freeze; then
		expect 0 rssctl freeze ice
		equal "$(field ice frozen)" true frozen
		expect 0 rssctl thaw ice
		equal "$(field ice frozen)" false frozen
		expect 0 rssctl freeze ice
	else
		expect 1 rssctl freeze ice
		says "cannot be frozen"
		expect 1 rssctl thaw ice
	fi
	expect 0 rssctl remove ice --force
	expect 3 rssctl freeze ice
}

case_peak_is_reset() {
	expect 0 rssctl create top
	launch_hog_in top anon 20M
	await 20 grep -q ready "$hog_out"
	expect 0 rssctl kill top --signal=KILL
	await 20 is_empty top
	if can peak-reset; then
		expect 0 rssctl reset-peak top
		[ "$(field top peak)" -lt $((20 << 20)) ] || fail "peak $(field top peak)"
	else
		expect 1 rssctl reset-peak top
	fi
	expect 0 rssctl remove top
	expect 3 rssctl reset-peak top
}

# Usage that crosses a threshold is an event, once for each crossing, and in the history.
case_threshold_is_an_event() {
	expect 0 rssctl create crossed --threshold=8M
	equal "$(field crossed threshold)" $((8 << 20)) threshold
	expect 2 rssctl set crossed pressure=often
	says "some:150ms/2s"
	if [ "$(field crossed pressure)" = null ]; then
		expect 1 rssctl set crossed pressure=some:150ms/2s
		says "pressure cannot be set"
	else
		expect 0 rssctl set crossed pressure=some:150ms/2s
		equal "$(field crossed pressure)" some:150ms/2s
	fi
	start_watch
	launch_hog_in crossed anon 12M
	await 10 heard threshold crossed '.threshold == "above" and .usage >= 8388608'
	expect 0 rssctl kill crossed
	await 10 heard threshold crossed '.threshold == "below"'
	stop_watch
	equal "$(count_heard threshold crossed)" 2 "crossings"
	expect 0 timeout 5 rssctl watch crossed --since=0 --count=2 --json=short
	says '"threshold":"above"'
	says '"threshold":"below"'
	expect 0 rssctl set crossed threshold=infinity
	expect 0 rssctl show crossed
	expect 0 rssctl remove crossed
}

case_reclaim_in_an_empty_container() {
	expect 0 rssctl create rec
	if rssctl --json=short doctor | jq -e '.[] | select(.subject == "reclaim" and .severity == "ok")' >/dev/null; then
		expect 0 rssctl reclaim rec 1M
	else
		expect 1 rssctl reclaim rec 1M
		says "cannot reclaim on request"
	fi
	expect 0 rssctl remove rec
}

# Kills by rssd are reported to subscribers, in the history and in the log, with their requester.
case_kills_are_reported() {
	local one two first
	rssctl create victims
	rssctl create victims/inner
	start_sleep
	one=$pid
	expect 0 rssctl attach victims $one
	start_watch
	expect 0 rssctl kill victims --signal=USR1
	await 20 is_empty victims
	start_sleep
	one=$pid
	expect 0 rssctl attach victims $one
	expect 0 rssctl kill victims --signal=KILL
	await 10 heard kill victims '.kill.cause == "kill"'
	await 20 is_empty victims
	start_sleep
	two=$pid
	expect 0 rssctl attach victims/inner $two
	expect 0 rssctl remove victims --force
	await 10 heard kill victims/inner '.kill.cause == "remove"'
	stop_watch
	# Another signal is not reported, and neither is a container without a process.
	equal "$(jq -c 'select(.event == "kill") | [.container, .usage, .limit, (.kill |
		.cause, .killed, .victim_container, .victim_pid, .victim_command, .requester_uid)]' "$events")" \
		"$(printf '%s\n' "[\"victims\",null,null,\"kill\",1,\"victims\",$one,\"sleep\",0]" \
			"[\"victims/inner\",null,null,\"remove\",1,\"victims/inner\",$two,\"sleep\",0]")" "the events"
	grep -q "victims: killed 1 process (kill) for user 0 (process [1-9][0-9]*); the largest were $one (sleep)" \
		"$rssd_log" || fail "not in the log"
	first=$(jq 'select(.event == "kill").sequence' "$events" | head -n 1)
	# They are not OOMs, and are kept over a restart of rssd.
	equal "$(rssctl oom --json=short | jq length)" 0 "OOMs"
	stop_rssd
	start_rssd
	expect 0 timeout 10 rssctl watch --json=short --since=$((first - 1)) --count=2
	equal "$(jq -c '[.event, .time, .kill]' <<<"$out")" \
		"$(jq -c 'select(.event == "kill") | [.event, .time, .kill]' "$events")" "the history"
	expect 0 timeout 10 rssctl watch --since=$((first - 1)) --count=1
	says "killed $one (sleep); by rssd (kill) for user 0"
}

case_watch_prints_events() {
	rssctl watch --count=2 >"$work/watch" &
	local watcher=$!
	children+=($watcher)
	# JSON has no legend that shows the subscription: create and remove until both are seen.
	await 10 watched "$watcher"
	grep -q created "$work/watch" || fail "no created in: $(cat "$work/watch")"
	grep -q removed "$work/watch" || fail "no removed in: $(cat "$work/watch")"
}

watched() {
	rssctl create blink && rssctl remove blink
	! kill -0 "$1" 2>/dev/null
}

case_watch_ends_with_its_reader() {
	local status=0
	mkfifo "$work/pipe"
	rssctl watch >"$work/pipe" 2>"$work/err" &
	local pid=$!
	exec 9<"$work/pipe"
	read -r <&9
	kill -0 "$pid" || fail "it has ended: $(cat "$work/err")"
	exec 9<&-
	await 20 test ! -e "/proc/$pid/fd/1"
	[ -z "$case_failed" ] || kill "$pid"
	wait "$pid" || status=$?
	equal "$status" 141 "status"
	# If SIGPIPE is ignored it says so.
	(trap "" PIPE; exec rssctl watch >"$work/pipe" 2>"$work/err") &
	pid=$! status=0
	exec 9<"$work/pipe"
	read -r <&9
	exec 9<&-
	await 20 test ! -e "/proc/$pid/fd/1"
	[ -z "$case_failed" ] || kill "$pid"
	wait "$pid" || status=$?
	equal "$status" 1 "status without SIGPIPE"
	grep -q "could not be written: Broken pipe" "$work/err" || fail "said: $(cat "$work/err")"
	rm "$work/pipe"
}

create_and_look() { rssctl create full; rssctl remove full; test ! -e "/proc/$1/fd/1"; }

case_watch_on_a_full_device() {
	expect 1 timeout 10 sh -c 'exec rssctl watch >/dev/full'
	says "could not be written: No space left on device"
	rssctl watch --no-legend >/dev/full 2>"$work/err" &
	local pid=$! status=0
	await 10 create_and_look "$pid"
	wait "$pid" || status=$?
	equal "$status" 1 "status"
	equal "$(grep -c "could not be written: No space left on device" "$work/err")" 1 "messages"
	expect 1 sh -c 'exec rssctl list >/dev/full'
	says "could not be written: No space left on device"
}

# widest: columns of the widest line that the last expect printed.
widest() { tr -d '\r' <"$work/out" | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' | wc -L; }

case_tables_fit_into_the_terminal() {
	local long=a/very/long/name/of/a/container/that-ends-like-this part name=
	for part in ${long//\// }; do
		name=$name${name:+/}$part
		rssctl create "$name" --limit=64M
	done
	export RSSCTL_PAGER="sed s/^/PAGED/"
	expect 0 terminal 80 24 -- rssctl list
	[ "$(widest)" -le 80 ] || fail "as wide as $(widest): $out"
	# How much is cut depends on the width of the counters.
	says "…"
	says "-like-this "
	[[ $out != *PAGED* ]] || fail "nine rows were paged"
	[[ $out == *OOM-KILLS* ]] || fail "a column is missing: $out"
	expect 0 terminal 80 24 -- rssctl list --full
	says "$long "
	expect 0 terminal 80 6 -- rssctl list
	says PAGED
	TERM=dumb expect 0 terminal 80 6 -- rssctl list
	[[ $out != *PAGED* && $out != *$'\e'* ]] || fail "a dumb terminal has: $out"
	expect 0 rssctl list
	says "$long "
	# Events: the legend, and rows that are short enough.
	rssctl remove "$long"
	expect 0 terminal 80 24 "+DETAIL" "!rssctl create $long" +created -- rssctl watch --count=1
	[ "$(widest)" -le 80 ] || fail "as wide as $(widest): $out"
	says "…"
	says "like-this "
	expect 0 terminal 80 24 "+DETAIL" "!rssctl remove $long" +removed -- rssctl watch --count=1 --full
	says "$long "
	unset RSSCTL_PAGER
	rssctl remove --force a
}

case_doctor_version_help() {
	expect 0 rssctl doctor
	says controller
	expect 0 rssctl version
	says rssd
	expect 0 rssctl help
	says attach
	local verb
	for verb in create remove list show ps limit apply diff oom set attach detach run reclaim reset-peak kill freeze thaw watch top doctor version help; do
		expect 0 rssctl "$verb" --help
		says "rssctl $verb"
	done
}

case_top_once() {
	expect 0 rssctl create topped --limit=32M
	expect 0 rssctl top --once
	says topped
	expect 0 rssctl remove topped
}

# The command is the child of the process that started rssctl, and is inside from its first page on.
case_run_in_place() {
	rssctl create place --limit=32M
	rssctl run place --exec -- sh -c 'echo $$; exec sleep 1000' >"$work/place" &
	local pid=$!
	children+=($pid)
	await 10 test -s "$work/place"
	equal "$(cat "$work/place")" $pid "pid of the command"
	equal "$(rssctl ps place --json=short | jq -r '.[0].pid')" $pid "process in the container"
	kill $pid
	wait $pid 2>/dev/null
	expect 127 rssctl run place --exec -- no-such-command
	expect 7 rssctl run --limit=16M --exec -- sh -c 'exit 7'
	await 20 sh -c '! rssctl list --no-legend | grep -q run-'
	expect 3 rssctl run nowhere --exec -- true
	rssctl remove place
}

run_cases "$@"
