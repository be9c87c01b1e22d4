#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# build.sh stock|linux NAME FRAGMENT...
#
# Builds a bzImage of that tree in TREE/obj-NAME, from allnoconfig plus the
# named fragments of kernel/config.  A fragment's option that Kconfig refuses
# is an error: a test kernel without its debugging proves nothing.  The hooks'
# file "config" says what differs in this kernel.
set -eu
. "$(dirname "$0")/common.sh"

[ $# -ge 3 ] || die "usage: build.sh stock|linux NAME FRAGMENT..."
tree=$out/$1 obj=obj-$2
read -ra targets <<<"${KERNEL_TARGET:-bzImage}"
shift 2
lock

mkdir -p "$tree/$obj"
(cd "$top/kernel/config" && cat "$@") >"$tree/$obj/wanted"
if [ -f "$hooks/config" ]; then
	sed -nE 's/^-(CONFIG_[A-Z0-9_]+)$/\1/p' "$hooks/config" | while read -r option; do
		sed -i "/^$option=/d" "$tree/$obj/wanted"
	done
	grep -vE '^-' "$hooks/config" >>"$tree/$obj/wanted"
fi
if ! cmp -s "$tree/$obj/wanted" "$tree/$obj/configured" ||
   [ -n "$(find "$tree" -name 'Kconfig*' -newer "$tree/$obj/configured" -print -quit)" ]; then
	run_logged "$tree/$obj/config.log" \
		make -C "$tree" O="$obj" CC="$cc" HOSTCC="$cc" KCONFIG_ALLCONFIG="$tree/$obj/wanted" allnoconfig
	sed -nE '/^CONFIG_[A-Z0-9_]+=/p; s/^# (CONFIG_[A-Z0-9_]+ is not set)/# \1/p' "$tree/$obj/wanted" |
	while read -r line; do
		grep -qxF -- "$line" "$tree/$obj/.config" ||
		case $line in
		'#'*) ! grep -q "^${line:2:-11}=" "$tree/$obj/.config" ;;
		*) false ;;
		esac || die "$obj: Kconfig did not take: $line"
	done
	cp "$tree/$obj/wanted" "$tree/$obj/configured"
fi
run_logged "$tree/$obj/build.log" \
	make -C "$tree" -j"$jobs" O="$obj" CC="$cc" HOSTCC="$cc" "${targets[@]}"
