#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the test machine: Slurm of Debian with task/cgroup and proctrack/cgroup as services of systemd,
# and rssd, librss1 and rssd-slurm from their packages, set up as rssd-slurm(8) says.
# The kernel's command line says which plug-in of Slurm for cgroups is used: rssd.slurm=cgroup/v1.
node=rssd-test
. "${0%/*}/machine.sh"

plugin=$(argument slurm)
file=/var/tmp/file
# With Slurm's plug-in cgroup/v1 steps are attached, and have a keeper; else their cgroups are the containers.
keepers=1 containers=slurm/$node-
[ "$plugin" != cgroup/v2 ] || keepers=0 containers=slurm-$node-
# container JOB STEP
container() { if [ $keepers = 0 ]; then echo "$containers$1.$2"; else echo "$containers$1/$2"; fi; }
# Of the case that reboots the machine.
mark=/var/lib/rssd-boot

# --- the node ---------------------------------------------------------------------

write_slurm_conf() {
	cat >/etc/slurm/slurm.conf <<-END
		ClusterName=test
		SlurmctldHost=$node(127.0.0.1)
		SlurmUser=slurm
		StateSaveLocation=/var/lib/slurm/slurmctld
		SlurmdSpoolDir=/var/lib/slurm/slurmd
		SlurmctldLogFile=/var/log/slurm/slurmctld.log
		SlurmdLogFile=/var/log/slurm/slurmd.log
		ProctrackType=proctrack/cgroup
		TaskPlugin=task/cgroup
		PrologFlags=contain
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core_Memory
		DefMemPerCPU=100
		SchedulerType=sched/builtin
		JobRequeue=0
		KillWait=2
		MailProg=/bin/true
		MpiDefault=none
		ReturnToService=2
		SlurmdTimeout=30
		SlurmdParameters=config_overrides
		NodeName=$node NodeAddr=127.0.0.1 CPUs=2 RealMemory=800
		PartitionName=all Nodes=ALL Default=YES OverSubscribe=YES
	END
	cat >/etc/slurm/cgroup.conf <<-END
		CgroupPlugin=$plugin
		ConstrainRAMSpace=no
	END
	# A kernel may have no cpuset for v1.
	! grep -q ' cgroup .*cpuset' /proc/mounts || echo ConstrainCores=yes >>/etc/slurm/cgroup.conf
}

# plugin_arguments [ARGUMENT...]: writes plugstack.conf. Slurm reads it at each step.
plugin_arguments() { echo "optional rssd.so $*" >/etc/slurm/plugstack.conf; }
node_is() { [ "$(sinfo -h -o %T)" = "$1" ]; }

start_slurm() {
	mkdir -p /var/log/slurm
	write_slurm_conf
	plugin_arguments
	# A program for steps: the container that it is in.
	cat >/usr/local/bin/where <<-'END'
		#!/bin/sh
		sed -nE 's,^[0-9]+:(rss|.*memory.*)?:.*/rssd/,,p' /proc/self/cgroup
		step=$(sed -nE 's,^0::.*/job_([0-9]+)/step_([a-z0-9]+)/user/.*,slurm-rssd-test-\1.\2,p' /proc/self/cgroup)
		[ -z "$step" ] || ! rssctl ps "$step" --no-legend 2>/dev/null | grep -qw $$ || echo "$step"
	END
	chmod 755 /usr/local/bin/where
	id dora >/dev/null 2>&1 || useradd --create-home --password '*' --shell /bin/bash dora
	# Slurm resolves no address on a machine that only has 127.0.0.1.
	ip address add 192.0.2.1/32 dev lo 2>/dev/null
	systemctl start munge slurmctld slurmd
	# After a crash Slurm has yet to find that the jobs of before are gone.
	until_true 90 eval 'node_is idle || node_is mixed' || {
		printf 'not ok - %s: the node does not start\n' "${0##*/}"
		sinfo 2>&1 | tail -n 3
		journalctl --no-pager --output=cat -u munge -u slurmctld -u slurmd | tail -n 20 | sed 's/^/# /'
		grep -hE 'error:|fatal:' /var/log/slurm/*.log | tail -n 20 | sed 's/^/# /'
		exit 1
	}
}

no_jobs() { [ -z "$(squeue -h)" ]; }
containers() { rssctl list --json=short | jq -r '.[].name | select(test("^slurm[/-]"))'; }
contains() { containers | grep -qx "$1"; }
none_contained() { [ -z "$(containers)" ]; }
# What Slurm has in the hierarchies of cgroups for jobs.
cgroups_of_jobs() { find /sys/fs/cgroup -type d -name 'job_*' 2>/dev/null; }
remove_cgroups_of_jobs() {
	local path
	for path in $(cgroups_of_jobs); do
		[ ! -d "$path" ] || find "$path" -depth -type d -exec rmdir {} +
	done
}

show_log() { grep -v 'mpi' /var/log/slurm/slurmd.log | tail -n 20 | sed 's/^/#   slurm: /'; }

# What each case leaves: a node that takes jobs, no container, and no cgroup of a job. After a kill of
# slurmstepd Slurm leaves its cgroups.
check_node() {
	await 200 no_jobs
	await 60 node_is idle
	[ -z "${1:-}" ] || remove_cgroups_of_jobs
	await 30 none_contained
	until_true 30 eval '[ -z "$(cgroups_of_jobs)" ]' || fail "cgroups of jobs are left: $(cgroups_of_jobs | xargs)"
	plugin_arguments
	[ -z "$case_failed" ] || show_log
}

# make_file: a file of 200 MB that is not in the page cache.
make_file() {
	[ -e $file ] || dd if=/dev/zero of=$file bs=1M count=200 status=none
	sync
	echo 3 >/proc/sys/vm/drop_caches
}
cached() { awk '$1 == "Cached:" { print $2 * 1024 }' /proc/meminfo; }
# record_steps: each step from now on has a record.
record_steps() {
	rm -f "$work/record"
	plugin_arguments record="$work/record"
}
# record KEY: of the last step with a number.
record() { jq -r "select(.step == \"0\").$1" "$work/record" | tail -n 1; }
recorded() { [ -n "$(record step)" ]; }

# --- cases ------------------------------------------------------------------------

# A step reads a file of ten times its memory, and the page cache keeps all of it. The controller memory-v1
# holds it against the step, which goes on.
case_page_cache() {
	local before grown limit=$((20 << 20))
	make_file
	before=$(cached)
	record_steps
	expect 0 srun --mem=20 sh -c "where; cat /proc/self/cgroup; cat $file | wc -c"
	says "$containers"
	says $((200 << 20))
	says "/job_"
	note "$out"
	grown=$(($(cached) - before))
	await 20 recorded
	note "$(cat "$work/record")"
	equal "$(record limit)" $limit "limit of the step"
	equal "$(record oom_kills)" 0 "processes killed"
	note "the page cache grew by $((grown >> 20)) MB"
	if has mapped-only; then
		[ $grown -ge $((180 << 20)) ] || fail "the page cache grew by $grown"
		[ "$(record peak)" -le $((limit / 2)) ] || fail "the step had $(record peak)"
		equal "$(record failures)" 0 "how often the step hit its limit"
	fi
	check_node
}

# Pages of the file that are mapped count, and are reclaimed at the limit.
case_mapped_file() {
	local limit=$((20 << 20))
	make_file
	record_steps
	expect 0 srun --mem=20 sh -c "mkfifo $work/ready; $hog_program file $file >$work/ready & read line <$work/ready; kill \$!; echo \$line"
	says ready
	await 20 recorded
	equal "$(record oom_kills)" 0 "processes killed"
	[ "$(record peak)" -le $((limit + (2 << 20))) ] || fail "the step had $(record peak), above its limit"
	# Where the cgroup of the job has slurmstepd as well, it reaches its limit first.
	[ $keepers = 0 ] || [ "$(record failures)" -gt 0 ] || fail "the step never hit its limit"
	check_node
}

case_oom() {
	swap_off
	expect 137 srun --mem=30 "$hog_program" anon 60M
	says "rssd: out of memory: process"
	says "(hog) was killed: the limit of $containers"
	says "is 30.0M"
	check_node
}

case_batch() {
	printf '%s\n' '#!/bin/sh' where 'srun --overlap where' 'srun --overlap where' "$hog_program anon 60M" >"$work/job"
	expect 137 sbatch --wait --parsable --mem=30 -o "$work/job.out" "$work/job"
	local job=${out%%$'\n'*}
	equal "$(grep ^slurm "$work/job.out" | xargs)" "$(container "$job" batch) $(container "$job" 0) $(container "$job" 1)" "containers of the steps"
	grep -q "rssd: out of memory: process [0-9]* (hog) was killed: the limit of $containers$job" "$work/job.out" ||
		fail "the output of the job is $(cat "$work/job.out")"
	check_node
}

# submit COMMAND: a job with a batch step and a step that runs COMMAND; sets $job.
submit() {
	job=$(sbatch --parsable --mem=40 -o "$work/job.%j" --wrap "srun --overlap $1")
	until_true 60 contains "$(container "$job" 0)" || {
		fail "the containers of job $job are $(containers | xargs)"
		show_log
	}
}

beats() { stat -c %s "$work/beats"; }
case_suspend_and_resume() {
	local count
	: >"$work/beats"
	printf '%s\n' '#!/bin/sh' "while :; do echo >>$work/beats; sleep 0.1; done" >"$work/beat"
	chmod 755 "$work" "$work/beat"
	submit "$work/beat"
	await 30 test -s "$work/beats"
	expect 0 scontrol suspend "$job"
	await 30 eval '[ "$(squeue -h -o %T)" = SUSPENDED ]'
	quiet() { count=$(beats); sleep 1; [ "$(beats)" = "$count" ]; }
	await 30 quiet
	count=$(beats)
	equal "$(field "$(container "$job" 0)" limit)" $((40 << 20)) "limit of a suspended step"
	sleep 2
	equal "$(beats)" "$count" "beats of a suspended step"
	expect 0 scontrol resume "$job"
	await 30 eval '[ "$(beats)" -gt '"$count"' ]'
	# With or without the sleep between two beats.
	[ "$(field "$(container "$job" 0)" processes)" -gt $keepers ] || fail "a resumed step is not in its container"
	expect 0 scancel "$job"
	check_node
}

# A limit for all jobs of the node.
case_all_jobs_together() {
	local name=slurm scope='' i steps=()
	if [ $keepers = 0 ]; then
		scope=$(systemctl list-units --plain --no-legend '*slurmstepd.scope' | cut -d' ' -f1)
		name=slurmstepd
	fi
	expect 0 rssctl remove --ignore-missing "$name"
	expect 0 rssctl create "$name" ${scope:+--unit="$scope"} --limit=48M
	swap_off
	for i in 1 2; do
		srun --mem=40 "$hog_program" anon 30M >/dev/null 2>&1 &
		steps+=($!)
	done
	limited_together() { rssctl oom "$name" --json=short | jq -e --arg name "$name" 'any(.container == $name)'; }
	await 60 limited_together
	scancel --user=root
	wait "${steps[@]}"
	expect 0 rssctl remove "$name"
	check_node
}

case_cancel() {
	submit "sleep 1000"
	expect 0 scancel "$job"
	check_node
}

# in_session COMMAND: runs it in a session of dora.
in_session() {
	ssh -i "$work/key" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null dora@127.0.0.1 "$@"
}
start_ssh() {
	ssh-keygen -q -t ed25519 -N '' -f "$work/key"
	install -d -m 700 -o dora -g dora /home/dora/.ssh
	install -m 600 -o dora -g dora "$work/key.pub" /home/dora/.ssh/authorized_keys
	grep -q pam_slurm_adopt /etc/pam.d/sshd || echo "account required pam_slurm_adopt.so" >>/etc/pam.d/sshd
	systemctl start ssh
	await 30 eval '(: >/dev/tcp/127.0.0.1/22)'
}

# pam_slurm_adopt puts a session of a user into the cgroup of his job. It joins the container of the step
# extern by its rule, and has the limit of the job.
case_adopted_session() {
	local name joined="for i in \$(seq 100); do where | grep . && break; sleep 0.1; done"
	swap_off
	start_ssh
	expect 255 in_session true
	says "no active jobs"
	job=$(setpriv --reuid=dora --regid=dora --init-groups env --chdir=/home/dora sbatch --parsable --mem=40 --wrap "sleep 1000")
	name=$(container "$job" extern)
	await 60 contains "$(container "$job" batch)"
	contains "$name" || fail "the containers are $(containers | xargs)"
	equal "$(field "$name" limit)" $((40 << 20)) "limit of the step extern"
	note "$(rssctl show "$name" | grep -i join)"
	expect 0 in_session "$joined"
	equal "$out" "$name" "container of a session"
	expect 0 in_session "$joined; $hog_program anon 60M; echo \$?"
	says 137
	expect 0 rssctl oom "$name"
	says hog
	# Root's sshd is in the cgroup of Slurm as well, but joins by no rule.
	[ $keepers = 0 ] || equal "$(rssctl ps "$name" --json=short | jq -c '[.[] | select(.uid == 0).command]')" '["rssd-keeper"]' "processes of root"
	# A session outside the job is in no container.
	equal "$(where)" "" "container of this test"
	in_session "$joined >&2; exec sleep 1001" 2>"$work/joined" &
	await 30 grep -q extern "$work/joined"
	expect 0 scancel "$job"
	wait $!
	check_node
	systemctl stop ssh
}

# A job runs while the machine is reset. Nothing of it is left, and the node takes jobs.
case_crash_of_the_node() {
	if [ ! -e $mark ]; then
		submit "sleep 1000"
		echo "$job" >$mark
		sync
		touch /run/rssd-reboot
		systemctl --force --force reboot
		await 60 false # the machine is reset before this ends
		return
	fi
	job=$(cat $mark)
	rm $mark
	check_node
	expect 3 rssctl show "$containers$job"
	equal "$(sinfo -h -o %E)" none "reason why the node takes no jobs"
	expect 0 srun --mem=20 where
	says "$containers"
	check_node
}

# slurmd, all of slurmstepd and rssd are killed at once, and the job's processes after that.
case_kill_of_all_daemons() {
	submit "sleep 1000"
	systemctl kill --signal=KILL --kill-who=all slurmd rssd
	# Not the process without a job, which keeps Slurm's scope in v2: without that the node takes no jobs.
	pkill -KILL -f '^slurmstepd: '
	await 30 rssctl list
	systemctl restart slurmd
	scancel "$job"
	await 60 no_jobs
	pkill -KILL -x sleep
	pkill -KILL -x srun
	pkill -KILL -x slurm_script
	check_node killed
	expect 0 srun --mem=20 where
	says "$containers"
	check_node
}

# All cases: the one that reboots the machine is the first, because the script runs again after that.
[ $# -gt 0 ] || set -- crash_of_the_node adopted_session all_jobs_together batch cancel kill_of_all_daemons mapped_file oom page_cache \
	suspend_and_resume
start_slurm
run_machine "$@"
