#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packages.sh SUITE OUT: Debian packages of rssd in the directory OUT, built in a root of that
# suite by its compiler and debhelper, with the unit tests. An error of its lintian is a failure.
set -eu
cd "$(dirname "$0")/../.."
waited=$(date +%s)
# shellcheck source=tests/system/debian.sh
. tests/system/debian.sh
suite=$1 out=$2
# Two makes may ask for them at once; the second waits, and has them then.
mkdir -p "$build/system"
exec 9>"$build/system/.packages.lock"
flock 9
[ -z "$(find "$out" -maxdepth 0 -newermt "@$waited" 2>/dev/null)" ] || exit 0
tree=$(mktemp -d)
trap 'rm -rf --one-file-system "$tree"' EXIT

# shellcheck disable=SC2046
unpack_base "$suite" "$tree" build-essential debhelper lintian ccache \
	$(sed -n 's/^Build-Depends: //p' systemd/debian/control | sed 's/([^)]*)//g; s/debhelper-compat//; s/,//g')
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' systemd/debian/changelog)
source=/build/rssd-$version
mkdir -p "$tree$source" "$tree/ccache" "$cache/ccache-$suite"
tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C "$tree$source"
cp -r systemd/debian "$tree$source/debian"

# A log is shown if the build fails.
log=$build/system/packages-$suite.log
cp -a "$cache/ccache-$suite/." "$tree/ccache/"
run_inside "$tree" env CC=gcc CCACHE_DIR=/ccache sh -euc "cd $source && dpkg-buildpackage -b -us -uc" >"$log" 2>&1 || {
	tail -n 40 "$log"
	exit 1
}
cp -a "$tree/ccache/." "$cache/ccache-$suite/"
run_inside "$tree" sh -euc 'cd /build && lintian --allow-root --fail-on error ./*.changes' >"$log.lintian" 2>&1 || {
	cat "$log.lintian"
	exit 1
}
rm -rf "$out"
mkdir -p "$out"
cp "$tree"/build/*.deb "$out"
