#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two processors, each with a task that faults: in one container, then in one
# each.  The kernel is the bench one plus lock statistics.  Printed are the share of
# both processors' time spent waiting for each lock, and the share of its
# acquisitions that had to wait.  These are times, so they vary from run to run.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(realpath -m "${BUILD:-$top/build}")
image=$build/kernel/bzImage-locks
dir=$build/bench

boot()	# boot NAME ARGS
{
	truncate -s 40M "$dir/$1.img"
	/sbin/mke2fs -q -F -t ext2 -b 4096 -m 0 "$dir/$1.img"
	timeout --foreground 600 qemu-system-x86_64 \
		-nodefaults -no-user-config -display none -no-reboot \
		-accel tcg,thread=multi -smp 2 -m 1G \
		-kernel "$image" -initrd "$dir/initrd" \
		-append "console=ttyS0 quiet panic=-1 nokaslr locks=1 $2" \
		-drive file="$dir/$1.img",if=virtio,format=raw,cache=unsafe \
		-serial file:"$dir/$1.console" -serial file:"$dir/$1.raw" \
		</dev/null >"$dir/$1.qemu" 2>&1 || :
	rm -f "$dir/$1.img"
	tr -d '\r' <"$dir/$1.raw" >"$dir/$1"
	rm -f "$dir/$1.raw"
	grep -q '^end' "$dir/$1"
}

boot locks-none "column=none cgroup_disable=memory,rss"
boot locks-memcg "column=memcg cgroup_disable=rss"
boot locks-rss "column=rss cgroup_disable=memory"

# The four locks waited for most, of those that a fault takes.
share()	# share COLUMN one|two
{
	awk -v row="$2_lock" '$1 == row && $3 > 0 {
		printf "%s %s%% (%s of %s waited)\n", $2, $5, $3, $4 }' "$dir/$1" |
	sort -k2 -g -r -t ' ' | head -n 4 | paste -s -d ';' | sed 's/;/; /g'
}

echo
echo "| two tasks fault on two processors | pages mapped | share of time waited, by lock |"
echo "|---|--:|---|"
for column in none memcg rss; do
	case $column in
	none) title="no controller" ;;
	memcg) title="memcg" ;;
	rss) title="rss" ;;
	esac
	for how in one two; do
		[ $column = none ] && [ $how = two ] && continue
		where="in one container"
		[ $how = one ] || where="in one each"
		[ $column != none ] || where=
		pages=$(awk -v row="${how}_pages" '$1 == row { print $2 }' "$dir/locks-$column")
		waits=$(share "locks-$column" "$how")
		echo "| $title $where | $pages | ${waits:-none} |"
	done
done
