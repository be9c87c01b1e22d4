#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of rssd during 100 random operations: acknowledged changes are durable.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
write_config LogLevel=debug
start_rssd || exit 1

RANDOM=${SEED:-$$}
note "SEED=$RANDOM to repeat"

declare -A expected # name -> limit, of acknowledged operations
declare -A open     # names whose last operation was not acknowledged: either outcome is right

operate() {
	local name=c$((RANDOM % 12)) limit=$(((RANDOM % 64 + 16) << 20))
	case $((RANDOM % 4)) in
	0 | 1)
		if rssctl create "$name" --limit="$limit" 2>/dev/null; then
			expected[$name]=$limit
			unset "open[$name]"
		elif [ $? = 6 ]; then open[$name]=1; fi
		;;
	2)
		if rssctl limit "$name" "$limit" >/dev/null 2>&1; then
			expected[$name]=$limit
			unset "open[$name]"
		elif [ $? = 6 ]; then open[$name]=1; fi
		;;
	3)
		if rssctl remove "$name" 2>/dev/null; then
			unset "expected[$name]" "open[$name]"
		elif [ $? = 6 ]; then open[$name]=1; fi
		;;
	esac
}

compare() {
	local name limit seen
	for name in "${!expected[@]}"; do
		[ -z "${open[$name]:-}" ] || continue
		limit=$(field "$name" limit 2>/dev/null)
		equal "$limit" "${expected[$name]}" "limit of $name after the restart"
		seen=$(cat "$(controller_mount)/$root/$name"/memory.{limit_in_bytes,max} 2>/dev/null)
		[ -z "$seen" ] || [ "$limit" = infinity ] || equal "$seen" "${expected[$name]}" "the kernel's limit of $name"
	done
	for name in $(rssctl list --no-legend | awk '{ print $1 }'); do
		[ -n "${expected[$name]:-}${open[$name]:-}" ] || fail "$name was removed and is back"
	done
}

# The outcome of unacknowledged operations is what rssd has now.
settle() {
	local name limit
	for name in "${!open[@]}"; do
		limit=$(field "$name" limit 2>/dev/null)
		if [ -n "$limit" ] && [ "$limit" != null ]; then expected[$name]=$limit; else unset "expected[$name]"; fi
	done
	open=()
}

case_kill_in_the_middle_of_random_operations() {
	local i round killer
	for round in {1..10}; do
		# The kill comes during an operation.
		(
			for ((i = 0; i < RANDOM % 60; i++)); do read -rt 0.001 <> <(:) || :; done
			kill -KILL "$rssd_pid"
		) &
		killer=$!
		disown "$rssd_pid"
		for i in {1..10}; do operate; done
		wait "$killer"
		await 10 test ! -d "/proc/$rssd_pid"
		start_rssd || return
		compare
		settle
		[ -z "$case_failed" ] || return
	done
	equal "$(find "$work/state/containers" -name '.new-*' -o -name '*.bad*' | wc -l)" 0 "left-over files"
}

# The limits of ten containers are set together: after a kill all are set, or none.
case_kill_in_the_middle_of_transactions() {
	local i round state=up limits killer delay
	for i in {0..9}; do rssctl create "t$i" --limit=$((i % 2 ? 32 : 64))M; done
	# Half of the limits are lowered and half raised, so that both phases run.
	jq -nc '[range(10) | {name: "t\(.)", limit: (if . % 2 == 1 then "64M" else "32M" end)}]' >"$work/up.json"
	jq -nc '[range(10) | {name: "t\(.)", limit: (if . % 2 == 1 then "32M" else "64M" end)}]' >"$work/down.json"
	for round in {1..20}; do
		delay=$((RANDOM % 120))
		(
			for ((i = 0; i < delay; i++)); do read -rt 0.001 <> <(:) || :; done
			kill -KILL "$rssd_pid"
		) &
		killer=$!
		disown "$rssd_pid"
		rssctl apply "$work/$state.json" >/dev/null 2>&1
		wait "$killer"
		await 10 test ! -d "/proc/$rssd_pid"
		start_rssd || return
		await 10 rssctl diff
		limits=$(rssctl list --json=short | jq -c '[.[] | select(.name | test("^t[0-9]$")) | .limit / 1048576]')
		case $limits in
		'[32,64,32,64,32,64,32,64,32,64]') state=down ;;
		'[64,32,64,32,64,32,64,32,64,32]') state=up ;;
		*) fail "round $round set only some limits: $limits"; return ;;
		esac
	done
	note "$(grep -c 'is undone' "$rssd_log") undone, $(grep -c 'is finished' "$rssd_log") finished by a start"
	for i in {0..9}; do rssctl remove "t$i"; done
}

case_kill_while_a_limit_is_reclaimed() {
	rssctl list --no-legend | awk '{ print $1 }' | xargs -rn1 rssctl remove
	rssctl create held --limit=64M
	launch_hog_in held ebb 32M
	await 20 grep -q ready "$hog_out"
	rssctl limit held 4M --timeout=60s >/dev/null 2>&1 &
	children+=($!)
	await 10 grep -q 'held: changing settings, limit 4.0M' "$rssd_log"
	kill_rssd
	start_rssd
	equal "$(field held limit)" $((64 << 20)) "limit after a kill"
	equal "$(field held processes)" 1 "processes after a kill"
	rssctl remove held --force
}

run_cases "$@"
