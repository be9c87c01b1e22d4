#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compare-off.sh: with CONFIG_RSS_CONTAINER=n, is every object what it is in an
# unpatched build?  Compared are all sections and relocations, but for two
# kinds of numbers: those by which the preprocessor tells symbols apart (by line,
# or by a counter that goes on through the headers), of which nothing is in the
# image, and the line numbers in the table of BUG() and WARN(), as the hooks move
# what stands below them.
set -eu
. "$(dirname "$0")/common.sh"

result=$top/build/vm/off
rm -rf "$result"
mkdir -p "$result"
KERNEL_TARGET=vmlinux "$top/kernel/build.sh" stock service base bench service
KERNEL_TARGET=vmlinux "$top/kernel/build.sh" linux off base bench service

objects()
{
	# what the link makes of them follows from them, and carries a timestamp
	(cd "$out/$1" && find . -name '*.o' ! -name '.tmp_*' ! -name 'vmlinux*' \
		! -path './scripts/*' ! -path './tools/*' ! -path './arch/x86/boot/*' | sort)
}

contents()
{
	objdump -s -r "$1" | sed -E '
		1,/file format/d
		s/(__UNIQUE_ID_[A-Za-z_]*)[0-9]+/\1/g
		s/(__initcall__[A-Za-z0-9_]*__)[0-9]+_[0-9]+_/\1/g
		s/(__(already_done|warned|section|key|func__|print_once|pfx|_rs)\.)[0-9]+/\1/g'
}

# An entry is of six words of 16 bits: two addresses, the line, the flags.
bug_table()
{
	objcopy -O binary -j __bug_table "$1" /dev/stdout | od -An -v -w12 -tx2 | awk '{ $5 = "line"; print }'
}

# All but what holds only names, or where this image would be debugged.
without_names()
{
	contents "$1" | awk '/^(Contents of section|RELOCATION RECORDS)/ {
		skip = /(tab|\.debug_[a-z_]*|__bug_table):$/
	} !skip'
}

same_but_numbers()
{
	cmp -s <(without_names "$1"; bug_table "$1") <(without_names "$2"; bug_table "$2")
}

# Names and sizes; the first line names the file.
sections()
{
	size -A "$1" | awk 'NR > 1 && $1 != ".notes" { print $1, $2 }'
}

objects stock/obj-service >"$result/stock"
objects linux/obj-off >"$result/linux"
bad=0 equal=0 renamed=0
if ! diff "$result/stock" "$result/linux" >"$result/lists"; then
	echo "off: the two builds do not have the same objects:" >&2
	head -n 10 "$result/lists" >&2
	bad=$(grep -c '^[<>]' "$result/lists")
fi
while read -r o; do
	a=$out/stock/obj-service/$o b=$out/linux/obj-off/$o
	[ -f "$a" ] && [ -f "$b" ] || continue
	if cmp -s "$a" "$b"; then
		equal=$((equal + 1))
	elif same_but_numbers "$a" "$b"; then
		renamed=$((renamed + 1))
		echo "$o" >>"$result/renamed"
	else
		bad=$((bad + 1))
		echo "off: $o differs" >&2
	fi
done <"$result/stock"
[ "$(sections "$out/stock/obj-service/vmlinux")" = "$(sections "$out/linux/obj-off/vmlinux")" ] || {
	echo "off: the sections of vmlinux have other sizes" >&2
	bad=$((bad + 1))
}
echo "$equal objects identical, $renamed but for line numbers and numbers in symbol names, $bad different" >"$result/summary"
say "off: $(cat "$result/summary")"
if [ "$bad" = 0 ]; then
	echo "1 0 0" >"$result/counts"
else
	cat "$result/summary" >&2
	echo "0 1 0" >"$result/counts"
	exit 1
fi
