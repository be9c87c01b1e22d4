#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the test machine: measures rssd next to systemd and the tools of
# libcgroup, and prints "figure NAME VALUE" for each. tests/bench/bench-daemon.sh
# makes a table of them.
export BUILD=/usr/lib/rssd-tests
# shellcheck source=tests/lib.sh
. "${0%/*}/lib.sh"
bench=$BUILD/tests/tools/bench-daemon
argument() { tr ' ' '\n' </proc/cmdline | sed -n "s/^rssd\.$1=//p"; }
containers=$(argument containers)
seconds=$(argument seconds)
samples=$(argument samples)

figure() {
	printf 'figure %s %s\n' "$1" "$2"
	[ -n "$2" ] && echo "ok - bench/$1" || echo "not ok - bench/$1: no figure"
}
rssd() { systemctl show --property=MainPID --value rssd; }
# Context switches of all of its threads.
switches() { cat "/proc/$(rssd)"/task/*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$(rssd)/status"; }

# The same four operations with the tools of libcgroup, in the hierarchy that rssd uses.
cgroup_tools() {
	local end=$((SECONDS + seconds)) start n=0 pid
	start=$(date +%s%N)
	while [ $SECONDS -lt $end ]; do
		sleep infinity &
		pid=$!
		cgcreate -g rss:tools$n && cgset -r rss.limit_in_bytes=64M tools$n &&
			cgclassify -g rss:tools$n $pid || return 1
		kill -KILL $pid
		wait $pid 2>/dev/null
		cgdelete -g rss:tools$n || return 1
		n=$((n + 1))
	done
	awk -v n=$n -v ns=$(($(date +%s%N) - start)) 'BEGIN { printf "%.1f\n", n * 1e9 / ns }'
}

# In memory: a clock that counts instructions does not measure the host's disk.
mke2fs -q -i 2048 /dev/ram0
mkdir -p /var/lib/rssd
mount /dev/ram0 /var/lib/rssd
echo 512M >/sys/block/zram0/disksize
mkswap -q /dev/zram0 >/dev/null
swapon /dev/zram0
# Before rssd has mounted its hierarchy: systemd as it is on its own.
! grep -q /run/rssd/rss /proc/mounts || echo "not ok - bench/scopes_alone: rssd was here before"
figure scopes_alone "$("$bench" scopes "$seconds")"
systemctl start rssd
figure controller "$(rssctl version --json=short | jq -r .controller)"
figure scopes "$("$bench" scopes "$seconds")"
figure calls "$("$bench" calls 5)"
figure rounds "$("$bench" rounds "$seconds")"
figure rounds_persistent "$("$bench" rounds "$seconds" persistent)"
figure cgroup_tools "$(cgroup_tools 2>/dev/null)"

# An idle machine; then one with fifty containers at their limits.
# The client is a service of its own, as rssd and the bus are: what is measured is their time.
latency() {
	systemd-run --quiet --wait --pipe --collect "$bench" latency "$samples" /run/rssd/rss/rssd rss.failcnt
}
figure latency "$(latency)"
truncate -s 32M /var/tmp/mapped
for i in {1..50}; do
	rssctl create "busy$i" --limit=8M >/dev/null
	rssctl run "busy$i" -- "$BUILD/tests/tools/hog" file /var/tmp/mapped 100000000 >/dev/null 2>&1 &
done
at_limit() { [ "$(rssctl list --json=short | jq '[.[] | select(.failures > 0)] | length')" -ge 50 ]; }
until_true 60 at_limit
figure latency_flat "$(latency)"
# systemd shares the processors among services only if one of them has a weight.
systemctl set-property --runtime dbus.service CPUWeight=100
figure latency_busy "$(latency)"
for i in {1..50}; do rssctl remove --force "busy$i" >/dev/null; done

systemctl restart rssd
figure resident_empty "$(resident)"
figure fill "$("$bench" fill "$containers")"
figure containers "$(rssctl list --no-legend | wc -l)"
figure resident_filled "$(resident)"
before=$(switches)
sleep 60
figure idle_wakeups $(($(switches) - before))
figure list_first "$("$bench" time 1 rssctl list)"
figure list "$("$bench" time 7 rssctl list)"
figure resident_listed "$(resident)"
journalctl -u rssd --no-pager -o cat 2>/dev/null | grep -v -e created -e removed -e changed -e attached | tail -n 20 | sed 's/^/#   rssd: /'
