#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each statement of rssctl doctor about this kernel is tested: a feature that it reports as working
# has to work, and a missing one has to fail. The same file runs on the rss controller and on
# the memory controller, with cgroups v1 and v2.
. "${0%/*}/machine.sh"

doctor=$(rssctl doctor --json=short)
# works SUBJECT: true if the doctor says that it works. An unknown subject fails the case.
works() {
	local severity
	severity=$(jq -r --arg s "$1" '.[] | select(.subject == $s).severity' <<<"$doctor")
	[ -n "$severity" ] || fail "the doctor says nothing of $1"
	[ "$severity" = ok ]
}
# counts SUBJECT NAME KEY: the counter is a number if it works, else absent.
counts() {
	if works "$1"; then
		[ "$(field "$2" "$3")" != null ] || fail "$1 is absent"
	else
		equal "$(field "$2" "$3")" null "$1"
	fi
}
# place_in_controller PID: its line of /proc/PID/cgroup for the controller.
place_in_controller() { grep -E "$(controller_line)" "/proc/$1/cgroup"; }
controller_line() {
	case $(mount_of_controller) in
	/run/rssd/rss) echo ':rss[:,]' ;;
	/sys/fs/cgroup) echo '^0::' ;;
	*) echo ':memory[:,]' ;;
	esac
}
gone() { ! rssctl show "$1"; }

case_controller() {
	local text want=${hierarchy:-v1}
	equal "$controller" "$(argument controller)" controller
	text=$(jq -r '.[] | select(.subject == "controller").text' <<<"$doctor")
	[[ $text == "$controller in $(mount_of_controller)/"* ]] || fail "says: $text"
	expect 0 rssctl create one
	if [ -d /sys/fs/cgroup/memory ] || [ "$want" = v1 ]; then
		[ -f "$(directory_of one)/tasks" ] || fail "no v1 directory: $(directory_of one)"
	else
		[ -f "$(directory_of one)/cgroup.subtree_control" ] || fail "no v2 directory: $(directory_of one)"
	fi
	expect 0 rssctl remove one
	rssctl doctor --no-pager --no-legend | sed "s/^/#   doctor: /"
}

case_accounting() {
	head -c 30M /dev/zero >/var/tmp/cache
	sync
	echo 3 >/proc/sys/vm/drop_caches
	expect 0 rssctl create cache
	rssctl run cache -- cat /var/tmp/cache >/dev/null
	if works accounting; then
		[ "$(field cache usage)" -lt $((8 << 20)) ] || fail "counts cache: $(field cache usage)"
	else
		[ "$(field cache usage)" -gt $((25 << 20)) ] || fail "counts no cache: $(field cache usage)"
	fi
	rm /var/tmp/cache
	quiet_remove cache
}

case_attach() {
	local pid before
	systemctl restart victim.service
	pid=$(main_pid victim.service)
	before=$(cat "/proc/$pid/cgroup")
	expect 0 rssctl create svc
	if leaves_units; then
		expect 5 rssctl attach svc "$pid"
		says "victim.service"
		equal "$(cat "/proc/$pid/cgroup")" "$before" "places after a refusal"
	fi
	expect 0 rssctl attach svc $leave_unit "$pid"
	[[ $(place_in_controller "$pid") == */svc* ]] || fail "not in svc: $(cat "/proc/$pid/cgroup")"
	# All lines stay except the controller's.
	if works attach; then
		equal "$(grep -v ':rss[:,]' "/proc/$pid/cgroup")" "$(grep -v ':rss[:,]' <<<"$before")" "other places"
		expect 0 systemctl status victim.service
		says "Main PID: $pid"
	else
		[ "$(place_in_controller "$pid")" != "$(grep -E "$(controller_line)" <<<"$before")" ] || fail "stayed"
	fi
	expect 0 rssctl detach "$pid"
	equal "$(cat "/proc/$pid/cgroup")" "$before" "places after detach"
	systemctl stop victim.service
	quiet_remove svc
}

case_limits() {
	local file
	expect 0 rssctl create locked --limit=64M
	launch_hog_in locked lock 30M
	await 30 grep -q ready "$hog_out"
	file=$(limit_file locked)
	if works limits; then
		! echo 8388608 2>/dev/null >"$file" || fail "the kernel took a limit below what is locked"
		equal "$(cat "$file")" $((64 << 20)) "limit in the kernel"
		equal "$(field locked processes)" 1 processes
	else
		# The kernel would kill processes, so rssd refuses.
		expect 5 rssctl limit locked 8M --mode=refuse
		equal "$(field locked processes)" 1 processes
		echo 8388608 >"$file"
		await 20 is_empty locked
	fi
	quiet_remove locked
}

case_reclaim_and_its_counter() {
	swap_on
	expect 0 rssctl create rec
	launch_hog_in rec anon 30M
	await 30 grep -q ready "$hog_out"
	start_watch
	if works reclaim; then
		expect 0 rssctl reclaim rec 10M
	else
		expect 1 rssctl reclaim rec 10M
	fi
	# If the kernel reports each reclaim, the event says that there is no limit.
	[ "$controller" != rss ] || await 10 heard reclaimed rec '.limit == "infinity" and .reclaimed > 0'
	stop_watch
	counts "reclaimed counter" rec reclaimed
	! works reclaim || ! works "reclaimed counter" || [ "$(field rec reclaimed)" -ge $((5 << 20)) ] ||
		fail "reclaimed $(field rec reclaimed)"
	counts "scanned counter" rec scanned
	counts "refaults counter" rec refaults
	[ "$(field rec anonymous)" -gt 0 ] || fail "anonymous $(field rec anonymous)"
	# The controller rss charges mapped pages alone, and does not count shared memory
	# separately.
	if [ "$controller" = rss ]; then
		equal "$(field rec mapped)" "$(field rec file)" mapped
		equal "$(field rec shmem)" null shmem
	else
		[ "$(field rec shmem)" -ge 0 ] || fail "shmem $(field rec shmem)"
	fi
	quiet_remove rec
}

# With 0 nothing is swapped; with 200 anonymous memory is.
case_reclaim_with_a_swappiness() {
	expect 0 rssctl create swappy --limit=96M
	if ! works "reclaim swappiness"; then
		expect 1 rssctl reclaim swappy 1M --swappiness=0
		! works reclaim || says swappiness
		quiet_remove swappy
		return
	fi
	swap_on
	launch_hog_in swappy anon 24M
	await 60 grep -q ready "$hog_out"
	expect 2 rssctl reclaim swappy 8M --swappiness=201
	expect 0 rssctl reclaim swappy 8M --swappiness=0
	[ "$(field swappy usage)" -ge $((24 << 20)) ] || fail "swapped: usage is $(field swappy usage)"
	expect 0 rssctl reclaim swappy 8M --swappiness=200
	await 20 eval '[ "$(field swappy usage)" -lt $((20 << 20)) ]'
	quiet_remove swappy
	swap_off
}

case_failures_peak_and_events() {
	swap_on
	start_watch
	expect 0 rssctl create tight --limit=20M
	launch_hog_in tight anon 40M
	await 60 grep -q ready "$hog_out"
	counts "failures counter" tight failures
	! works "failures counter" || [ "$(field tight failures)" -gt 0 ] || fail "no failures"
	counts "peak counter" tight peak
	! works "peak counter" || [ "$(field tight peak)" -ge $((18 << 20)) ] || fail "peak $(field tight peak)"
	# LimitHit may be sampled; reclaim at this limit is enough for one event.
	await 20 heard limit-hit tight
	rssctl kill tight >/dev/null
	await 20 is_empty tight
	if works "peak reset"; then
		expect 0 rssctl reset-peak tight
		[ "$(field tight peak)" -lt $((10 << 20)) ] || fail "peak $(field tight peak)"
	else
		expect 1 rssctl reset-peak tight
	fi
	stop_watch
	quiet_remove tight
}

case_oom_counters_and_victims() {
	swap_off
	start_watch
	expect 0 rssctl create small --limit=20M
	launch_hog_in small anon 60M
	await 60 heard oom small
	counts "OOM events counter" small oom_events
	counts "OOM kills counter" small oom_kills
	! works "OOM kills counter" || equal "$(field small oom_kills)" 1 kills
	! works "OOM events counter" || [ "$(field small oom_events)" -ge 1 ] || fail "no OOM"
	! works "OOM victims" || heard oom small '.oom.victim_command == "hog"' ||
		fail "heard: $(grep '"oom"' "$events")"
	stop_watch
	quiet_remove small
}

case_oom_group_and_watermarks() {
	local status
	expect 0 rssctl create set --limit=64M
	status=1 && works oom-group && status=0
	expect $status rssctl set set oom-group=yes
	status=1 && works watermarks && status=0
	expect $status rssctl set set wmark-high=32M wmark-low=16M
	quiet_remove set
	works oom-group || return 0
	swap_off
	expect 0 rssctl create all --limit=30M --oom-group
	launch_hog_in all anon 5M
	await 20 grep -q ready "$hog_out"
	launch_hog_in all anon 60M
	await 60 is_empty all
	if [ "$controller" = memory-v1 ]; then
		# The kernel kills one, and rssd the other.
		await 20 eval '[ "$(rssctl oom all --json=short | jq length)" -ge 1 ]'
		quiet_remove all
		return
	fi
	# A record for each process, and each says that the whole container was killed.
	await 20 eval '[ "$(rssctl oom all --json=short | jq length)" -ge 2 ]'
	equal "$(rssctl oom all --json=short | jq -c '[.[].group] | unique')" '[true]' "kills of a group"
	quiet_remove all
}

case_throttle_protection_and_swap_limit() {
	local key
	expect 0 rssctl create set --limit=64M
	for key in "high" "low" "min" "swap-limit" "zswap-limit"; do
		if works "$key"; then
			expect 0 rssctl set set "$key=16M"
			equal "$(field set "\"$key\"")" $((16 << 20)) "$key"
		else
			expect 1 rssctl set set "$key=16M"
			says "$key cannot be set"
			equal "$(field set "\"$key\"")" null "$key"
		fi
	done
	quiet_remove set
}

case_high_is_not_the_limit() {
	works high || { skip "$controller does not throttle"; return; }
	swap_on
	expect 0 rssctl create throttled --limit=64M --high=12M
	launch_hog_in throttled anon 18M
	await 60 grep -q ready "$hog_out"
	[ "$(field throttled usage)" -le $((16 << 20)) ] || fail "usage is $(field throttled usage)"
	equal "$(field throttled failures)" 0 "hits of the limit"
	quiet_remove throttled
	works swap-limit || return 0
	expect 0 rssctl create swapped --limit=8M --swap-limit=4M
	launch_hog_in swapped anon 24M
	await 60 eval '[ "$(field swapped oom_kills)" -ge 1 ]'
	quiet_remove swapped
	swap_off
}

other_is_reclaimed() {
	echo "8M swappiness=200" >"$(mount_of_controller)/memory.reclaim" 2>/dev/null || :
	[ "$(field other usage)" -lt $((6 << 20)) ]
}
# Reclaim from all of the machine leaves it what min protects, which its parent must have as well.
case_min_is_kept() {
	local root
	works min || { skip "$controller has no hard protection"; return; }
	swap_on
	expect 0 rssctl create kept --min=12M
	expect 0 rssctl create other
	root=$(dirname "$(directory_of kept)")
	await 5 grep -qx $((12 << 20)) "$root/memory.min"
	launch_hog_in kept anon 8M
	await 60 grep -q ready "$hog_out"
	launch_hog_in other anon 8M
	await 60 grep -q ready "$hog_out"
	until_true 20 other_is_reclaimed || fail "usage of the other is $(field other usage)"
	[ "$(field kept usage)" -ge $((8 << 20)) ] || fail "usage is $(field kept usage)"
	quiet_remove kept
	await 5 grep -qx 0 "$root/memory.min"
	quiet_remove other
	swap_off
}

case_freeze() {
	expect 0 rssctl create cold
	launch_hog_in cold storm 1000000
	await 20 test "$(field cold processes)" -ge 0
	if works freeze; then
		expect 0 rssctl freeze cold
		equal "$(field cold frozen)" true frozen
		expect 0 rssctl thaw cold
	else
		expect 1 rssctl freeze cold
	fi
	expect 0 rssctl remove --force cold
}

case_process_events() {
	expect 0 rssctl run --limit=32M -- true
	! works "process events" || await 3 nothing_listed
	await 15 nothing_listed
}

case_swap_and_drift() {
	swap_off
	doctor=$(rssctl doctor --json=short)
	! works swap || fail "says there is swap"
	swap_on
	doctor=$(rssctl doctor --json=short)
	works swap || fail "says there is no swap"
	expect 0 rssctl create drifts --limit=64M
	echo $((32 << 20)) >"$(limit_file drifts)"
	expect 0 rssctl doctor
	says "The kernel's limit of \"drifts\" is not what rssd set"
	quiet_remove drifts
	expect 0 rssctl doctor
	[[ $out != *drifts* ]] || fail "still drifted"
}

# reclaim_to_swap NAME: a container whose anonymous memory was reclaimed from 40 to 20 MiB.
reclaim_to_swap() {
	swap_on
	expect 0 rssctl create "$1" --limit=64M
	launch_hog_in "$1" anon 40M
	await 60 grep -q ready "$hog_out"
	expect 0 rssctl limit "$1" 20M --timeout=60s
}

# With swap, a lower limit is reached by reclaim, without a kill.
case_lowered_by_reclaim() {
	reclaim_to_swap web
	[ "$(field web usage)" -le $((20 << 20)) ] || fail "usage $(field web usage)"
	equal "$(field web processes)" 1 processes
	works "OOM kills counter" && equal "$(field web oom_kills)" 0 kills
	quiet_remove web
}

# Memory that went to swap is counted, and the time that processes waited for memory.
case_swap_usage_and_pressure() {
	reclaim_to_swap swapped
	counts "swap usage" swapped swap
	if works "swap usage"; then
		[ "$(field swapped swap)" -ge $((10 << 20)) ] || fail "only $(field swapped swap) bytes in swap"
	fi
	counts "memory pressure" swapped pressure_some_usec
	counts "memory pressure" swapped pressure_full_avg10
	counts "memory pressure" swapped pressure_some_avg300
	counts "zswap usage" swapped zswap
	quiet_remove swapped
}

# Processes that wait for memory are an event.
case_pressure_events() {
	if ! works "pressure events"; then
		expect 0 rssctl create pressed
		expect 1 rssctl set pressed pressure=some:10ms/2s
		quiet_remove pressed
		return
	fi
	swap_on
	expect 0 rssctl create pressed --limit=12M --pressure=some:10ms/2s
	equal "$(field pressed pressure)" some:10ms/2s trigger
	start_watch
	launch_hog_in pressed anon 20M
	await 60 heard threshold pressed '.threshold == "pressure-some"'
	stop_watch
	# After a restart the trigger is set again.
	quiet_remove pressed
	swap_off
}

state_of() { rssctl show "$1" --json=short | jq -c '.[0] | {limit, processes, oom_kills, frozen}'; }

case_restart_and_crash() {
	local before pid
	swap_on
	expect 0 rssctl create web --limit=30M
	launch_hog_in web anon 20M
	await 60 grep -q ready "$hog_out"
	before=$(state_of web)
	pid=$(main_pid rssd)
	expect 0 systemctl restart rssd
	equal "$(state_of web)" "$before" "after a restart"
	[ "$(main_pid rssd)" != "$pid" ] || fail "not restarted"
	kill -9 "$(main_pid rssd)"
	await 30 rssctl show web
	equal "$(state_of web)" "$before" "after kill -9"
	quiet_remove web
}

# Every statement has a case above.
case_nothing_is_left_out() {
	local subject
	while read -r subject; do
		grep -q -e "works \"\?$subject\"\?" -e "counts \"$subject\"" -e "\"$subject\"" "$0" ||
			[[ $subject == @(rules|"LimitHit events") ]] || fail "no case for $subject"
	done < <(jq -r '.[].subject' <<<"$doctor")
}

run_machine "$@"
