#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the test machine: rssd as an installed service on the patched kernel.
# The kernel's command line says what is to be run: rssd.cases=a,b and
# rssd.hierarchy=v2.
export BUILD=/usr/lib/rssd-tests
# shellcheck source=tests/lib.sh
. "${0%/*}/lib.sh"

argument() { tr ' ' '\n' </proc/cmdline | sed -n "s/^rssd\.$1=//p"; }
hierarchy=$(argument hierarchy)
[ -z "$hierarchy" ] || sed -i "/Hierarchy=/d; \$a Hierarchy=$hierarchy" /etc/rssd/rssd.conf

# The machine starts anew where a case wants it (case_boot), and by a panic.
started=/var/lib/rssd-tests-started
if [ -e $started ] && [ ! -e /var/lib/rssd-boot ]; then
	printf 'not ok - %s: the machine started anew by itself\nend\n' "${0##*/}"
	exit 1
fi
touch $started
sync

systemctl start rssd || {
	# Without it every case would wait in vain.
	printf 'not ok - %s: rssd does not start\n' "${0##*/}"
	journalctl --no-pager --output=cat --unit=rssd | sed 's/^/# /'
	echo end
	exit 1
}

swap=/dev/vdb
mkswap -q $swap >/dev/null 2>&1
swap_on() { grep -q "^$swap" /proc/swaps || swapon $swap; }
swap_off() { ! grep -q "^$swap" /proc/swaps || swapoff $swap; }

# The folder of a container in the controller's hierarchy.
folder_of() {
	local mount
	if [ "$hierarchy" = v2 ]; then mount=/sys/fs/cgroup; else mount=/run/rssd/rss; fi
	echo "$mount$(field "$1" control_group)"
}
place_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
main_pid() { systemctl show --property=MainPID --value "$1"; }
case_doctor() {
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
	expect 0 rssctl attach svc "$pid"
	says moved
	equal "$(rssctl ps svc --json=short | jq -r '.[0].pid')" "$pid" "process in the container"
	if [ "$hierarchy" != v2 ]; then
		equal "$(place_of "$pid")" "$place" "place in the unified tree"
		expect 0 systemctl status victim.service
		says "Main PID: $pid"
		says "└─"
		expect 0 systemctl is-active victim.service
		expect 0 systemctl restart victim.service
		again=$(main_pid victim.service)
		[ "$again" != "$pid" ] && [ "$again" != 0 ] || fail "not restarted: $again"
		[ ! -d "/proc/$pid" ] || fail "the old process is still there"
		expect 0 rssctl attach svc "$again"
		pid=$again
	fi
	# Back to where it was, in every hierarchy.
	expect 0 rssctl detach "$pid"
	await 5 is_empty svc
	equal "$(place_of "$pid")" "$place" "place after detach"
	expect 0 systemctl status victim.service
	says "Main PID: $pid"
	expect 0 rssctl attach svc "$pid"
	expect 0 systemctl stop victim.service
	await 10 test ! -d "/proc/$pid"
	expect 3 systemctl is-active victim.service
	await 10 is_empty svc
	expect 0 rssctl remove svc
}

case_reclaim() {
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
	# A lower limit reclaims, too.
	expect 0 rssctl limit web 20M
	says reclaimed
	[ "$(field web usage)" -le $((20 << 20)) ] || fail "usage $(field web usage) above the new limit"
	expect 0 rssctl reclaim web 5M
	# One that cannot be had is refused, and the old one stays.
	swap_off &
	children+=($!)
	rssctl limit web infinity >/dev/null 2>&1
	wait $!
	expect 5 rssctl limit web 1M --timeout=3s
	equal "$(field web limit)" infinity limit
	note "refused: $err"
	stop_watch
	quiet_remove web
}

case_oom() {
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
	# All of a container at once.
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
	swap_on
	start_watch
	expect 0 rssctl create web --limit=200M --high=40M --low=20M
	launch_hog_in web anon 60M
	await 60 grep -q ready "$hog_out"
	await 60 heard watermark web '.watermark == "high"'
	await 60 heard watermark web '.watermark == "low"'
	below() { [ "$(field web usage)" -le $((22 << 20)) ]; }
	await 60 below
	equal "$(field web failures)" 0 failures
	equal "$(field web oom_kills)" 0 kills
	kill -0 "$hog" || fail "the hog is gone"
	stop_watch
	quiet_remove web
}

case_peak() {
	swap_off
	expect 0 rssctl create web
	launch_hog_in web anon 20M
	await 20 grep -q ready "$hog_out"
	[ "$(field web peak)" -ge $((20 << 20)) ] || fail "peak $(field web peak)"
	rssctl kill web >/dev/null
	await 10 is_empty web
	if [ "$hierarchy" = v2 ]; then
		expect 1 rssctl reset-peak web
	else
		expect 0 rssctl reset-peak web
		[ "$(field web peak)" -lt $((10 << 20)) ] || fail "peak $(field web peak)"
	fi
	quiet_remove web
}

case_freeze() {
	expect 0 rssctl create web
	launch_hog_in web storm 1000000
	until_true 10 test "$(field web processes)" -gt 0
	expect 0 rssctl freeze web
	equal "$(field web frozen)" true frozen
	expect 0 rssctl thaw web
	equal "$(field web frozen)" false frozen
	expect 0 rssctl freeze web
	# What is frozen can be removed all the same.
	expect 0 rssctl remove --force web
	expect 3 rssctl show web
}

case_restart() {
	swap_on
	expect 0 rssctl create web --limit=30M --high=25M
	launch_hog_in web anon 50M
	await 60 grep -q ready "$hog_out"
	local before after pid sequence
	sleep 2
	before=$(rssctl show web --json=short | jq -c '{limit, high, processes, failures, oom_kills}')
	sequence=$(cat /var/lib/rssd/sequence 2>/dev/null)
	pid=$(main_pid rssd)
	expect 0 systemctl restart rssd
	after=$(rssctl show web --json=short | jq -c '{limit, high, processes, failures, oom_kills}')
	equal "$after" "$before" "after a restart"
	[ "$(main_pid rssd)" != "$pid" ] || fail "not restarted"
	kill -9 "$(main_pid rssd)"
	await 20 rssctl show web
	after=$(rssctl show web --json=short | jq -c '{limit, high, processes, failures, oom_kills}')
	equal "$after" "$before" "after kill -9"
	kill -0 "$hog" || fail "the hog is gone"
	# Events go on.
	start_watch
	rssctl limit web 15M >/dev/null 2>&1
	await 10 heard reclaimed web
	stop_watch
	equal "$(grep -c ' /run/rssd/rss ' /proc/mounts)" "$([ "$hierarchy" = v2 ] && echo 0 || echo 1)" mounts
	quiet_remove web
}

# In another network namespace there is no such family: less is told, all else works.
case_no_netlink() {
	mkdir -p /run/systemd/system/rssd.service.d
	printf '[Service]\nPrivateNetwork=yes\n' >/run/systemd/system/rssd.service.d/network.conf
	systemctl daemon-reload
	expect 0 systemctl restart rssd
	expect 0 rssctl doctor --no-pager
	says "No events are told"
	says "first network namespace"
	[[ $out != *"names the victim"* ]] || fail "promises victims"
	swap_on
	expect 0 rssctl create web --limit=20M
	launch_hog_in web anon 30M
	await 60 grep -q ready "$hog_out"
	[ "$(field web failures)" -gt 0 ] || fail "no failures counted"
	quiet_remove web
	rm /run/systemd/system/rssd.service.d/network.conf
	systemctl daemon-reload
	expect 0 systemctl restart rssd
	expect 0 rssctl doctor --no-pager
	says "names the victim"
}

# rssd is stopped while the kernel tells more than its buffer holds.
case_flood() {
	local base i round
	expect 0 rssctl create flood
	expect 0 rssctl create flood/first # a group with groups in it hands its controller down
	base=$(folder_of flood)
	mkdir "$base"/c{1..150}
	expect 0 systemctl restart rssd
	start_watch
	kill -STOP "$(main_pid rssd)"
	for round in {1..12}; do
		for i in "$base"/c*; do echo 4096 2>/dev/null >"$i/rss.reclaim"; done
	done 2>/dev/null
	kill -CONT "$(main_pid rssd)"
	await 200 grep -q '"lost"' "$events"
	note "$(grep -c '"lost"' "$events") losses told; first: $(grep -m 1 '"lost"' "$events")"
	expect 0 rssctl list
	jq -se '[.[] | select(.event == "lost")] | all(.last >= .sequence)' "$events" >/dev/null || fail "bad range"
	stop_watch
	quiet_remove flood
}

# shellcheck source=tests/system/service-cases.sh
. "${0%/*}/service-cases.sh"

for more in "${0%/*}"/*-cases.sh; do
	# shellcheck source=/dev/null
	. "$more"
done
names=$(argument cases)
# shellcheck disable=SC2086
run_cases ${names//,/ }
journalctl -u rssd --no-pager -o cat 2>/dev/null | tail -n 60 | sed 's/^/#   rssd: /'
echo end
