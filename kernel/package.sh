#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# package.sh CONFIGURATION
#
# Makes the Debian packages linux-image-VERSION-rss and linux-headers-VERSION-rss of the
# patched kernel, in BUILD/kernel-deb.  CONFIGURATION is one of Debian's for this kernel,
# such as cloud-amd64, or a file.  Debug information is left out.  A build that was
# interrupted goes on where it was.
set -eu
. "$(dirname "$0")/common.sh"

[ $# = 1 ] || die "usage: package.sh CONFIGURATION"
tree=$out/linux obj=obj-deb-${1##*/} dest=$build/kernel-deb
config=$tree/$obj/.config

# The configuration: prints it.
configuration()
{
	local dir
	case $1 in
	*/*)
		[ -r "$1" ] || die "cannot read $1"
		cat "$1"
		return ;;
	esac
	dir=$("$top/kernel/source.sh" config)
	[ -f "$dir/config.amd64_none_$1.xz" ] || die "Debian has no configuration \"$1\" for Linux $kernel; it has" \
		"$(printf '%s\n' "$dir"/config.amd64_none_*.xz | sed -E 's,.*/config.amd64_none_(.*).xz,\1,' | paste -sd ' ')"
	xz -dc "$dir/config.amd64_none_$1.xz"
}

# kernel_make LOG TARGET...
kernel_make()
{
	local log=$tree/$obj/$1
	shift
	run_logged "$log" make -C "$tree" -j"$jobs" O="$obj" CC="$cc" HOSTCC="$cc" KDEB_PKGVERSION="$package_version" \
		KDEB_CHANGELOG_DIST=unstable DPKG_FLAGS=-d "$@"
}

source=$("$top/kernel/source.sh")
read -r _ version <<<"$source"
package_version=$version+rss$(sed -n 's/^VERSION := //p' "$top/Makefile")
lock
mkdir -p "$tree/$obj"
configuration "$1" >"$tree/$obj/wanted"
if ! cmp -s "$tree/$obj/wanted" "$tree/$obj/configured" ||
   [ -n "$(find "$tree" -name 'Kconfig*' -newer "$tree/$obj/configured" -print -quit)" ]; then
	cp "$tree/$obj/wanted" "$config"
	"$tree/scripts/config" --file "$config" --enable RSS_CONTAINER --disable RSS_CONTAINER_KUNIT_TEST \
		--set-str LOCALVERSION -rss --disable LOCALVERSION_AUTO --set-str BUILD_SALT '' \
		--set-str SYSTEM_TRUSTED_KEYS '' --set-str SYSTEM_REVOCATION_KEYS '' \
		--enable DEBUG_INFO_NONE --disable DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT --disable DEBUG_INFO_DWARF4 \
		--disable DEBUG_INFO_DWARF5 --disable DEBUG_INFO_BTF
	kernel_make config.log olddefconfig
	grep -qx CONFIG_RSS_CONTAINER=y "$config" ||
		die "RSS_CONTAINER cannot be set in this configuration; it needs what its entry in init/Kconfig names"
	! grep -qx CONFIG_DEBUG_INFO=y "$config" || die "the configuration insists on debug information"
	cp "$tree/$obj/wanted" "$tree/$obj/configured"
fi
kernel_make build.log all
rm -f "$tree"/*.deb
kernel_make package.log bindeb-pkg
mkdir -p "$dest"
rm -f "$dest"/*.deb
rm -f "$tree"/linux-libc-dev_*.deb
# A kernel without modules has no headers package.
find "$tree" -maxdepth 1 -name 'linux-*-rss_*.deb' -exec mv -t "$dest" {} +
rm -f "$tree"/*.deb "$tree"/linux-upstream_*.{buildinfo,changes}
ls "$dest"/*.deb
