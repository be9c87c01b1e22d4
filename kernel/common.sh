# SPDX-License-Identifier: GPL-2.0
# Sourced by the scripts of this directory: paths, messages and the lock.
# Every path is absolute, so a script may change directory.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kernel=${KERNEL:-6.12}
hooks=$top/kernel/hooks-$kernel
src_package=linux-source-$kernel
build=$(realpath -m "${BUILD:-$top/build}")
out=${KERNEL_OUT:-$build/kernel}
jobs=${KERNEL_JOBS:-$(nproc)}

# A build in another checkout is the same build: no timestamps, no user, no
# host, and object folders inside the source tree, so that the compiler sees
# relative paths only and ccache answers for every clone.
export KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_VERSION=1 KBUILD_BUILD_USER=rss KBUILD_BUILD_HOST=rss
export ARCH=x86_64 LC_ALL=C TZ=UTC
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

if [ -z "${CCACHE_DIR:-}" ]; then
	CCACHE_DIR=/var/cache/ccache-rssd
	mkdir -p "$CCACHE_DIR" 2>/dev/null && [ -w "$CCACHE_DIR" ] ||
		CCACHE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/ccache-rssd
fi
export CCACHE_DIR
cc=gcc
command -v ccache >/dev/null && cc="ccache gcc"

say() { [ -z "${V:-}" ] || echo "$*" >&2; }
die() { echo "${0##*/}: $*" >&2; exit 1; }

[ -f "$hooks/series" ] || die "no hooks for Linux $kernel; there are hooks for" \
	"$(printf '%s\n' "$top"/kernel/hooks-*/series | sed -E 's,.*/hooks-(.*)/series,\1,' | sort -V | paste -sd ' ')"

# run_logged LOG COMMAND...: quiet, unless it fails or V=1.
run_logged()
{
	local log=$1
	shift
	if [ -n "${V:-}" ]; then
		"$@" 2>&1 | tee "$log"
		return "${PIPESTATUS[0]}"
	fi
	"$@" >"$log" 2>&1 && return
	grep -nE 'error:|Error |undefined reference|FAILED|No space left' "$log" >&2
	tail -n 15 "$log" >&2
	die "failed: $* (the whole log: $log)"
}

# Two makes may ask for the same tree at once; the second waits.
lock()
{
	mkdir -p "$out"
	exec 9>"$out/.lock"
	flock 9
}
