#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# apply.sh stock|linux
#
# Makes build/kernel/stock, the package's source as it is, or
# build/kernel/linux: the same with kernel/files copied in and the hooks for this
# kernel pushed by quilt without fuzz.  A file that does not change
# keeps its time, so the next make compiles only what the edit reaches.
set -eu
. "$(dirname "$0")/common.sh"

files=$top/kernel/files
source=$("$top/kernel/source.sh")
read -r src_tar version <<<"$source"

free_space() { df -h --output=avail "$out" | tail -n 1 | tr -d ' '; }

# until_first_error COMMAND...: ends with its first message: a full disk has one for each file.
until_first_error() { (set -o pipefail; "$@" 2>&1 | head -n 1 >&2); }

# unpack NAME: the pristine tree, once per package version.
unpack()
{
	local tree=$out/$1
	[ "$(cat "$tree/.version-of-package" 2>/dev/null)" = "$version" ] && return
	say "unpacking $src_package $version into $1"
	rm -rf "$tree" "$tree.new"
	mkdir -p "$tree.new"
	until_first_error tar -xf "$src_tar" -C "$tree.new" --strip-components=1 || {
		rm -rf "$tree.new"
		die "cannot unpack $src_tar into $tree; a kernel tree takes 1.6 GB, $(free_space) are free"
	}
	echo "$version" >"$tree.new/.version-of-package"
	mv "$tree.new" "$tree"
}

# The files that the hooks edit, as paths inside the kernel tree.
hooked()
{
	local p
	while read -r p _; do
		case $p in ''|'#'*) continue ;; esac
		sed -nE 's,^\+\+\+ [^/]+/([^\t ]+).*,\1,p' "$hooks/$p"
	done <"$hooks/series" | sort -u
}

# The new files, which a hook may change, too.
copy_files()
{
	(cd "$files" && find . -type f) | while read -r f; do
		f=${f#./}
		[ ! -e "$out/stock/$f" ] || die "kernel/files/$f is not a new file: edit it by a hook"
		mkdir -p "$stage/$(dirname "$f")"
		cp "$files/$f" "$stage/$f"
	done
}

# What of quilt's log says which patch, file and hunk failed.
failed_hunks()
{
	awk '/^Applying patch /{ patch = $3; sub(".*/", "", patch) }
		/^patching file /{ file = $3 }
		/^can.t find file/{ lost = 1 }
		/^\|\+\+\+ / && lost{
			sub("^[^/]*/", "", $2)
			print patch ": " $2 ": there is no such file in the source"
			lost = 0
			found = 1
		}
		/^Hunk .* FAILED|with fuzz|malformed|No space left/{ print patch ": " file ": " $0; found = 1 }
		END { exit !found }' "$out/quilt.log" || cat "$out/quilt.log"
}

# install_changed FROM TO: copies unless equal.
install_changed()
{
	cmp -s "$1" "$2" && return
	mkdir -p "${2%/*}"
	cp "$1" "$2"
	say "updated ${2#"$out"/}"
}

lock
case ${1:-} in
stock)
	unpack stock
	exit ;;
linux)
	;;
*)
	die "usage: apply.sh stock|linux" ;;
esac

unpack stock
if [ "$(cat "$out/linux/.version-of-package" 2>/dev/null)" != "$version" ]; then
	rm -rf "$out/linux"
	mkdir -p "$out/linux"
	tar -c -C "$out/stock" --exclude='./obj-*' . | until_first_error tar -x -C "$out/linux" || {
		rm -rf "$out/linux"
		die "cannot copy the source into $out/linux; a kernel tree takes 1.6 GB, $(free_space) are free"
	}
fi

# Patch copies of the few files the hooks touch, in a tree of their own.
stage=$out/stage
rm -rf "$stage"
mkdir -p "$stage"
hooked >"$stage.list"
while read -r f; do
	mkdir -p "$stage/$(dirname "$f")"
	[ ! -e "$out/stock/$f" ] || cp "$out/stock/$f" "$stage/$f"
done <"$stage.list"
copy_files
(cd "$stage" &&
 QUILT_PATCHES=$hooks QUILT_PC=.pc quilt --quiltrc=- push -a --fuzz=0 \
	>"$out/quilt.log" 2>&1) || { failed_hunks >&2; die "the hooks for Linux $kernel do not apply to $src_package $version"; }
if grep -nE 'with fuzz' "$out/quilt.log" >&2; then die "the hooks apply with fuzz"; fi
rm -rf "$stage/.pc"
if grep -qs rss_compat.h "$hooks"/*.patch; then
	cp "$top/kernel/compat.h" "$stage/mm/rss_compat.h"
fi

# Carry the result over; put back what is no longer touched.
(cd "$stage" && find . -type f | sed 's,^\./,,' | sort) >"$out/applied.new"
if [ -f "$out/applied" ]; then
	comm -23 "$out/applied" "$out/applied.new" | while read -r f; do
		if [ -e "$out/stock/$f" ]; then
			install_changed "$out/stock/$f" "$out/linux/$f"
		else
			rm -f "$out/linux/$f"
		fi
	done
fi
while read -r f; do
	install_changed "$stage/$f" "$out/linux/$f"
done <"$out/applied.new"
mv "$out/applied.new" "$out/applied"
rm -rf "$stage" "$stage.list"
