#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real programs of Debian in containers: they respond while they are reclaimed, end with the right
# result, and only a process at its own limit is killed.
. "${0%/*}/machine.sh"

# Allowed overcharge of a limit: what one migration or one huge page maps (kernel/README.md).
overshoot=$((2 << 20))

# stays_below NAME LIMIT: neither killed nor above its limit, and the limit was hit.
stays_below() {
	equal "$(field "$1" oom_kills)" 0 "kills in $1"
	[ "$(field "$1" peak)" -le $(($2 + overshoot)) ] || fail "$1 had $(field "$1" peak), above $2"
	[ "$(field "$1" failures)" -gt 0 ] || fail "$1 never hit its limit"
	! has reclaimed || [ "$(field "$1" reclaimed)" -gt 0 ] || fail "nothing of $1 was reclaimed"
}

# A container of crun with the hooks of rssd-oci: limited from its first instruction, also for what enters
# it later.
case_crun_hooks() {
	local bundle=/run/bundle hooks=/usr/share/containers/oci/hooks.d
	# What is hungry would fill the swap first.
	swap_off
	# The case that installs and purges the packages has removed those of make install.
	[ -e $hooks/rssd-poststop.json ] || expect 0 dpkg --install "$BUILD"/debs/rssd-oci_*.deb
	mkdir -p $bundle/rootfs/bin
	cp /bin/busybox $bundle/rootfs/bin/
	rm -f $bundle/config.json
	expect 0 crun spec --bundle $bundle
	jq -s '[.[] | {key: .stages[0], value: [.hook]}] | from_entries' $hooks/rssd-*.json >"$work/hooks"
	jq --slurpfile hooks "$work/hooks" '.process.terminal = false | .process.args = ["/bin/busybox", "sleep", "1000"]
		| .hooks = $hooks[0] | .linux.cgroupsPath = "/crun-test/hooked" | .annotations = {"org.rssd.limit": "64M"}
		| .mounts |= map(select(.type != "mqueue"))' \
		$bundle/config.json >"$work/config" && cp "$work/config" $bundle/config.json
	expect 0 crun run --detach --bundle $bundle hooked
	equal "$(field oci-hooked limit)" $((64 << 20)) "limit of a container of crun"
	# What follows needs a limit, or it takes the memory of the machine.
	[ -z "$case_failed" ] || return
	crun exec hooked /bin/busybox sleep 1001 </dev/null >/dev/null 2>&1 &
	children+=($!)
	await 20 eval '[ "$(field oci-hooked processes)" = 2 ]'
	expect 0 crun delete --force hooked
	await 20 eval '! rssctl show oci-hooked'
	jq '.process.args = ["/bin/busybox", "sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done"]
		| .linux.cgroupsPath = "/crun-test/hungry" | .annotations = {"org.rssd.limit": "24M", "org.rssd.name": "hungry"}' \
		"$work/config" >$bundle/config.json
	expect 137 crun run --bundle $bundle hungry
	expect 0 rssctl oom hungry
	says killed
	jq '.annotations = {"org.rssd.limit": "lots"}' "$work/config" >$bundle/config.json
	expect 255 crun run --bundle $bundle refused
	await 20 eval '[ -z "$(rssctl list --no-legend | grep -E "oci|hungry")" ]'
	dpkg --purge rssd-oci 2>/dev/null
	rm -r $bundle
}

redis() { redis-cli -s /run/redis-test.sock "$@"; }
redis_answers() { [ "$(redis ping)" = PONG ]; }

# A data set of some 70 MB under a limit of 40 MB: unused pages are swapped out.
case_redis() {
	local i pid wrong=0
	swap_on
	expect 0 rssctl create redis --limit=40M
	rssctl run redis -- redis-server --port 0 --unixsocket /run/redis-test.sock --save '' \
		--enable-debug-command yes --dir /run >"$work/redis.log" 2>&1 &
	children+=($!)
	await 60 redis_answers
	pid=$(rssctl ps redis --json=short | jq -r '.[] | select(.command == "redis-server").pid')
	expect 0 redis debug populate 60000 key 1000
	says OK
	for i in {1..60}; do
		[ "$(redis strlen "key:$((i * 997))")" = 1000 ] || wrong=$((wrong + 1))
	done
	equal $wrong 0 "wrong answers"
	stays_below redis $((40 << 20))
	# It responds while its limit is lowered.
	rssctl limit redis 24M --timeout=60s >"$work/lowered" 2>&1 &
	for i in {1..60}; do
		[ "$(redis strlen "key:$((i * 991))")" = 1000 ] || wrong=$((wrong + 1))
	done
	wait $! || fail "the limit was not lowered: $(cat "$work/lowered")"
	equal $wrong 0 "wrong answers while the limit was lowered"
	equal "$(field redis limit)" $((24 << 20)) limit
	[ "$(field redis usage)" -le $((24 << 20)) ] || fail "usage $(field redis usage)"
	equal "$(field redis oom_kills)" 0 kills
	equal "$(redis dbsize)" 60000 keys
	equal "$(rssctl ps redis --json=short | jq -r '.[0].pid')" "$pid" "process of redis"
	note "redis: usage $(field redis usage), peak $(field redis peak), reclaimed $(field redis reclaimed)"
	quiet_remove redis
}

postgres_pids() { pgrep -u postgres -x postgres | sort; }
as_postgres() { runuser -u postgres -- "$@"; }

# The hog has a container of its own, so only the hog is killed.
case_postgres_beside_a_hog() {
	local pid before bench
	swap_off
	start_watch
	expect 0 systemctl start postgresql@15-main
	pid=$(main_pid postgresql@15-main)
	expect 0 rssctl create db --limit=300M
	expect 0 rssctl create greedy --limit=30M
	expect 0 rssctl attach db $leave_unit --tree "$pid"
	as_postgres pgbench -q -i -s 1 postgres >"$work/init" 2>&1 || fail "pgbench -i: $(tail -n 3 "$work/init")"
	before=$(pgrep -o -u postgres -x postgres)
	rssctl run db -- runuser -u postgres -- pgbench -n -c 2 -T 12 postgres >"$work/pgbench" 2>&1 &
	bench=$!
	children+=("$bench")
	launch_hog_in greedy anon 200M
	await 60 heard oom greedy '.oom.victim_command == "hog"'
	launch_hog_in greedy anon 100M
	wait "$bench" || fail "pgbench ended with $?: $(tail -n 5 "$work/pgbench")"
	grep -q 'number of failed transactions: 0 ' "$work/pgbench" || fail "$(cat "$work/pgbench")"
	note "$(grep -e processed -e tps "$work/pgbench" | paste -sd,)"
	equal "$(count_heard oom db)" 0 "OOMs of the database"
	equal "$(field db oom_kills)" 0 "kills in the database"
	[ "$(field greedy oom_kills)" -ge 1 ] || fail "the hog was not killed"
	equal "$(main_pid postgresql@15-main)" "$pid" "main process"
	equal "$(pgrep -o -u postgres -x postgres)" "$before" "first process"
	! grep -q 'terminated by signal' /var/log/postgresql/*.log || fail "a server process was killed"
	stop_watch
	quiet_remove greedy
	# Still under systemd's control, if the controller keeps it in its unit.
	! has in-place || { expect 0 systemctl status postgresql@15-main; says "Main PID: $pid"; }
	expect 0 rssctl detach $(rssctl ps db --json=short | jq -r '.[].pid')
	expect 0 systemctl stop postgresql@15-main
	quiet_remove db
}

# 40 MB under a limit of 4, with a buffer of three times the limit.
case_sort_of_ten_times_the_limit() {
	swap_on
	awk 'BEGIN { srand(1); for (i = 0; i < 40000; i++) printf "%09d%0990d\n", rand() * 1e9, i }' >/var/tmp/unsorted
	expect 0 rssctl create sort --limit=4M
	rssctl run sort -- env LC_ALL=C sort -S 12M -T /var/tmp -o /var/tmp/sorted /var/tmp/unsorted ||
		fail "sort ended with $?"
	stays_below sort $((4 << 20))
	LC_ALL=C sort -c /var/tmp/sorted || fail "not sorted"
	equal "$(wc -l </var/tmp/sorted)" 40000 lines
	rm -f /var/tmp/sorted /var/tmp/unsorted
	note "sort: peak $(field sort peak), reclaimed $(field sort reclaimed)"
	quiet_remove sort
}

# stress-ng verifies its memory: it would find a page that reclaim lost.
case_stress_ng() {
	swap_on
	expect 0 rssctl create stress --limit=48M
	rssctl run stress -- stress-ng --vm 2 --vm-bytes 80M --vm-keep --vm-method walk-0d --verify \
		--oomable --timeout 15s >"$work/stress" 2>&1 || fail "stress-ng ended with $?: $(tail -n 5 "$work/stress")"
	grep -q 'successful run' "$work/stress" || fail "$(tail -n 5 "$work/stress")"
	stays_below stress $((48 << 20))
	note "stress-ng: peak $(field stress peak), reclaimed $(field stress reclaimed)"
	quiet_remove stress
}

run_machine "$@"
