#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Counts instructions on one image and writes build/bench-kernel.md:
# a column a boot.  The clock of the machine is its instruction counter, so
# the figures repeat on any host and under any load.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(realpath -m "${BUILD:-$top/build}")
image=${IMAGE:-$build/kernel/bzImage-bench}
dir=$build/bench

# boot NAME IMAGE ARGS
boot()
{
	local name=$1 kernel=$2
	truncate -s 40M "$dir/$name.img"
	/sbin/mke2fs -q -F -t ext2 -b 4096 -m 0 "$dir/$name.img"
	timeout --foreground 900 qemu-system-x86_64 \
		-nodefaults -no-user-config -display none -no-reboot \
		-accel tcg -icount shift=0,sleep=off -smp 1 -m 1G \
		-kernel "$kernel" -initrd "$dir/initrd" \
		-append "console=ttyS0 quiet panic=-1 nokaslr $3" \
		-drive file="$dir/$name.img",if=virtio,format=raw,cache=unsafe \
		-serial file:"$dir/$name.console" -serial file:"$dir/$name.raw" \
		</dev/null >"$dir/$name.qemu" 2>&1 || :
	rm -f "$dir/$name.img"
	tr -d '\r' <"$dir/$name.raw" >"$dir/$name"
	rm -f "$dir/$name.raw"
	grep -q '^end' "$dir/$name" || {
		echo "bench-kernel: no figures for the column $name, see ${dir#"$top"/}/$name.console" >&2
		return 1
	}
}

# figure COLUMN ROW
figure() { awk -v row="$2" '$1 == row { print $2 }' "$dir/$1" 2>/dev/null; }

columns="none memcg rss unused"
boot none "$image" "column=none cgroup_disable=memory,rss"
boot memcg "$image" "column=memcg cgroup_disable=rss"
boot rss "$image" "column=rss cgroup_disable=memory" || columns="none memcg unused"
boot unused "$image" "column=unused cgroup_disable=memory"
boot memcg-gen "$image" "column=memcg cgroup_disable=rss lru_gen=1 rows=reclaim"
boot rss-gen "$image" "column=rss cgroup_disable=memory lru_gen=1 rows=reclaim" || :
if [ -f "$build/kernel/bzImage-stock-bench" ]; then
	boot unpatched "$build/kernel/bzImage-stock-bench" "column=none cgroup_disable=memory"
fi

cell()
{
	local v
	v=$(figure "$1" "$2")
	echo "${v:-–}"
}

# what a controller adds to the column without one
added()
{
	local v n
	v=$(figure "$1" "$2") n=$(figure none "$2")
	[ -n "$v" ] && [ -n "$n" ] && echo $((v - n)) || echo –
}

# what the unused controller adds to the unpatched image, and in percent
unused()
{
	local v n
	v=$(figure unused "$1") n=$(figure unpatched "$1")
	[ -n "$v" ] && [ -n "$n" ] &&
		awk -v v="$v" -v n="$n" 'BEGIN { printf "%d (%.2f%%)\n", v - n, (v - n) * 100 / n }' || echo –
}

# ratio PART WHOLE
ratio()
{
	[ "$1" != – ] && [ "$2" != – ] && awk -v part="$1" -v whole="$2" 'BEGIN { printf "%.2f\n", part / whole }' || echo –
}

# what rss adds, as a part of what memcg adds
part() { ratio "$(added rss "$1")" "$(added memcg "$1")"; }

# what a page takes with two containers, of what it takes with one
of_one() { ratio "$(cell "$1" turns_two)" "$(cell "$1" turns_one)"; }

{
	echo "| instructions | unpatched, no controller | patched, no controller | memcg child with a limit | rss container with a limit | rss compiled in, unused | memcg adds | rss adds | of memcg's | unused adds to unpatched |"
	echo "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
	while IFS='|' read -r row title; do
		echo "| $title | $(cell unpatched "$row") | $(cell none "$row") | $(cell memcg "$row") | $(cell rss "$row") | $(cell unused "$row") | $(added memcg "$row") | $(added rss "$row") | $(part "$row") | $(unused "$row") |"
	done <<-'ROWS'
		anon|anonymous fault and unmap, a 4 KiB page
		file|file map with fault-around and unmap, a page
		thp|THP fault and unmap, a huge page
		fork|fork and exit of a 64 MB process
	ROWS
	echo
	echo "| two tasks in turn on one processor, 16 pages each time: a page | memcg | rss |"
	echo "|---|--:|--:|"
	echo "| in one container | $(cell memcg turns_one) | $(cell rss turns_one) |"
	echo "| in one each | $(cell memcg turns_two) | $(cell rss turns_two) |"
	echo "| of one container | $(of_one memcg) | $(of_one rss) |"
	echo
	echo "| reclaim at the limit into zram | memcg | rss |"
	echo "|---|--:|--:|"
	echo "| instructions per page freed, its fault included | $(cell memcg reclaim) | $(cell rss reclaim) |"
	echo "| pages scanned per 1000 freed | $(cell memcg reclaim_scanned_per_1000) | $(cell rss reclaim_scanned_per_1000) |"
	echo "| instructions per page freed, lru_gen | $(cell memcg-gen reclaim) | $(cell rss-gen reclaim) |"
	echo "| pages scanned per 1000 freed, lru_gen | $(cell memcg-gen reclaim_scanned_per_1000) | $(cell rss-gen reclaim_scanned_per_1000) |"
	echo "| instructions per page freed, 1,000 other containers hold pages | $(cell memcg others) | $(cell rss others) |"
	echo "| pages scanned per 1000 freed, 1,000 other containers hold pages | $(cell memcg others_scanned_per_1000) | $(cell rss others_scanned_per_1000) |"
	echo "| bytes an empty container takes, with its cgroup | $(cell memcg empty_container_bytes) | $(cell rss empty_container_bytes) |"
	echo
	echo "| a fault near the limit, instructions | memcg | rss | rss with watermarks |"
	echo "|---|--:|--:|--:|"
	for figure in p50 p99 max hits; do
		case $figure in
		hits) title="how often the limit was hit in 8,192 faults" ;;
		max) title="the longest" ;;
		*) title=$figure ;;
		esac
		echo "| $title | $(cell memcg near_$figure) | $(cell rss near_$figure) | $(cell rss wmark_$figure) |"
	done
	if [ -f "$build/kernel/bzImage-locks" ]; then
		"$top/tests/bench/bench-locks.sh"
	fi
} >"$build/bench-kernel.md"
cat "$build/bench-kernel.md"
