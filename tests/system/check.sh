#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.sh [-w WORLD] BUILD [CASE...]: every world in a virtual machine of its
# own, as many at a time as there are processors for two each (JOBS=). A world
# is a kernel, a way to mount cgroups, and a script of cases; the long ones
# begin first.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
only=
[ "$1" != -w ] || { only=$2; shift 2; }
build=$1
shift
kernels=$top/build/kernel
logs=${SYSTEM_LOGS:-$top/build/system}
jobs=${JOBS:-$((($(nproc) + 1) / 2 + 1))}
legacy='systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1'
failed=0

# world NAME KERNEL DISK SCRIPT ARGUMENTS
world() {
	local name=$1
	[ -z "$only" ] || [ "$only" = "$name" ] || return 0
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || failed=1; done
	{
		local status=0
		"$top/tests/system/run.sh" -k "$kernels/$2" -d "$build/system/$3" -n "$name" \
			-a "rssd.script=$4 $5" "${cases[@]}" >"$logs/$name.log" 2>&1 || status=$?
		cat "$logs/$name.log"
		exit $status
	} &
}

cases=("$@")
mkdir -p "$logs"
world rss-v1 bzImage disk cases ''
world rss-v2 bzImage disk cases rssd.hierarchy=v2
world trust-rss bzImage disk trust ''
world trust-memory-v2 bzImage-stock-bench disk trust rssd.hierarchy=v2
world workloads-rss bzImage-bench workloads workloads ''
world workloads-memory-v2 bzImage-stock-bench workloads workloads rssd.hierarchy=v2
world doctor-rss-v1 bzImage-bench disk worlds rssd.controller=rss
world doctor-rss-v2 bzImage-bench disk worlds 'rssd.controller=rss rssd.hierarchy=v2'
world doctor-memory-v2 bzImage-stock-bench disk worlds 'rssd.controller=memory-v2 rssd.hierarchy=v2'
world doctor-memory-v1 bzImage-stock-bench disk worlds "rssd.controller=memory-v1 $legacy"
while [ -n "$(jobs -rp)" ]; do wait -n || failed=1; done
exit $failed
