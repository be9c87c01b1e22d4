#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compare-off.sh: with CONFIG_RSS_CONTAINER=n, is every object what it is in an
# unpatched build?  Compared are all sections and relocations.  Symbol names
# that the preprocessor numbers (by line, or by a counter that goes on through
# the headers) are compared without those numbers: nothing of them is in the
# image.
set -eu
. "$(dirname "$0")/common.sh"

result=$top/build/vm/off
rm -rf "$result"
mkdir -p "$result"
KERNEL_TARGET=vmlinux "$top/kernel/build.sh" stock bench base bench
KERNEL_TARGET=vmlinux "$top/kernel/build.sh" linux off base bench

objects()
{
	# what the link makes of them follows from them, and carries a timestamp
	(cd "$out/$1" && find . -name '*.o' ! -name '.tmp_*' ! -name 'vmlinux*' \
		! -path './scripts/*' ! -path './tools/*' | sort)
}

contents()
{
	objdump -s -r "$1" | sed -E '
		1,/file format/d
		s/(__UNIQUE_ID_[A-Za-z_]*)[0-9]+/\1/g
		s/(__initcall__[A-Za-z0-9_]*__)[0-9]+_[0-9]+_/\1/g
		s/(__(already_done|warned|section|key|func__|print_once|pfx|_rs)\.)[0-9]+/\1/g'
}

# Sections that hold only names may differ by those numbers.
same_but_names()
{
	diff -q <(contents "$1" | grep -v -e '^Contents of section .*tab:') \
		<(contents "$2" | grep -v -e '^Contents of section .*tab:') >/dev/null
}

objects stock/obj-bench >"$result/stock"
objects linux/obj-off >"$result/linux"
bad=0 equal=0 renamed=0
if ! diff "$result/stock" "$result/linux" >"$result/lists"; then
	echo "off: the two builds do not have the same objects:" >&2
	head -n 10 "$result/lists" >&2
	bad=$(grep -c '^[<>]' "$result/lists")
fi
while read -r o; do
	a=$out/stock/obj-bench/$o b=$out/linux/obj-off/$o
	[ -f "$a" ] && [ -f "$b" ] || continue
	if cmp -s "$a" "$b"; then
		equal=$((equal + 1))
	elif same_but_names "$a" "$b"; then
		renamed=$((renamed + 1))
		echo "$o" >>"$result/renamed"
	else
		bad=$((bad + 1))
		echo "off: $o differs" >&2
	fi
done <"$result/stock"
[ "$(size -A "$out/stock/obj-bench/vmlinux" | awk '$1 != ".notes" { print $1, $2 }')" = \
  "$(size -A "$out/linux/obj-off/vmlinux" | awk '$1 != ".notes" { print $1, $2 }')" ] || {
	echo "off: the sections of vmlinux have other sizes" >&2
	bad=$((bad + 1))
}
echo "$equal objects identical, $renamed but for numbers in symbol names, $bad different" >"$result/summary"
say "off: $(cat "$result/summary")"
if [ "$bad" = 0 ]; then
	echo "1 0 0" >"$result/counts"
else
	cat "$result/summary" >&2
	echo "0 1 0" >"$result/counts"
	exit 1
fi
