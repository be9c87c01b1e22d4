#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Authorization: polkit that is asked, missing, slow or late, and callers that leave or flood.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
write_config LogLevel=debug PendingCallsPerUser=8
start_rssd || exit 1

nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
as_nobody() { "${nobody[@]}" "$@"; }

no_polkit() {
	[ -z "${polkit:-}" ] || kill "$polkit"
	await 10 sh -c '! busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" status org.freedesktop.PolicyKit1'
	polkit=
}
# Starts a process of the user nobody, $theirs.
start_theirs() {
	"${nobody[@]}" sleep 1000 &
	theirs=$!
	children+=("$theirs")
	disown "$theirs"
	await 10 grep -q '^Uid:.65534' "/proc/$theirs/status"
}

case_any_user_may_query() {
	polkit_says no
	expect 0 rssctl create seen --limit=16M
	launch_hog_in seen anon 1M
	await 20 grep -q ready "$hog_out"
	local verb
	for verb in list "show seen" "ps seen" version doctor; do
		# shellcheck disable=SC2086
		expect 0 as_nobody rssctl $verb
	done
	equal "$(cat "$asked")" "" "what polkit was asked"
	rssctl remove seen --force
}

# Otherwise a permission to make containers would allow to limit and kill every service.
case_only_root_makes_containers_of_units() {
	polkit_says yes
	expect 4 as_nobody rssctl create taken --unit=web.service
	says "only root may"
	expect 4 as_nobody rssctl create taken --cgroup=/some
	says "only root may"
	expect 3 rssctl show taken
}

# seen_by_nobody CONTAINER: what an unprivileged user reads about its processes.
seen_by_nobody() {
	as_nobody rssctl ps "$1" --json=short
	as_nobody rssctl show "$1" --json=short | jq -c '.[0].last_oom'
	as_nobody rssctl oom "$1" --json=short
	as_nobody busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" --json=short call org.rssd1 /org/rssd1 \
		org.freedesktop.DBus.ObjectManager GetManagedObjects | jq -c '.data[0][]."org.rssd1.Container".LastOOM'
	as_nobody busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" --json=short get-property org.rssd1 \
		"/org/rssd1/container/$1" org.rssd1.Container LastOOM
	as_nobody busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" --json=short call org.rssd1 /org/rssd1 \
		org.rssd1.Manager GetEvents tt 0 1000
}

# ProcessVisibility=own: root sees all, others their own processes.
case_processes_of_others_are_hidden() {
	local roots
	rssctl create hide --limit=24M
	write_config LogLevel=debug PendingCallsPerUser=8 ProcessVisibility=own
	expect 0 rssctl reload
	start_watch
	expect 137 rssctl run hide -- "$build/tests/tools/hog" anon 64M
	await 10 eval '[ "$(field hide last_oom)" != null ]'
	launch_hog_in hide lock 20M
	await 20 grep -q ready "$hog_out"
	roots=$(rssctl ps hide --json=short | jq '.[0].pid')
	polkit_says yes
	start_theirs
	expect 0 as_nobody rssctl attach hide "$theirs"
	expect 0 as_nobody rssctl ps hide --json=short
	equal "$(jq -c '[.[].pid]' <<<"$out")" "[$theirs]" "processes that nobody sees"
	equal "$(rssctl ps hide --json=short | jq length)" 2 "processes that root sees"
	expect 0 as_nobody rssctl show hide --json=short
	equal "$(jq .[0].processes <<<"$out")" 2 "number of processes"
	expect 1 as_nobody busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.rssd1 /org/rssd1 \
		org.rssd1.Manager GetContainerByPID u "$roots"
	says "No such process"
	expect 0 as_nobody busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.rssd1 /org/rssd1 \
		org.rssd1.Manager GetContainerByPID u "$theirs"
	expect 0 rssctl limit hide 8M --mode=force
	await 10 heard kill hide
	stop_watch
	seen_by_nobody hide >"$work/nobody"
	# Killed processes are counted, and the container is named.
	grep -q '"Killed"' "$work/nobody" && grep -q '"container":"hide"' "$work/nobody" || fail "nobody sees no record"
	! grep '"hog"\|[^0-9]'"$roots"'[^0-9]' "$work/nobody" || fail "nobody sees processes of root"
	! grep -q '"hog"' "$events" || fail "a signal names a process: $(grep '"hog"' "$events")"
	expect 0 rssctl oom hide --json=short
	says '"victim_command":"hog"'
	write_config LogLevel=debug PendingCallsPerUser=8
	expect 0 rssctl reload
	equal "$(as_nobody rssctl oom hide --json=short | jq -r '.[0].victim_command')" hog "victim that nobody sees by default"
	rssctl remove --force hide
}

# By default, rssd hides what /proc hides.
case_proc_decides_what_is_hidden() {
	local plain=("${sanitized[@]}")
	rssctl create mounted --limit=24M
	launch_hog_in mounted anon 1M
	await 20 grep -q ready "$hog_out"
	expect 0 as_nobody rssctl ps mounted --json=short
	equal "$(jq length <<<"$out")" 1 "processes that nobody sees"
	stop_rssd
	# shellcheck disable=SC2016
	sanitized+=("${own_mounts[@]}" sh -c 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"' rssd)
	start_rssd
	sanitized=("${plain[@]}")
	expect 0 as_nobody rssctl ps mounted --json=short
	equal "$(jq length <<<"$out")" 0 "processes that nobody sees under hidepid"
	equal "$(rssctl ps mounted --json=short | jq length)" 1 "processes that root sees"
	write_config LogLevel=debug PendingCallsPerUser=8 ProcessVisibility=all
	expect 0 rssctl reload
	equal "$(as_nobody rssctl ps mounted --json=short | jq length)" 1 "processes that nobody sees with all"
	write_config LogLevel=debug PendingCallsPerUser=8
	stop_rssd
	start_rssd
	rssctl remove --force mounted
}

# Refusals are logged: each user gets a few lines, and one more line counts the rest.
case_refusals_do_not_flood_the_log() {
	polkit_says no
	local before lines counted
	before=$(grep -c 'refused to user 1' "$rssd_log")
	expect 0 setpriv --reuid=1 --regid=1 --clear-groups client flood-calls 120 Explode
	says "refused 120"
	lines=$(($(grep -c 'refused to user 1' "$rssd_log") - before))
	[ "$lines" -ge 1 ] && [ "$lines" -le 5 ] || fail "$lines lines for 120 refused calls"
	await 25 grep -q 'more calls of user 1 were refused' "$rssd_log"
	counted=$(sed -n 's/^rssd: \([0-9]*\) more calls of user 1 .*/\1/p' "$rssd_log" | head -n 1)
	[ "$((counted + lines))" -le 120 ] && [ "$counted" -gt 30 ] ||
		fail "$lines lines and $counted counted of 120 refused calls"
}

# The bound of pending calls does not apply to root.
case_root_has_no_bound_of_pending_calls() {
	expect 0 client flood-calls 120 ListContainers
	says "served 120, refused 0"
}

case_polkit_says_no() {
	polkit_says no
	expect 0 rssctl create closed --limit=16M
	start_theirs
	local verb
	for verb in "create mine" "limit closed 8M" "set closed limit=8M" "remove closed" "attach closed $theirs" \
		"detach $theirs" "kill closed" "freeze closed" "thaw closed" "reset-peak closed" "reclaim closed 1M" \
		reload "run closed -- true" "run --limit=16M -- true"; do
		# shellcheck disable=SC2086
		expect 4 as_nobody rssctl $verb
		says "User 65534 may not"
	done
	equal "$(field closed limit)" $((16 << 20)) "limit after refusals"
	expect 3 rssctl show mine
	# Each user has a few log lines for refusals in ten seconds: this one has made none yet.
	expect 4 setpriv --reuid=2 --regid=2 --clear-groups rssctl limit closed 8M
	await 20 grep -q 'SetLimit refused to user 2 ' "$rssd_log"
	kill "$theirs"
	rssctl remove closed
}

# On a terminal a user without rights gets the agent that asks for the password, and it ends with rssctl.
case_an_agent_asks_for_the_password() {
	polkit_says yes
	mkdir -p "$work/agent"
	cat >"$work/agent/pkttyagent" <<-'EOF'
		#!/bin/bash
		echo "$*" >>"${0%/*}/started"
		exec {notify}>&-
		fd=$2
		exec {fd}>&-
		trap 'echo ended >>"${0%/*}/started"; exit' TERM
		while :; do read -rt 1 <> <(:) || :; done
	EOF
	chmod 755 "$work/agent/pkttyagent"
	chmod 777 "$work/agent"
	local PATH=$work/agent:$PATH
	local on_terminal=(terminal 80 24 -- setpriv --reuid=65534 --regid=65534 --clear-groups rssctl)
	expect 0 "${on_terminal[@]}" create asked
	equal "$(sed 's/[0-9]*//g' "$work/agent/started")" $'--notify-fd  --fallback\nended' "what the agent did"
	: >"$work/agent/started"
	# None for a verb that needs no rights, none without a wish for it, none without a terminal.
	expect 0 "${on_terminal[@]}" list
	expect 0 "${on_terminal[@]}" remove asked --no-ask-password
	expect 0 as_nobody rssctl create asked </dev/null
	equal "$(cat "$work/agent/started")" "" "agents"
	expect 0 rssctl remove asked
}

case_polkit_says_yes() {
	polkit_says yes
	start_theirs
	expect 0 as_nobody rssctl create mine --limit=16M
	expect 0 as_nobody rssctl create mine/inner
	expect 0 as_nobody rssctl limit mine 12M
	expect 0 as_nobody rssctl attach mine "$theirs"
	# This kernel may have no freezer; polkit is asked first.
	as_nobody rssctl freeze mine >/dev/null 2>&1
	as_nobody rssctl thaw mine >/dev/null 2>&1
	expect 0 as_nobody rssctl detach "$theirs"
	expect 0 as_nobody rssctl attach mine "$theirs"
	expect 0 as_nobody rssctl kill mine
	await 10 is_empty mine
	expect 0 as_nobody rssctl run mine -- true
	expect 0 as_nobody rssctl run --limit=16M -- true
	expect 0 as_nobody rssctl reload
	expect 0 as_nobody rssctl remove mine --force
	# The questions to polkit, by action, container and method.
	local line
	for line in "manage-containers mine CreateContainer 0" "manage-containers mine/inner CreateContainer 0" \
		"manage-containers mine SetLimit 0" "attach-processes mine Attach 0" "signal-processes mine Freeze 0" \
		"attach-processes - Detach 0" "signal-processes mine Kill 0" "reload - Reload 0" \
		"manage-containers mine RemoveContainer 0"; do
		grep -qx "org.rssd1.${line}" "$asked" || fail "was not asked $line: $(cat "$asked")"
	done
	# rssd does not ask polkit about calls of root.
	: >"$asked"
	expect 0 rssctl create roots
	expect 0 rssctl remove roots
	equal "$(cat "$asked")" "" "what polkit was asked about root"
}

# Users move only processes of their own, whatever polkit allows.
case_only_processes_of_its_own() {
	polkit_says yes
	rssctl create own
	start_hog anon 1M
	expect 1 as_nobody rssctl attach own "$hog"
	says "belongs to another user"
	expect 0 rssctl attach own "$hog"
	expect 1 as_nobody rssctl detach "$hog"
	says "belongs to another user"
	# A process that changed its effective user is no longer the caller's own.
	setpriv --ruid=65534 --clear-groups sleep 1000 &
	local other=$!
	children+=($other)
	disown $other
	await 10 grep -q '^Uid:.65534.0' /proc/$other/status
	expect 1 as_nobody rssctl attach own $other
	says "belongs to another user"
	start_theirs
	expect 0 as_nobody rssctl attach own "$theirs"
	kill "$theirs" $other
	rssctl remove own --force
}

case_a_password_would_do() {
	polkit_says challenge
	expect 4 as_nobody rssctl create secret
	says "requires a password"
	says "org.rssd1.manage-containers"
	expect 1 as_nobody busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" --allow-interactive-authorization=no \
		call org.rssd1 /org/rssd1 org.rssd1.Manager CreateContainer "sa{sv}" secret 0
	expect 1 as_nobody busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" --allow-interactive-authorization=yes \
		call org.rssd1 /org/rssd1 org.rssd1.Manager CreateContainer "sa{sv}" secret 0
	equal "$(tail -n 1 "$asked")" "org.rssd1.manage-containers secret CreateContainer 1" "flag of the last question"
}

case_polkit_is_missing() {
	no_polkit
	: >"$rssd_log"
	expect 4 as_nobody rssctl create lonely
	says "install polkitd"
	expect 4 as_nobody rssctl create lonely
	equal "$(grep -c 'polkit is not running' "$rssd_log")" 1 "how often the log says that there is no polkit"
	expect 0 rssctl create roots
	expect 0 rssctl remove roots
	polkit_says yes
	expect 0 as_nobody rssctl create lonely
	rssctl remove lonely
}

case_polkit_replies_nonsense_or_dies() {
	polkit_says nonsense
	expect 4 as_nobody rssctl create odd
	says "did not reply"
	polkit_says never
	as_nobody rssctl create odd >"$work/odd" 2>&1 &
	local caller=$!
	await 10 grep -q CreateContainer "$asked"
	kill -KILL "$polkit"
	wait $caller
	equal $? 4 "status when polkit dies"
	polkit=
	await 20 grep -q 'polkit did not reply' "$rssd_log"
	expect 3 rssctl show odd
}

case_answer_after_the_container_is_gone() {
	polkit_says hold
	rssctl create gone --limit=16M
	as_nobody rssctl limit gone 8M >"$work/late" 2>&1 &
	local caller=$!
	await 10 grep -q SetLimit "$asked"
	# Other clients are served meanwhile.
	expect 0 rssctl remove gone
	kill -USR1 "$polkit"
	wait $caller
	equal $? 3 "status of a call whose container is gone"
	grep -q 'No such container: "gone"' "$work/late" || fail "says: $(cat "$work/late")"
}

# Before the command is started, a signal ends rssctl itself.
case_run_is_interrupted_before_the_command() {
	local status=0
	polkit_says hold
	"${nobody[@]}" env --default-signal=INT rssctl run --limit=64M -- sleep 1000 >/dev/null 2>&1 &
	local caller=$!
	await 10 grep -q CreateContainer "$asked"
	kill -INT $caller
	await 20 eval "! kill -0 $caller"
	[ -z "$case_failed" ] || kill -KILL $caller
	wait $caller || status=$?
	equal "$status" 130 "status"
	kill -USR1 "$polkit"
	await 10 nothing_listed
}

case_caller_leaves_before_the_answer() {
	polkit_says hold
	"${nobody[@]}" rssctl create left >/dev/null 2>&1 &
	local caller=$!
	await 10 grep -q CreateContainer "$asked"
	kill -KILL $caller
	wait $caller 2>/dev/null
	# When this call is answered, rssd has handled that the caller disconnected.
	expect 0 rssctl list
	kill -USR1 "$polkit"
	expect 0 rssctl create after
	expect 3 rssctl show left
	rssctl remove after
}

case_questions_are_bounded_by_user() {
	polkit_says hold
	local i pids=()
	for i in {1..8}; do
		as_nobody rssctl create "many$i" >/dev/null 2>&1 &
		pids+=($!)
	done
	await 10 sh -c "[ \$(grep -c CreateContainer '$asked') = 8 ]"
	expect 1 as_nobody rssctl create many9
	says "Too many pending calls of user 65534"
	expect 0 rssctl create other
	polkit_says yes
	kill -USR1 "$polkit"
	for i in "${pids[@]}"; do wait "$i" || fail "a call that waited ended with $?"; done
	expect 0 as_nobody rssctl create many9
	rssctl remove other
	for i in {1..9}; do rssctl remove "many$i"; done
}

case_flood_of_readers_leaves_time_for_others() {
	local i
	for i in {1..40}; do rssctl create "f$i"; done
	as_nobody "$build/tests/tools/client" flood-calls 20000 ListContainers >"$work/flood" 2>&1 &
	local flood=$!
	children+=($flood)
	# Calls of root are served during the flood.
	for i in {1..10}; do expect 0 rssctl limit f1 $((i + 10))M; done
	wait $flood
	grep -q '^served [1-9]' "$work/flood" || fail "nothing was served: $(cat "$work/flood")"
	grep -q 'refused [1-9]' "$work/flood" || fail "nothing was refused: $(cat "$work/flood")"
	note "$(cat "$work/flood")"
	# The user can call again after a wait.
	await 10 as_nobody rssctl list
	for i in {1..40}; do rssctl remove "f$i"; done
}

run_cases "$@"
