#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-series.sh [PATCH...]: is checkpatch --strict satisfied with the series, does the
# kernel build after each patch, without a warning, with the controller off and on, and
# does it boot with it?  PATCH is a number, "7", for some of them.
#
# A kernel with the controller boots into test_rss.  What that says counts after the
# last patch only; before, the kernel's log does.  What was built and booted is kept in
# build/kernel/each/done, and not done again until that patch or one before it changes.
# TARGET=mm/ builds that alone, and boots nothing.
set -eu
. "$(dirname "$0")/common.sh"

work=$out/each-commits
tree=$out/each
export KCFLAGS=-Werror
[ -d "$out/series-tree/.git" ] || die "no series: make kernel-series"

# a copy, as the series may be made again meanwhile
(lock
 rm -rf "$work"
 git clone -q -b series "$out/series-tree" "$work")

[ "$(cat "$tree/.version-of-package" 2>/dev/null)" = "$(cat "$out/stock/.version-of-package")" ] || {
	rm -rf "$tree"
	mkdir -p "$tree"
	tar -c -C "$out/stock" --exclude='./obj-*' . | tar -x -C "$tree"
}
touch "$tree/done"

# Carry a commit's files over, and put back what it does not have.
check_out()
{
	local f
	git -C "$work" checkout -q "$1"
	git -C "$work" ls-tree -r --name-only series | while read -r f; do
		if [ ! -f "$work/$f" ]; then
			rm -f "$tree/$f"
		elif ! cmp -s "$work/$f" "$tree/$f"; then
			mkdir -p "$tree/$(dirname "$f")"
			cp "$work/$f" "$tree/$f"
		fi
	done
}

is_done() { grep -qxF "$1" "$tree/done"; }

boot()	# boot NUMBER JUDGED
{
	local image=$tree/obj-on/arch/x86/boot/bzImage name=series-$1
	BUILD=$build VM_MEMORY=2G VM_CPUS=3 "$top/tests/vm/run.sh" -k "$image" -i "$build/vm/initrd-selftests" \
		-n "$name" -t 300 -a "selftests=test_rss" >"$out/boot.log" 2>&1 ||
		{ cat "$out/boot.log" >&2; return 1; }
	[ "$2" = 0 ] || grep -q '^test_rss: exit 0 ' "$build/vm/$name/verdict" ||
		{ cat "$build/vm/$name/verdict" >&2; return 1; }
}

# What is left is argued in kernel/README.md.
argued='^include/trace/|^mm/rss_oom\.c:[0-9]+: WARNING:LOGGING_CONTINUATION'
argued+='|^include/linux/rss_container\.h:[0-9]+: WARNING:MACRO_ARG_UNUSED'
mapfile -t mails < <(find "$build/series" -name '*.patch' ! -name '0000-*' | sort)
if (cd "$out/stock" && perl scripts/checkpatch.pl --strict --no-tree --terse --showfile --show-types \
	--ignore FILE_PATH_CHANGES "${mails[@]}") | grep -vE "^total: |$argued"; then
	die "checkpatch complains"
fi
echo "series: checkpatch --strict has nothing to add to what kernel/README.md argues"

mapfile -t commits < <(git -C "$work" rev-list --reverse base..series)
number=0
for commit in "${commits[@]}"; do
	number=$((number + 1))
	[ $# -eq 0 ] || [[ " $* " == *" $number "* ]] || continue
	subject=$(git -C "$work" log -1 --format=%s "$commit")
	key=$(git -C "$work" rev-parse "$commit^{tree}")
	said=''
	for config in off on; do
		fragments="base bench"
		if [ "$config" = on ]; then
			git -C "$work" show "$commit:init/Kconfig" | grep -q '^config RSS_CONTAINER$' || continue
			fragments+=" rss"
		fi
		is_done "$key $config ${TARGET:-bzImage}" || {
			check_out "$commit"
			# shellcheck disable=SC2086
			KERNEL_TARGET=${TARGET:-bzImage} "$top/kernel/build.sh" each "$config" $fragments ||
				die "patch $number, $subject: does not build with the controller $config"
			echo "$key $config ${TARGET:-bzImage}" >>"$tree/done"
		}
		said+=" $config"
	done
	if [ -z "${TARGET:-}" ] && [[ $said == *on ]]; then
		is_done "$key boot" || {
			last=0
			[ "$number" -lt ${#commits[@]} ] || last=1
			[ "$(cat "$tree/obj-on/of" 2>/dev/null)" = "$key" ] || {
				check_out "$commit"
				"$top/kernel/build.sh" each on base bench rss
				echo "$key" >"$tree/obj-on/of"
			}
			boot "$number" "$last" || die "patch $number, $subject: does not boot"
			echo "$key boot" >>"$tree/done"
		}
		said+=" boots"
	fi
	echo "series: patch $number:$said: $subject"
done
