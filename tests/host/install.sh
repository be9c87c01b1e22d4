#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install installs every file, and make uninstall removes exactly these.
. "$(dirname "$0")/../lib.sh"

into=$work/root
make_quiet() { make -s -C "$here/.." BUILD="$build" DESTDIR="$into" "$@"; }

case_install_and_uninstall() {
	expect 0 make_quiet install
	local file
	for file in usr/sbin/rssd usr/bin/rssctl usr/include/rss.h etc/rssd/rssd.conf \
		usr/lib/systemd/system/rssd.service usr/lib/systemd/system/rssd-metrics.socket \
		usr/share/dbus-1/system.d/org.rssd1.conf \
		usr/share/polkit-1/actions/org.rssd1.policy \
		usr/share/man/man8/rssd.8 usr/share/bash-completion/completions/rssctl; do
		[ -e "$into/$file" ] || fail "$file was not installed"
	done
	# The installed program must not look for its library in the build tree.
	expect 0 readelf -d "$into/usr/bin/rssctl"
	case $out in *RPATH* | *RUNPATH*) fail "rssctl has a run path" ;; esac
	# A modified configuration file is kept by both.
	echo "LogLevel=debug" >>"$into/etc/rssd/rssd.conf"
	expect 0 make_quiet install
	grep -q LogLevel=debug "$into/etc/rssd/rssd.conf" || fail "install overwrote rssd.conf"
	expect 0 make_quiet uninstall
	equal "$(find "$into" -type f -o -type l | sed "s|$into/||")" etc/rssd/rssd.conf "what is left"
}

case_manual_pages_are_clean() {
	local page
	for page in "$here"/../man/*.[1-8]; do
		expect 0 mandoc -T lint -W warning "$page"
	done
}

run_cases "$@"
