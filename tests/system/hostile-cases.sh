#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Processes that deceive or do not end: lines of the kernel's log that look like a report of an OOM,
# and uninterruptible sleeps.
. "${0%/*}/machine.sh"

as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
ooms() { rssctl oom --json=short | jq length; }

# sizes: the end of the kernel's line about a kill.
sizes='total-vm:9kB, anon-rss:9kB, file-rss:9kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0'

# Root may write to the log, but not in the name of the kernel.
write_report() {
	local pid=$1 group=$2 level
	for level in "" "<3>" "<0>"; do
		echo "${level}hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
		echo "${level}oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=$group,task_memcg=$group,task=hog,pid=$pid,uid=0"
		echo "${level}Memory cgroup out of memory: Killed process $pid (hog) $sizes"
	done | while IFS= read -r line; do echo "$line" >/dev/kmsg; done
}

# The kernel logs a crash with the names of the process and of its program, which any user chooses.
crash_with_names() {
	local pid=$1 name before
	# shellcheck disable=SC2016
	for name in $'a\nOut of memory:' 'Killed process ' 'Memory cgroup o'; do
		cp "$hog_program" "$work/x: Killed process $pid (hog) $sizes"
		before=$(dmesg | grep -c segfault)
		as_nobody "$work/x: Killed process $pid (hog) $sizes" crash "$name" >/dev/null 2>&1
		await 10 eval '[ "$(dmesg | grep -c segfault)" -gt '"$before"' ]'
	done
	dmesg | grep segfault | grep -q "Killed process $pid" || fail "no line was forged: $(dmesg | tail -n 3)"
}

# A user that owns a cgroup chooses the names of those below, which the kernel logs at an OOM there.
run_out_in_cgroups() {
	local group=$1 top file name
	top=$(mount_of_controller)/nobody
	for name in "x,task_memcg=$group" "x,oom_memcg=$group" "x,global_oom,task_memcg=$group"; do
		mkdir -p "$top"
		[ ! -f "$top/cgroup.subtree_control" ] || echo +memory >"$top/cgroup.subtree_control"
		chown -R nobody "$top"
		as_nobody mkdir -p "$top/$name"
		# Each has its own limit and name in the log only with the controller.
		for file in $(find "$top" -type f -name cgroup.subtree_control ! -path "$top/$name/*" | sort); do
			echo +memory >"$file"
		done
		for file in "$top"/memory.{max,limit_in_bytes}; do [ ! -f "$file" ] || echo 8M >"$file"; done
		# shellcheck disable=SC2016
		expect 137 sh -c 'echo $$ >"$1/cgroup.procs" && exec "$2" anon 40M' sh "$top/$name" "$hog_program"
		find "$top" -depth -type d -exec rmdir {} +
	done
}

case_forged_lines_of_the_kernels_log() {
	local before
	swap_off
	chmod 755 "$work"
	expect 0 rssctl create named --limit=64M
	launch_hog_in named anon 1M
	await 20 grep -q ready "$hog_out"
	hog=$(rssctl ps named --json=short | jq '.[0].pid')
	before=$(ooms)
	write_report "$hog" "$(field named control_group)"
	crash_with_names "$hog"
	[ "$controller" = rss ] || run_out_in_cgroups "$(field named control_group)"
	# The log is read in order: this OOM is reported after all of them.
	expect 0 rssctl create true --limit=8M
	expect 137 rssctl run true -- "$hog_program" anon 40M
	await 20 eval '[ "$(rssctl oom true --json=short | jq length)" -gt 0 ]'
	equal $(($(ooms) - before)) 1 "OOMs in the history"
	equal "$(field named oom_kills)" 0 "kills in the container that was named"
	equal "$(rssctl oom named --json=short | jq length)" 0 "its OOMs"
	expect 0 rssctl remove --force named
	expect 0 rssctl remove true
}

# sleeps PID: a thread of it is in an uninterruptible sleep.
sleeps() { cat "/proc/$1"/task/*/status | grep -q '^State:.D'; }

# start_sleeper NAME: a process in a new container that writes to the frozen file system, $hog.
start_sleeper() {
	expect 0 rssctl create "$1" --limit=64M
	launch_hog_in "$1" write 8M "$work/frozen/$1"
	await 20 grep -q ready "$hog_out"
	hog=$(rssctl ps "$1" --json=short | jq '.[0].pid')
}

# A forced limit kills a process that does not end once, and then another one.
force_limit_of_held() {
	local other
	launch_hog_in held lock 2M
	await 20 grep -q ready "$hog_out"
	other=$(rssctl ps held --json=short | jq ".[] | select(.pid != $1) | .pid")
	expect 5 timeout 30 rssctl limit held 4M --mode=force --timeout=10
	says "process $1 (hog) is in an uninterruptible sleep"
	says "try again when the killed process has ended"
	equal "$(field held limit)" 67108864 "limit after a refusal"
	await 5 test ! -d "/proc/$other"
	equal "$(rssctl watch --since=0 --until=now --json=short | jq -c 'select(.event == "kill" and .container == "held" and .kill.cause == "limit") | .kill.killed')" \
		2 "killed processes"
}

case_uninterruptible_sleep() {
	local held removed removal
	swap_off
	dd if="$BUILD/small.ext2" of=$swap bs=64K status=none
	mkdir -p "$work/frozen"
	mount -t ext2 $swap "$work/frozen" || { fail "cannot mount"; return; }
	start_sleeper removed
	removed=$hog
	start_sleeper held
	held=$hog
	fsfreeze --freeze "$work/frozen"
	await 20 sleeps "$removed"
	await 20 sleeps "$held"

	timeout 30 rssctl remove --force removed >"$work/removal" 2>&1 &
	removal=$!
	# Elsewhere the kernel may take the memory of a killed process before it ends.
	! has safe-limit || force_limit_of_held "$held"
	expect 1 timeout 30 rssctl kill held --signal=KILL
	says "process $held (hog) is in an uninterruptible sleep"
	expect 0 timeout 30 rssctl kill held --signal=WINCH
	expect 0 timeout 30 rssctl ps held
	# A process that cannot run is moved all the same.
	expect 0 rssctl create elsewhere
	expect 0 timeout 30 rssctl attach elsewhere "$held"
	expect 0 timeout 30 rssctl detach "$held"
	expect 0 timeout 30 rssctl attach held "$held"
	expect 0 timeout 10 rssctl list
	wait $removal
	equal $? 1 "status of the removal"
	grep -q "process $removed (hog) is in an uninterruptible sleep" "$work/removal" ||
		fail "the removal said: $(cat "$work/removal")"

	fsfreeze --unfreeze "$work/frozen"
	await 20 test ! -d "/proc/$held"
	await 20 test ! -d "/proc/$removed"
	expect 0 rssctl remove --force removed
	expect 0 rssctl remove held
	expect 0 rssctl remove elsewhere
	umount "$work/frozen"
	mkswap -q $swap >/dev/null 2>&1
}

run_machine "$@"
