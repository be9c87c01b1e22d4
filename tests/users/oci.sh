#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lib/oci with real runtimes, set up as rssd-oci(8) says: crun and runc by themselves, podman with each of
# them, and containerd by ctr. Their programs are those below $RUNTIMES, or unpacked, not installed; the
# root filesystem is made here, of busybox. case_smoke is part of `make check-all'.
. "$(dirname "$0")/../lib.sh"
need_controller
# In mounts of its own, as crun and runc refuse a machine that has cgroup v2 beside cgroup v1. They need
# a root that is a mount point, which that of a chroot is not.
if [ -z "${OWN_MOUNTS:-}" ]; then
	rm -rf "$work"
	export OWN_MOUNTS=1
	mountpoint -q / || exec "${own_mounts[@]}" bash -c 'mount --rbind / /mnt && exec chroot /mnt bash "$@"' - "$(realpath "$0")" "$@"
	exec "${own_mounts[@]}" bash "$0" "$@"
fi
# crun makes cgroups as plain directories there.
! umount /sys/fs/cgroup/unified 2>/dev/null || mount -t tmpfs none /sys/fs/cgroup/unified
unpacked=${RUNTIMES-$build/users/oci}
[ -x "$unpacked/usr/bin/crun" ] || { printf 'skip - oci.sh: make users-packages unpacks the runtimes\n'; exit 0; }
busybox=$(command -v busybox "$unpacked/bin/busybox" "$unpacked/usr/bin/busybox" | head -n 1)
hooks=$here/../lib/oci
journal=$work/journal
# The cgroups of containers are below it.
parent=$root-oci

# --- the runtimes --------------------------------------------------------------------

# A runtime may start programs with another environment, so each is a script that sets it.
make_program() { printf '#!/bin/sh\nexport LD_LIBRARY_PATH=%s\nexec %s "$@"\n' "$libraries" "$1" >"$work/bin/${2:-${1##*/}}"; }
make_programs() {
	local program
	libraries=$(echo "$unpacked"/usr/lib/*-linux-gnu*)
	mkdir -p "$work/bin" "$work/rootfs/bin" "$work/hooks.d"
	for program in crun runc conmon podman containerd ctr; do
		[ ! -x "$unpacked/usr/bin/$program" ] || make_program "$unpacked/usr/bin/$program"
	done
	cat >"$work/bin/rssctl-hook" <<-END
		#!/bin/sh
		export DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SYSTEM_BUS_ADDRESS JOURNAL=$journal
		LD_PRELOAD=$build/tests/preload/journal.so exec $build/rssctl "\$@"
	END
	chmod +x "$work"/bin/*
	for program in sh cat grep sleep echo true head; do ln "$work/rootfs/bin/busybox" "$work/rootfs/bin/$program"; done
	# The files of the package, with the program of this test.
	for program in "$hooks"/*.json; do
		jq --arg path "$work/bin/rssctl-hook" '.hook.path = $path' "$program" >"$work/hooks.d/${program##*/}"
	done
}

# A runtime of its own reads no hooks.d: this is what podman makes of it.
bundle_hooks() { jq -s '[.[] | {key: .stages[0], value: [.hook]}] | from_entries' "$work"/hooks.d/*.json; }

# bundle ID PROGRAM [KEY=VALUE...]: makes $work/ID with a config.json with these annotations org.rssd.KEY.
bundle() {
	local id=$1 command=$2
	shift 2
	mkdir -p "$work/$id"
	jq -n --arg command "$command" --arg rootfs "$work/rootfs" --arg path "/$parent/$id" --argjson hooks "$(bundle_hooks)" \
		--slurpfile spec "$work/config.json" '$ARGS.positional as $pairs | $spec[0] | .process.terminal = false
		| .process.args = ["/bin/sh", "-c", $command] | del(.process.rlimits)
		| .root.path = $rootfs | .linux.cgroupsPath = $path | .hooks = $hooks
		| .linux.namespaces |= map(select(.type != "network" and .type != "cgroup"))
		| .annotations = ([$pairs[] | capture("(?<key>[^=]*)=(?<value>.*)") | {("org.rssd." + .key): .value}] | add)' \
		--args "$@" >"$work/$id/config.json"
}

# run_in RUNTIME ID ARGUMENT...: a command of the runtime. Its files are in a directory of this test.
run_in() { "$1" --root "$work/root-$1" "${@:2}"; }
# starts STATUS RUNTIME ID: runs the container of the bundle until it ends.
starts() { expect "$1" timeout 60 "$work/bin/$2" --root "$work/root-$2" run --bundle "$work/$3" "$3"; }
# refuses RUNTIME ID: the container is not started.
refuses() {
	declare -A statuses=([crun]=255 [runc]=1)
	starts "${statuses[$1]}" "$1" "$2"
	[[ $out != *ran* ]] || fail "a refused container ran"
	forget "$1" "$2"
}
forget() { run_in "$1" delete --force "$2" >/dev/null 2>&1; }

podman_here() {
	podman --root="$work/podman" --runroot="$work/podman-run" --tmpdir="$work/podman-tmp" --storage-driver=vfs \
		--hooks-dir="$work/hooks.d" "$@"
}
# With limits that the root of this machine may set.
podman_run() {
	podman_here run --quiet --network=none --cgroupns=host --cgroup-parent="/$parent" --ulimit="nofile=$(ulimit -n):$(ulimit -Hn)" \
		--ulimit=nproc=1000:1000 "$@"
}
write_podman_conf() {
	export CONTAINERS_CONF=$work/containers.conf
	cat >"$CONTAINERS_CONF" <<-END
		[engine]
		conmon_path = ["$work/bin/conmon"]
		events_logger = "none"
		cgroup_manager = "cgroupfs"
		helper_binaries_dir = ["$unpacked/usr/lib/podman", "/usr/lib/podman"]
		[engine.runtimes]
		crun = ["$work/bin/crun"]
		runc = ["$work/bin/runc"]
	END
}

remove_parent() {
	local pid mount tries=0
	[ "$(stat -f -c %T /sys/fs/cgroup/unified 2>/dev/null)" != tmpfs ] || umount /sys/fs/cgroup/unified
	for pid in $(find /sys/fs/cgroup -path "*/$parent*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u); do
		kill -KILL "$pid" 2>/dev/null
	done
	while find /sys/fs/cgroup -depth -path "*/$parent*" -type d -exec rmdir {} + 2>/dev/null; [ $((tries++)) -lt 100 ] &&
		[ -n "$(find /sys/fs/cgroup -maxdepth 2 -name "$parent")" ]; do
		read -rt 0.05 <> <(:) || :
	done
	# podman's storage is mounted in these mounts only.
	for mount in $(awk -v work="$work/" 'index($5, work) == 1 { print $5 }' /proc/self/mountinfo | sort -r); do umount -l "$mount"; done
}
trap 'remove_parent; cleanup' EXIT

# --- checks ---------------------------------------------------------------------------

is_gone() { ! rssctl show "$1"; }
# members NAME: the commands of its processes.
members() { rssctl ps "$1" --json=short | jq -r '.[].command' | sort | xargs; }
logs() { grep -qF "$1" "$journal" || fail "the journal should have \"$1\", has: $(grep -a MESSAGE "$journal" | paste -sd' ')"; }
is_running() { [ "$(run_in "$1" state "$2" | jq -r .status)" = running ]; }
# Each case leaves no container of rssd.
nothing_is_left() { await 10 nothing_listed; }
hog='x=0123456789abcdef; while :; do x=$x$x; done'

start_bus
start_rssd || exit 1
mkdir -p "$work/rootfs/bin" "$work/rootfs/proc"
cp "$busybox" "$work/rootfs/bin/busybox"
make_programs
export PATH=$work/bin:$PATH
(cd "$work" && runc spec)
write_podman_conf
: >"$journal"

# --- parts ----------------------------------------------------------------------------

# The limit is in force at the first instruction of the program, and its own cgroup is the container.
check_limit() {
	bundle "limited-$1" "exec cat /proc/self/cgroup" limit=64M
	starts 0 "$1" "limited-$1"
	says "/$parent/limited-$1"
	bundle "hog-$1" "$hog" limit=24M name="named-$1" oom-group=no
	starts 137 "$1" "hog-$1"
	expect 0 rssctl oom "named-$1" --json=short
	equal "$(jq -r '.[-1].limit' <<<"$out")" $((24 << 20)) "limit in the record of the OOM"
	nothing_is_left
}

# A process that enters the container later is inside.
check_exec() {
	bundle "box-$1" "sleep 1000" limit=64M
	expect 0 timeout 60 "$work/bin/$1" --root "$work/root-$1" run --detach --bundle "$work/box-$1" "box-$1"
	equal "$(field "oci-box-$1" limit)" $((64 << 20)) limit
	run_in "$1" exec "box-$1" /bin/sleep 1001 </dev/null >/dev/null 2>&1 &
	children+=($!)
	disown $!
	await 10 eval '[ "$(rssctl ps "oci-box-'"$1"'" --json=short | jq "map(select(.command == \"sleep\")) | length")" = 2 ]'
	# The runtime still knows its processes, and ends all of them.
	equal "$(run_in "$1" state "box-$1" | jq -r .status)" running "state of the container"
	forget "$1" "box-$1"
	nothing_is_left
}

check_bad_values() {
	bundle "bad-$1" "echo ran" limit=lots
	: >"$journal"
	refuses "$1" "bad-$1"
	logs "The start of container \"bad-$1\" is refused: The annotation \"org.rssd.limit\" with the value \"lots\" is not a size"
	nothing_is_left
	# A state longer than 1 MiB.
	bundle "long-$1" "echo ran" limit=64M
	jq '.annotations.long = ("x" * 1200000)' "$work/long-$1/config.json" >"$work/long.json"
	mv "$work/long.json" "$work/long-$1/config.json"
	: >"$journal"
	refuses "$1" "long-$1"
	logs "cannot be read from standard input: File too large"
	nothing_is_left
}

check_failures() {
	stop_rssd
	bundle "away-$1" "echo ran" limit=64M
	: >"$journal"
	refuses "$1" "away-$1"
	logs "The start of container \"away-$1\" is refused: rssd"
	bundle "runs-$1" "echo ran" limit=64M on-failure=run
	starts 0 "$1" "runs-$1"
	says ran
	# Without an annotation nothing is asked.
	bundle "plain-$1" "echo ran"
	: >"$journal"
	starts 0 "$1" "plain-$1"
	says ran
	equal "$(cat "$journal")" "" "what is logged without an annotation"
	start_rssd
}

# podman with the files of hooks.d, as the package installs them.
check_podman() {
	expect 0 podman_run --runtime="$1" --rm --annotation=org.rssd.limit=64M --annotation=org.rssd.name="pod-$1" \
		--rootfs "$work/rootfs" /bin/cat /proc/self/cgroup
	says "/$parent/libpod-"
	nothing_is_left
	expect 0 podman_run --runtime="$1" --detach --name="box-$1" --annotation=org.rssd.limit=64M --annotation=org.rssd.name="pod-$1" \
		--rootfs "$work/rootfs" /bin/sleep 1000
	equal "$(field "pod-$1" limit)" $((64 << 20)) "limit of a container of podman"
	expect 0 podman_here exec --detach "box-$1" /bin/sleep 1001
	await 10 eval '[ "$(members "pod-'"$1"'")" = "sleep sleep" ]'
	expect 0 podman_here stop --time=0 "box-$1"
	nothing_is_left
	expect 0 podman_here start "box-$1"
	equal "$(field "pod-$1" limit)" $((64 << 20)) "limit after a restart"
	expect 0 podman_here rm --force --time=0 "box-$1"
	nothing_is_left
	: >"$journal"
	expect 126 podman_run --runtime="$1" --rm --annotation=org.rssd.limit=lots --rootfs "$work/rootfs" /bin/echo ran
	[[ $out != *ran* ]] || fail "a refused container ran"
	logs "is not a size"
}

# --- cases ----------------------------------------------------------------------------

case_smoke() {
	local runtime
	for runtime in crun runc; do
		check_limit $runtime
		check_exec $runtime
		check_bad_values $runtime
		check_failures $runtime
	done
	check_podman crun
}

case_podman_with_runc() { check_podman runc; }

# rssd is killed while a container runs, and while another one ends.
case_killed_rssd() {
	bundle killed "sleep 1000" limit=64M
	expect 0 timeout 60 "$work/bin/crun" --root "$work/root-crun" run --detach --bundle "$work/killed" killed
	kill_rssd
	start_rssd
	equal "$(field oci-killed limit)" $((64 << 20)) "limit after a kill of rssd"
	kill_rssd
	forget crun killed
	start_rssd
	# It may be left for a moment, and the next start with this ID replaces it.
	[ "$(field oci-killed running 2>/dev/null)" != true ] || fail "it is running"
	bundle killed "echo ran" limit=32M
	starts 0 crun killed
	says ran
	nothing_is_left
}

# Twenty containers at a time, each in one of its own.
case_many_at_a_time() {
	local i jobs=()
	for ((i = 0; i < 20; i++)); do
		bundle "many$i" "sleep 1000" limit=$((32 + i))M
		"$work/bin/crun" --root "$work/root-crun" run --detach --bundle "$work/many$i" "many$i" >"$work/many$i.log" 2>&1 </dev/null &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	for ((i = 0; i < 20; i++)); do
		equal "$(field "oci-many$i" limit)" $(((32 + i) << 20)) "limit of container $i"
		equal "$(members "oci-many$i")" sleep "processes of container $i"
	done
	for ((i = 0; i < 20; i++)); do forget crun "many$i"; done
	nothing_is_left
}

# containerd has no hooks.d: the specification of a container has the hooks.
case_containerd() {
	local containerd
	[ -x "$unpacked/usr/bin/containerd" ] || { skip "containerd is not unpacked"; return; }
	make_program "$unpacked/usr/bin/containerd-shim-runc-v2"
	chmod +x "$work/bin/containerd-shim-runc-v2"
	cat >"$work/containerd.toml" <<-END
		version = 2
		root = "$work/containerd-root"
		state = "$work/containerd-state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs",
		                    "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
		[grpc]
		address = "$work/containerd.sock"
	END
	containerd --config "$work/containerd.toml" >"$work/containerd.log" 2>&1 &
	containerd=$!
	children+=($containerd)
	disown $containerd
	await 20 ctr --address "$work/containerd.sock" version
	bundle ctr1 "cat /proc/self/cgroup" limit=64M
	expect 0 timeout 60 ctr --address "$work/containerd.sock" run --rm --config "$work/ctr1/config.json" ctr1
	says "/$parent/ctr1"
	nothing_is_left
	bundle ctr2 "$hog" limit=24M
	expect 137 timeout 60 ctr --address "$work/containerd.sock" run --rm --config "$work/ctr2/config.json" ctr2
	expect 0 rssctl oom oci-ctr2
	says "killed"
	nothing_is_left
	bundle ctr3 "echo ran" limit=lots
	: >"$journal"
	expect 1 timeout 60 ctr --address "$work/containerd.sock" run --rm --config "$work/ctr3/config.json" ctr3
	[[ $out != *ran* ]] || fail "a refused container ran"
	logs "is not a size"
	nothing_is_left
	kill $containerd
	await 10 test ! -e "/proc/$containerd/exe"
}

# What the hooks add to a container, in milliseconds: medians of containers with them and without, in turn.
case_cost() {
	local i
	bundle with true limit=64M
	jq 'del(.hooks)' "$work/with/config.json" >"$work/config.without"
	mkdir -p "$work/without"
	cp "$work/config.without" "$work/without/config.json"
	for ((i = 0; i < 21; i++)); do
		time_of run_bundle without >>"$work/times.without"
		time_of run_bundle with >>"$work/times.with"
	done
	local without with
	without=$(median "$work/times.without") with=$(median "$work/times.with")
	note "a container of crun takes $without ms without the hooks, and $with ms with them"
	# The container itself takes longer where processes are slow.
	[ $((with - without)) -le $((500 + without)) ] || fail "the hooks add $((with - without)) ms"
	nothing_is_left
}
run_bundle() { "$work/bin/crun" --root "$work/root-crun" run --bundle "$work/$1" "$1"; }

run_cases "$@"
