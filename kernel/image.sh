#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# image.sh FILE stock|linux NAME FRAGMENT...: the image that build.sh makes, in FILE.
#
# An image is kept for a month, under a name that says all of what it was built from: the
# package of the source, the compiler, the configuration, and for "linux" hooks and
# files.  Another clone that builds from the same does not compile it again.
# RSSD_CACHE= is another directory.
set -eu
. "$(dirname "$0")/common.sh"

file=$1 tree=$2 obj=$3
shift 2
source=$("$top/kernel/source.sh")
cache=${RSSD_CACHE:-/var/cache/rssd-tests}
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || {
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/rssd-tests
	mkdir -p "$cache"
}

# All files that decide, each after its name.
decisive()
{
	local parts=(kernel/apply.sh kernel/build.sh kernel/common.sh)
	[ ! -f "$hooks/config" ] || parts+=("kernel/hooks-$kernel/config")
	[ "$tree" = stock ] || parts+=("kernel/hooks-$kernel" kernel/files kernel/compat.h)
	(cd "$top" && find "${parts[@]}" "${@/#/kernel/config/}" -type f | LC_ALL=C sort | while read -r f; do
		echo "== $f"
		cat "$f"
	done)
}
key=$({ echo "${source#* } $tree $*" && gcc --version && decisive "${@:2}"; } | sha256sum | cut -c1-24)
kept=$cache/bzImage-$obj-$key

find "$cache" -maxdepth 1 -name 'bzImage-*' -mtime +30 -delete
if [ ! -f "$kept" ]; then
	"$top/kernel/apply.sh" "$tree"
	"$top/kernel/build.sh" "$tree" "$@"
	cp "$out/$tree/obj-$obj/arch/x86/boot/bzImage" "$kept.$$"
	mv "$kept.$$" "$kept"
fi
mkdir -p "${file%/*}"
cp "$kept" "$file"
