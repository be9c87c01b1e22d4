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
		usr/share/polkit-1/actions/org.rssd1.policy usr/share/containers/oci/hooks.d/rssd-poststop.json \
		usr/share/man/man8/rssd.8 usr/share/bash-completion/completions/rssctl \
		usr/share/zsh/vendor-completions/_rssctl usr/share/fish/vendor_completions.d/rssctl.fish; do
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
		expect 0 grep -qx ".Os rssd $(sed -n 's/^VERSION := //p' "$here/../Makefile")" "$page"
		expect 0 grep -q " man/${page##*/}:\|	man/${page##*/}:" "$here/../systemd/install.mk"
	done
	expect 0 test "$(grep -c . "$here/../man/rssd.8")" -lt 300
}

# A page that names a section, or a section of another page, names one that exists.
case_manual_pages_refer_to_sections_that_exist() {
	local file section page
	while read -r file section page; do
		grep -qix "\.S[hs] ${section//_/ }" "$here/../man/$page" || fail "$file: no section ${section//_/ } in $page"
	done < <(awk '
		function flush() { if (section != "") print name, section, page; section = "" }
		{ name = FILENAME; sub(/.*\//, "", name) }
		/^\.Sx / { flush(); section = substr($0, 5); sub(/ [.,;:]$/, "", section); gsub(" ", "_", section); page = name; next }
		section != "" && $0 == "in" { inside = 1; next }
		inside && /^\.Xr / { page = $2 "." $3 }
		{ inside = 0; flush() }' "$here"/../man/*.[1-8])
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
