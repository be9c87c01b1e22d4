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

# The package enables and starts rssd.service alone: the metrics socket is off.
case_package_enables_the_daemon_alone() {
	command -v dh_installsystemd >/dev/null || { skip "needs debhelper"; return; }
	local tree=$work/package unit script
	mkdir -p "$tree/debian/rssd/lib/systemd/system"
	cp -r "$here/../systemd/debian/." "$tree/debian/"
	for unit in rssd.service rssd-mount.service rssd-metrics.socket; do
		cp "$here/../systemd/$unit" "$tree/debian/rssd/lib/systemd/system/"
	done
	expect 0 make -s -C "$tree" -f debian/rules override_dh_installsystemd
	# What its script does on a new machine: no unit was installed before, none was disabled.
	mkdir "$tree/bin"
	printf '%s\n' '#!/bin/sh' 'echo "$@" >>"$LOG"' 'case "$*" in *debian-installed*) exit 1 ;; esac' >"$tree/bin/deb-systemd-helper"
	chmod +x "$tree/bin/deb-systemd-helper"
	script=$tree/debian/.debhelper/generated/rssd/postinst.service
	expect 0 env LOG="$tree/log" PATH="$tree/bin:$PATH" sh -e "$script" configure
	equal "$(sed -n 's/^enable //p' "$tree/log" | sort -u)" rssd.service "units that are enabled"
	equal "$(grep -o 'deb-systemd-invoke.*' "$script" | grep -o 'rssd[a-z.-]*' | sort -u)" rssd.service "units that are started"
}

run_cases "$@"
