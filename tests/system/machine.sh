# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the test machine: what the files of cases have in common. They source
# this, define case_* functions, and end with run_machine.
# shellcheck shell=bash
export BUILD=/usr/lib/rssd-tests
# shellcheck source=tests/lib.sh
. "${0%/*}/lib.sh"

# A word of the kernel's command line: rssd.cases=a,b or rssd.hierarchy=v2.
argument() { tr ' ' '\n' </proc/cmdline | sed -n "s/^rssd\.$1=//p"; }
hierarchy=$(argument hierarchy)
[ -z "$hierarchy" ] || sed -i "/Hierarchy=/d; \$a Hierarchy=$hierarchy" /etc/rssd/rssd.conf
systemctl start rssd

swap=/dev/vdb
mkswap -q $swap >/dev/null 2>&1
swap_on() { grep -q "^$swap" /proc/swaps || swapon $swap; }
swap_off() { ! grep -q "^$swap" /proc/swaps || swapoff $swap; }
main_pid() { systemctl show --property=MainPID --value "$1"; }

version_json=$(rssctl version --json=short)
controller=$(jq -r .controller <<<"$version_json")
# Can the controller do this here?
has() { jq -e --arg f "$1" '.features | index($f)' <<<"$version_json" >/dev/null; }

# The folder of a container in the controller's hierarchy, and the control file of its limit.
mount_of_controller() {
	if [ -d /run/rssd/rss/rssd ]; then
		echo /run/rssd/rss
	elif [ -f /sys/fs/cgroup/cgroup.controllers ]; then
		echo /sys/fs/cgroup
	else
		memory_mount
	fi
}
folder_of() { echo "$(mount_of_controller)$(field "$1" control_group)"; }
limit_file() {
	local file
	for file in "$(folder_of "$1")"/{rss,memory}.{limit_in_bytes,max}; do
		[ ! -f "$file" ] || { echo "$file"; return; }
	done
}

run_machine() {
	local names
	names=$(argument cases)
	# shellcheck disable=SC2086
	run_cases ${names//,/ }
	journalctl -u rssd --no-pager -o cat 2>/dev/null | tail -n 40 | sed 's/^/#   rssd: /'
	echo end
}
