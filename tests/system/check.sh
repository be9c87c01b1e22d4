#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.sh [-w WORLD] BUILD [SCRIPT[:CASE,CASE]...]: every world in a virtual machine of
# its own, one more at a time than there are processors, as they wait now and then
# (JOBS=). A world is a kernel, a way to mount cgroups, and scripts of cases, of which
# others may be named; the long ones begin first.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
only=
[ "$1" != -w ] || { only=$2; shift 2; }
build=$(realpath "$1")
shift
export BUILD=$build
kernels=$build/kernel
logs=${SYSTEM_LOGS:-$build/system}
jobs=${JOBS:-$(($(nproc) + 1))}
named=("$@")
failed=0

# world NAME KERNEL DISK ARGUMENTS SCRIPT[:CASE,CASE]...
world() {
	local name=$1 run=("${named[@]}")
	[ ${#run[@]} -gt 0 ] || run=("${@:5}")
	[ -z "$only" ] || [ "$only" = "$name" ] || return 0
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || failed=1; done
	{
		local status=0
		"$top/tests/system/run.sh" -k "$kernels/$2" -d "$build/system/$3" -n "$name" \
			-a "$4" "${run[@]}" >"$logs/$name.log" 2>&1 || status=$?
		cat "$logs/$name.log"
		exit $status
	} &
}

# All of cases.sh is tried once; elsewhere what differs by kernel and hierarchy, and worlds.sh,
# which does what the doctor says works. The debugging kernel watches what works it hardest.
installed=boot,service,two_daemons
kernel=doctor,flood,freeze,oom,peak,reclaim,watermarks
crash=crash_under_load,restart
allowed=budgets,capabilities,every_verb_in_the_sandbox
joined=metrics_socket,rules,rules_under_load,suggest,unit_joins_by_drop_in,unit_joins_from_its_start
v2=rssd.hierarchy=v2
v1='systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1'
rss=bzImage-service stock=bzImage-stock-service
mkdir -p "$logs"
world rss-v1 $rss disk '' cases
world memory-v2 $stock disk $v2 cases:$installed,$kernel,$crash,$allowed,$joined
world rss-debug bzImage disk '' cases:crash_under_load,oom,reclaim
world rss-v2 $rss disk "$v2 rssd.controller=rss" cases:$installed,$kernel,no_netlink worlds
world trust-rss $rss disk rssd.controller=rss trust worlds
world trust-memory-v2 $stock disk "$v2 rssd.controller=memory-v2" trust worlds
world memory-v1 $stock disk "$v1 rssd.controller=memory-v1" cases:$installed,$crash,$allowed worlds
world workloads-rss $rss workloads '' workloads
world workloads-memory-v2 $stock workloads $v2 workloads
while [ -n "$(jobs -rp)" ]; do wait -n || failed=1; done
exit $failed
