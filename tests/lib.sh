# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the bus and host tests: a private bus, a real rssd on it with a cgroup
# directory of its own, and checks that print the actual value. A test sources this
# file, defines functions named case_*, and ends with run_cases "$@".
# Everything is cleaned up on exit, also after a failure.
# shellcheck shell=bash

# Signals that a caller such as nohup ignores would be ignored by every process of a test. RSSD_TEST
# is in the environment of every process that a test starts: see kill_own_members.
if [ "${RSSD_TEST:-}" != $$ ] ||
	{ grep -q '^SigIgn:.*[1-9a-f]' /proc/self/status && [ -z "${SIGNALS_RESET:-}" ]; }; then
	RSSD_TEST=$$ SIGNALS_RESET=1 exec env --default-signal bash "$0" "$@"
fi

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${BUILD:-$here/../build}" && pwd)
export PATH="$build:$build/tests/tools:$PATH"
work=$(mktemp -d -t rssd-test.XXXXXX)
root=rssd-test-$$
rssd_log=$work/rssd.log
# SANITIZER=asan or SANITIZER=tsan tests the rssd of $build/asan or $build/tsan.
rssd=$build/${SANITIZER:+$SANITIZER/}rssd
rssd_pid=
bus_pid=
children=()

unset NO_COLOR JOURNAL_STREAM NOTIFY_SOCKET
export LC_ALL=C.UTF-8 TERM=xterm

# --- verdicts ------------------------------------------------------------------

case_name=
case_failed=

note() { printf '# %s\n' "$*"; }

# fail WHAT...: marks the running case as failed; the case goes on, to show further failures.
fail() {
	case_failed=1
	printf '# %s: %s\n' "$case_name" "$*"
}

# skip WHY: ends the running case as skipped; call it as: skip "..."; return
skip() {
	case_failed=skip
	printf 'skip - %s: %s\n' "$case_name" "$*"
}

# run_cases [NAME...]: runs the functions case_NAME (all without arguments).
run_cases() {
	local names=("$@") name start
	[ $# -gt 0 ] || mapfile -t names < <(declare -F | sed -n 's/^declare -f case_//p')
	for name in "${names[@]}"; do
		case_name=${0##*/}/$name
		declare -F "case_$name" >/dev/null || { printf 'not ok - %s: there is no such case\n' "$case_name"; continue; }
		case_failed= start=$SECONDS
		[ -z "${PROGRESS:-}" ] || echo "$case_name" >"$PROGRESS"
		"case_$name"
		case $case_failed in
		"") printf 'ok - %s\n' "$case_name" ;;
		skip) ;;
		*)
			printf 'not ok - %s\n' "$case_name"
			[ ! -s "$rssd_log" ] || tail -n 8 "$rssd_log" | sed 's/^/#   log: /'
			;;
		esac
		[ -z "${TIMES:-}" ] || note "$case_name: $((SECONDS - start)) s"
	done
}

# --- checks ----------------------------------------------------------------------

# expect STATUS COMMAND...: runs it, keeps what it printed in $out and $err.
expect() {
	local want=$1 status=0
	shift
	"$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	out=$(cat "$work/out") err=$(cat "$work/err")
	[ "$status" = "$want" ] ||
		fail "\`${*:0:12}' ended with $status, not $want: $(head -c 400 "$work/err" "$work/out")"
}

# says TEXT: the last expect printed TEXT on standard output or standard error.
says() {
	[[ $out$err == *"$1"* ]] || fail "should say \"$1\", said: ${out:0:300}${err:0:300}"
}

equal() {
	[ "$1" = "$2" ] || fail "${3:-value} is \"$1\", not \"$2\""
}

# time_of COMMAND...: prints how many milliseconds it takes; what it prints itself is dropped.
time_of() {
	local start=${EPOCHREALTIME/./}
	"$@" >/dev/null 2>&1
	echo $(((${EPOCHREALTIME/./} - start) / 1000))
}
# median FILE: of the numbers in its lines.
median() { sort -n "$1" | awk '{ row[NR] = $1 } END { print row[int((NR + 1) / 2)] }'; }

# until_true SECONDS COMMAND...: polls with a bound, less often the longer it takes: on a slow machine
# the polls would take the time of what they wait for. POLL is the first pause, in milliseconds.
until_true() {
	local deadline=$((SECONDS + $1)) pause=${POLL:-20} text
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || return 1
		printf -v text '0.%03d' "$pause"
		read -rt "$text" <> <(:) || :
		pause=$((pause < 200 ? pause * 3 / 2 : 300))
	done
}

# await SECONDS COMMAND...: until_true, or the case fails.
await() {
	local seconds=$1
	shift
	until_true "$seconds" "$@" || fail "\`$*' did not come true within ${seconds}s"
}

# --- sanitizers -----------------------------------------------------------------

# Reports go to $work/sanitizer.PID. TSan needs fixed addresses, so no ASLR.
sanitized=()
case ${SANITIZER:-} in
asan)
	export ASAN_OPTIONS=log_path=$work/sanitizer:verify_asan_link_order=0:detect_stack_use_after_return=1
	export UBSAN_OPTIONS=log_path=$work/sanitizer:print_stacktrace=1
	;;
tsan)
	export TSAN_OPTIONS=log_path=$work/sanitizer:second_deadlock_stack=1
	! setarch --addr-no-randomize true 2>/dev/null || sanitized=(setarch --addr-no-randomize)
	;;
esac

# --- bus and daemon ----------------------------------------------------------------

start_bus() {
	cat >"$work/bus.conf" <<-EOF
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		<type>system</type>
		<listen>unix:path=$work/bus</listen>
		${bus_limits:-}
		<auth>EXTERNAL</auth>
		<policy context="default">
		<allow user="*"/><allow own="*"/>
		<allow send_type="method_call"/><allow send_type="signal"/>
		<allow send_requested_reply="true" send_type="method_return"/>
		<allow send_requested_reply="true" send_type="error"/>
		<allow receive_type="method_call"/><allow receive_type="method_return"/>
		<allow receive_type="error"/><allow receive_type="signal"/>
		</policy>
		</busconfig>
	EOF
	chmod 755 "$work"
	dbus-daemon --nofork --config-file="$work/bus.conf" >"$work/bus.log" 2>&1 &
	bus_pid=$!
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
	until_true 10 test -S "$work/bus" || { note "no bus: $(cat "$work/bus.log")"; exit 1; }
}

mood=$work/mood asked=$work/asked
# polkit_says WORD...: makes polkit reply so from now on, and starts it if it does not run; what it is
# asked is in $asked. See tests/tools/polkit.c.
polkit_says() {
	echo "$*" >"$mood"
	: >"$asked"
	[ -n "${polkit:-}" ] && kill -0 "$polkit" 2>/dev/null && return
	polkit "$mood" >>"$asked" &
	polkit=$!
	children+=("$polkit")
	disown "$polkit"
	await 10 busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" status org.freedesktop.PolicyKit1
}

# make_ssh: an ssh in $work/remote, which stays on this machine and this bus. The host "nowhere" cannot
# be reached.
make_ssh() {
	mkdir -p "$work/remote"
	cat >"$work/remote/ssh" <<-EOF
		#!/bin/sh
		echo "\$*" >"$work/remote/arguments"
		case "\$*" in *nowhere*) exit 255 ;; esac
		exec systemd-stdio-bridge --bus-path="$DBUS_SYSTEM_BUS_ADDRESS"
	EOF
	chmod 755 "$work/remote/ssh"
}

# write_config LINE...: writes rssd.conf with these additional lines.
write_config() {
	printf '%s\n' "Root=$root" "StateDirectory=$work/state" "RuntimeDirectory=$work/run" \
		"ContainersDirectory=$work/containers.d" "LimitTimeout=5s" "$@" >"$work/rssd.conf"
	mkdir -p "$work/containers.d"
}

# start_rssd ARGUMENT...: starts rssd and waits until it answers.
start_rssd() {
	[ -f "$work/rssd.conf" ] || write_config
	"${sanitized[@]}" "$rssd" --config="$work/rssd.conf" "$@" 2>>"$rssd_log" &
	rssd_pid=$!
	until_true 30 rssd_answers || { note "rssd does not answer:"; tail -n 5 "$rssd_log"; return 1; }
}

rssd_answers() {
	kill -0 "$rssd_pid" 2>/dev/null || return 0
	rssctl list
}

# Ends rssd with SIGTERM, as a service manager does, and checks its exit status.
stop_rssd() {
	[ -n "$rssd_pid" ] || return 0
	local status=0
	kill -TERM "$rssd_pid" 2>/dev/null
	wait "$rssd_pid" || status=$?
	rssd_pid=
	[ $status = 0 ] || fail "rssd ended with $status"
}

kill_rssd() {
	disown "$rssd_pid"
	kill -KILL "$rssd_pid"
	await 10 test ! -d "/proc/$rssd_pid"
	rssd_pid=
}

# --- processes -----------------------------------------------------------------------

# The hog that tests start.
hog_program=$build/tests/tools/hog

# own_hog: from now on hogs run a copy of the program that belongs to this script, so that
# own_pids finds these and no other script's.
own_hog() {
	mkdir -p "$work/bin"
	cp "$hog_program" "$work/bin/hog"
	hog_program=$work/bin/hog
	PATH=$work/bin:$PATH
}

# own_pids NAME: the processes named NAME that run a program of $work/bin; no zombies.
own_pids() {
	local pid program
	for pid in $(pgrep -x "$1"); do
		for program in "$work"/bin/*; do
			[ ! "/proc/$pid/exe" -ef "$program" ] || echo "$pid"
		done
	done
}
own_count() { own_pids "$1" | wc -l; }

# kill_own NAME: kills them until none is left.
kill_own() { await 10 none_left "$1"; }
none_left() {
	local pids
	mapfile -t pids < <(own_pids "$1")
	[ ${#pids[@]} = 0 ] || { kill -KILL "${pids[@]}" 2>/dev/null; return 1; }
}

# start_hog ARGUMENT...: starts a hog in the background, $hog, and waits until it has its memory.
start_hog() {
	launch_hog "$@"
	await 20 grep -q -e ready -e waiting "$hog_out"
}

# launch_hog ARGUMENT...: the same without waiting.
launch_hog() {
	hog_out=$(mktemp -p "$work" hog.XXXXXX)
	"$hog_program" "$@" >"$hog_out" 2>&1 </dev/null &
	hog=$!
	children+=("$hog")
	disown "$hog" # the shell does not report how it ended
}

# start_sleep: starts a sleep in the background, $pid, and waits until the shell has become it.
start_sleep() {
	sleep 1000 &
	pid=$!
	children+=("$pid")
	disown "$pid"
	await 10 grep -qx sleep "/proc/$pid/comm"
}

# free_port: prints a port of 127.0.0.1 that is free now.
free_port() { /usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# start_metrics_socket: serves metrics as rssd-metrics.socket does, on $socket_port.
start_metrics_socket() {
	socket_port=$(free_port)
	systemd-socket-activate -l "127.0.0.1:$socket_port" -E DBUS_SYSTEM_BUS_ADDRESS -E PATH \
		rssctl metrics --serve >"$work/socket.log" 2>&1 &
	children+=($!)
}

# launch_hog_in NAME ARGUMENT...: starts a hog in a container, without waiting.
launch_hog_in() {
	local name=$1
	shift
	hog_out=$(mktemp -p "$work" hog.XXXXXX)
	rssctl run "$name" -- "$hog_program" "$@" >"$hog_out" 2>&1 </dev/null &
	hog=$!
	children+=("$hog")
	disown "$hog" # the shell does not report how it ended
}

# The numbers of the descriptors of rssd.
own_descriptors() { ls "/proc/$rssd_pid/fdinfo"; }
has_more_descriptors() { [ "$(own_descriptors | wc -l)" -gt "$1" ]; }
# Those without the flag O_CLOEXEC that rssd opened itself.
inherited_descriptors() {
	local fd flags
	for fd in $(own_descriptors); do
		flags=$(sed -n 's/^flags:\t//p' "/proc/$rssd_pid/fdinfo/$fd" 2>/dev/null)
		[ "$fd" -lt 3 ] || [ -z "$flags" ] || [ "/proc/$rssd_pid/fd/$fd" -ef "/proc/$$/fd/$fd" ] || [ $((flags & 02000000)) != 0 ] ||
			readlink "/proc/$rssd_pid/fd/$fd"
	done
}

# field NAME KEY: a value of `rssctl show --json`.
field() { rssctl show "$1" --json=short | jq -r ".[0].$2"; }

# Conditions for await.
is_empty() { [ -z "$(rssctl ps "$1" --no-legend)" ]; }
nothing_listed() { [ -z "$(rssctl list --no-legend)" ]; }

# --- events ----------------------------------------------------------------------------

quiet_remove() { rssctl remove --force "$1" >/dev/null 2>&1; }

# start_watch: writes events to the file $events, one JSON object a line.
start_watch() {
	events=$(mktemp -p "$work" events.XXXXXX)
	rssctl watch --json=short >"$events" 2>&1 </dev/null &
	watch=$!
	children+=($watch)
	disown $watch
	# This event arrives once rssctl has subscribed.
	rssctl create probe >/dev/null
	until_true 20 grep -q probe "$events" || { quiet_remove probe; rssctl create probe >/dev/null; }
	quiet_remove probe
}
stop_watch() {
	kill $watch
	[ -z "$case_failed" ] || head -n 12 "$events" | sed 's/^/#   event: /'
}
# heard KIND CONTAINER [FILTER]: the watch has received such an event.
heard() {
	jq -se --arg k "$1" --arg c "$2" \
		"any(.[] | select(.event == \$k and .container == \$c); ${3:-true})" "$events" >/dev/null 2>&1
}
count_heard() {
	jq -s --arg k "$1" --arg c "$2" '[.[] | select(.event == $k and .container == $c)] | length' \
		"$events"
}

# The mount point of the v1 memory hierarchy; empty if it is not mounted.
memory_mount() { sed -n 's/^[^ ]* \([^ ]*\) cgroup [^ ]*memory.*/\1/p' /proc/mounts | head -n 1; }

# The mount point of the hierarchy with the memory controller: v1's, or the unified one.
controller_mount() {
	local v1
	v1=$(memory_mount)
	echo "${v1:-/sys/fs/cgroup}"
}
# cgroup_of PID: its cgroup there.
cgroup_of() {
	if [ -n "$(memory_mount)" ]; then
		sed -nE 's/^[0-9]+:([^:]*,)?memory(,[^:]*)?://p' "/proc/$1/cgroup"
	else
		sed -n 's/^0:://p' "/proc/$1/cgroup"
	fi
}

# own_mounts: starts a command in a mount namespace. In a chroot, / is no mount point, so that its
# propagation cannot be set; this is not needed if no mount is shared.
own_mounts=(unshare --mount --propagation private)
"${own_mounts[@]}" true 2>/dev/null || grep -q ' shared:' /proc/self/mountinfo ||
	own_mounts=(unshare --mount --propagation unchanged)

# --- cleaning up -----------------------------------------------------------------------

# kill_own_members MOUNT: kills the processes in the test's cgroups. Those that the test did not
# start are moved out: a case may have attached any process of the machine.
kill_own_members() {
	local pid
	for pid in $(find "$1/$root" -name cgroup.procs -exec cat {} + 2>/dev/null); do
		if cat "/proc/$pid/environ" /proc/"$pid"/task/*/environ 2>/dev/null | grep -qzx "RSSD_TEST=$$"; then
			kill -KILL "$pid" 2>/dev/null
		elif [ -d "/proc/$pid" ] && { echo "$pid" >"$1/cgroup.procs"; } 2>/dev/null; then
			note "moved out of the test: process $pid ($(cat "/proc/$pid/comm" 2>/dev/null))"
		fi
	done
}

remove_cgroups() {
	local mount state tries=0
	[[ $root == rssd-test-* ]] || { note "not removed: the cgroups of \"$root\""; return; }
	# A frozen process does not end.
	for state in $(awk '$3 == "cgroup" && $4 ~ /freezer/ { print $2 }' /proc/mounts); do
		[ ! -d "$state/$root" ] || find "$state/$root" -name freezer.state -exec sh -c 'echo THAWED >"$0"' {} \;
	done 2>/dev/null
	for mount in $(awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts); do
		[ -d "$mount/$root" ] || continue
		while [ -d "$mount/$root" ] && [ $((tries++)) -lt 200 ]; do
			kill_own_members "$mount"
			find "$mount/$root" -depth -type d -exec rmdir {} + 2>/dev/null
			read -rt 0.02 <> <(:) || :
		done
		[ ! -d "$mount/$root" ] || note "not removed: $mount/$root"
	done
}

# A report of a sanitizer is a failed case of its own, even if all cases passed.
check_sanitizer() {
	local name=${0##*/}/$SANITIZER
	if compgen -G "$work/sanitizer.*" >/dev/null; then
		mkdir -p "$build/reports" && cp "$work"/sanitizer.* "$build/reports/"
		printf 'not ok - %s: %d reports, in %s\n' "$name" "$(compgen -G "$work/sanitizer.*" | wc -l)" "$build/reports"
		head -qn 40 "$work"/sanitizer.* | sed 's/^/# /' | head -n 80
	else
		printf 'ok - %s: no report\n' "$name"
	fi
}

# The pid of a child that has ended may have been reused.
is_child() { grep -qsx $'PPid:\t'$$ "/proc/$1/status"; }

cleanup() {
	local pid left=()
	for pid in "${children[@]}" $rssd_pid $bus_pid; do ! is_child "$pid" || left+=("$pid"); done
	[ ${#left[@]} = 0 ] || kill -KILL "${left[@]}" 2>/dev/null
	wait 2>/dev/null
	remove_cgroups
	[ -z "${SANITIZER:-}" ] || check_sanitizer
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Without a memory controller, the whole script is skipped.
need_controller() {
	[ "$(id -u)" = 0 ] || { printf 'skip - %s: needs root\n' "${0##*/}"; exit 0; }
	[ -n "$(memory_mount)$(cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null | grep -w memory)" ] && return
	printf 'skip - %s: no memory controller is mounted\n' "${0##*/}"
	exit 0
}
