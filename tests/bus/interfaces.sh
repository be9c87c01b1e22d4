#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The files of /usr/share/dbus-1/interfaces are what the daemon says of itself. After a change of the
# API, UPDATE=1 bash tests/bus/interfaces.sh writes them.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

files=$here/../systemd

# interface PATH INTERFACE: its file.
interface() {
	printf '%s\n' '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"' \
		'"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">' \
		'<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->' \
		'<!-- Made by tests/bus/interfaces.sh from a running rssd. org.rssd1(5) explains it. -->' '<node>'
	busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" introspect --xml-interface org.rssd1 "$1" |
		sed -n "/^ *<interface name=\"${2//./\\.}\">/,/^ *<\/interface>/p"
	echo '</node>'
}

case_the_files_are_those_of_the_daemon() {
	local name path
	rssctl create shown
	for name in org.rssd1.Manager:/org/rssd1 org.rssd1.Container:/org/rssd1/container/shown; do
		path=${name#*:} name=${name%%:*}
		interface "$path" "$name" >"$work/$name.xml"
		[ -z "${UPDATE:-}" ] || cp "$work/$name.xml" "$files/$name.xml"
		equal "$(diff "$files/$name.xml" "$work/$name.xml")" "" "difference of $name.xml and the daemon (UPDATE=1 writes it)"
		equal "$(grep -c '<interface ' "$work/$name.xml")" 1 "interfaces in $name.xml"
		grep -q "/$name.xml:" "$files/install.mk" || fail "$name.xml is not installed"
		# Of another parser than that of sd-bus.
		expect 0 /usr/bin/python3 -c '
import sys, xml.etree.ElementTree as tree
interface = tree.parse(sys.argv[1]).getroot().find("interface")
assert interface.get("name") == sys.argv[2], interface.attrib
for member in interface:
    assert member.tag == "property" or all(arg.get("type") for arg in member.findall("arg")), member.attrib
print(len(interface.findall("method")), len(interface.findall("property")), len(interface.findall("signal")))
' "$files/$name.xml" "$name"
		note "$name: $out methods, properties, signals"
	done
	rssctl remove shown
}

run_cases "$@"
