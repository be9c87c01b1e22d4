#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compare-off.sh: with CONFIG_RSS_CONTAINER=n, is every object what it is in an
# unpatched build?  Compiled and compared are the objects that the patches can
# change: those of a touched source file, those below a touched Makefile, and
# those that include a touched header.  A header is left out if it is the
# unpatched one once unifdef has removed what CONFIG_RSS_CONTAINER guards, as
# then no object sees a difference.  The configuration and the generated headers,
# which hold offsets and sizes of structures, are compared too.
#
# Of an object, all sections and relocations are compared, except two kinds of
# numbers: those by which the preprocessor tells symbols apart (by line, or by a
# counter that goes on through the headers), of which nothing is in the image,
# and the line numbers in the table of BUG() and WARN(), as the hooks move what
# stands below them.
#
# MM_OWNER is a name for what MEMCG alone decides while the controller is off, so a
# header may say the one or the other, and .config has one line more.
set -eu -o pipefail
. "$(dirname "$0")/common.sh"

result=$build/vm/off
rm -rf "$result"
mkdir -p "$result"
stock=$out/stock/obj-service off=$out/linux/obj-off
"$top/kernel/build.sh" stock service base bench service

# The patched files that are not new, of which something is compiled.
touched()
{
	grep -vE '^(Documentation|tools)/' "$out/applied" | while read -r f; do
		[ ! -f "$out/stock/$f" ] || echo "$f"
	done
}

gcc -w -O1 -o "$out/unifdef" "$out/stock/scripts/unifdef.c"

# What a header says with the controller off.  A declaration of a structure's name
# makes no code, but where nothing else differs it is in no object either.
header()
{
	sed -E 's/IS_ENABLED\((CONFIG_RSS_CONTAINER)\)/defined(\1)/
		s/CONFIG_MM_OWNER/CONFIG_MEMCG/' "$1" |
		{ "$out/unifdef" -UCONFIG_RSS_CONTAINER || [ $? = 1 ]; } |
		grep -vE '^(struct [a-z_]+;)?$'
}

# The objects of the unpatched build that were made with a file, by kbuild's own notes.
made_with()
{
	(cd "$stock" && grep -rlF --include='.*.o.cmd' "../$1 " . || :) |
		sed -E 's,^\./,,; s,(^|/)\.([^/]*)\.cmd$,\1\2,'
}

in_image()
{
	grep -vE '^(scripts|tools|arch/x86/boot)/|(^|/)(\.tmp_|vmlinux)|asm-offsets|bounds|devicetable-offsets' || :
}

bad=0
: >"$result/directories"
for f in $(touched); do
	case $f in
	*.c)
		echo "${f%.c}.o" ;;
	*/Makefile|*/Kbuild)
		echo "${f%/*}/" >>"$result/directories"
		(cd "$stock" && find "${f%/*}" -name '*.o') ;;
	*.h)
		header "$out/stock/$f" >"$result/header.stock" || die "$f: unifdef failed"
		header "$out/linux/$f" >"$result/header.linux" || die "$f: unifdef failed"
		if cmp -s "$result/header.stock" "$result/header.linux"; then
			echo "$f" >>"$result/inert"
		else
			made_with "$f"
		fi ;;
	*Kconfig*) ;;
	*)
		die "do not know which objects $f changes" ;;
	esac
done >"$result/touched"
in_image <"$result/touched" | sort -u >"$result/wanted"
# Not all of a source tree is in this configuration.
while read -r o; do
	[ ! -f "$stock/$o" ] || echo "$o"
done <"$result/wanted" >"$result/objects"

KERNEL_TARGET="$(cat "$result/objects" "$result/directories" | tr '\n' ' ')" \
	"$top/kernel/build.sh" linux off base bench service

same_text()
{
	cmp -s "$stock/$1" <(grep -vE 'RSS_CONTAINER|^CONFIG_MM_OWNER=y$' "$off/$1") && return
	echo "off: $1 differs" >&2
	bad=$((bad + 1))
}
same_text .config
for f in bounds asm-offsets; do
	same_text "include/generated/$f.h"
done

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

equal=0 renamed=0
while read -r o; do
	a=$stock/$o b=$off/$o
	if cmp -s "$a" "$b"; then
		equal=$((equal + 1))
	elif same_but_numbers "$a" "$b"; then
		renamed=$((renamed + 1))
		echo "$o" >>"$result/renamed"
	else
		bad=$((bad + 1))
		echo "off: $o differs" >&2
	fi
done <"$result/objects"
# An object of the patched build alone would be linked as well.
while read -r d; do
	(cd "$off" && find "$d" -name '*.o') | in_image | while read -r o; do
		[ -f "$stock/$o" ] || echo "$o"
	done
done <"$result/directories" >"$result/more"
if [ -s "$result/more" ]; then
	sed 's/^/off: only the patched build has /' "$result/more" >&2
	bad=$((bad + $(wc -l <"$result/more")))
fi
echo "$equal objects identical, $renamed except for line numbers and numbers in symbol names, $bad different" >"$result/summary"
say "off: $(cat "$result/summary")"
if [ "$bad" = 0 ]; then
	echo "1 0 0" >"$result/counts"
else
	cat "$result/summary" >&2
	echo "0 1 0" >"$result/counts"
	exit 1
fi
