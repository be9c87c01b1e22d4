#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-configs.sh [NAME...]: does the controller build, without a warning, in other
# configurations?  Each is the fragments base and rss with one option changed, for
# arm64, or with all controllers.  Compiled are mm/, kernel/cgroup/ and what the hooks touch.  Nothing is linked, but each
# function of the controller that is called must be in one of these objects.  Kconfig
# must refuse the controller in some, as its help text says.
set -eu -o pipefail
. "$(dirname "$0")/common.sh"

# NAME, "builds" or "refused", arguments of scripts/config
variants="
memcg    builds   -d MEMCG
swap     builds   -d SWAP
numa     builds   -d NUMA
thp      builds   -d TRANSPARENT_HUGEPAGE
lru_gen  builds   -d LRU_GEN
arm64    builds   -e SMP
cgroups  builds   -e BLK_CGROUP -e CGROUP_CPUACCT -e CGROUP_DEVICE -e CGROUP_NET_CLASSID -e CGROUP_PERF -e CGROUP_NET_PRIO -e CGROUP_HUGETLB -e CGROUP_RDMA -e CGROUP_MISC -e CGROUP_DEBUG
dmem     refused  -e CGROUP_DMEM -e CGROUP_DEBUG
smp      refused  -d SMP
rt       refused  -e EXPERT -d PREEMPT_VOLUNTARY -e PREEMPT_RT
"
tree=$out/linux
pattern='^(__)?(rss_|container_rss_|mm_[a-z]*_container$|page_counter_|freezer_self_)'
# cgroup.c refuses more controllers than 16
targets="mm/ kernel/cgroup/ "$(sed -nE 's,^((fs|kernel)/.*)\.c$,\1.o,p' "$out/applied" | tr '\n' ' ')

# make in the variant's folder
kmake()
{
	make -C "$tree" -j"$jobs" O="$obj" CC="$compiler" HOSTCC="$cc" KCFLAGS=-Werror "$@"
}

configured()
{
	grep -q "^CONFIG_$1=y$" "$tree/$obj/.config"
}

configure()
{
	cat "$top/kernel/config/base" "$top/kernel/config/rss" >"$tree/$obj/wanted"
	kmake KCONFIG_ALLCONFIG="$tree/$obj/wanted" allnoconfig &&
		"$tree/scripts/config" --file "$tree/$obj/.config" "$@" &&
		kmake olddefconfig
}

# Each option is what was asked for.
check_options()
{
	while [ $# -gt 1 ]; do
		case $1 in
		-d) ! configured "$2" || die "$obj: CONFIG_$2 is on" ;;
		-e) configured "$2" || die "$obj: CONFIG_$2 is off" ;;
		esac
		shift 2
	done
}

# The controller's symbols that are called, or defined, in some object.
symbols_that_are()
{
	local kind=$1
	# the archives of mm/ are thin
	(cd "$tree/$obj" && find mm fs kernel -name '*.o' -print0 | xargs -0 "${prefix}nm" -A 2>/dev/null) |
		awk -v kind="$kind" '{
			type = $(NF - 1)
			if ((type == "U") == (kind == "called")) print $NF
		}' | grep -E "$pattern" | sort -u
}

bad=0
check()
{
	local name=$1 expected=$2
	shift 2
	obj=obj-config-$name compiler=$cc prefix=''
	mkdir -p "$tree/$obj"
	if [ "$name" = arm64 ]; then
		export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
		prefix=$CROSS_COMPILE compiler="${cc%gcc}aarch64-linux-gnu-gcc"
	else
		export ARCH=x86_64
		unset CROSS_COMPILE
	fi
	run_logged "$tree/$obj/config.log" configure "$@"
	check_options "$@"
	if [ "$expected" = refused ]; then
		! configured RSS_CONTAINER || die "$name: Kconfig accepts CONFIG_RSS_CONTAINER"
		return
	fi
	configured RSS_CONTAINER || die "$name: Kconfig refuses CONFIG_RSS_CONTAINER"
	# shellcheck disable=SC2086
	run_logged "$tree/$obj/build.log" kmake $targets
	if comm -23 <(symbols_that_are called) <(symbols_that_are defined) | grep .; then
		echo "$name: called, but in no object" >&2
		bad=$((bad + 1))
	fi
}

lock
while read -r name expected options; do
	[ -n "$name" ] || continue
	[ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
	# Linux 6.12 has no dmem controller
	[ "$name" != dmem ] || grep -q '^config CGROUP_DMEM$' "$tree/init/Kconfig" || continue
	start=$SECONDS
	# shellcheck disable=SC2086
	check "$name" "$expected" $options
	echo "configs: $name: $expected ($((SECONDS - start)) s)"
done <<<"$variants"
[ "$bad" = 0 ]
