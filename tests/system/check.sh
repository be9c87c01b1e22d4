#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.sh [-w WORLD] BUILD [SCRIPT[:CASE,CASE]...]: each world is a virtual machine, and
# one more runs at a time than there are processors, because they wait now and then (JOBS=).
# A world is a kernel, a way to mount cgroups, and scripts of cases; SCRIPT arguments replace its
# scripts. The longest start first. WORLD is a pattern; without it the worlds slurm-* and oci-* are
# left out.
# A machine has one processor, which costs a seventh to a third less than two, except for two machines in
# which code of the rss controller runs side by side. Runtimes of containers make cpusets, for which the
# kernel patches its text, and an emulated processor may run the breakpoint of another one's patch after
# that is over ("Oops: int3").
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/cpu-time.sh
. "$top/tests/cpu-time.sh"
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

# world NAME KERNEL ARGUMENTS SCRIPT[:CASE,CASE]...: KERNEL is a file of the build, with Debian 12; or
# debian-13, with its own kernel. Worlds named after Slurm or OCI have a disk of their own.
world() {
	local name=$1 run=("${named[@]}") machine special='' disk processors=1
	case $name in
	slurm-* | oci-*) special=-${name%-*} ;;
	esac
	# shellcheck disable=SC2053
	if [ -z "$only" ]; then [ -z "$special" ]; else [[ $name == $only ]]; fi || return 0
	if [ "$2" = debian-13 ]; then
		disk=$build/system/disk-trixie$special
		machine=(-k "$disk.vmlinuz" -i "$disk.initrd" -d "$disk")
	else
		machine=(-k "$kernels/$2" -d "$build/system/disk$special")
	fi
	[ ${#run[@]} -gt 0 ] || run=("${@:4}")
	case $name in rss-v1 | rss-debug) processors=2 ;; esac
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || failed=1; done
	{
		local status=0 start=$SECONDS
		VM_CPUS=${VM_CPUS:-$processors} "$top/tests/system/run.sh" "${machine[@]}" -n "$name" \
			-a "$3" "${run[@]}" >"$logs/$name.log" 2>&1 || status=$?
		cat "$logs/$name.log"
		measure_cpu "$logs/$name.times"
		echo "$name: $((SECONDS - start)) s, CPU $cpu s"
		exit $status
	} &
}

# Two machines run everything: the rss controller on v1, and the memory controller on v2. The others run
# what differs by kernel and hierarchy. Without the rss controller the kernel is the patched one, with
# cgroup_disable=rss, or Debian's own. The debugging kernel is slow and runs what loads it most.
# What has been seen to be alike everywhere runs in one or two machines only, elsewhere with WHOLE=1.
whole() { [ -z "${WHOLE:-}" ] || echo "$@"; }
installed=boot,service,two_daemons
kernel=doctor,flood,freeze,oom,peak,reclaim,watermarks
crash=crash_under_load,killed_after_many_starts,restart
allowed=budgets,capabilities,every_verb_in_the_sandbox
units=unit_bad_names,unit_drift,unit_is_limited_from_its_start,unit_keeps_its_processes
units+=,unit_pressure_events,unit_slice_and_scope,unit_starts_at_the_smallest_limit
services=forking_without_a_pid_file,nginx,podman_hooks,podman_scope,postgresql,redis,sandbox,service_of_a_user,watchdog_of_a_child
host=limits/force_kills_no_more_than_it_must,limits/limit_is_lowered_by_reclaim,limits/oom_record_has_its_cause
host+=,limits/oom_storm_loses_no_kill,limits/parent_limit_binds_its_children_together
host+=,limits/the_victim_is_described_before_it_ends,suggest/refaults_raise_the_suggestion
joined=metrics_socket,rules,rules_under_load,suggest,unit_joins_by_drop_in,unit_joins_from_its_start
v2='rssd.hierarchy=v2'
v1='systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1'
memory_v1="$v1 cgroup_disable=rss rssd.controller=memory-v1"
memory_v2="$v2 cgroup_disable=rss rssd.controller=memory-v2"
service=bzImage-service runtimes=bzImage-runtimes
mkdir -p "$logs"
world rss-v1 $service 'rssd.controller=rss' cases load-cases hostile-cases controller-cases unit-cases workloads
world memory-v2 $service "$memory_v2" cases:$installed,$kernel,$crash,$allowed,$joined \
	load-cases controller-cases unit-cases readme-cases $(whole hostile-cases workloads)
world stock-13 debian-13 "$v2 rssd.controller=memory-v2" cases:boot,package unit-cases:$units service-units:$services \
	controller-cases:failures_peak_and_events readme-cases
world rss-v2 $service "$v2 rssd.controller=rss" "cases:$(whole $installed,)$kernel,no_netlink" controller-cases
world memory-v1 $service "$memory_v1" "cases:$(whole $installed,$crash,)$allowed" controller-cases unit-cases
world host-13 debian-13 "$v2 rssd.controller=memory-v2" host-suite:$host,members,purge
world slurm-v1 $runtimes "$v1 rssd.controller=rss rssd.slurm=cgroup/v1" slurm-cases
world slurm-v2 $runtimes "$memory_v2 rssd.slurm=cgroup/v2" slurm-cases
world slurm-13 debian-13 "$v2 rssd.controller=memory-v2 rssd.slurm=cgroup/v2" slurm-cases
world oci-v1 $runtimes "$v1 rssd.controller=rss" users-suite:oci
world oci-v2 $runtimes "$v2 rssd.controller=rss" users-suite:oci
world rss-debug bzImage '' cases:crash_under_load,oom,reclaim
while [ -n "$(jobs -rp)" ]; do wait -n || failed=1; done
exit $failed
