# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by cases.sh: rules, metrics, top and suggest with an installed rssd, under load.
# shellcheck shell=bash disable=SC2154

declared=/etc/rssd/containers.d
declare_rules() { # NAME JSON: declares a container with these rules and waits until rssd has it
	mkdir -p $declared
	printf '{"name":"%s","join":[%s]}\n' "$1" "$2" >"$declared/$1.json"
	expect 0 rssctl reload
	await 10 rssctl show "$1"
}
end_rules() {
	rm -f $declared/*.json
	rssctl reload
	quiet_remove "$1"
}
process_is_inside() { # PID NAME
	[ "$(rssctl ps "$2" --json=short | jq "any(.[]; .pid == $1)")" = true ]
}

# A service joins when it starts, and systemd still manages it; init and rssd never join.
case_rules() {
	local pid place again
	cp "$(command -v sleep)" "$work/witness"
	declare_rules svc '{"unit":"victim.service"},{"unit":"init.scope"},{"unit":"rssd.service"},{"command":"witness"}'
	expect 0 systemctl start victim.service
	if leaves_units; then
		rules_leave_units_alone
		return
	fi
	pid=$(main_pid victim.service)
	await 60 process_is_inside "$pid" svc
	if has in-place; then
		place=$(place_of "$pid")
		equal "$place" /system.slice/victim.service "place in the unified tree"
	fi
	expect 0 systemctl restart victim.service
	again=$(main_pid victim.service)
	[ "$again" != "$pid" ] || fail "not restarted"
	await 60 process_is_inside "$again" svc
	# A detached process stays outside, also when other processes start.
	expect 0 rssctl detach "$again"
	expect 0 systemctl restart rssd
	# It joins after the scan with which rssd starts.
	"$work/witness" 1000 &
	await 60 process_is_inside $! svc
	equal "$(rssctl ps svc --no-legend | wc -l)" 1 "processes after a detach"
	equal "$(place_of "$again")" /system.slice/victim.service "place of what was detached"
	for pid in 1 "$(main_pid rssd)"; do
		process_is_inside "$pid" svc && fail "$pid has joined"
	done
	expect 0 systemctl restart victim.service
	await 60 process_is_inside "$(main_pid victim.service)" svc
	pkill -KILL -x witness
	expect 0 systemctl stop victim.service
	await 20 is_empty svc
	end_rules svc
}

# In the unified tree rules take a process out of a session, but not out of a service.
rules_leave_units_alone() {
	local pid
	pid=$(main_pid victim.service)
	"$work/witness" 1000 &
	await 60 process_is_inside $! svc
	await 30 eval 'rssctl doctor --json=short | jq -e '"'"'.[] | select(.subject == "rules").text | contains("stay in their units")'"'"
	equal "$(place_of "$pid")" /system.slice/victim.service "place of the service"
	equal "$(rssctl ps svc --no-legend | wc -l)" 1 "processes inside"
	pkill -KILL -x witness
	expect 0 systemctl stop victim.service
	await 20 is_empty svc
	end_rules svc
}

# 500 short-lived processes, while the machine reclaims: each is inside or has ended.
case_rules_under_load() {
	local pids=() pid i outside=0 alive=0
	swap_on
	cp "$(command -v sleep)" "$work/rulee"
	declare_rules storm "{\"executable\":\"$work/rulee\"}"
	expect 0 rssctl create load --limit=30M
	launch_hog_in load anon 60M
	for i in {0..499}; do
		case $((i % 10)) in
		0) "$work/rulee" 1000 & ;;
		*) "$work/rulee" "0.$((i % 9))" & ;;
		esac
		pids+=($!)
		disown $!
	done
	await 120 fifty_inside
	for pid in "${pids[@]}"; do
		[ -d "/proc/$pid" ] || continue
		if [[ $(<"/proc/$pid/cgroup") == */storm* ]]; then
			alive=$((alive + 1))
		elif [ -d "/proc/$pid" ]; then
			outside=$((outside + 1))
		fi
	done
	equal "$alive" 50 "processes that live on inside"
	equal "$outside" 0 "processes that live on outside"
	note "$(rssctl doctor --json=short | jq -r '.[] | select(.subject == "rules").text')"
	pkill -KILL -x rulee
	await 30 is_empty storm
	quiet_remove load
	end_rules storm
}
fifty_inside() { [ "$(field storm processes)" = 50 ]; }

# count_switches: the context switches of rssd so far, $switches. It does not fork, because rssd is
# woken by the events of a fork.
count_switches() {
	local key value
	switches=0
	while read -r key value _; do
		case $key in *voluntary_ctxt_switches:) switches=$((switches + value)) ;; esac
	done <"/proc/$rssd/status"
}

# With rules, but without process events, rssd does not run at all.
case_rules_idle() {
	local rssd before switches tries
	declare_rules idle '{"command":"unmatched"}'
	if [[ $(rssctl doctor --json=short) == *"reports no process events"* ]]; then
		end_rules idle
		skip "no process events on this kernel, so rssd scans periodically"
		return
	fi
	rssd=$(main_pid rssd)
	# The scan after the last event comes first; timers of the machine may run in one window.
	for tries in 1 2 3; do
		sleep_without_fork 8
		count_switches
		before=$switches
		sleep_without_fork 6
		count_switches
		[ "$switches" != "$before" ] || break
	done
	equal "$switches" "$before" "switches to rssd in 6 idle seconds"
	end_rules idle
}
exec 8<> <(:)
sleep_without_fork() { read -rt "$1" -u 8; }

# http PATH: the response of the metrics socket, in $out.
http() {
	exec 9<>/dev/tcp/127.0.0.1/9789 || return 1
	printf 'GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$1" >&9
	cat <&9
	exec 9>&-
}

case_metrics_socket() {
	local i
	swap_on
	expect 0 rssctl create scraped --limit=20M
	launch_hog_in scraped anon 40M
	await 60 grep -q ready "$hog_out"
	expect 0 systemctl start rssd-metrics.socket
	for i in {1..5}; do
		expect 0 http /metrics
		says "HTTP/1.1 200 OK"
		says 'rssd_container_limit_bytes{container="scraped"} 20971520'
		says "# EOF"
	done
	[[ $out =~ rssd_container_reclaimed_bytes_total\{container=\"scraped\"\}\ [1-9] ]] || fail "nothing reclaimed: $out"
	expect 0 http /
	says "404 Not Found"
	note "$(systemd-analyze security rssd-metrics.service --no-pager 2>/dev/null | tail -n 1)"
	# If rssd is not there, the response says so.
	systemctl stop rssd
	systemctl mask --runtime rssd >/dev/null 2>&1
	systemctl mask --runtime dbus-org.rssd1 >/dev/null 2>&1
	expect 0 http /metrics
	says "503 Service Unavailable"
	systemctl unmask --runtime rssd dbus-org.rssd1 >/dev/null 2>&1
	expect 0 systemctl start rssd
	expect 0 systemctl stop rssd-metrics.socket rssd-metrics.service
	equal "$(systemctl list-units --failed --no-legend 'rssd-metrics*' | wc -l)" 0 "failed units"
	quiet_remove scraped
}

case_top() {
	swap_on
	needs watermarks || return
	expect 0 rssctl create topped --limit=64M --wmark-high=32M --wmark-low=24M
	launch_hog_in topped anon 48M
	await 60 grep -q ready "$hog_out"
	# A second hog keeps reclaim running while top takes samples.
	launch_hog_in topped anon 48M
	expect 0 env TERM=xterm terminal 80 24 +topped +topped +topped =q -- rssctl top --interval=1s
	[[ $out =~ 'topped'.*'<'.*'>' ]] || fail "no watermarks: ${out:0:2000}"
	note "$(grep -a topped "$work/out" | tail -n 1 | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r//g')"
	quiet_remove topped
}

case_suggest() {
	swap_on
	expect 0 rssctl create held --limit=24M
	launch_hog_in held anon 48M
	await 60 grep -q ready "$hog_out"
	expect 0 rssctl suggest held
	says "Limit "
	# Each suggest takes a sample; samples of two intervals make a history.
	await 60 eval '[ "$(rssctl suggest held --json=short | jq -r .source)" = history ]'
	expect 0 rssctl limit held infinity
	expect 0 rssctl suggest held --watch=12s
	note "$out"
	! has watermarks || says ", wmark-high "
	# The printed command sets the limit.
	expect 0 bash -c "$(sed -n 's/^To set it: //p' <<<"$out")"
	[ "$(field held limit)" != infinity ] || fail "no limit was set"
	! has watermarks || [ "$(field held '"wmark-high"')" -lt "$(field held limit)" ] ||
		fail "wmark-high $(field held '"wmark-high"') is not below the limit"
	expect 0 rssctl create nobody
	expect 1 rssctl suggest nobody
	says "It has used no memory"
	quiet_remove nobody
	quiet_remove held
	# A file that is read repeatedly under a limit below its size.
	truncate -s 32M /var/tmp/rounds
	expect 0 rssctl create thrash --limit=12M
	launch_hog_in thrash file /var/tmp/rounds 1000000
	await 60 eval '[ "$(field thrash refaults)" -gt 0 ]'
	expect 0 rssctl suggest thrash --watch=2s --json=short
	note "$out"
	[[ $out == *"pages were faulted in again"* ]] || fail "said: $out"
	equal "$(jq .at_least <<<"$out")" true "at least"
	quiet_remove thrash
	rm /var/tmp/rounds
}
