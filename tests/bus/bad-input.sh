#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input: a message, the documented status, and no partial change.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
write_config LogLevel=debug
start_rssd || exit 1

case_bad_names() {
	local name long
	long=$(printf 'x%.0s' {1..201})
	for name in "" "$long" $'a\tb' $'a\nb' ".." "a/.." ".hidden" "/lead" "a//b" "trail/" "a b" "tasks" \
		"memory.limit_in_bytes" "cgroup.procs" "-dash" "+procs" "a/b/c/d/e/f/g/h/i"; do
		expect 2 rssctl create -- "$name"
		case $err in *name*) ;; *) fail "\"$name\": says $err" ;; esac
	done
	expect 0 rssctl list --no-legend
	equal "$out" "" "the list"
}

# A message cuts long quotes, and must not cut inside a character: D-Bus refuses invalid UTF-8.
case_names_that_are_cut_within_a_character() {
	local fill
	for fill in 199 200; do
		expect 1 busctl --timeout=5 call org.rssd1 /org/rssd1 org.rssd1.Manager GetContainer s \
			"$(printf 'x%.0s' $(seq $fill))ééé"
		says "No such container"
	done
	expect 0 rssctl list
}

case_unknown_container() {
	local verb
	for verb in "show nope" "ps nope" "limit nope 1M" "remove nope" "kill nope" "attach nope $$" \
		"set nope limit=1M" "run nope -- true"; do
		# shellcheck disable=SC2086
		expect 3 rssctl $verb
		says nope
	done
	expect 3 rssctl create nope/child
	says "create it first"
}

case_bad_sizes() {
	local size
	expect 0 rssctl create s --limit=16M
	for size in -1 +5 -5Q -17M 12Q 1M5 "1 0M" "" 99999999999999999999 9999999T 0x10 1e9 101% nan; do
		expect 2 rssctl limit s -- "$size"
	done
	expect 2 rssctl limit s 100
	says "smallest"
	expect 2 rssctl limit s 100 --dry-run
	says "smallest"
	expect 2 rssctl limit s 0
	equal "$(field s limit)" $((16 << 20)) "limit after bad sizes"
	expect 2 rssctl create t --limit=12Q
	expect 2 rssctl create t --limit=1
	expect 3 rssctl show t
	expect 0 rssctl remove s
}

case_bad_processes() {
	expect 0 rssctl create p
	expect 3 rssctl attach p 4194303
	says vanished
	expect 2 rssctl attach p abc
	expect 2 rssctl attach p -- -5
	expect 2 rssctl attach p
	expect 1 rssctl attach p 2
	says "kernel thread"
	expect 1 rssctl attach p "$rssd_pid"
	says "rssd itself"
	expect 1 rssctl attach p 1
	says "init process"
	# A zombie.
	start_hog zombie 1
	zombie=$(head -n 1 "$hog_out")
	await 20 grep -q '^State:.Z' "/proc/$zombie/status"
	expect 1 rssctl attach p "$zombie"
	says zombie
	# A good process among bad ones is moved.
	start_hog anon 1M
	expect 1 rssctl attach p "$hog" 2
	says moved
	says refused
	expect 0 rssctl remove p --force
}

case_process_with_control_characters_in_its_name() {
	local evil=$work/$'h\xffg\e[2J'
	cp "$build/tests/tools/hog" "$evil"
	expect 0 rssctl create evil --limit=16M
	expect 137 rssctl run evil -- "$evil" anon 64M
	await 20 sh -c 'rssctl show evil --json=short | jq -e .[0].last_oom.victim_pid >/dev/null'
	equal "$(field evil last_oom.victim_command)" 'h?g?[2J' "victim"
	rssctl run evil -- "$evil" anon 1M >"$work/evil.out" &
	children+=($!)
	await 10 grep -q ready "$work/evil.out"
	expect 0 rssctl ps evil
	says 'h?g?[2J'
	expect 0 rssctl remove evil --force
}

case_removal_with_processes_inside() {
	expect 0 rssctl create full
	expect 0 rssctl create full/inner
	launch_hog_in full/inner anon 1M
	await 20 grep -q ready "$hog_out"
	expect 1 rssctl remove full/inner
	says "1 process inside"
	expect 1 rssctl remove full
	says "1 container inside"
	expect 0 rssctl remove full --force
	expect 3 rssctl show full
	expect 3 rssctl show full/inner
}

case_removal_while_a_limit_is_reclaimed() {
	[ "$(awk '/SwapTotal/ { print $2 }' /proc/meminfo)" = 0 ] || { skip "needs a machine without swap"; return; }
	expect 0 rssctl create busy
	launch_hog_in busy ebb 32M
	await 20 grep -q ready "$hog_out"
	rssctl limit busy 4M --timeout=60s >"$work/limit.out" 2>&1 &
	local limiter=$!
	await 20 grep -q 'busy: changing settings, limit 4.0M' "$rssd_log"
	expect 1 rssctl limit busy 64M
	says "changed already"
	expect 0 rssctl remove busy --force
	wait $limiter
	equal $? 5 "status of the limit"
	grep -q "removed" "$work/limit.out" || fail "says: $(cat "$work/limit.out")"
	expect 3 rssctl show busy
}

case_create_twice() {
	expect 0 rssctl create twice
	expect 7 rssctl create twice
	says "exists already"
	expect 0 rssctl remove twice
}

case_bad_usage() {
	expect 2 rssctl frobnicate
	says frobnicate
	expect 2 rssctl lst
	says list
	expect 2 rssctl list --colour
	expect 2 rssctl create
	expect 2 rssctl create a b
	expect 2 rssctl limit a
	expect 2 rssctl limit a 1M --mode=gently
	expect 2 rssctl limit a 1M --timeout=soon
	expect 2 rssctl kill a --signal=NOPE
	expect 2 rssctl run
	expect 2 rssctl run --limit=1M
	expect 2 rssctl list --json=nice
}

case_caller_without_rights() {
	expect 0 rssctl create private
	expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups rssctl create mine
	expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups rssctl limit private 1M
	expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups rssctl attach private $$
	expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups rssctl remove private
	expect 3 rssctl show mine
	expect 0 rssctl remove private
}

case_without_a_daemon_or_a_bus() {
	stop_rssd
	expect 6 rssctl list
	says "rssd"
	expect 6 rssctl doctor
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/nothing expect 6 rssctl list
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/nothing expect 1 rssd --config="$work/rssd.conf"
	says "bus cannot be reached"
	start_rssd
}

# A stopped daemon is still on the bus: the message must not say that rssd does not run.
case_daemon_that_does_not_answer() {
	rssctl create asked --limit=16M
	kill -STOP "$rssd_pid"
	export SYSTEMD_BUS_TIMEOUT=1s
	expect 6 rssctl list
	says "is running and does not answer"
	[[ $err != *"systemctl start"* ]] || fail "said: $err"
	expect 6 rssctl doctor
	says "is running and does not answer"
	unset SYSTEMD_BUS_TIMEOUT
	kill -CONT "$rssd_pid"
	expect 0 rssctl show asked
	rssctl remove asked
}

# If the daemon dies with a call pending, the call fails at once, not at its deadline.
case_daemon_that_dies_before_the_answer() {
	rssctl create asked --limit=16M
	kill -STOP "$rssd_pid"
	rssctl show asked >"$work/show" 2>&1 &
	local show=$! status=0
	await 20 pending_call "$show"
	kill_rssd
	wait "$show" || status=$?
	equal "$status" 6 "status"
	grep -q "does not answer" "$work/show" && fail "said: $(cat "$work/show")"
	start_rssd
	rssctl remove asked
}
# True if the client sleeps, because it waits for the bus.
pending_call() { grep -q "^State:.S" "/proc/$1/status"; }

case_two_daemons() {
	expect 1 rssd --config="$work/rssd.conf"
	says "Another rssd"
	# Another state directory does not help: the bus name is taken.
	sed "s|^StateDirectory=.*|StateDirectory=$work/state2|" "$work/rssd.conf" >"$work/second.conf"
	expect 1 rssd --config="$work/second.conf"
	says "Another rssd"
	expect 0 rssctl list
}

case_no_controller_and_read_only_tree() {
	local mount
	mount=$(memory_mount)
	[ -n "$mount" ] || { skip "needs a v1 memory hierarchy"; return; }
	stop_rssd
	# In a mount namespace, so that nothing changes for the machine.
	expect 1 "${own_mounts[@]}" sh -c \
		"mount -t tmpfs none /sys/fs/cgroup && exec rssd --config='$work/rssd.conf'"
	says "controller"
	expect 1 "${own_mounts[@]}" sh -c \
		"rmdir '$mount/$root'; mount -o remount,bind,ro '$mount' && exec rssd --config='$work/rssd.conf'"
	says "ead-only"
	start_rssd
}

case_bad_arguments_to_rssd() {
	expect 2 rssd --nonsense
	expect 2 rssd extra
	expect 0 rssd --help
	expect 0 rssd --version
	printf 'Root=x\nColour=red\n' >"$work/bad.conf"
	expect 1 rssd --config="$work/bad.conf"
	says "bad.conf:2: Colour"
	expect 1 rssd --config="$work/missing.conf"
	says missing.conf
	printf 'Controller=abacus\n' >"$work/bad.conf"
	expect 1 rssd --config="$work/bad.conf"
	says abacus
}

run_cases "$@"
