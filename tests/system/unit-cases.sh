#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers that are units of the real systemd, on the memory controllers.
. "${0%/*}/machine.sh"

max_of() { systemctl show --property=MemoryMax --value "$1"; }
is_running() { [ "$(field "$1" running)" = true ]; }
is_stopped() { [ "$(field "$1" running)" = false ]; }
no_dropins() {
	[ ! -e "/etc/systemd/system.control/$1.d" ] && [ ! -e "/run/systemd/system.control/$1.d" ]
}
list_dropins() { find /etc/systemd/system.control /run/systemd/system.control -ls 2>/dev/null; }
# memory_unit NAME SIZE [LINE...]: makes a service that uses that much memory.
memory_unit() {
	printf '%s\n' '[Service]' "ExecStart=$BUILD/tests/tools/hog anon $2" "${@:3}" >"/run/systemd/system/$1.service"
	systemctl daemon-reload
}
forget_unit() {
	systemctl stop "$1"
	systemctl reset-failed "$1"
	rm -f "/run/systemd/system/$1"
	systemctl daemon-reload
} 2>/dev/null
needs_units() {
	[ "$controller" != rss ] || { skip "systemd sets no limits of $controller"; false; }
}

# Units that are containers in no way.
refuses_bad_units() {
	expect 3 rssctl create bad --unit=nope.service
	expect 1 rssctl create bad --unit=rssd.service
	says "rssd itself"
	expect 1 rssctl create bad --unit=system.slice
	says "rssd itself"
	expect 1 rssctl create bad --unit=init.scope
	expect 1 rssctl create bad --unit=getty@tty1.service
	says masked
}

# One of two calls at the same time for one unit gets it: both wait for systemd, and for the disk.
one_of_two_creates() {
	local first second status=()
	rssctl create one --unit=victim >/dev/null 2>&1 &
	first=$!
	rssctl create two --unit=victim.service >/dev/null 2>&1 &
	second=$!
	wait $first
	status+=($?)
	wait $second
	status+=($?)
	equal "$(printf '%s\n' "${status[@]}" | sort -n | paste -sd' ')" "0 7" "statuses of two creates at once"
	rssctl remove --ignore-missing one two
}

# On the rss controller a rule attaches the processes of the unit.
case_unit_on_its_own_hierarchy() {
	local pid place
	{ [ "$controller" = rss ] && ! leaves_units; } || { skip "units have cgroups on $controller"; return; }
	refuses_bad_units
	expect 0 systemctl start victim.service
	pid=$(main_pid victim.service)
	place=$(grep -v ':rss[,:]' "/proc/$pid/cgroup")
	for _ in {1..10}; do one_of_two_creates; done
	expect 0 rssctl create vic --unit=victim --limit=64M
	# Its processes are inside when the call returns, and in their unit for systemd.
	equal "$(rssctl ps vic --json=short | jq -r '.[].pid' | grep -cx "$pid")" 1 "main process in the container"
	equal "$(grep -v ':rss[,:]' "/proc/$pid/cgroup")" "$place" "cgroups in other hierarchies"
	equal "$(field vic unit)" victim.service
	equal "$(field vic place)" unit
	equal "$(field vic limit)" $((64 << 20)) limit
	expect 7 rssctl create other --unit=victim.service
	says 'the container "vic" already'
	expect 1 rssctl attach vic $$
	expect 1 rssctl detach "$pid"
	expect 0 systemctl restart victim.service
	await 20 eval 'rssctl ps vic --json=short | jq -r ".[].pid" | grep -qx "$(main_pid victim.service)"'
	systemctl kill --signal=KILL rssd
	await 60 eval '[ "$(field vic unit)" = victim.service ]'
	expect 0 rssctl remove vic
	expect 0 systemctl is-active victim.service
	pid=$(main_pid victim.service)
	grep -qxE '[0-9]*:rss[a-z,]*:/' "/proc/$pid/cgroup" || fail "after the removal: $(grep ':rss[,:]' "/proc/$pid/cgroup")"
	expect 0 systemctl stop victim.service
}

case_unit_keeps_its_processes() {
	needs_units || return
	local pid place
	expect 0 systemctl start victim.service
	pid=$(main_pid victim.service)
	until_true 20 grep -q 'VmRSS:.*2....' "/proc/$pid/status"
	place=$(cat "/proc/$pid/cgroup")
	expect 0 rssctl create vic --unit=victim --limit=64M
	equal "$(cat "/proc/$pid/cgroup")" "$place" "cgroups of the main process"
	equal "$(field vic control_group)" "$(systemctl show victim -P ControlGroup)" "control group"
	equal "$(cat "$(limit_file vic)")" $((64 << 20)) "limit in the kernel"
	equal "$(max_of victim)" $((64 << 20)) MemoryMax
	equal "$(field vic processes)" 1 processes
	[ "$(field vic usage)" -gt $((20 << 20)) ] || fail "usage is $(field vic usage)"
	expect 1 rssctl attach vic $$
	expect 1 rssctl detach "$pid"
	# The limit is kept over a reload of systemd, restarts of the unit and of systemd, and a
	# crash of rssd.
	expect 0 systemctl daemon-reload
	equal "$(cat "$(limit_file vic)")" $((64 << 20)) "limit after a reload of systemd"
	expect 0 systemctl restart victim.service
	await 20 is_running vic
	equal "$(cat "$(limit_file vic)")" $((64 << 20)) "limit after a restart"
	equal "$(rssctl ps vic --json=short | jq -r '.[0].pid')" "$(main_pid victim.service)" "main process"
	expect 0 systemctl daemon-reexec
	expect 0 rssctl limit vic 80M
	equal "$(max_of victim)" $((80 << 20)) "MemoryMax after daemon-reexec"
	systemctl kill --signal=KILL rssd
	await 60 eval '[ "$(field vic limit)" = $((80 << 20)) ]'
	expect 0 systemctl stop victim.service
	await 20 is_stopped vic
	expect 0 rssctl show vic
	says "not running"
	expect 0 rssctl limit vic 72M
	expect 0 systemctl start victim.service
	await 20 is_running vic
	equal "$(cat "$(limit_file vic)")" $((72 << 20)) "limit that was set while it was stopped"
	expect 0 rssctl remove vic
	equal "$(max_of victim)" infinity "MemoryMax after the removal"
	equal "$(systemctl show victim -P NeedDaemonReload)" no NeedDaemonReload
	no_dropins victim.service || fail "left: $(list_dropins)"
	expect 0 systemctl is-active victim.service
	expect 0 systemctl stop victim.service
}

# The limit is lowered by reclaim, and set for all or none.
case_unit_limit_is_reclaimed() {
	needs_units || return
	swap_on
	memory_unit big 48M
	expect 0 systemctl start big.service
	expect 0 rssctl create big --unit=big
	await 60 eval '[ "$(field big usage)" -gt $((48 << 20)) ]'
	expect 0 rssctl limit big 32M --timeout=60s
	equal "$(cat "$(limit_file big)")" $((32 << 20)) "limit after reclaim"
	equal "$(max_of big)" $((32 << 20)) MemoryMax
	[ "$(field big usage)" -le $((32 << 20)) ] || fail "usage is $(field big usage)"
	equal "$(field big oom_kills)" 0 "OOM kills"
	expect 5 rssctl limit big 16M --mode=refuse
	equal "$(max_of big)" $((32 << 20)) "MemoryMax after a refusal"
	expect 0 rssctl limit big 16M --mode=force
	equal "$(max_of big)" $((16 << 20)) "MemoryMax after force"
	expect 0 rssctl remove big
	forget_unit big.service
	swap_off
}

# It is limited before its first process: the OOM is one of its limit.
case_unit_is_limited_from_its_start() {
	needs_units || return
	swap_off
	memory_unit hungry 80M
	expect 0 rssctl create hungry --unit=hungry --limit=24M
	# systemd may have made its cgroup already, for the limit; nothing is in it.
	equal "$(field hungry processes)" 0 "processes before the start"
	start_watch
	systemctl start hungry.service
	await 60 heard oom hungry
	# In v1 systemd does not learn of the OOM, only of the signal.
	await 60 eval '[[ "$(systemctl show hungry -P Result)" = @(oom-kill|signal) ]]'
	await 20 is_stopped hungry
	equal "$(field hungry last_oom.container)" hungry "container of the OOM"
	[ "$(field hungry oom_kills)" -ge 1 ] || fail "OOM kills: $(field hungry oom_kills)"
	systemctl reset-failed hungry.service
	systemctl start hungry.service
	await 60 eval '[ "$(field hungry oom_kills)" -ge 2 ]'
	stop_watch
	expect 0 rssctl remove hungry
	no_dropins hungry.service || fail "left: $(list_dropins)"
	forget_unit hungry.service
}

case_unit_drift() {
	needs_units || return
	expect 0 systemctl start victim.service
	expect 0 rssctl create vic --unit=victim --limit=64M
	expect 0 systemctl set-property victim.service MemoryMax=96M
	await 20 eval '! rssctl diff'
	expect 0 rssctl repair
	equal "$(max_of victim)" $((64 << 20)) "MemoryMax after a repair"
	expect 0 rssctl diff
	expect 0 rssctl remove vic
	expect 0 systemctl stop victim.service
}

property_of() { systemctl show --property="$2" --value "$1"; }

# systemd sets them: one writer, also after a restart. What rssd has not set is left alone.
case_unit_throttle_and_protection() {
	local file
	needs_units || return
	expect 0 systemctl start victim.service
	expect 0 rssctl create vic --unit=victim --limit=64M
	expect 1 rssctl set vic oom-group=yes
	has high || {
		expect 1 rssctl set vic high=48M
		expect 0 rssctl remove vic
		expect 0 systemctl stop victim.service
		return
	}
	expect 0 rssctl set vic high=48M low=8M swap-limit=16M
	file=$(directory_of vic)/memory
	equal "$(cat "$file".{high,low,swap.max} | paste -sd' ')" "$((48 << 20)) $((8 << 20)) $((16 << 20))" "in the kernel"
	equal "$(property_of victim MemoryHigh)" $((48 << 20)) MemoryHigh
	equal "$(property_of victim MemoryLow)" $((8 << 20)) MemoryLow
	equal "$(property_of victim MemorySwapMax)" $((16 << 20)) MemorySwapMax
	expect 0 systemctl restart victim.service
	await 20 is_running vic
	equal "$(cat "$file.high")" $((48 << 20)) "high after a restart"
	expect 2 rssctl set vic high=1M
	equal "$(property_of victim MemoryHigh)" $((48 << 20)) "MemoryHigh after a refusal"
	expect 0 systemctl set-property victim.service MemoryHigh=32M MemoryMin=1M
	await 20 eval '! rssctl diff'
	expect 0 rssctl repair
	equal "$(property_of victim MemoryHigh)" $((48 << 20)) "MemoryHigh after a repair"
	# systemd 252 does not know it: refused, and nothing is changed.
	if ! rssctl set vic limit=72M zswap-limit=8M 2>"$work/err"; then
		grep -qE 'MemoryZSwapMax|zswap' "$work/err" || fail "says: $(cat "$work/err")"
		equal "$(max_of victim)" $((64 << 20)) "MemoryMax after a refusal"
	fi
	systemctl kill --signal=KILL rssd
	await 60 eval '[ "$(field vic high)" = $((48 << 20)) ]'
	expect 0 rssctl remove vic
	equal "$(property_of victim MemoryHigh)" infinity "MemoryHigh after the removal"
	equal "$(property_of victim MemoryLow)" 0 "MemoryLow after the removal"
	equal "$(cat "$file.swap.max")" max "swap limit after the removal"
	equal "$(ls /etc/systemd/system.control/victim.service.d)" 50-MemoryMin.conf "drop-ins"
	rm -r /etc/systemd/system.control/victim.service.d
	expect 0 systemctl daemon-reload
	expect 0 systemctl stop victim.service
}

case_unit_limit_of_zswap() {
	local file version
	needs_units || return
	needs zswap-limit || return
	version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
	[ "$version" -ge 253 ] || { skip "systemd $version has no MemoryZSwapMax="; return; }
	expect 0 systemctl start victim.service
	expect 0 rssctl create vic --unit=victim --limit=64M --zswap-limit=16M
	expect 0 rssctl set vic limit=72M zswap-limit=8M
	file=$(directory_of vic)/memory.zswap.max
	equal "$(property_of victim MemoryZSwapMax)" $((8 << 20)) MemoryZSwapMax
	equal "$(cat "$file")" $((8 << 20)) "limit of zswap in the kernel"
	expect 0 systemctl restart victim.service
	await 20 is_running vic
	equal "$(cat "$file")" $((8 << 20)) "limit of zswap after a restart"
	systemctl kill --signal=KILL rssd
	await 60 eval '[ "$(field vic "\"zswap-limit\"")" = $((8 << 20)) ]'
	expect 0 systemctl set-property victim.service MemoryZSwapMax=4M
	await 20 eval '! rssctl diff'
	expect 0 rssctl repair
	equal "$(property_of victim MemoryZSwapMax)" $((8 << 20)) "MemoryZSwapMax after a repair"
	expect 0 rssctl remove vic
	equal "$(property_of victim MemoryZSwapMax)" infinity "MemoryZSwapMax after the removal"
	equal "$(cat "$file")" max "limit of zswap after the removal"
	no_dropins victim.service || fail "left: $(list_dropins)"
	expect 0 systemctl stop victim.service
}

# The trigger is set again for the cgroup that a unit has after its restart, and after one of rssd.
case_unit_pressure_events() {
	local after before
	needs_units || return
	needs pressure-trigger || return
	swap_on
	rm -f /run/press
	mkfifo /run/press
	printf '%s\n' '[Service]' "ExecStart=/bin/bash -c 'while read -r _ </run/press; do timeout 2 $BUILD/tests/tools/hog anon 20M; done'" \
		>/run/systemd/system/pressed.service
	systemctl daemon-reload
	expect 0 systemctl start pressed.service
	expect 0 rssctl create pressed --unit=pressed --limit=12M --pressure=some:10ms/2s
	start_watch
	for after in "" rssd unit; do
		case $after in
		rssd)
			systemctl kill --signal=KILL rssd
			await 60 rssctl show pressed
			;;
		unit)
			expect 0 systemctl restart pressed.service
			await 20 is_running pressed
			;;
		esac
		before=$(count_heard threshold pressed)
		echo go >/run/press
		await 60 eval '[ "$(count_heard threshold pressed)" -gt '"$before"' ]'
		heard threshold pressed '.threshold == "pressure-some"' || fail "heard: $(grep threshold "$events")"
		await 20 eval '[ "$(field pressed processes)" = 1 ]'
	done
	stop_watch
	expect 0 rssctl remove pressed
	forget_unit pressed.service
	rm /run/press
	swap_off
}

case_unit_slice_and_scope() {
	needs_units || return
	memory_unit part 8M Slice=apps.slice
	expect 0 systemctl start part.service
	expect 0 rssctl create apps --unit=apps.slice --limit=128M
	expect 0 rssctl create part --unit=part --limit=64M
	equal "$(field apps processes)" 1 "processes of the slice"
	equal "$(field part processes)" 1 "processes of the service in it"
	expect 0 rssctl remove part
	expect 0 rssctl remove apps
	forget_unit part.service
	systemd-run --quiet --scope --unit=timed.scope sleep 600 &
	await 20 systemctl is-active timed.scope
	expect 0 rssctl create timed --unit=timed.scope --limit=64M
	equal "$(max_of timed.scope)" $((64 << 20)) "MemoryMax of the scope"
	[ ! -e /etc/systemd/system.control/timed.scope.d ] || fail "the limit of a scope is persistent"
	expect 0 systemctl stop timed.scope
	await 20 is_stopped timed
	expect 0 rssctl remove timed
}

# In the unified tree, a rule of one unit means the unit.
case_unit_by_rule() {
	needs_units || return
	leaves_units || { skip "rules attach processes on $controller"; return; }
	expect 0 systemctl start victim.service
	mkdir -p /etc/rssd/containers.d
	echo '{"name": "ruled", "limit": "64M", "join": [{"unit": "victim.service"}]}' >/etc/rssd/containers.d/ruled.json
	expect 0 rssctl reload
	await 30 eval '[ "$(systemctl show --property=MemoryMax --value victim)" = $((64 << 20)) ]'
	equal "$(field ruled unit)" victim.service unit
	rm /etc/rssd/containers.d/ruled.json
	expect 0 rssctl reload
	expect 0 rssctl remove ruled
	expect 0 systemctl stop victim.service
}

case_unit_changes_its_slice() {
	needs_units || return
	memory_unit mover 8M Slice=one.slice
	expect 0 systemctl start mover.service
	expect 0 rssctl create mover --unit=mover --limit=64M
	equal "$(field mover control_group)" "$(systemctl show mover -P ControlGroup)"
	expect 0 systemctl stop mover.service
	memory_unit mover 8M Slice=two.slice
	expect 0 systemctl start mover.service
	await 20 eval '[ "$(field mover control_group)" = /two.slice/mover.service ]'
	await 20 is_running mover
	equal "$(field mover processes)" 1
	equal "$(cat "$(limit_file mover)")" $((64 << 20)) "limit in the new slice"
	expect 0 rssctl remove mover
	no_dropins mover.service || fail "left: $(list_dropins)"
	forget_unit mover.service
}

case_unit_bad_names() {
	needs_units || return
	refuses_bad_units
	expect 1 rssctl create bad --unit=-.slice
	expect 2 rssctl create bad --unit=getty@.service
	expect 1 rssctl create bad --cgroup=/system.slice/rssd.service
	if leaves_units; then
		mkdir /sys/fs/cgroup/threads
		echo threaded >/sys/fs/cgroup/threads/cgroup.type
		expect 1 rssctl create bad --cgroup=/threads
		says threaded
		rmdir /sys/fs/cgroup/threads
	fi
	expect 3 rssctl show bad
}

# systemd can start a unit with the smallest limit that rssd accepts.
case_unit_starts_at_the_smallest_limit() {
	needs_units || return
	swap_off
	printf '%s\n' '[Service]' 'ExecStart=/bin/sleep 1000' >/run/systemd/system/tiny.service
	systemctl daemon-reload
	expect 2 rssctl create tiny --unit=tiny --limit=3M
	expect 0 rssctl create tiny --unit=tiny --limit=4M
	expect 0 systemctl start tiny.service
	expect 0 systemctl restart tiny.service
	await 20 is_running tiny
	equal "$(field tiny oom_kills)" 0 "kills at the start"
	note "peak of a service that sleeps: $(field tiny peak)"
	expect 0 rssctl remove tiny
	forget_unit tiny.service
}

run_machine "$@"
