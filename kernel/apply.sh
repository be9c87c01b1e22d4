#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# apply.sh stock|linux
#
# Makes build/kernel/stock, the package's source as it is, or
# build/kernel/linux: the same with kernel/files copied in and
# kernel/hooks-6.12 pushed by quilt without fuzz.  A file that does not change
# keeps its time, so the next make compiles only what the edit reaches.
set -eu
. "$(dirname "$0")/common.sh"

hooks=$top/kernel/hooks-6.12
files=$top/kernel/files

[ -f "$src_tar" ] || die "no $src_tar: apt-get install $src_package"
version=$(dpkg-query -W -f '${Version}' "$src_package" 2>/dev/null || stat -c %s "$src_tar")

# unpack NAME: the pristine tree, once per package version.
unpack()
{
	local tree=$out/$1
	[ "$(cat "$tree/.version-of-package" 2>/dev/null)" = "$version" ] && return
	say "unpacking $src_package $version into $1"
	rm -rf "$tree" "$tree.new"
	mkdir -p "$tree.new"
	tar -xf "$src_tar" -C "$tree.new" --strip-components=1
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
	tar -c -C "$out/stock" --exclude='./obj-*' . | tar -x -C "$out/linux"
fi

# Patch copies of the few files the hooks touch, in a tree of their own.
stage=$out/stage
rm -rf "$stage"
mkdir -p "$stage"
if [ -f "$hooks/series" ]; then
	hooked >"$stage.list"
	while read -r f; do
		mkdir -p "$stage/$(dirname "$f")"
		[ ! -e "$out/stock/$f" ] || cp "$out/stock/$f" "$stage/$f"
	done <"$stage.list"
	(cd "$stage" &&
	 QUILT_PATCHES=$hooks QUILT_PC=.pc quilt --quiltrc=- push -a --fuzz=0 \
		>"$out/quilt.log" 2>&1) || { cat "$out/quilt.log" >&2; die "the hooks do not apply"; }
	if grep -nE 'with fuzz' "$out/quilt.log" >&2; then die "the hooks apply with fuzz"; fi
	rm -rf "$stage/.pc"
fi
if [ -d "$files" ]; then
	(cd "$files" && find . -type f) | while read -r f; do
		f=${f#./}
		[ ! -e "$out/stock/$f" ] || die "kernel/files/$f is not a new file: edit it by a hook"
		mkdir -p "$stage/$(dirname "$f")"
		cp "$files/$f" "$stage/$f"
	done
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
