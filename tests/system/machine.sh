# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the test machine: shared by the files of cases, which source this file, define case_*
# functions, and end with run_machine "$@": the cases to run, or all.
# shellcheck shell=bash
export BUILD=/usr/lib/rssd-tests TIMES=1

# The machine reboots in some cases, which leave /var/lib/rssd-boot, and on a panic.
boot_id=/proc/sys/kernel/random/boot_id started=/var/lib/rssd-tests-started
if [ -e $started ] && [ "$(cat $started)" != "$(cat $boot_id)" ] && [ ! -e /var/lib/rssd-boot ]; then
	printf 'not ok - %s: the machine rebooted by itself\n' "${0##*/}"
	exit 1
fi
cat $boot_id >$started
sync

# Polling takes a good part of an emulated processor.
POLL=200
# shellcheck source=tests/lib.sh
. "${0%/*}/lib.sh"

# argument NAME: a value of the kernel's command line, as in rssd.hierarchy=v2.
argument() { tr ' ' '\n' </proc/cmdline | sed -n "s/^rssd\.$1=//p"; }
hierarchy=$(argument hierarchy)
use_hierarchy() {
	[ -n "$hierarchy" ] || return 0
	touch /etc/rssd/rssd.conf
	sed -i /Hierarchy=/d /etc/rssd/rssd.conf
	echo "Hierarchy=$hierarchy" >>/etc/rssd/rssd.conf
}
use_hierarchy
systemctl start rssd || {
	# Without rssd every case would run into its timeout.
	printf 'not ok - %s: rssd does not start\n' "${0##*/}"
	journalctl --no-pager --output=cat --unit=rssd | sed 's/^/# /'
	exit 1
}

# Containers that an earlier script of this machine left, except those that case_boot looks for.
[ -e /var/lib/rssd-boot ] || rssctl list --no-legend --no-pager | awk '{ print $1 }' | sort -r | while read -r name; do
	rssctl remove --force "$name" >/dev/null 2>&1
done

swap=/dev/vdb
mkswap -q $swap >/dev/null 2>&1
swap_on() { grep -q "^$swap" /proc/swaps || swapon $swap; }
swap_off() { ! grep -q "^$swap" /proc/swaps || swapoff $swap; }
main_pid() { systemctl show --property=MainPID --value "$1"; }

version_json=$(rssctl version --json=short)
controller=$(jq -r .controller <<<"$version_json")
# has FEATURE: true if the controller has it.
has() { jq -e --arg f "$1" '.features | index($f)' <<<"$version_json" >/dev/null; }

# In the unified hierarchy attach moves a process out of its unit, which must be asked for.
leaves_units() { [ "$hierarchy" = v2 ]; }
leave_unit=
! leaves_units || leave_unit=--leave-unit

# needs FEATURE || return: the case is skipped where the controller has no such feature.
needs() { has "$1" || { skip "$controller has no $1"; false; }; }
needs_netlink() { [ "$controller" = rss ] || { skip "$controller has no netlink events"; false; }; }

# The directory of a container in the controller's hierarchy, and the control file of its limit.
mount_of_controller() {
	if [ -d /run/rssd/rss/rssd ]; then
		echo /run/rssd/rss
	elif [ -f /sys/fs/cgroup/cgroup.controllers ]; then
		echo /sys/fs/cgroup
	else
		memory_mount
	fi
}
directory_of() { echo "$(mount_of_controller)$(field "$1" control_group)"; }
limit_file() {
	local file
	for file in "$(directory_of "$1")"/{rss,memory}.{limit_in_bytes,max}; do
		[ ! -f "$file" ] || { echo "$file"; return; }
	done
}

run_machine() {
	run_cases "$@"
	journalctl -u rssd --no-pager -o cat 2>/dev/null | tail -n 40 | sed 's/^/#   rssd: /'
}
