#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Processors with a task each that faults: in one container, then in one each.  The
# kernel is the bench one plus lock statistics.  These are times, so they vary from
# run to run.
#
# Two processors: the share of their time spent waiting for each lock, and the share
# of its acquisitions that had to wait.  Eight emulated processors, more than the host has: the
# number of acquisitions of a lock that had to wait, the median of five runs.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/vm/qemu-options.sh
. "$top/tests/vm/qemu-options.sh"
build=$(realpath -m "${BUILD:-$top/build}")
image=$build/kernel/bzImage-locks
dir=$build/bench
runs=${LOCK_RUNS:-5}

boot()	# boot NAME CPUS ARGS
{
	truncate -s 40M "$dir/$1.img"
	/sbin/mke2fs -q -F -t ext2 -b 4096 -m 0 "$dir/$1.img"
	timeout --foreground 600 qemu-system-x86_64 \
		-nodefaults -no-user-config -display none -no-reboot \
		-accel tcg,thread=multi -smp "$2" -m 1G \
		-kernel "$image" -initrd "$dir/initrd" \
		-append "console=ttyS0 quiet panic=-1 nokaslr $fewer_instructions locks=$2 $3" \
		-drive file="$dir/$1.img",if=virtio,format=raw,cache=unsafe \
		-serial file:"$dir/$1.console" -serial file:"$dir/$1.raw" \
		</dev/null >"$dir/$1.qemu" 2>&1 || :
	rm -f "$dir/$1.img"
	tr -d '\r' <"$dir/$1.raw" >"$dir/$1"
	rm -f "$dir/$1.raw"
	grep -q '^end' "$dir/$1" || {
		echo "bench-locks: no figures for $1, see ${dir#"$top"/}/$1.console" >&2
		return 1
	}
}

boot locks-none 2 "column=none cgroup_disable=memory,rss"
boot locks-memcg 2 "column=memcg cgroup_disable=rss"
boot locks-rss 2 "column=rss cgroup_disable=memory"

# The four locks waited for most, of those that a fault takes.
share()	# share COLUMN one|each
{
	awk -v row="$2_lock" '$1 == row && $3 > 0 {
		printf "%s %s%% (%s of %s waited)\n", $2, $5, $3, $4 }' "$dir/$1" |
	sort -k2 -g -r -t ' ' | head -n 4 | paste -s -d ';' | sed 's/;/; /g'
}

title()	# title COLUMN one|each
{
	case $1-$2 in
	none-*) echo "no controller" ;;
	*-one) echo "$1 in one container" ;;
	*) echo "$1 in one each" ;;
	esac
}

echo
echo "| two tasks fault on two processors | pages mapped | share of time waited, by lock |"
echo "|---|--:|---|"
for column in none memcg rss; do
	for how in one each; do
		[ $column = none ] && [ $how = each ] && continue
		pages=$(awk -v row="${how}_pages" '$1 == row { print $2 }' "$dir/locks-$column")
		waits=$(share "locks-$column" "$how")
		echo "| $(title $column $how) | $pages | ${waits:-none} |"
	done
done

for ((run = 1; run <= runs; run++)); do
	boot "locks8-memcg-$run" 8 "column=memcg cgroup_disable=rss seconds=6"
	boot "locks8-rss-$run" 8 "column=rss cgroup_disable=memory seconds=6"
done

# The median over the runs of contentions for 1000 acquisitions.
contended()	# contended COLUMN one|each LOCK
{
	local run
	for ((run = 1; run <= runs; run++)); do
		awk -v row="$2_lock" -v lock="$3" '$1 == row && $2 == lock {
			printf "%.2f\n", 1000 * $3 / $4 }' "$dir/locks8-$1-$run"
	done | sort -g | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "–" }'
}

echo
echo "| eight tasks fault on eight emulated processors: of 1000 acquisitions waited | lruvec's lru_lock | rss_lru.lock |"
echo "|---|--:|--:|"
for column in memcg rss; do
	for how in one each; do
		echo "| $(title $column $how) | $(contended $column $how 'lruvec->lru_lock') | $(contended $column $how 'lru->lock') |"
	done
done
