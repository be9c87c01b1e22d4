#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rssctl oci-hook without a runtime: each stage with states as runtimes write them, and with bad ones.
# With real runtimes: tests/users/oci.sh.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1
export JOURNAL=$work/journal
mount=$(controller_mount)
foreign=$root-oci
controller=$(rssctl version --json=short | jq -r .controller)

# The cgroups of the "containers", outside those of rssd.
remove_foreign() {
	local tries=0
	while [ -d "$mount/$foreign" ] && [ $((tries++)) -lt 100 ]; do
		find "$mount/$foreign" -name cgroup.procs -exec cat {} + | xargs -r kill -KILL
		find "$mount/$foreign" -depth -type d -exec rmdir {} + 2>/dev/null
		read -rt 0.02 <> <(:) || :
	done 2>/dev/null
}
trap 'remove_foreign; cleanup' EXIT

# make_container PATH: a process in a cgroup, as a runtime makes them before it calls its hooks; sets $pid.
make_container() {
	mkdir -p "$mount/$foreign/$1"
	sleep 1000 &
	pid=$!
	disown $pid
	echo $pid >"$mount/$foreign/$1/cgroup.procs"
}
# end_container PATH: it ends, and the runtime removes its cgroup.
end_container() {
	xargs -r kill -KILL <"$mount/$foreign/$1/cgroup.procs"
	until_true 10 rmdir "$mount/$foreign/$1"
}

# state ID PID [KEY=VALUE...]: the state of a container with these annotations org.rssd.KEY.
state() {
	jq -cn --arg id "$1" --argjson pid "$2" '$ARGS.positional as $pairs | {ociVersion: "1.0", id: $id, pid: $pid,
		status: "creating", bundle: "/nowhere",
		annotations: ([$pairs[] | capture("(?<key>[^=]*)=(?<value>.*)") | {("org.rssd." + .key): .value}] | add)}' \
		--args "${@:3}"
}
# hook STATUS STAGE STATE: the hook ends with this status; what it logs is in $JOURNAL.
hook() {
	: >"$JOURNAL"
	printf '%s' "$3" >"$work/oci-state"
	# shellcheck disable=SC2016
	expect "$1" sh -c 'LD_PRELOAD=$0/tests/preload/journal.so exec rssctl oci-hook "$1" <"$2"' "$build" "$2" "$work/oci-state"
}
# logs TEXT: the journal has it, as an error of the hook.
logs() {
	grep -qF "$1" "$JOURNAL" || fail "the journal should have \"$1\", has: $(paste -sd' ' "$JOURNAL")"
	grep -qx "SYSLOG_IDENTIFIER=rssctl" "$JOURNAL" || fail "the journal has no identifier"
}
# fast COMMAND...: it does not hang. On a busy machine the start of the hook takes time as well.
fast() {
	local start=${EPOCHREALTIME/./}
	"$@"
	[ $((${EPOCHREALTIME/./} - start)) -lt 6000000 ] || fail "\`${*:0:60}' took $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
}
is_gone() { ! rssctl show "$1"; }

case_a_container_is_limited_and_removed() {
	make_container c1
	hook 0 createRuntime "$(state c1 $pid limit=64M oom-group=no)"
	equal "$out$err" "" "what it printed"
	equal "$(field oci-c1 limit)" $((64 << 20)) limit
	case $controller in memory-*) equal "$(field oci-c1 control_group)" "/$foreign/c1" "its cgroup" ;; esac
	equal "$(rssctl ps oci-c1 --json=short | jq '.[0].pid')" "$pid" "its process"
	# The same again is what a runtime does that was killed.
	hook 0 createRuntime "$(state c1 $pid limit=32M)"
	equal "$(field oci-c1 limit)" $((32 << 20)) "limit of another start"
	end_container c1
	hook 0 poststop "$(state c1 0 limit=32M)"
	await 20 is_gone oci-c1
	hook 0 poststop "$(state c1 0 limit=32M)"
	equal "$out$err" "" "what it printed without a container"
}

# A poststop that never came, as rssd was away.
case_what_is_left_is_replaced() {
	make_container c2
	hook 0 createRuntime "$(state c2 $pid limit=64M)"
	end_container c2
	stop_rssd
	hook 0 poststop "$(state c2 0 limit=64M)"
	logs 'If "oci-c2" exists, rssd removes it later: rssd'
	grep -qx "PRIORITY=5" "$JOURNAL" || fail "it is not logged as a notice"
	start_rssd
	make_container c2
	hook 0 createRuntime "$(state c2 $pid limit=48M)"
	equal "$(field oci-c2 limit)" $((48 << 20)) "limit of the next start"
	end_container c2
	hook 0 poststop "$(state c2 0 limit=48M)"
	await 20 is_gone oci-c2
	[[ $controller == memory-* ]] || return
	# The next container has another ID and the same name.
	make_container c2
	hook 0 createRuntime "$(state c2 $pid limit=64M name=left)"
	stop_rssd
	end_container c2
	start_rssd
	make_container c22
	hook 0 createRuntime "$(state c22 $pid limit=32M name=left)"
	equal "$(field left limit)" $((32 << 20)) "limit of the next container of that name"
	# There is none, and rssd removes it by itself.
	stop_rssd
	end_container c22
	start_rssd
	await 15 is_gone left
}

case_annotations_may_be_in_the_bundle() {
	make_container c3
	mkdir -p "$work/bundle"
	echo '{"ociVersion":"1.0","annotations":{"org.rssd.limit":"40M","org.rssd.name":"by-config"}}' >"$work/bundle/config.json"
	hook 0 createRuntime "{\"id\":\"c3\",\"pid\":$pid,\"bundle\":\"$work/bundle\"}"
	equal "$(field by-config limit)" $((40 << 20)) limit
	end_container c3
	hook 0 poststop "{\"id\":\"c3\",\"bundle\":\"$work/bundle\"}"
	await 20 is_gone by-config
	echo '{' >"$work/bundle/config.json"
	hook 1 createRuntime "{\"id\":\"c3\",\"pid\":$pid,\"bundle\":\"$work/bundle\"}"
	says "config.json is not a JSON object"
	hook 1 createRuntime "{\"id\":\"c3\",\"pid\":$pid,\"bundle\":\"/nowhere\"}"
	logs "/nowhere/config.json cannot be read"
}

# Neither the bus nor rssd is asked.
case_without_an_annotation_nothing_is_done() {
	local bus=$DBUS_SYSTEM_BUS_ADDRESS
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere
	hook 0 createRuntime '{"id":"c4","pid":1,"annotations":{"a":"b"}}'
	equal "$out$err$(cat "$JOURNAL")" "" "what it said"
	hook 0 createRuntime '{"id":"c4","pid":1,"annotations":{}}'
	hook 0 poststop '{"id":"c4"}'
	export DBUS_SYSTEM_BUS_ADDRESS=$bus
}

case_bad_values_refuse_the_start() {
	local bad
	for bad in limit=lots limit= wmark-high=x oom-group=maybe on-failure=ignore frobnicate=1; do
		hook 2 createRuntime "$(state c5 1 on-failure=run "$bad")"
		logs "The start of container \"c5\" is refused: The annotation \"org.rssd.${bad%%=*}\" with the value \"${bad#*=}\""
		grep -qx "PRIORITY=3" "$JOURNAL" || fail "it is not logged as an error"
		grep -qx "RSSD_OCI_ID=c5" "$JOURNAL" || fail "its log does not name the container"
		hook 0 poststop "$(state c5 0 "$bad")"
	done
	# rssd refuses these. The process is none of a runtime, and is not touched.
	make_container c5
	for bad in name=../a limit=1; do
		fast hook 2 createRuntime "$(state c5 $pid on-failure=run limit=64M "$bad")"
	done
	for bad in name=../a name=memory.max limit=1 wmark-high=16M; do
		[ "$bad$controller" != wmark-high=16Mrss ] || continue
		fast hook "${statuses[$bad]:-2}" createRuntime "$(state c5 $pid "$bad")"
		logs 'The start of container "c5" is refused: '
	done
	# Its cgroup is the place, which cannot be nested, whether the parent exists or not.
	if [ "$controller" != rss ]; then
		for bad in refuse run; do
			fast hook 2 createRuntime "$(state c5 $pid limit=64M name=a/b on-failure=$bad)"
			logs 'The start of container "c5" is refused: "a/b" cannot be nested with'
			logs 'choose a name without "/"'
		done
	fi
	# Nothing was created, so there is nothing to say at the end.
	for bad in name=wéb name=../a 'name='"$(printf '%0201d' 0)"; do
		hook 2 createRuntime "$(state c5 $pid limit=64M on-failure=run "$bad")"
		logs 'The start of container "c5" is refused: Invalid name "'
		hook 0 poststop "$(state c5 0 limit=64M on-failure=run "$bad")"
		equal "$out$err$(cat "$JOURNAL")" "" "what is said at the end, after $bad"
	done
	# shellcheck disable=SC2016
	hook 2 createRuntime "$(state 'c5+$(x)' $pid limit=64M)"
	says "is refused"
	says "choose another by org.rssd.name"
	# Also if rssd is not there.
	stop_rssd
	hook 2 createRuntime "$(state c5 $pid limit=64M on-failure=run name=wéb)"
	start_rssd
	end_container c5
	nothing_listed || fail "a container is left: $(rssctl list --no-legend)"
}
declare -A statuses=([wmark-high=16M]=1)

case_rubbish_is_refused_in_time() {
	local text
	for text in "" rubbish '{' '[]' '{"id":7}' '{"id":"a"} rubbish' '{"id":"a/b"}' '{"id":"a","pid":-1,"annotations":{"org.rssd.limit":"1G"}}' \
		'{"id":"a","annotations":7}' '{"id":"a","bundle":"b"}'; do
		hook 2 createRuntime "$text"
		logs "The state of the container on standard input"
	done
	hook 2 createRuntime '{"id":"a","annotations":{"org.rssd.limit":"1G"}}'
	logs "has no pid"
	hook 3 createRuntime '{"id":"a","pid":4000000,"annotations":{"org.rssd.limit":"1G"}}'
	logs "/proc/4000000/cgroup cannot be read"
	hook 2 createRuntime "$(head -c 2000000 /dev/zero | tr '\0' '[')"
	logs "cannot be read from standard input: File too large"
	# The runtime can write all of it.
	# shellcheck disable=SC2016
	fast expect 2 bash -c 'set -o pipefail; trap "" PIPE; head -c 8000000 /dev/zero 2>"$0" | rssctl oci-hook createRuntime' "$work/head"
	equal "$(cat "$work/head")" "" "what the writer of a long state says"
	# shellcheck disable=SC2016
	fast expect 2 bash -c 'set -o pipefail; trap "" PIPE; head -c 8000000 /dev/zero 2>"$0" | rssctl oci-hook prestart' "$work/head"
	equal "$(cat "$work/head")" "" "what the writer says after an unknown stage"
	# More than can be read in time.
	fast expect 2 bash -c 'rssctl oci-hook createRuntime </dev/zero'
	expect 2 rssctl oci-hook prestart
	says 'Unknown stage "prestart"'
	expect 2 rssctl oci-hook
	expect 2 rssctl oci-hook prestart --json
	equal "$(jq -r .error <<<"$err")" Usage "error as JSON"
	# Standard input that does not end.
	mkfifo "$work/silent"
	# shellcheck disable=SC2016
	fast expect 6 timeout 20 sh -c 'exec rssctl oci-hook createRuntime <>"$0"' "$work/silent"
	says "it took more than 2 seconds"
}

case_without_rssd_the_start_is_refused() {
	make_container c6
	stop_rssd
	fast hook 6 createRuntime "$(state c6 $pid limit=64M)"
	logs 'The start of container "c6" is refused: rssd'
	fast hook 0 createRuntime "$(state c6 $pid limit=64M on-failure=run)"
	logs 'Container "c6" runs without its limit: rssd'
	grep -qx "PRIORITY=4" "$JOURNAL" || fail "it is not logged as a warning"
	start_rssd
	end_container c6
}

case_what_hangs_is_bounded() {
	make_container c7
	kill -STOP "$rssd_pid"
	fast hook 6 createRuntime "$(state c7 $pid limit=64M)"
	logs 'The start of container "c7" is refused: rssd does not answer'
	kill -CONT "$rssd_pid"
	await 10 rssctl list
	kill -STOP "$bus_pid"
	fast hook 0 createRuntime "$(state c7 $pid limit=64M on-failure=run)"
	logs 'Container "c7" runs without its limit: rssd does not answer'
	fast hook 0 poststop "$(state c7 0 limit=64M)"
	logs 'If "oci-c7" exists, rssd removes it later: rssd does not answer'
	kill -CONT "$bus_pid"
	await 10 rssctl list
	# Nobody reads what it prints.
	mkfifo "$work/full"
	exec 7<>"$work/full"
	timeout 1 dd if=/dev/zero of="$work/full" bs=4096 2>/dev/null
	state c7 $pid limit=lots >"$work/oci-state"
	fast expect 6 timeout -s KILL 20 sh -c 'exec rssctl oci-hook createRuntime <"$1" 2>"$2"' - "$work/oci-state" "$work/full"
	exec 7>&-
	end_container c7
	hook 0 poststop "$(state c7 0 limit=64M)"
	await 20 is_gone oci-c7
}

# What the program uses at its start is more than the limit, and cannot be reclaimed.
case_a_limit_below_usage_says_so() {
	local hog file limit status
	case $controller in
	memory-v1) file=memory.limit_in_bytes ;;
	memory-v2) file=memory.max ;;
	*) skip "the process is attached, and its cgroup has no limit"; return ;;
	esac
	[ "$(awk '/SwapTotal/ { print $2 }' /proc/meminfo)" = 0 ] || { skip "the memory can be swapped out"; return; }
	make_container c13
	limit=$(cat "$mount/$foreign/c13/$file")
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$0"; exec "$@"' "$mount/$foreign/c13/cgroup.procs" "$hog_program" anon 20M >"$work/hog.out" 2>&1 &
	hog=$!
	disown $hog
	await 20 grep -q ready "$work/hog.out"
	for status in 5 0; do
		fast hook $status createRuntime "$(state c13 $pid limit=1M on-failure=$([ $status = 0 ] && echo run || echo refuse))"
		grep -qE '(is refused|runs without its limit): usage is 2[0-9.]+M, above the limit of 1.0M; choose a higher limit' "$JOURNAL" ||
			fail "status $status, journal: $(grep MESSAGE "$JOURNAL")"
		nothing_listed || fail "a container is left: $(rssctl list --no-legend)"
	done
	# Nothing is set after the hook has ended, when there is room.
	kill -KILL $hog
	await 10 test ! -d "/proc/$hog"
	expect 0 rssctl create oci-c13
	expect 0 rssctl remove oci-c13
	equal "$(cat "$mount/$foreign/c13/$file")" "$limit" "limit of the cgroup"
	hook 0 createRuntime "$(state c13 $pid limit=8M)"
	equal "$(field oci-c13 limit)" $((8 << 20)) "limit with room"
	end_container c13
	hook 0 poststop "$(state c13 0 limit=8M)"
	await 20 is_gone oci-c13
}

# podman --memory sets it, to twice its value.
case_a_limit_above_that_of_memory_and_swap_says_so() {
	local file=memory.memsw.limit_in_bytes
	make_container c14
	[ -e "$mount/$foreign/c14/$file" ] || { skip "no limit of memory and swap together"; end_container c14; return; }
	echo 16M >"$mount/$foreign/c14/memory.limit_in_bytes"
	echo 32M >"$mount/$foreign/c14/$file"
	hook 1 createRuntime "$(state c14 $pid limit=64M)"
	logs "it is above that of memory and swap together, which another program has set to 32.0M; write -1 to $file"
	nothing_listed || fail "a container is left: $(rssctl list --no-legend)"
	hook 0 createRuntime "$(state c14 $pid limit=24M)"
	expect 1 rssctl limit oci-c14 infinity
	says "which another program has set to 32.0M; write -1 to $file"
	equal "$(cat "$mount/$foreign/c14/$file")" $((32 << 20)) "limit of memory and swap"
	echo -1 >"$mount/$foreign/c14/$file"
	expect 0 rssctl limit oci-c14 64M
	end_container c14
	hook 0 poststop "$(state c14 0 limit=64M)"
	await 20 is_gone oci-c14
}

# Each answer takes 0.7 s: all of them together have the two seconds.
case_a_slow_daemon_has_one_deadline() {
	make_container c8
	strace -f -qq -o "$work/strace" -p "$rssd_pid" -e inject=sendmsg:delay_enter=700000 &
	local tracer=$!
	children+=($tracer)
	until_true 10 grep -qE '^TracerPid:.[1-9]' "/proc/$rssd_pid/status"
	fast hook 6 createRuntime "$(state c8 $pid limit=64M)"
	logs 'The start of container "c8" is refused: '
	kill $tracer
	wait $tracer 2>/dev/null
	await 10 rssctl list
	end_container c8
	hook 0 poststop "$(state c8 0 limit=64M)"
	await 20 is_gone oci-c8
}

# The kernel reclaims, and rssd answers after the hook's deadline: no limit is left behind.
case_a_kernel_that_reclaims_for_longer_leaves_no_limit() {
	local file limit
	case $controller in
	memory-v1) file=memory.limit_in_bytes ;;
	memory-v2) file=memory.max ;;
	*) skip "the process is attached, and its cgroup has no limit"; return ;;
	esac
	make_container c15
	limit=$(cat "$mount/$foreign/c15/$file")
	stop_rssd
	LD_PRELOAD=$build/tests/preload/slow-limits.so start_rssd
	fast hook 6 createRuntime "$(state c15 $pid limit=64M)"
	logs 'The start of container "c15" is refused: '
	await 20 nothing_listed
	equal "$(cat "$mount/$foreign/c15/$file")" "$limit" "limit after a refusal"
	fast hook 0 createRuntime "$(state c15 $pid limit=64M on-failure=run)"
	logs 'Container "c15" runs without its limit: '
	await 20 nothing_listed
	equal "$(cat "$mount/$foreign/c15/$file")" "$limit" "limit of a container that runs without"
	stop_rssd
	start_rssd
	end_container c15
}

# A container with the name that another program or an administrator made stays as it is.
case_containers_of_others_are_left_alone() {
	make_container c9
	expect 0 rssctl create mine --limit=100M
	fast hook 7 createRuntime "$(state c9 $pid limit=64M name=mine)"
	logs 'Container "mine" exists already'
	hook 0 poststop "$(state c9 0 limit=64M name=mine)"
	equal "$(field mine limit)" $((100 << 20)) "limit of another container"
	expect 0 rssctl remove mine
	if [[ $controller == memory-* ]]; then
		expect 0 rssctl create mine "--cgroup=/$foreign/c9" --limit=100M
		end_container c9
		hook 0 poststop "$(state c9 0 limit=64M name=mine)"
		equal "$(field mine limit)" $((100 << 20)) "limit of an administrator's container of that cgroup"
		expect 0 rssctl remove mine
	else
		end_container c9
	fi
	[[ $controller == memory-* ]] || return
	# The same ID in another namespace of containerd.
	make_container one/c9
	hook 0 createRuntime "$(state c9 $pid limit=64M)"
	make_container two/c9
	fast hook 7 createRuntime "$(state c9 $pid limit=32M)"
	fast hook 0 poststop "$(state c9 0 limit=32M)"
	equal "$(field oci-c9 limit)" $((64 << 20)) "limit of the one that runs"
	# An administrator made a container of its cgroup.
	expect 0 rssctl create two "--cgroup=/$foreign/two/c9" --limit=77M
	fast hook 7 createRuntime "$(state c9 $pid limit=32M name=three)"
	says "is the container"
	end_container two/c9
	hook 0 poststop "$(state c9 0 limit=32M name=three)"
	equal "$(field two limit)" $((77 << 20)) "limit by the administrator"
	expect 0 rssctl remove two
	end_container one/c9
	hook 0 poststop "$(state c9 0 limit=64M)"
	await 20 is_gone oci-c9
}

# A container without a cgroup of its own: its process alone is attached, and its neighbours are not.
case_without_an_own_cgroup_the_process_is_attached() {
	local neighbour
	[ "$controller" = memory-v1 ] || { skip "processes of others are attached on memory-v1"; return; }
	make_container shared
	neighbour=$pid
	make_container shared
	hook 0 createRuntime "$(state c10 $pid limit=64M)"
	equal "$(rssctl ps oci-c10 --no-legend | awk '{ print $1 }')" "$pid" "its processes"
	equal "$(cgroup_of "$neighbour")" "/$foreign/shared" "cgroup of the neighbour"
	hook 0 poststop "$(state c10 0 limit=64M)"
	equal "$(field oci-c10 limit)" $((64 << 20)) "limit while the process lives"
	kill -KILL $pid
	await 10 is_gone oci-c10
	end_container shared
}

case_users_are_refused() {
	make_container c11
	state c11 $pid limit=64M >"$work/oci-state"
	chmod 644 "$work/oci-state"
	setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$build/rssctl" || { skip "nobody cannot read $build"; return; }
	expect 4 sh -c 'setpriv --reuid=65534 --regid=65534 --clear-groups rssctl oci-hook createRuntime <"$0"' "$work/oci-state"
	says "is refused: "
	end_container c11
	nothing_listed || fail "a container is left"
}

# The bus has an rssd that knows no method of this.
case_an_old_rssd_is_reported() {
	make_container c12
	stop_rssd
	fake-rssd "limit 1" >"$work/fake.log" 2>&1 &
	local fake=$!
	children+=($fake)
	until_true 10 busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" status org.rssd1
	fast hook 1 createRuntime "$(state c12 $pid limit=64M)"
	logs 'The start of container "c12" is refused: '
	fast hook 0 createRuntime "$(state c12 $pid limit=64M on-failure=run)"
	kill $fake
	wait $fake 2>/dev/null
	start_rssd
	end_container c12
}

# The hooks that rssd-oci(8) shows for other runtimes are those of the files of the package.
case_the_manual_page_has_the_hooks_of_the_package() {
	local page files=$here/../lib/oci
	page=$(awk '/^"hooks": \{/ { inside = 1 } /^\.Ed/ { inside = 0 } inside' "$here/../man/rssd-oci.8")
	equal "$(jq -S .hooks <<<"{$page}")" "$(jq -sS '[.[] | {key: .stages[0], value: [.hook]}] | from_entries' "$files"/*.json)" hooks
}

run_cases "$@"
