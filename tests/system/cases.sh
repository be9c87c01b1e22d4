#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the test machine: rssd as an installed service. Features that the controller lacks are
# skipped; controller-cases.sh tests what rssctl doctor says of them.

. "${0%/*}/machine.sh"

# place_of PID: its cgroup in systemd's hierarchy.
place_of() { sed -nE 's/^(0:|1:name=systemd)://p' "/proc/$1/cgroup" | head -n 1; }

case_doctor() {
	needs mapped-only || return
	expect 0 systemctl start rssd
	expect 0 rssctl version --json=short
	equal "$(jq -r .controller <<<"$out")" rss controller
	for feature in watermarks reclaim safe-limit oom-group mapped-only scanned freeze limit-events; do
		jq -e --arg f $feature '.features | index($f)' <<<"$out" >/dev/null || fail "no feature $feature: $out"
	done
	if [ "$hierarchy" = v2 ]; then
		jq -e '.features | index("in-place") | not' <<<"$out" >/dev/null || fail "in-place on v2"
		grep -q '^rss.0' /proc/cgroups || fail "rss is not in the unified tree"
	else
		jq -e '.features | (index("in-place") and index("peak-reset"))' <<<"$out" >/dev/null || fail "$out"
		grep -q '/run/rssd/rss cgroup .*rss' /proc/mounts || fail "no mount: $(grep cgroup /proc/mounts)"
	fi
	expect 0 rssctl doctor --no-pager
	note "$(rssctl doctor --no-pager --no-legend | head -n 40)"
	says "names the victim"
	[[ $out != *"cannot be read"* ]] || fail "complains of the kernel's log: $out"
}

case_service() {
	local pid place again
	expect 0 systemctl start victim.service
	pid=$(main_pid victim.service)
	until_true 20 grep -q 'VmRSS:.*2....' "/proc/$pid/status"
	place=$(place_of "$pid")
	expect 0 rssctl create svc --limit=64M
	expect 0 rssctl attach svc $leave_unit "$pid"
	says moved
	equal "$(rssctl ps svc --json=short | jq -r '.[0].pid')" "$pid" "process in the container"
	if has in-place; then
		equal "$(place_of "$pid")" "$place" "place in systemd's hierarchy"
		expect 0 systemctl status victim.service
		says "Main PID: $pid"
		says "└─"
		expect 0 systemctl is-active victim.service
		expect 0 systemctl restart victim.service
		again=$(main_pid victim.service)
		[ "$again" != "$pid" ] && [ "$again" != 0 ] || fail "not restarted: $again"
		[ ! -d "/proc/$pid" ] || fail "the old process is still there"
		expect 0 rssctl attach svc $leave_unit "$again"
		pid=$again
	fi
	# Detach moves it back in every hierarchy.
	expect 0 rssctl detach "$pid"
	await 5 is_empty svc
	equal "$(place_of "$pid")" "$place" "place after detach"
	expect 0 systemctl status victim.service
	says "Main PID: $pid"
	expect 0 rssctl attach svc $leave_unit "$pid"
	expect 0 systemctl stop victim.service
	await 10 test ! -d "/proc/$pid"
	expect 3 systemctl is-active victim.service
	await 10 is_empty svc
	expect 0 rssctl remove svc
}

case_reclaim() {
	needs scanned || return
	swap_on
	start_watch
	expect 0 rssctl create web --limit=40M
	launch_hog_in web anon 70M
	await 60 grep -q ready "$hog_out"
	[ "$(field web usage)" -le $((40 << 20)) ] || fail "usage $(field web usage) above the limit"
	[ "$(field web reclaimed)" -ge $((20 << 20)) ] || fail "reclaimed $(field web reclaimed)"
	[ "$(field web scanned)" -ge 5000 ] || fail "scanned $(field web scanned)"
	[ "$(field web failures)" -gt 0 ] || fail "no failures"
	equal "$(field web oom_kills)" 0 "kills"
	kill -0 "$hog" || fail "the hog is gone"
	await 5 heard limit-hit web '.failures > 0'
	await 5 heard reclaimed web
	# A lower limit reclaims as well.
	expect 0 rssctl limit web 20M
	says reclaimed
	[ "$(field web usage)" -le $((20 << 20)) ] || fail "usage $(field web usage) above the new limit"
	expect 0 rssctl reclaim web 5M
	# A limit that cannot be reached is refused, and the old one stays.
	# swapoff at a limit would kill the hog.
	expect 0 rssctl limit web infinity
	swap_off
	expect 5 rssctl limit web 1M --timeout=3s
	equal "$(field web limit)" infinity limit
	note "refused: $err"
	stop_watch
	quiet_remove web
}

case_oom() {
	needs mapped-only || return
	swap_off
	start_watch
	expect 0 rssctl create web --limit=30M
	expect 0 rssctl create web/inner
	launch_hog_in web/inner hold 60M
	await 20 grep -q waiting "$hog_out"
	local pid
	pid=$(rssctl ps web/inner --json=short | jq -r '.[0].pid')
	stop_watch
	quiet_remove web/inner
	start_watch
	expect 0 rssctl create web/box
	launch_hog_in web/box anon 60M
	await 30 heard oom web
	heard oom web '.oom.victim_command == "hog" and .oom.victim_container == "web/box"' ||
		fail "heard: $(grep oom "$events")"
	heard oom web ".oom.limit == $((30 << 20)) and .oom.victim_pid > 0" || fail "heard: $(grep oom "$events")"
	equal "$(count_heard oom web)" 1 "OOM events"
	equal "$(count_heard oom web/box)" 0 "OOM events of the victim's container"
	expect 0 rssctl show web
	says "hog"
	equal "$(field web oom_events)" 1 "OOMs"
	equal "$(field web/box oom_kills)" 1 "kills"
	note "$(rssctl show web | grep OOM)"
	# All processes of a container at once.
	expect 0 rssctl set web oom-group=yes
	launch_hog_in web anon 5M
	await 20 grep -q ready "$hog_out"
	launch_hog_in web anon 60M
	await 30 is_empty web
	await 5 test "$(count_heard oom web)" -ge 3
	equal "$(count_heard oom web)" 3 "OOM events with those of the group"
	stop_watch
	quiet_remove web
}

case_watermarks() {
	needs watermarks || return
	swap_on
	start_watch
	expect 0 rssctl create web --limit=200M --wmark-high=40M --wmark-low=20M
	launch_hog_in web anon 60M
	await 60 grep -q ready "$hog_out"
	await 60 heard watermark web '.watermark == "wmark_high"'
	await 60 heard watermark web '.watermark == "wmark_low"'
	below() { [ "$(field web usage)" -le $((22 << 20)) ]; }
	await 60 below
	equal "$(field web failures)" 0 failures
	equal "$(field web oom_kills)" 0 kills
	kill -0 "$hog" || fail "the hog is gone"
	stop_watch
	quiet_remove web
}

case_peak() {
	needs peak || return
	swap_off
	expect 0 rssctl create web
	launch_hog_in web anon 20M
	await 20 grep -q ready "$hog_out"
	[ "$(field web peak)" -ge $((20 << 20)) ] || fail "peak $(field web peak)"
	rssctl kill web >/dev/null
	await 10 is_empty web
	if has peak-reset; then
		expect 0 rssctl reset-peak web
		[ "$(field web peak)" -lt $((10 << 20)) ] || fail "peak $(field web peak)"
	else
		expect 1 rssctl reset-peak web
	fi
	quiet_remove web
}

case_freeze() {
	needs freeze || return
	expect 0 rssctl create web
	launch_hog_in web storm 1000000
	until_true 10 test "$(field web processes)" -gt 0
	expect 0 rssctl freeze web
	equal "$(field web frozen)" true frozen
	expect 0 rssctl thaw web
	equal "$(field web frozen)" false frozen
	expect 0 rssctl freeze web
	# A frozen container can be removed.
	expect 0 rssctl remove --force web
	expect 3 rssctl show web
}

# kept: values that no restart of rssd may change.
kept() { rssctl show web --json=short | jq -c '.[0] | {limit, "wmark-high", processes, failures, oom_kills}'; }
nothing_moves() {
	local usage
	usage=$(field web usage)
	[ "$usage" = "$(field web usage)" ] && [ "$usage" = "$(field web usage)" ]
}

case_restart() {
	swap_on
	expect 0 rssctl create web --limit=30M
	! has watermarks || expect 0 rssctl set web wmark-high=25M
	launch_hog_in web anon 50M
	await 60 grep -q ready "$hog_out"
	local before after pid
	# Background reclaim may still be running.
	await 30 nothing_moves
	before=$(kept)
	pid=$(main_pid rssd)
	expect 0 systemctl restart rssd
	after=$(kept)
	equal "$after" "$before" "after a restart"
	[ "$(main_pid rssd)" != "$pid" ] || fail "not restarted"
	kill -9 "$(main_pid rssd)"
	await 20 rssctl show web
	after=$(kept)
	equal "$after" "$before" "after kill -9"
	kill -0 "$hog" || fail "the hog is gone"
	# Events arrive after the restart.
	start_watch
	rssctl limit web 15M >/dev/null 2>&1
	! has scanned || await 10 heard reclaimed web
	stop_watch
	[ "$controller" != rss ] ||
		equal "$(grep -c ' /run/rssd/rss ' /proc/mounts)" "$([ "$hierarchy" = v2 ] && echo 0 || echo 1)" mounts
	quiet_remove web
}

# restart_with LINE: restarts rssd with this line in its unit, until restart_as_usual.
restart_with() {
	mkdir -p /run/systemd/system/rssd.service.d
	printf '[Service]\n%s\n' "$1" >/run/systemd/system/rssd.service.d/more.conf
	systemctl daemon-reload
	expect 0 systemctl restart rssd
}
restart_as_usual() {
	rm /run/systemd/system/rssd.service.d/more.conf
	systemctl daemon-reload
	expect 0 systemctl restart rssd
}

# Without the netlink family rssd has no events of the controller; all else works.
start_without_events() {
	needs_netlink || return
	restart_with "$1"
	expect 0 rssctl doctor --no-pager
	says "No events are reported"
	says "$2"
	[[ $out != *"names the victim"* ]] || fail "promises victims"
	swap_on
	expect 0 rssctl create web --limit=20M
	launch_hog_in web anon 30M
	await 60 grep -q ready "$hog_out"
	[ "$(field web failures)" -gt 0 ] || fail "no failures counted"
	quiet_remove web
	restart_as_usual
	expect 0 rssctl doctor --no-pager
	says "names the victim"
}
case_no_netlink() { start_without_events PrivateNetwork=yes "initial network namespace"; }
case_other_netlink_version() {
	start_without_events "Environment=LD_PRELOAD=$BUILD/tests/preload/netlink-version.so" \
		"kernel and rssd must be of the same release"
}

# rssd is stopped until its event buffer, which is made small, overflows.
lost_ranges() { jq -r 'select(.event == "lost") | "\(.sequence) \(.last)"' "$1" | sort; }
case_flood() {
	local base round i
	needs_netlink || return
	expect 0 rssctl create flood
	expect 0 rssctl create flood/first # on v2 a group with children enables its controller for them
	base=$(directory_of flood)
	for i in {1..40}; do expect 0 rssctl create "flood/c$i"; done
	restart_with "Environment=LD_PRELOAD=$BUILD/tests/preload/small-buffers.so"
	start_watch
	kill -STOP "$(main_pid rssd)"
	for round in {1..5}; do
		for i in "$base"/c*; do echo 4096 2>/dev/null >"$i/rss.reclaim"; done
	done 2>/dev/null
	kill -CONT "$(main_pid rssd)"
	await 60 grep -q '"lost"' "$events"
	note "$(grep -c '"lost"' "$events") losses reported; first: $(grep -m 1 '"lost"' "$events")"
	expect 0 rssctl list
	jq -se '[.[] | select(.event == "lost")] | all(.last >= .sequence)' "$events" >/dev/null || fail "bad range"
	# The reported ranges are those of the history.
	rssctl watch --since=0 --json=short >"$work/past" 2>/dev/null </dev/null &
	children+=($!)
	await 30 eval '[ -z "$(comm -23 <(lost_ranges "$events") <(lost_ranges "$work/past"))" ]'
	stop_watch
	restart_as_usual
	quiet_remove flood
}

# shellcheck source=tests/system/service-cases.sh
. "${0%/*}/service-cases.sh"

# shellcheck source=tests/system/cli-cases.sh
. "${0%/*}/cli-cases.sh"
run_machine "$@"
