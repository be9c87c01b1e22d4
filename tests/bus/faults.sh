#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# System calls that fail once, and unexpected signals: a failed operation changes nothing, an
# acknowledged one is durable, a file that cannot be read now is not set aside as invalid, and rssd
# keeps running.
. "$(dirname "$0")/../lib.sh"
# Leaks are not checked: LeakSanitizer cannot work in a process that strace traces.
[ -z "${ASAN_OPTIONS:-}" ] || ASAN_OPTIONS+=:detect_leaks=0
need_controller
command -v strace >/dev/null || { printf 'skip - %s: strace is not installed\n' "${0##*/}"; exit 0; }
start_bus
start_rssd || exit 1
files=$work/state/containers

# Every thread of rssd is traced.
is_traced() {
	local task
	for task in /proc/"$rssd_pid"/task/*; do
		grep -qs '^TracerPid:.[1-9]' "$task/status" || return 1
	done
}

# with_fault PATH INJECTION COMMAND...: while it runs, calls of rssd with PATH as argument fail;
# with an empty PATH, all calls of that name.
with_fault() {
	local path=$1 injection=$2 tracer
	shift 2
	strace -f -qq -o "$work/strace" -p "$rssd_pid" ${path:+-P "$path"} -e "inject=$injection" &
	tracer=$!
	children+=("$tracer")
	await 10 is_traced
	"$@"
	kill -INT "$tracer" 2>/dev/null
	wait "$tracer" 2>/dev/null
	grep -q INJECTED "$work/strace" || fail "no call failed"
}

restart() {
	stop_rssd
	start_rssd
}

case_a_failed_limit_is_not_there_after_a_restart() {
	rssctl create kept --limit=32M
	with_fault "$files" fsync:error=EIO:when=1 expect 1 rssctl limit kept 64M
	equal "$(field kept limit)" $((32 << 20)) "limit"
	restart
	equal "$(field kept limit)" $((32 << 20)) "limit after a restart"
	rssctl remove kept
}

case_what_is_unknown_is_said() {
	rssctl create kept --limit=32M
	with_fault "$files" fsync:error=EIO expect 1 rssctl limit kept 64M
	says "unknown"
	equal "$(field kept limit)" $((32 << 20)) "limit"
	expect 0 rssctl limit kept 48M
	restart
	equal "$(field kept limit)" $((48 << 20)) "limit after a restart"
	rssctl remove kept
}

case_a_failed_create_leaves_no_ghost() {
	with_fault "$files" fsync:error=EIO:when=1 expect 1 rssctl create ghost --limit=32M
	expect 3 rssctl show ghost
	restart
	expect 3 rssctl show ghost
}

# The state of "a" is saved for its step, but not for undoing it when "b" is refused.
case_a_transaction_that_cannot_be_undone_says_so() {
	local applier file
	[ "$(awk '/SwapTotal/ { print $2 }' /proc/meminfo)" = 0 ] || { skip "needs a machine without swap"; return; }
	rssctl create a --limit=64M
	rssctl create b --limit=64M
	# The step of b goes on until its timeout, while rssd comes to be traced.
	launch_hog_in b ebb 32M
	await 20 grep -q ready "$hog_out"
	printf '%s' '[ { "name": "a", "limit": "48M" }, { "name": "b", "limit": "8M" } ]' >"$work/both.json"
	rssctl apply "$work/both.json" --timeout=4s >"$work/applied" 2>&1 &
	applier=$!
	await 10 grep -q '"limit":50331648' "$files/a.json"
	with_fault "$files" fsync:error=EIO wait "$applier"
	grep -q 'not all changes could be undone; "a" has the limit 48.0M, not 64.0M' "$work/applied" ||
		fail "said: $(cat "$work/applied")"
	equal "$(field a limit),$(field b limit)" "$((48 << 20)),$((64 << 20))" "limits that are answered"
	file=$(memory_mount)/$root/a/memory.limit_in_bytes
	[ ! -f "$file" ] || equal "$(cat "$file")" $((48 << 20)) "limit in the kernel"
	expect 0 rssctl limit a 64M
	restart
	equal "$(field a limit),$(field b limit)" "$((64 << 20)),$((64 << 20))" "limits after a restart"
	rssctl remove --force a
	rssctl remove --force b
}

# The new limit cannot be saved, and the old one cannot be set again.
case_a_limit_that_cannot_be_undone_says_so() {
	local file
	rssctl create kept --limit=32M
	file=$(memory_mount)/$root/kept/memory.limit_in_bytes
	[ -f "$file" ] || { skip "the controller is not memory-v1"; rssctl remove kept; return; }
	strace -f -qq -o "$work/strace" -p "$rssd_pid" -P "$files" -P "$file" -e inject=fsync:error=EIO:when=1 \
		-e inject=write:error=EINVAL:when=2 &
	local tracer=$!
	children+=("$tracer")
	await 10 is_traced
	expect 1 rssctl limit kept 64M
	kill -INT "$tracer"
	wait "$tracer" 2>/dev/null
	says "the kernel refused the old settings: Invalid argument; its limit is now 64.0M"
	equal "$(cat "$file")" $((64 << 20)) "limit in the kernel"
	equal "$(field kept limit)" $((32 << 20)) "limit"
	expect 1 rssctl diff
	expect 0 rssctl repair kept
	equal "$(cat "$file")" $((32 << 20)) "limit in the kernel after a repair"
	restart
	equal "$(field kept limit)" $((32 << 20)) "limit after a restart"
	rssctl remove kept
}

case_an_acknowledged_transaction_is_not_applied_again() {
	rssctl create a --limit=32M
	rssctl create b --limit=32M
	printf '%s' '[ { "name": "a", "limit": "64M" }, { "name": "b", "limit": "16M" } ]' \
		>"$work/both.json"
	with_fault transaction.json unlinkat:error=EIO:when=1 expect 0 rssctl apply "$work/both.json"
	expect 0 rssctl limit a 48M
	expect 0 rssctl limit b 8M
	restart
	equal "$(field a limit),$(field b limit)" "$((48 << 20)),$((8 << 20))" "limits after a restart"
	rssctl remove a
	rssctl remove b
}

# rssd is killed after it made the cgroup and before it saved the state: the next start must not
# take the cgroup for a container without a limit.
case_a_creation_that_is_cut_short_is_undone() {
	strace -f -qq -o "$work/strace" -p "$rssd_pid" -e inject=fsync:signal=KILL:when=1 &
	children+=($!)
	await 10 is_traced
	rssctl create half --limit=32M 2>/dev/null
	wait "$rssd_pid" 2>/dev/null
	rssd_pid=
	start_rssd
	expect 3 rssctl show half
	await 20 grep -q "half: its creation was interrupted" "$rssd_log"
	expect 0 rssctl create half --limit=16M
	rssctl remove half
}

# fails_to_start PATH ERROR: a start during which the first open of PATH fails ends, and says why.
fails_to_start() {
	local status=0
	timeout 20 strace -f -qq -o "$work/strace" -P "${1##*/}" -e "inject=openat:error=$2:when=1" \
		"$rssd" --config="$work/rssd.conf" 2>>"$rssd_log" || status=$?
	[ $status = 1 ] || fail "rssd ended with $status"
	tail -n 3 "$rssd_log" | grep -q "${1##*/}" || fail "says nothing about ${1##*/}: $(tail -n 3 "$rssd_log")"
}

case_a_file_that_cannot_be_opened_now_is_good() {
	local error
	rssctl create kept --limit=32M
	stop_rssd
	for error in EMFILE ENFILE EIO; do fails_to_start "$files/kept.json" $error; done
	[ ! -e "$files/kept.json.bad" ] || fail "the file was set aside"
	start_rssd
	equal "$(field kept limit)" $((32 << 20)) "limit"
	rssctl remove kept
}

case_a_log_that_cannot_be_opened_now_is_applied_later() {
	rssctl create a --limit=32M
	stop_rssd
	printf '{ "phase": "undo", "steps": [ { "from": { "version": 1, "name": "a", "limit": %s }, "to": %s } ] }' \
		$((48 << 20)) '{ "version": 1, "name": "a", "limit": 1048576 }' >"$work/state/transaction.json"
	fails_to_start "$work/state/transaction.json" EMFILE
	[ -e "$work/state/transaction.json" ] || fail "the log is gone"
	start_rssd
	# The start saves the state before it sets the limit in the kernel.
	await 10 eval '[ "$(field a limit)" = $((48 << 20)) ]'
	[ ! -e "$work/state/transaction.json" ] || fail "the log is still there"
	rssctl remove a
}

case_a_malformed_log_is_kept() {
	stop_rssd
	echo nonsense >"$work/state/transaction.json"
	start_rssd
	[ -e "$work/state/transaction.json.bad" ] || fail "the log is gone"
	rm "$work/state/transaction.json.bad"
}

case_a_history_of_ooms_that_cannot_be_read_is_kept() {
	stop_rssd
	ln -sf ooms.json "$work/state/ooms.json"
	start_rssd
	[ -L "$work/state/ooms.json.bad" ] || fail "the history is gone"
	await 20 grep -q "ooms.json cannot be read: .* is kept as ooms.json.bad" "$rssd_log"
	rm "$work/state/ooms.json.bad"
}

case_a_removal_that_may_not_last_says_so() {
	rssctl create gone --limit=32M
	with_fault gone.json unlinkat:error=EIO:when=1 expect 1 rssctl remove gone
	says "restart"
	expect 3 rssctl show gone
	restart
	expect 0 rssctl remove gone
}

# A nested container whose file is left keeps its parent's, so that a restart can create both.
case_a_removal_leaves_no_nested_file_alone() {
	rssctl create gone --limit=32M
	rssctl create gone/in --limit=16M
	with_fault "gone%in.json" unlinkat:error=EIO:when=1 expect 1 rssctl remove gone --force
	says "restart"
	expect 3 rssctl show gone/in
	restart
	equal "$(rssctl list --json=short | jq -c 'map([.name, .limit])')" \
		'[["gone",33554432],["gone/in",16777216]]' "containers after a restart"
	expect 0 rssctl remove gone --force
	equal "$(ls "$work/state/containers")" "" "files after the removal"
}

# The cgroup is removed even if the first attempt fails.
case_a_removal_asks_again_whether_it_is_done() {
	[ -n "$(memory_mount)" ] || { skip "needs cgroups v1"; return; }
	rssctl create gone --limit=32M
	with_fault "$(memory_mount)" newfstatat:error=EIO:when=2 expect 0 rssctl remove gone
	expect 3 rssctl show gone
}

case_a_process_that_cannot_be_looked_at_is_not_passed_over() {
	rssctl create kept --limit=32M
	launch_hog_in kept anon 1M
	await 20 grep -q ready "$hog_out"
	local pid
	pid=$(rssctl ps kept --json=short | jq '.[0].pid')
	with_fault "/proc/$pid/cgroup" openat:error=EIO:when=1 expect 1 rssctl kill kept --signal=TERM
	says "Input/output error"
	kill -0 "$pid" || fail "the process has ended"
	with_fault "/proc/$pid/cgroup" openat:error=EIO:when=1 expect 0 rssctl kill kept --signal=KILL
	await 10 is_empty kept
	rssctl remove kept
}

# A process that forks and ends while it is listed hides its child: the list is empty.
case_an_empty_list_is_not_trusted_once() {
	[ -n "$(memory_mount)" ] || { skip "needs cgroups v1"; return; }
	rssctl create kept --limit=32M
	launch_hog_in kept anon 1M
	await 20 grep -q ready "$hog_out"
	with_fault "$(memory_mount)/$root/kept/cgroup.procs" read:retval=0:when=1 expect 0 rssctl kill kept --signal=KILL
	await 10 is_empty kept
	rssctl remove kept
}

# A storm of forks: the processes of each of 100 lists have ended before they can be opened.
case_processes_that_end_before_the_signal_are_followed() {
	rssctl create kept --limit=32M
	launch_hog_in kept anon 1M
	await 20 grep -q ready "$hog_out"
	with_fault "" pidfd_open:error=ESRCH:when=1..100 expect 0 rssctl kill kept --signal=KILL
	await 10 is_empty kept
	launch_hog_in kept anon 1M
	await 20 grep -q ready "$hog_out"
	with_fault "" pidfd_open:error=ESRCH expect 5 rssctl kill kept --signal=KILL
	says "fork faster than they are killed"
	rssctl remove kept --force
}

# A refusal is answered even if it cannot be sent at first, whichever message that is.
case_a_refusal_is_sent_again() {
	local n status
	for n in {1..8}; do
		status=0
		strace -f -qq -o "$work/strace" -p "$rssd_pid" -e "inject=sendmsg:error=ENOMEM:when=$n" &
		local tracer=$!
		children+=("$tracer")
		await 10 is_traced
		timeout 15 busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.rssd1 /org/rssd1 org.rssd1.Manager \
			RemoveContainer "sa{sv}" nosuch 0 2>"$work/refused" || status=$?
		kill -INT "$tracer" 2>/dev/null
		wait "$tracer" 2>/dev/null
		equal "$status" 1 "status with the send $n failing ($(cat "$work/refused"))"
	done
}

# start_unable_to_open PATH: starts an rssd for which the first open of PATH fails.
start_unable_to_open() {
	strace -D -f -qq -o "$work/strace" -P "$1" -e inject=openat:error=ENFILE:when=1 \
		"$rssd" --config="$work/rssd.conf" 2>>"$rssd_log" &
	rssd_pid=$!
	await 30 rssctl list
	grep -q INJECTED "$work/strace" || fail "no call failed"
}

# It does not become a container without a limit, and a later start removes it.
case_an_interrupted_creation_that_cannot_be_opened_now_is_undone_later() {
	[ -n "$(memory_mount)" ] || { skip "needs cgroups v1"; return; }
	stop_rssd
	mkdir "$(memory_mount)/$root/half"
	: >"$work/run/transient/.creating-half.json"
	start_unable_to_open half
	expect 3 rssctl show half
	restart
	expect 3 rssctl show half
	[ ! -d "$(memory_mount)/$root/half" ] || fail "its cgroup is still there"
}

# A repair that cannot read the kernel's values must not succeed.
case_a_repair_that_cannot_read_the_kernel_fails() {
	[ -n "$(memory_mount)" ] || { skip "needs cgroups v1"; return; }
	local file=$(memory_mount)/$root/kept/memory.limit_in_bytes
	rssctl create kept --limit=32M
	echo 16M >"$file"
	with_fault "$file" read,pread64:error=EIO expect 1 rssctl repair kept
	says "Input/output error"
	expect 0 rssctl repair kept
	equal "$(cat "$file")" $((32 << 20)) "limit in the kernel"
	rssctl remove kept
}

# Reclaim in v1 sets the limit 0 for a moment. It must not stay if the limit cannot be set again at once.
case_reclaim_leaves_no_limit_of_zero() {
	[ -n "$(memory_mount)" ] || { skip "needs cgroups v1"; return; }
	local file=$(memory_mount)/$root/kept/memory.limit_in_bytes
	rssctl create kept --limit=32M
	# The limit is opened to be read, to be set to 0, and to be set again. If the second is interrupted, the
	# first comes again instead of the third, and reclaim fails.
	for _ in {1..5}; do
		with_fault "${file##*/}" openat:error=EIO:when=3..6 rssctl reclaim kept 1M >/dev/null 2>&1
		equal "$(cat "$file")" $((32 << 20)) "limit in the kernel"
	done
	rssctl remove kept
}

# A descendant that cannot be opened must not count as ended.
case_a_tree_that_cannot_be_opened_is_not_attached() {
	local parent child
	rssctl create kept
	sh -c "$hog_program anon 1M & wait" >"$work/tree" &
	parent=$!
	children+=($parent)
	await 20 grep -q ready "$work/tree"
	child=$(pgrep -P $parent)
	with_fault "" pidfd_open:error=ENFILE:when=1 expect 1 rssctl attach kept $parent --tree
	says "Too many open files"
	expect 0 rssctl attach kept $parent --tree
	rssctl ps kept | grep -qw "$child" || fail "the child is not inside"
	rssctl remove --force kept
}

# Its origin would be unknown, and it could leave its unit.
case_a_process_of_an_unknown_cgroup_is_not_attached() {
	rssctl create kept
	start_hog anon 1M
	with_fault "/proc/$hog/cgroup" openat:error=EIO expect 1 rssctl attach kept "$hog"
	says "Input/output error"
	is_empty kept || fail "it is inside"
	expect 0 rssctl attach kept "$hog"
	restart
	expect 0 rssctl detach "$hog"
	kill "$hog"
	rssctl remove kept
}

# A caller without a reply would wait for its timeout. The earlier messages ask the bus for the
# caller.
case_a_refusal_that_cannot_be_sent_is_sent_again() {
	rssctl create kept
	launch_hog_in kept lock 8M
	await 20 grep -q ready "$hog_out"
	with_fault "" sendmsg:error=ENOMEM:when=5 expect 5 timeout 20 rssctl limit kept 1M --mode=refuse
	says "is unchanged"
	rssctl remove --force kept
}

# The saved limit is not replaced by the limit in the kernel.
case_a_cgroup_that_cannot_be_opened_now_keeps_its_state() {
	[ -n "$(memory_mount)" ] || { skip "needs cgroups v1"; return; }
	rssctl create kept --limit=32M
	stop_rssd
	echo 16M >"$(memory_mount)/$root/kept/memory.limit_in_bytes"
	start_unable_to_open kept
	expect 3 rssctl show kept
	restart
	await 10 eval '[ "$(field kept limit)" = $((32 << 20)) ]'
	rssctl remove kept
}

case_stray_signals_do_not_end_it() {
	local signal
	for signal in USR1 USR2 ALRM VTALRM PROF IO PWR STKFLT XCPU XFSZ RTMIN RTMIN+5 RTMAX PIPE; do
		kill -"$signal" "$rssd_pid"
		expect 0 rssctl list
	done
}

# A limit of the file size makes a write fail, and does not end rssd.
case_a_file_size_limit_is_an_error() {
	rssctl create web --limit=16M
	prlimit --pid="$rssd_pid" --fsize=0:unlimited
	expect 1 rssctl limit web 8M
	says "File too large"
	equal "$(field web limit)" $((16 << 20)) "limit"
	prlimit --pid="$rssd_pid" --fsize=unlimited
	expect 0 rssctl limit web 8M
	expect 0 rssctl remove web
}

# loop_fails SYSCALL ERROR: three times, then it works again.
loop_fails() {
	with_fault "" "$1:error=$2:when=1..3" expect 0 rssctl list
	expect 0 rssctl list
	[ -d "/proc/$rssd_pid" ] || fail "rssd ended"
}

case_an_error_of_the_loop_does_not_end_it() {
	loop_fails timerfd_settime ENOMEM
	loop_fails epoll_wait ENOMEM
}

# The message must not ask for free space if the directory was removed.
case_a_removed_state_directory_is_named() {
	rssctl create web --limit=16M
	mv "$work/state" "$work/elsewhere"
	rm -rf "$work/elsewhere"
	expect 1 rssctl limit web 8M
	says "the state directory was removed; restart rssd"
	equal "$(field web limit)" $((16 << 20)) "limit"
	stop_rssd
	start_rssd
	expect 0 rssctl limit web 8M
	expect 0 rssctl remove web
}

case_a_removed_runtime_directory_is_named() {
	rm -r "$work/run/transient"
	expect 1 rssctl create web
	says "removed; restart rssd"
	expect 3 rssctl show web
	restart
	expect 0 rssctl create web
	expect 0 rssctl remove web
}

run_cases "$@"
