#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Owners: what a user may do below a container that root delegated, and what neither it nor another may.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
write_config LogLevel=debug
start_rssd || exit 1

alice=(setpriv --reuid=65534 --regid=65534 --clear-groups)
bob=(setpriv --reuid=2 --regid=2 --clear-groups)
as_alice() { "${alice[@]}" "$@"; }
as_bob() { "${bob[@]}" "$@"; }

polkit_says own yes

# start_as USER...: a process of that user, $pid.
start_as() {
	"$@" sleep 1000 &
	pid=$!
	children+=("$pid")
	disown "$pid"
	await 10 eval '! grep -q "^Uid:.0" /proc/$pid/status'
}

# root delegates "a" to alice, who creates a/x.
begin() {
	rssctl create a --limit=64M --owner=65534
	expect 0 as_alice rssctl create a/x --limit=32M
}
end() {
	rssctl remove a --force 2>/dev/null
}

# The action of owners was asked about, and others without a password.
asked_as_owner() {
	grep -q '^org.rssd1.manage-own ' "$asked" || fail "polkit was not asked: $(cat "$asked")"
	! grep -v '^org.rssd1.manage-own ' "$asked" | grep -v ' 0$' || fail "a password was asked for: $(cat "$asked")"
}

case_an_owner_manages_what_it_created() {
	polkit_says own yes
	begin
	equal "$(rssctl list --json=short | jq -c '.[] | [.name, .owner, .delegated]')" \
		$'["a",65534,true]\n["a/x",65534,false]' "owners in the list"
	expect 0 rssctl show a/x
	says "Owner: nobody (65534)"
	expect 0 as_alice rssctl create a/x/y
	expect 0 as_alice rssctl limit a/x 64M
	expect 0 as_alice rssctl limit a/x infinity
	expect 0 as_alice rssctl set a/x limit=16M
	start_as "${alice[@]}"
	expect 0 as_alice rssctl attach a/x "$pid"
	if rssctl version --json | jq -e '.features | index("freeze")' >/dev/null; then
		expect 0 as_alice rssctl freeze a/x
		equal "$(field a/x frozen)" true frozen
		expect 0 as_alice rssctl thaw a/x
	fi
	expect 0 as_alice rssctl kill a/x
	await 10 is_empty a/x
	expect 0 as_alice rssctl remove a/x/y a/x
	asked_as_owner
	# The delegated container itself stays.
	equal "$(rssctl list --no-legend | awk '{ print $1 }')" a "what is left"
	end
}

# The delegated container is root's but for what is created in it, and polkit asks for an administrator.
case_the_delegated_container_is_roots() {
	local verb
	polkit_says own yes
	begin
	start_as "${alice[@]}"
	expect 0 as_alice rssctl attach a "$pid"
	polkit_says no
	for verb in "limit a 128M" "set a limit=128M" "remove a" "freeze a" "thaw a" "kill a" "reclaim a 1M" \
		"create b" "create a2" "remove a/x --force"; do
		# shellcheck disable=SC2086
		expect 4 as_alice rssctl $verb
	done
	equal "$(field a limit)" $((64 << 20)) limit
	# Root delegates, nobody else, whatever polkit says.
	polkit_says own yes
	expect 4 as_alice rssctl delegate a/x 2
	expect 4 as_alice rssctl create c --owner=65534
	expect 4 as_alice rssctl create a/c --owner=65534
	kill "$pid"
	end
}

case_an_owner_stays_within_bounds() {
	polkit_says own yes
	begin
	expect 4 as_alice rssctl limit a/x 65M
	says "the limit around it is 64.0M"
	expect 4 as_alice rssctl create a/z --limit=65M
	expect 4 as_alice rssctl set a/x oom-group=yes
	expect 4 as_alice rssctl create a/z --oom-group
	expect 4 as_alice rssctl limit a/x 8M --mode=force
	expect 4 as_alice rssctl remove a/x --force
	expect 4 as_alice rssctl create a/z --cgroup=/some
	expect 4 as_alice rssctl create a/z --unit=web.service
	# The lowest limit around counts, not that of the parent alone.
	expect 0 as_alice rssctl create a/x/y
	expect 0 as_alice rssctl limit a/x infinity
	expect 4 as_alice rssctl limit a/x/y 65M
	start_as "${alice[@]}"
	expect 4 as_alice rssctl attach a/x --tree "$pid"
	expect 3 rssctl show a/z
	kill "$pid"
	end
}

case_a_stranger_may_nothing() {
	local verb
	polkit_says own yes
	begin
	start_as "${bob[@]}"
	polkit_says no
	for verb in "create a/b" "create a/x/b" "limit a/x 8M" "set a/x limit=8M" "remove a/x" "freeze a/x" "thaw a/x" \
		"kill a/x" "attach a/x $pid" "attach a $pid" "reset-peak a/x" "reclaim a/x 1M"; do
		# shellcheck disable=SC2086
		expect 4 as_bob rssctl $verb
	done
	# It was asked about the actions of everybody.
	! grep -q manage-own "$asked" || fail "a stranger was asked about as an owner: $(cat "$asked")"
	equal "$(field a/x limit)" $((32 << 20)) limit
	kill "$pid"
	end
}

case_processes_of_others_are_safe() {
	polkit_says own yes
	begin
	start_as "${bob[@]}"
	local theirs=$pid
	expect 0 rssctl attach a/x "$theirs"
	start_as "${alice[@]}"
	# Not those of others, and not root's.
	expect 1 as_alice rssctl attach a/x $$
	says "belongs to another user"
	expect 4 as_alice rssctl kill a/x
	says "belong to other users"
	expect 0 as_alice rssctl attach a/x "$pid"
	if rssctl version --json | jq -e '.features | index("freeze")' >/dev/null; then
		expect 4 as_alice rssctl freeze a/x
		says "Process $theirs in \"a/x\" belongs to another user"
	fi
	expect 0 as_alice rssctl kill a/x --signal=KILL
	await 10 eval '! [ -d "/proc/$pid" ] || grep -q "^State:.Z" "/proc/$pid/status"'
	kill -0 "$theirs" || fail "the process of another user was killed"
	kill "$theirs"
	await 10 is_empty a/x
	end
}

# A process leaves no container of another user, so that no limit is escaped.
case_no_escape_from_another_container() {
	polkit_says own yes
	begin
	rssctl create jail --limit=16M
	start_as "${alice[@]}"
	expect 0 rssctl attach jail "$pid"
	expect 1 as_alice rssctl attach a/x "$pid"
	says "is in a container of another user"
	equal "$(rssctl ps jail --no-legend | awk '{ print $1 }')" "$pid" "members of the jail"
	expect 0 rssctl attach a "$pid"
	expect 0 as_alice rssctl attach a/x "$pid"
	rssctl remove jail
	kill "$pid"
	end
}

case_containers_of_others_inside() {
	polkit_says own yes
	begin
	rssctl create a/x/roots
	rssctl create a/x/bobs --owner=2
	expect 0 as_bob rssctl create a/x/bobs/z
	polkit_says no
	expect 4 as_alice rssctl create a/x/roots/b
	expect 4 as_alice rssctl limit a/x/roots 8M
	expect 4 as_alice rssctl limit a/x/bobs/z 8M
	polkit_says own yes
	expect 4 as_alice rssctl kill a/x
	says "containers of other users"
	expect 4 as_alice rssctl freeze a/x
	! as_alice rssctl remove a/x 2>/dev/null || fail "a container of others was removed"
	expect 0 rssctl show a/x/bobs/z
	end
}

# When root gives it to another user, the first one has no rights, also not in what it created.
case_the_owner_changes() {
	polkit_says own yes
	begin
	expect 0 rssctl delegate a 2
	polkit_says no
	expect 4 as_alice rssctl limit a/x 8M
	expect 4 as_alice rssctl create a/y
	expect 4 as_alice rssctl create a/x/y
	expect 4 as_bob rssctl limit a/x 8M
	! grep -q manage-own "$asked" || fail "asked about as an owner: $(cat "$asked")"
	polkit_says own yes
	expect 0 as_bob rssctl create a/y
	polkit_says no
	expect 0 rssctl delegate a root
	expect 4 as_bob rssctl create a/z
	polkit_says own yes
	expect 0 rssctl delegate a 65534
	expect 0 as_alice rssctl limit a/x 8M
	expect 1 busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.rssd1 /org/rssd1 org.rssd1.Manager \
		DelegateContainer su a 4294967295
	expect 2 rssctl delegate a no-such-user
	expect 3 rssctl delegate nope 2
	end
}

# polkit answers after root has taken the container back: the answer counts no more.
case_the_owner_changes_while_polkit_is_asked() {
	polkit_says own hold
	rssctl create a --limit=64M --owner=65534
	as_alice rssctl create a/x >"$work/late" 2>&1 &
	local caller=$!
	await 10 grep -q "manage-own a/x CreateContainer" "$asked"
	expect 0 rssctl delegate a 2
	kill -USR1 "$polkit"
	wait $caller
	equal $? 4 "status of the call"
	grep -q 'owner of the container has changed' "$work/late" || fail "says: $(cat "$work/late")"
	expect 3 rssctl show a/x
	end
}

case_polkit_may_refuse_owners() {
	polkit_says own yes
	begin
	polkit_says no
	expect 4 as_alice rssctl limit a/x 8M
	says "org.rssd1.manage-own"
	end
}

# A user with the rights for all containers is bound by none of an owner's in its own.
case_a_manager_keeps_its_rights() {
	local theirs
	polkit_says own yes
	begin
	start_as "${bob[@]}"
	theirs=$pid
	expect 0 rssctl attach a/x "$theirs"
	expect 4 as_alice rssctl limit a/x 128M
	polkit_says yes
	expect 0 as_alice rssctl limit a/x 128M
	equal "$(field a/x limit)" $((128 << 20)) "limit that is above the one around"
	expect 0 as_alice rssctl set a/x oom-group=yes
	expect 0 as_alice rssctl kill a/x
	await 10 is_empty a/x
	! grep -q manage-own "$asked" || fail "asked about as an owner: $(cat "$asked")"
	expect 0 as_alice rssctl create a/z --limit=128M
	equal "$(field a/z owner)" 65534 "owner of what a manager created in its own"
	expect 0 rssctl delegate a 2
	expect 0 as_alice rssctl limit a/x 64M
	expect 0 rssctl delegate a 65534
	polkit_says own yes
	expect 4 as_alice rssctl limit a/x 128M
	expect 0 as_alice rssctl limit a/z 32M
	# Two questions, of which the first is without a password.
	polkit_says challenge
	expect 4 as_alice rssctl limit a/z 16M
	equal "$(grep -c SetLimit "$asked")" 2 "questions about a call"
	end
}

case_owners_survive_a_restart() {
	polkit_says own yes
	begin
	stop_rssd
	start_rssd || return
	equal "$(rssctl list --json=short | jq -c '.[] | [.name, .owner, .delegated]')" \
		$'["a",65534,true]\n["a/x",65534,false]' "owners after a restart"
	expect 0 as_alice rssctl limit a/x 8M
	kill_rssd
	start_rssd || return
	equal "$(field a/x owner)" 65534 "owner after a kill"
	end
}

# A name that a user has taken is root's when it is declared.
case_declarations_have_an_owner() {
	polkit_says own yes
	begin
	echo '{ "name": "a/x", "limit": "24M" }' >"$work/containers.d/x.json"
	echo '{ "name": "d", "limit": "24M", "owner": "nobody" }' >"$work/containers.d/d.json"
	expect 0 rssctl reload
	await 10 eval '[ "$(field d owner)" = 65534 ]'
	await 10 eval '[ "$(field a/x owner)" = 0 ]'
	expect 0 as_alice rssctl create d/mine
	expect 1 rssctl delegate d 2
	says "is declared"
	polkit_says no
	expect 4 as_alice rssctl limit a/x 8M
	rm "$work/containers.d/d.json" "$work/containers.d/x.json"
	echo '{ "name": "e", "owner": "no-such-user" }' >"$work/containers.d/e.json"
	rssctl reload
	expect 3 rssctl show e
	rm "$work/containers.d/e.json"
	expect 0 rssctl reload
	rssctl remove d --force
	end
}

# Reclaim for a user costs time of rssd: few calls at a time, and none for longer than others.
case_pending_calls_of_owners_are_bounded() {
	local i pids=() callers=()
	polkit_says own yes
	begin
	expect 4 as_alice rssctl limit a/x 1M --timeout=1h
	says "LimitTimeout"
	for i in {1..40}; do
		start_as "${alice[@]}"
		pids+=("$pid")
	done
	stop_rssd
	LD_PRELOAD=$build/tests/preload/slow-moves.so start_rssd || return
	: >"$asked"
	for i in {1..4}; do
		as_alice rssctl attach a/x "${pids[@]}" >/dev/null 2>&1 &
		callers+=($!)
	done
	await 20 eval '[ "$(grep -c "manage-own a/x Attach" "$asked")" = 4 ]'
	expect 1 as_alice rssctl attach a/x "$pid"
	says "pending calls as an owner"
	for i in "${callers[@]}"; do wait "$i" || fail "a call that was pending ended with $?"; done
	expect 0 as_alice rssctl attach a/x "$pid"
	kill "${pids[@]}"
	stop_rssd
	start_rssd || return
	end
}

case_the_number_of_containers_is_bounded() {
	polkit_says own yes
	rssctl create a --owner=65534
	expect 0 as_alice client create-many a 256
	expect 1 as_alice rssctl create a/more
	says "the maximum of one user"
	expect 0 rssctl create a/roots
	expect 0 as_alice rssctl remove a/n1
	expect 0 as_alice rssctl create a/more
	end
}

run_cases "$@"
