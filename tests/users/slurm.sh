#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lib/slurm with a real Slurm of two nodes, n1 and n2, which are this machine, set up as rssd-slurm(8)
# says. Its programs are unpacked, not installed. case_smoke is part of `make check-all'.
. "$(dirname "$0")/../lib.sh"
need_controller
unpacked=$build/users/slurm
plugin=$build/slurm/rssd.so
[ -x "$unpacked/usr/sbin/slurmctld-wlm" ] || { printf 'skip - slurm.sh: make users-packages unpacks Slurm\n'; exit 0; }
[ -e "$plugin" ] || { printf 'skip - slurm.sh: make slurm builds the plug-in\n'; exit 0; }
libraries=$(dirname "$(dirname "$(echo "$unpacked"/usr/lib/*/slurm-wlm/libslurmfull.so)")")
export PATH=$work/bin:$unpacked/usr/bin:$unpacked/usr/sbin:$PATH SLURM_CONF=$work/slurm.conf
export LD_LIBRARY_PATH=$build:$libraries/slurm-wlm:$libraries

# With Slurm 24.11 jobs of two nodes that are one machine stay in the state "completing", also without the
# plug-in. ANY_SLURM=any runs the cases all the same.
version=$(slurmctld-wlm -V)
case $version${ANY_SLURM:-} in
"slurm"*" 22."* | *any) ;;
*)
	printf 'skip - slurm.sh: a cluster of two nodes on one machine does not work with %s\n' "$version"
	exit 0
	;;
esac

# --- the cluster ------------------------------------------------------------------

# free_ports N: prints ports of 127.0.0.1 that are free now.
free_ports() {
	/usr/bin/python3 -c 'import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*[s.getsockname()[1] for s in sockets])' "$1"
}

write_slurm_conf() {
	local ports
	read -ra ports < <(free_ports 3)
	cat >"$SLURM_CONF" <<-END
		ClusterName=test
		SlurmctldHost=localhost(127.0.0.1)
		SlurmctldPort=${ports[0]}
		AuthType=auth/munge
		CredType=cred/munge
		AuthInfo=socket=$work/munge/socket
		SlurmUser=root
		SlurmdUser=root
		PluginDir=$libraries/slurm-wlm
		PlugStackConfig=$work/plugstack.conf
		StateSaveLocation=$work/slurm/state
		SlurmdSpoolDir=$work/slurm/%n
		SlurmctldPidFile=$work/slurm/slurmctld.pid
		SlurmdPidFile=$work/slurm/%n.pid
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU_Memory
		SchedulerType=sched/builtin
		JobRequeue=1
		KillWait=2
		MailProg=/bin/true
		MpiDefault=none
		SlurmdParameters=config_overrides
		NodeName=DEFAULT CPUs=64 RealMemory=64000
		NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=${ports[1]}
		NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=${ports[2]}
		PartitionName=all Nodes=n[1-2] Default=YES OverSubscribe=YES
	END
}

# plugin_arguments [ARGUMENT...]: writes plugstack.conf. Slurm reads it at each step.
plugin_arguments() { echo "optional $plugin bus=$DBUS_SYSTEM_BUS_ADDRESS $*" >"$work/plugstack.conf"; }

# Each program is in a session of its own: it ends others of its process group.
start_program() {
	local log=$1
	shift
	setsid "$@" >>"$work/slurm/$log" 2>&1 </dev/null &
	children+=($!)
	disown $!
}
start_slurmctld() { start_program slurmctld.log slurmctld -D; slurmctld=${children[-1]}; }
start_slurmd() { start_program "$1.log" slurmd -D -N "$1" -d "$work/bin/slurmstepd"; slurmd=${children[-1]}; }
node_is() { [ "$(sinfo -h -n "$1" -o %T)" = "$2" ]; }
both_are() { node_is n1 "$1" && node_is n2 "$1"; }

start_cluster() {
	mkdir -p "$work/slurm/state" "$work/munge" "$work/bin"
	# The names that the alternatives of Debian give them.
	ln -s "$unpacked/usr/sbin/slurmctld-wlm" "$work/bin/slurmctld"
	ln -s "$unpacked/usr/sbin/slurmd-wlm" "$work/bin/slurmd"
	# It overwrites its environment, so that only the path of its program says whose it is.
	cp "$unpacked/usr/sbin/slurmstepd-wlm" "$work/bin/slurmstepd"
	write_slurm_conf
	plugin_arguments
	head -c 128 /dev/urandom >"$work/munge/key"
	chmod 600 "$work/munge/key"
	start_program munged.log munged --force --foreground --key-file="$work/munge/key" --socket="$work/munge/socket" \
		--pid-file="$work/munge/pid" --log-file="$work/munge/log" --seed-file="$work/munge/seed"
	until_true 20 test -S "$work/munge/socket"
	start_slurmctld
	start_slurmd n1
	slurmd_n1=$slurmd
	start_slurmd n2
	until_true 40 both_are idle || {
		note "the cluster does not start: $(sinfo 2>&1)"
		tail -qn 5 "$work"/slurm/*.log
		exit 1
	}
}

# own_slurm: the processes of Slurm and of its jobs that this script started, keepers included.
own_slurm() {
	local pid program
	for pid in $(pgrep -u root,nobody); do
		program=$(readlink "/proc/$pid/exe") || continue
		case $program in
		"$work"/bin/*) echo "$pid" ;;
		"$unpacked"/*) ! is_own "$pid" || echo "$pid" ;;
		*) ! grep -qzs '^SLURM_JOB_ID=' "/proc/$pid/environ" || ! is_own "$pid" || echo "$pid" ;;
		esac
	done 2>/dev/null
}
is_own() { grep -qzxs "RSSD_TEST=$$" "/proc/$1/environ"; }
end_slurm() {
	local tries=0 pids
	while mapfile -t pids < <(own_slurm) && [ ${#pids[@]} -gt 0 ] && [ $((tries++)) -lt 100 ]; do
		kill -KILL "${pids[@]}" 2>/dev/null
		read -rt 0.05 <> <(:) || :
	done
}
trap 'end_slurm; cleanup' EXIT

# The jobs of the cluster, also those that are ending.
jobs_of_cluster() { squeue -h -o '%i %T' "$@"; }
no_jobs() { [ -z "$(jobs_of_cluster)" ]; }
job_is() { [ "$(squeue -h -j "$1" -o %T 2>/dev/null)" = "$2" ]; }

# containers: the containers of jobs.
containers() { rssctl list --json=short | jq -r '.[].name | select(startswith("slurm/"))'; }
none_contained() { [ -z "$(containers)" ]; }

# What each case leaves: a cluster that takes jobs, and no container.
check_cluster() {
	await 30 no_jobs
	await 20 both_are idle
	await 20 none_contained
	[ -z "$case_failed" ] || grep -h "rssd:" "$work"/slurm/n?.log | tail -n 8 | sed 's/^/#   slurm: /'
}

# The container of the process that runs it: a program for steps.
where='sed -nE "s|^[0-9]+:([^:]*,)?memory:/'$root'/||p; s|^0::/'$root'/||p" /proc/self/cgroup'

start_bus
start_rssd || exit 1
start_cluster

# --- parts ------------------------------------------------------------------------

check_options() {
	expect 0 srun --help
	says "--rss-limit=SIZE"
	expect 255 srun --rss-limit=lots true
	says 'Invalid value "lots" of --rss-limit: it is not a size'
	expect 255 srun --rss-wmark=1G:2G true
	says "has a low watermark above the high one"
	expect 255 sbatch --rss-limit=lots --wrap true
	says "is not a size"
}

# Each step has a record.
check_records() {
	equal "$(jq -r 'select(.step == "0" and .limit == 314572800 and .tasks == 1 and .uid == 0 and .peak > 0) | .container' "$work/record" |
		grep -c '^slurm/n[12]-[0-9]*/0$')" 2 "records of the step with a limit of 300M"
	equal "$(jq -r 'select(.limit == 52428800) | .step' "$work/record" | sort | xargs)" \
		"0 0 1 1 2 2 3 3 4 4 5 5 6 6 7 7 8 8 batch batch" "records of the array"
	plugin_arguments mem-factor=0 record="$work/unlimited"
	expect 0 srun true
	await 10 test -s "$work/unlimited"
	equal "$(jq -r .limit "$work/unlimited")" infinity "limit in the record of a step without one"
	[ "$(jq -r 'select(.oom_kills == 1) | .container' "$work/record" | wc -l)" -ge 2 ] || fail "few records with an OOM"
}

# slowly COMMAND...: runs it while each sync to the disk takes a good while, as on a busy one.
slowly() {
	strace -f -qq -o "$work/strace" -p "$rssd_pid" -e inject=fsync:delay_enter=400000 &
	local tracer=$!
	children+=($tracer)
	until_true 10 grep -qE '^TracerPid:.[1-9]' "/proc/$rssd_pid/status"
	"$@"
	kill $tracer
	wait $tracer 2>/dev/null
	grep -q DELAYED "$work/strace" || fail "nothing was synced"
}

# A step on both nodes, with a limit of its own below that of the job. Each node is the first that needs
# the container of all jobs.
check_step() {
	expect 0 rssctl remove --ignore-missing slurm
	slowly expect 0 srun -N2 --mem=500 --rss-limit=300M -l sh -c "$where; rssctl list --no-legend"
	says "0: slurm/n1-"
	says "1: slurm/n2-"
	equal "$(grep -cE '^0: slurm/n1-[0-9]+ +500\.0M' <<<"$out")" 1 "jobs of n1 with 500M"
	equal "$(grep -cE '^0: slurm/n1-[0-9]+/0 +300\.0M' <<<"$out")" 1 "steps of n1 with 300M"
	equal "$(grep -cE '^1: slurm/n2-[0-9]+/0 +300\.0M' <<<"$out")" 1 "steps of n2 with 300M"
}

# An array of two jobs with nine steps each: 20 steps with the batch steps.
check_batch() {
	local job
	cat >"$work/job" <<-END
		#!/bin/sh
		$where
		for i in 0 1 2 3 4 5 6 7 8; do srun --overlap sh -c '$where'; done
	END
	expect 0 sbatch --wait --parsable --array=1-2 --mem=100 --rss-limit=50M -o "$work/array.%a" "$work/job"
	for job in 1 2; do
		equal "$(sed 's|/.*||; q' "$work/array.$job")" slurm "first line of the array's job $job"
		equal "$(sed 's|.*/||' "$work/array.$job" | xargs)" "batch 0 1 2 3 4 5 6 7 8" "steps of the array's job $job"
		equal "$(sed 's|/[^/]*$||' "$work/array.$job" | sort -u | wc -l)" 1 "containers of one job"
	done
	equal "$(cat "$work"/array.? | sort -u | wc -l)" 20 "containers of 20 steps"
}

# One of two nodes has an OOM, and the other node's task lives. The cause is in the job's output.
check_oom() {
	local tries=0
	# On a slow machine srun may end before it has read the last message, as it does with any other.
	# shellcheck disable=SC2016
	while expect 137 srun -K0 -N2 --rss-limit=40M -l sh -c 'if [ $SLURM_NODEID = 1 ]; then exec hog anon 80M; fi; read line; echo survived' &&
		says "0: survived" && [[ $err != *"out of memory"* ]] && [ $((++tries)) -lt 4 ]; do :; done
	says "rssd: out of memory: process"
	says "(hog) was killed: the limit of slurm/n2-"
	equal "$(grep -c "out of memory" <<<"$out$err")" 1 "messages about one OOM"
	# The same in the file of a batch job, for a child of its shell and at the limit of the job.
	expect 1 sbatch --wait --parsable --mem=40 -o "$work/oom" --wrap "hog anon 80M; exit 1"
	equal "$(scontrol show job "${out%%$'\n'*}" | grep -c "AdminComment=rssd: out of memory: process [0-9]* (hog) was killed: ")" 1 \
		"comments of the job that had an OOM"
	grep -q "rssd: out of memory: process [0-9]* (hog) was killed: the limit of slurm/n1-[0-9]*\(/batch\)\? is 40.0M" "$work/oom" ||
		fail "the output of the batch job is $(cat "$work/oom")"
	expect 1 srun --rss-limit=40M sh -c "exit 1"
	[[ $out$err != *"out of memory"* ]] || fail "an OOM of another step is reported"
}

# hang ARGUMENT...: runs a step while rssd does not answer, in bounded time.
hang() {
	kill -STOP "$rssd_pid"
	"$@"
	kill -CONT "$rssd_pid"
	await 10 rssctl list
}

check_failures() {
	plugin_arguments timeout=1s
	hang expect 0 timeout 20 srun echo ran
	says ran
	hang expect 0 timeout 20 srun --rss-limit=40M echo ran
	says ran
	says "this step runs without its limit: rssd does not answer"
	plugin_arguments timeout=1s on-failure=refuse
	hang expect 1 timeout 20 srun echo ran
	says "this step is refused: rssd does not answer"
	[[ $out != *ran* ]] || fail "a refused step ran"
	plugin_arguments
}

# --- cases --------------------------------------------------------------------------

case_smoke() {
	plugin_arguments record="$work/record" comment=yes
	check_options
	check_step
	check_batch
	check_oom
	await 20 no_jobs
	check_records
	check_failures
	check_cluster
}

# Without rssd on the bus a step does not wait.
case_no_daemon() {
	stop_rssd
	plugin_arguments timeout=8s
	expect 0 timeout 6 srun --rss-limit=40M echo ran
	says "ran"
	says "this step runs without its limit: rssd"
	plugin_arguments timeout=8s on-failure=refuse
	expect 1 timeout 6 srun echo ran
	expect 1 sbatch --wait -o "$work/refused" --wrap "echo ran"
	equal "$(grep -c "this step is refused" "$work/refused")" 1 "messages of a refusal in the job's output"
	grep -q '^ran' "$work/refused" && fail "a refused job ran"
	start_rssd
	plugin_arguments
	check_cluster
}

# Arguments with errors are logged and ignored, and the others are in force.
case_bad_arguments() {
	plugin_arguments mem-factor=2 mem-factor=lots on-failure=maybe timeout=1h comment=always frobnicate
	kill "$slurmd"
	await 10 test ! -e "/proc/$slurmd"
	start_slurmd n2
	await 20 grep -q '"frobnicate" in plugstack.conf is ignored: it is not known' "$work/slurm/n2.log"
	for argument in mem-factor=lots on-failure=maybe timeout=1h comment=always; do
		grep -q "\"$argument\" in plugstack.conf is ignored" "$work/slurm/n2.log" || fail "$argument is not reported"
	done
	await 30 both_are idle
	expect 0 srun -w n2 --mem=100 rssctl list --no-legend
	equal "$(grep -cE '^slurm/n2-[0-9]+(/0)? +200\.0M' <<<"$out")" 2 "containers with twice the memory"
	plugin_arguments
	check_cluster
}

# submit ARGUMENT...: a job that runs until it is ended; sets $job.
submit() {
	job=$(sbatch --parsable -w n1 --mem=100 -o "$work/job.%j" "$@" --wrap "echo started; srun sleep 1000")
	await 30 contains "slurm/n1-$job/0"
}
contains() { containers | grep -qx "$1"; }

case_cancel_and_requeue() {
	local before
	submit
	before=$job
	scontrol requeue "$job"
	await 20 job_is "$job" PENDING
	await 20 none_contained
	scontrol update jobid="$job" starttime=now
	await 150 contains "slurm/n1-$job/batch"
	equal "$job" "$before" "number of the job"
	scancel "$job"
	check_cluster
}

# Slurm's signals leave the containers alone: a suspended job is still limited.
case_suspend_and_resume() {
	submit
	scontrol suspend "$job"
	await 20 job_is "$job" SUSPENDED
	equal "$(rssctl list --json=short | jq -r --arg n "slurm/n1-$job/0" '.[] | select(.name == $n) | .limit')" $((100 << 20)) "limit of a suspended step"
	scontrol resume "$job"
	await 20 job_is "$job" RUNNING
	equal "$(containers | wc -l)" 3 "containers of a resumed job"
	scancel "$job"
	check_cluster
}

case_interactive() {
	expect 0 salloc --mem=100 sh -c "$where; srun sh -c '$where'; srun sh -c '$where'"
	# The command of salloc runs where it was called; its steps run on the node.
	equal "$(grep -c '^slurm/n1-' <<<"$out")" 2 "steps in a container"
	check_cluster
}

# A user has the limits of a job, and cannot leave or change its container.
case_user() {
	local as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
	mkdir -p "$work/nobody"
	chown nobody "$work/nobody"
	"${as[@]}" test -x "$unpacked/usr/bin/srun" -a -x "$build/rssctl" || { skip "nobody cannot read $build"; return; }
	cat >"$work/nobody/job" <<-END
		#!/bin/sh
		$where
		mine=\$($where)
		rssctl limit \$mine 10G 2>&1
		rssctl remove --force \$mine 2>&1
		pkill rssd-keeper 2>&1
		rssctl list --no-legend
	END
	chmod 755 "$work/nobody/job"
	expect 0 "${as[@]}" sbatch --wait -w n1 --mem=100 --rss-limit=50M -D "$work/nobody" -o "$work/nobody/out" "$work/nobody/job"
	out=$(cat "$work/nobody/out") err=
	says "/batch"
	equal "$(grep -cE '^slurm/n1-[0-9]+/batch +50\.0M' "$work/nobody/out")" 1 "limits that the user could not change"
	check_cluster
}

# Each part ends by kill -9 while a step runs: the step stays limited, and is removed in the end.
case_killed_parts() {
	local stepd
	submit
	kill -KILL "$slurmd_n1"
	await 10 test ! -e "/proc/$slurmd_n1"
	kill_rssd
	start_rssd
	contains "slurm/n1-$job/0" || fail "the step's container is not there after a kill of rssd"
	start_slurmd n1
	slurmd_n1=$slurmd
	scancel "$job"
	check_cluster

	submit
	stepd=$(own_slurm | while read -r pid; do ! grep -qs "^slurmstepd: \[$job\.0\]" "/proc/$pid/cmdline" || echo "$pid"; done)
	stepd=$(for pid in $stepd; do grep -qx rssd-keeper "/proc/$pid/comm" || echo "$pid"; done)
	[ -n "$stepd" ] || { fail "no slurmstepd of $job.0"; return; }
	kill -KILL "$stepd"
	scancel "$job"
	await 60 no_jobs
	# What Slurm does not end is ended here: its container goes with it.
	own_tasks | xargs -r kill -KILL
	check_cluster
}
own_tasks() { own_slurm | while read -r pid; do ! grep -qzs '^SLURM_JOB_ID=' "/proc/$pid/environ" || echo "$pid"; done; }

# 1000 steps of ten jobs (STEPS= of each), while rssd and slurmstepd are killed and started again. A step
# that begins without rssd runs without a limit; every other one is in a container of its own.
case_thousand_steps() {
	local steps=${STEPS:-100} kills=0 jobs uncontained
	cat >"$work/many" <<-END
		#!/bin/sh
		for i in \$(seq $steps); do
			srun -Q --overlap sh -c 'echo "ran \$($where)"' || echo failed
		done
	END
	sbatch --parsable --array=1-10 --mem=100 -o "$work/many.%a" "$work/many" >/dev/null
	await 60 grep -qs ran "$work/many.1"
	while ! no_jobs; do
		kill_rssd
		start_rssd || break
		kills=$((kills + 1))
		[ $((kills % 5)) != 1 ] || kill_a_stepd
		until_true 1 no_jobs
		[ $kills -lt 300 ] || break
	done
	await 60 no_jobs
	cat "$work"/many.* >"$work/all"
	jobs=$(grep -c '^ran' "$work/all") uncontained=$(grep -cx 'ran ' "$work/all")
	note "$jobs of $((10 * steps)) steps ran, $uncontained without a limit; rssd was killed $kills times"
	# A step whose slurmstepd is killed may or may not have run.
	[ $((jobs + $(grep -c '^failed' "$work/all"))) -ge $((10 * steps - 2 * kills)) ] || fail "steps are missing"
	[ "$jobs" -ge $((10 * steps - 3 * kills)) ] || fail "few steps ran: $(grep -v '^ran' "$work/all" | sort | uniq -c | head -n 5)"
	[ "$uncontained" -le $((20 * kills)) ] || fail "$uncontained steps ran without a limit"
	equal "$(grep '^ran s' "$work/all" | sort | uniq -d)" "" "containers that two steps had"
	own_tasks | xargs -r kill -KILL
	check_cluster
	equal "$(for pid in $(own_slurm); do cat "/proc/$pid/comm"; done | grep -c rssd-keeper)" 0 "keepers that are left"
}
# Of a step with a number, not of a batch script: that would end the job.
kill_a_stepd() {
	local pid
	for pid in $(own_slurm); do
		! grep -qsE '^slurmstepd: \[[0-9]+\.[0-9]+\]' "/proc/$pid/cmdline" || grep -qx rssd-keeper "/proc/$pid/comm" || {
			kill -KILL "$pid"
			return
		}
	done
}

# What the plug-in adds to a step, in milliseconds: medians of steps with it and without it, in turn.
case_cost() {
	local i
	for ((i = 0; i < 41; i++)); do
		: >"$work/plugstack.conf"
		time_of true_step >>"$work/without"
		plugin_arguments
		time_of true_step >>"$work/with"
	done
	local without with
	without=$(median "$work/without") with=$(median "$work/with")
	note "a step takes $without ms without the plug-in, and $with ms with it"
	[ $((with - without)) -le 40 ] || fail "the plug-in adds $((with - without)) ms"
	check_cluster
}
true_step() { srun -Q -w n1 --mem=100 true; }

run_cases "$@"
