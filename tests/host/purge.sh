#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What purging the package does to processes in containers.
. "$(dirname "$0")/../lib.sh"
need_controller

# Define the functions of the maintainer script, without its main part.
postrm=$here/../systemd/debian/rssd.postrm
eval "$(sed '/^if \[ "\$1" = purge/,$d; /^set -e/d' "$postrm")"

# A hierarchy for it: a directory of this one, with containers in rssd/.
start_hierarchy() {
	hierarchy=$(controller_mount)/$root origins=$work/origins
	mkdir -p "$hierarchy/unit/inner" "$hierarchy/rssd/web/in"
	sleep 1000 &
	member=$!
	children+=("$member")
	disown "$member"
	echo "$member" >"$hierarchy/rssd/web/in/cgroup.procs"
	start=$(sed 's/.*) //' "/proc/$member/stat" | cut -d' ' -f20)
}

place() { cgroup_of "$member" | sed "s|.*/$root||"; }

case_processes_go_back_to_their_origin() {
	start_hierarchy
	printf 'from 1\n%s 1 /unit\n%s %s -/unit/inner\n' "$member" "$member" "$start" >"$origins"
	dissolve "$hierarchy" cgroup2
	equal "$(place)" /unit/inner "the place of the process"
	[ ! -d "$hierarchy/rssd" ] || fail "the containers are left"
	kill "$member"
	await 20 rmdir "$hierarchy/unit/inner"
}

# A process that was forked inside has the origin of its parent.
case_children_go_where_their_parent_came_from() {
	local parent child
	start_hierarchy
	kill "$member"
	bash -c 'echo $BASHPID >"$1/cgroup.procs"; sleep 1000 & echo $! >"$2"; wait' - "$hierarchy/rssd/web/in" "$work/child" &
	parent=$!
	children+=("$parent")
	disown "$parent"
	await 20 test -s "$work/child"
	child=$(<"$work/child")
	start=$(sed 's/.*) //' "/proc/$parent/stat" | cut -d' ' -f20)
	printf 'from 1\n%s %s /unit/inner\n' "$parent" "$start" >"$origins"
	dissolve "$hierarchy" cgroup2 2>/dev/null
	equal "$(cgroup_of "$child" | sed "s|.*/$root||")" /unit/inner "the place of the child"
	[ ! -d "$hierarchy/rssd" ] || fail "the containers are left"
	kill "$parent" "$child"
}

case_without_an_origin_nothing_goes_to_the_root_of_v2() {
	start_hierarchy
	printf 'from 1\n%s 1 /unit\n' "$member" >"$origins"
	dissolve "$hierarchy" cgroup2 2>/dev/null
	equal "$(place)" /rssd/web/in "the place of a process without an origin in v2"
	dissolve "$hierarchy" cgroup 2>/dev/null
	equal "$(place)" "" "the place of a process without an origin in v1"
	[ ! -d "$hierarchy/rssd" ] || fail "the containers are left"
	kill "$member"
}

case_a_parent_takes_its_place_when_the_origin_is_gone() {
	start_hierarchy
	printf 'from 1\n%s %s /unit/gone/below\n' "$member" "$start" >"$origins"
	dissolve "$hierarchy" cgroup2 2>/dev/null
	equal "$(place)" /unit "the place of the process"
	kill "$member"
}

# saved UNIT FOUND_DROPINS [SETTING...]: writes the file of a container that is a unit, as rssd does,
# and whose settings were set.
saved() {
	local managed=("${@:3}")
	printf '%s\n' '{' '  "name":"web",' '  "limit":50331648,' "  \"unit\":\"$1\"," '  "place":{' \
		'    "path":"/system.slice/web.service",' '    "found":{' '      "limit":"infinity",' \
		'      "high":67108864' '    },' "    \"found_dropins\":\"$2\"," '    "managed":['
	[ ${#managed[@]} -eq 0 ] || printf '      "%s",\n' "${managed[@]}" | sed '$s/,$//'
	printf '%s\n' '    ]' '  }' '}'
}

# A unit that was a container has what it had before, and a drop-in only if it had one.
case_units_are_released() {
	local system_root=$work/tree control=etc/systemd/system.control file=$work/saved
	mkdir -p "$system_root/$control/web.service.d" "$system_root/$control/a\\x2db.service.d"
	touch "$system_root/$control/web.service.d/"50-{MemoryMax,MemoryHigh,CPUWeight}.conf \
		"$system_root/$control/a\\x2db.service.d/50-MemoryMax.conf"
	saved web.service '' limit >"$file"
	equal "$(found_of limit "$file") $(found_of high "$file") $(found_of low "$file")" "infinity 67108864 " \
		"what the unit had"
	release_unit "$file"
	equal "$(ls "$system_root/$control/web.service.d" | paste -sd' ')" "50-CPUWeight.conf 50-MemoryHigh.conf" \
		"drop-ins of a unit that had none for its limit"
	saved web.service '' limit high >"$file"
	release_unit "$file"
	equal "$(ls "$system_root/$control/web.service.d")" 50-CPUWeight.conf "drop-ins of other programs"
	saved 'a\\x2db.service' "/$control/a\\\\x2db.service.d/50-MemoryMax.conf" limit >"$file"
	release_unit "$file"
	equal "$(ls "$system_root/$control")" $'a\\x2db.service.d\nweb.service.d' "units with drop-ins"
	saved 'a\\x2db.service' '' >"$file"
	release_unit "$file"
	equal "$(ls "$system_root/$control")" $'a\\x2db.service.d\nweb.service.d' "units of which rssd has set nothing"
	saved 'a\\x2db.service' '' limit >"$file"
	release_unit "$file"
	equal "$(ls "$system_root/$control")" web.service.d "units with drop-ins"
	# A container that is no unit, but joins processes of one.
	printf '%s\n' '{' '  "name":"web",' '  "join":[' '    {' '      "unit":"web.service"' '    }' '  ]' '}' >"$file"
	touch "$system_root/$control/web.service.d/50-MemoryMax.conf"
	release_unit "$file"
	[ -e "$system_root/$control/web.service.d/50-MemoryMax.conf" ] || fail "the drop-in of another program was removed"
}

run_cases "$@"
