#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench-daemon.sh -k BZIMAGE -d DISK: measures rssd, systemd and the tools of
# libcgroup in one virtual machine, one after the other on the same bus, and
# writes build/bench-daemon.md. CONTAINERS, SECONDS_EACH and SAMPLES make it shorter.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
while getopts k:d: o; do
	case $o in
	k) kernel=$OPTARG ;;
	d) disk=$OPTARG ;;
	*) exit 2 ;;
	esac
done
containers=${CONTAINERS:-10000}
build=$(realpath -m "${BUILD:-$top/build}")
logs=${SYSTEM_LOGS:-$build/system}/bench
# Instructions are counted, not timed, so the speed of this host does not matter.
VM_COUNTED=1 VM_MEMORY=${VM_MEMORY:-2G} "$top/tests/system/run.sh" -k "$kernel" -d "$disk" -n bench -t 3000 \
	-a "ramdisk_size=131072 rssd.containers=$containers rssd.seconds=${SECONDS_EACH:-10} rssd.samples=${SAMPLES:-300}" bench-inside

# value NAME [FIELD]
value() { awk -v name="$1" -v field="${2:-1}" '$1 == "figure" && $2 == name { print $(field + 2) }' "$logs/verdict"; }
ms() { awk -v us="$1" 'BEGIN { printf "%.1f ms", us / 1000 }'; }
ratio() { awk -v a="$(value "$1")" -v b="$(value "$2")" 'BEGIN { printf "%.1f", a / b }'; }

{
	echo "| what | figure | target |"
	echo "|---|--:|--:|"
	echo "| create with a limit, attach, remove: transient containers of rssd | $(value rounds)/s | 5 times systemd |"
	echo "| the same as transient scopes of systemd, where there is no rssd | $(value scopes_alone)/s | |"
	echo "| rssd to systemd | $(ratio rounds scopes_alone) | 5 |"
	echo "| such scopes while rssd runs with FavorDynMods=yes | $(value scopes)/s | |"
	echo "| empty calls over the bus | $(value calls)/s | |"
	echo "| containers that outlive a boot, synced to a disk in memory | $(value rounds_persistent)/s | |"
	echo "| cgcreate, cgset, cgclassify, cgdelete | $(value cgroup_tools)/s | |"
	echo "| $(value containers) containers: rssd's memory for each | $((($(value resident_filled) - $(value resident_empty)) * 1024 / $(value containers))) bytes | 1024 |"
	echo "| all of it, after a list | $(value resident_listed) KiB | $((8192 + $(value containers))) KiB |"
	echo "| \`rssctl list\`, again and again | $(ms "$(value list)") | 50 ms |"
	echo "| the first \`rssctl list\` | $(ms "$(value list_first)") | |"
	echo "| wakeups in an idle minute | $(value idle_wakeups) | 0 |"
	echo "| event to signal, idle machine: median | $(ms "$(value latency)") | |"
	echo "| 99th percentile | $(ms "$(value latency 2)") | 5 ms |"
	echo "| event to signal, 50 containers at their limits, processors shared by service: median | $(ms "$(value latency_busy)") | |"
	echo "| 99th percentile | $(ms "$(value latency_busy 2)") | 20 ms |"
	echo "| the same, processors shared by process: median | $(ms "$(value latency_flat)") | |"
	echo "| 99th percentile | $(ms "$(value latency_flat 2)") | |"
	echo "| events neither received nor reported as lost | $(($(value latency 5) + $(value latency_busy 5) + $(value latency_flat 5))) | 0 |"
} >"$build/bench-daemon.md"
cat "$build/bench-daemon.md"
