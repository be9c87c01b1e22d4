#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers are removed while other clients read and change them: an rssd built with ASan reports
# no fault or leak, and leaves no file of a removed container.
SANITIZER=${SANITIZER:-asan}
. "$(dirname "$0")/../lib.sh"
need_controller
[ -x "$rssd" ] || make -C "$here/.." -s BUILD="${rssd%/*}" SANITIZE="$SANITIZER" "$rssd" >&2 ||
	exit 1
start_bus

declare -A loads # pid -> name

# load NAME WRAPPER... -- MODE SECONDS ARGUMENT
load() {
	local name=$1 wrapper=()
	shift
	while [ "$1" != -- ]; do wrapper+=("$1") && shift; done
	shift
	"${wrapper[@]}" "$build/tests/tools/stress" "$@" >"$work/$name.out" 2>&1 &
	children+=($!)
	loads[$!]=$name
}

create_one_that_stays() { [ -n "$(rssctl list --no-legend)" ] || rssctl create stays --limit=1G; }

# Waits for the loads; then rssd runs and has none of the containers that they made.
check_survival() {
	local pid status
	for pid in "${!loads[@]}"; do
		status=0
		wait "$pid" || status=$?
		equal "$status" 0 "status of ${loads[$pid]} ($(tail -n 1 "$work/${loads[$pid]}.out"))"
		note "${loads[$pid]}: $(tail -n 1 "$work/${loads[$pid]}.out")"
	done
	loads=()
	equal "$(rssctl list --no-legend | awk '{ print $1 }')" stays "containers that are left"
	equal "$(cd "$work/state/containers" && echo ./*)" ./stays.json "files that are left"
	stop_rssd
}

case_limits_are_set_by_force_while_nested_containers_are_removed() {
	start_rssd || return
	create_one_that_stays
	load churn1 -- churn 5 churn1
	load churn2 -- churn 5 churn2
	check_survival
}

case_containers_are_removed_while_users_read_them() {
	local user seconds=${SECONDS_OF_LOAD:-30}
	start_rssd || return
	create_one_that_stays
	load churn1 -- churn "$seconds" churn1
	load churn2 -- churn "$seconds" churn2
	# The bus accepts only users that the machine knows.
	for user in daemon bin nobody; do
		load "$user" setpriv --reuid="$user" --regid=65534 --clear-groups -- read "$seconds" 20
	done
	check_survival
}

run_cases "$@"
