#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Services of Debian as containers, and services that need their unit: what the unit gives them is in
# force before and after, and they keep running while their limit changes.
. "${0%/*}/machine.sh"

max_of() { systemctl show --property=MemoryMax --value "$1"; }
pids_of_unit() {
	find "/sys/fs/cgroup$(systemctl show "$1" -P ControlGroup)" -name cgroup.procs -exec cat {} + | sort -n | jq -sc .
}
members_of() { rssctl ps "$1" --json=short | jq -c '[.[].pid] | sort'; }
has_members() { [ "$(members_of "$1")" = "$(pids_of_unit "$2")" ]; }
# check_members NAME UNIT: the processes of the container are those of the unit.
check_members() {
	# Processes may start and end meanwhile.
	until_true 10 has_members "$@" || equal "$(members_of "$1")" "$(pids_of_unit "$2")" "processes of $1"
	[ "$(field "$1" processes)" -gt 0 ] || fail "$1 has no process"
}
# check_limit NAME UNIT BYTES: for rssd, systemd and the kernel.
check_limit() {
	equal "$(field "$1" limit)" "$3" "limit of $1"
	equal "$(max_of "$2")" "$3" "MemoryMax of $2"
	equal "$(cat "$(limit_file "$1")")" "$3" "limit of $1 in the kernel"
}
# check_running NAME UNIT PID: it has neither been restarted nor lost a process.
check_running() {
	equal "$(systemctl is-active "$2")" active "state of $2"
	equal "$(main_pid "$2")" "$3" "main process of $2"
	equal "$(systemctl show "$2" -P NRestarts)" 0 "restarts of $2"
	equal "$(field "$1" oom_kills)" 0 "kills in $1"
}
# make_unit UNIT LINE...
make_unit() {
	printf '%s\n' '[Service]' "${@:2}" >"/run/systemd/system/$1"
	systemctl daemon-reload
}
end_unit() {
	expect 0 rssctl remove "$1"
	equal "$(max_of "$2")" infinity "MemoryMax of $2 after the removal"
	expect 0 systemctl stop "$2"
	rm -f "/run/systemd/system/$2"
	systemctl daemon-reload
}

answers() {
	local status
	exec 3<>/dev/tcp/127.0.0.1/80 || return 1
	printf 'GET / HTTP/1.0\r\n\r\n' >&3
	read -r status <&3
	exec 3<&-
	[[ $status == *" 200 "* ]]
} 2>/dev/null

# Workers come and go with each reload, and all of them are in the container.
case_nginx() {
	local pid workers
	expect 0 systemctl start nginx.service
	pid=$(main_pid nginx)
	expect 0 rssctl create web --unit=nginx --limit=64M
	await 20 answers
	check_members web nginx.service
	check_limit web nginx.service $((64 << 20))
	workers=$(pgrep -P "$pid" | sort)
	expect 0 systemctl reload nginx
	await 20 eval '[ -z "$(comm -12 <(echo "'"$workers"'") <(pgrep -P '"$pid"' | sort))" ]'
	expect 0 rssctl limit web 48M
	await 20 answers
	check_members web nginx.service
	check_running web nginx.service "$pid"
	systemctl kill --signal=KILL rssd
	await 60 rssctl show web
	expect 0 systemctl restart nginx
	await 20 answers
	check_members web nginx.service
	check_limit web nginx.service $((48 << 20))
	end_unit web nginx.service
}

# Half of its data is reclaimed for the limit, and nothing is lost.
case_redis() {
	local pid i wrong=0
	swap_on
	expect 0 systemctl start redis-server.service
	pid=$(main_pid redis-server)
	expect 0 redis-cli config set save ''
	expect 0 rssctl create cache --unit=redis-server
	expect 0 redis-cli eval "for i = 1, 40000 do redis.call('set', 'key:' .. i, string.rep('x', 1000)) end" 0
	await 20 eval '[ "$(field cache usage)" -gt $((40 << 20)) ]'
	expect 0 rssctl limit cache 24M --timeout=120s
	[ "$(field cache usage)" -le $((24 << 20)) ] || fail "usage $(field cache usage)"
	check_limit cache redis-server.service $((24 << 20))
	for i in {1..40}; do
		[ "$(redis-cli strlen "key:$((i * 997))")" = 1000 ] || wrong=$((wrong + 1))
	done
	equal $wrong 0 "wrong answers"
	equal "$(redis-cli dbsize)" 40000 keys
	check_members cache redis-server.service
	check_running cache redis-server.service "$pid"
	end_unit cache redis-server.service
	swap_off
}

case_postgresql() {
	local unit pid
	unit=postgresql@$(ls /usr/lib/postgresql)-main.service
	as_postgres() { runuser -u postgres -- "$@"; }
	expect 0 systemctl start "$unit"
	pid=$(main_pid "$unit")
	expect 0 rssctl create db --unit="$unit" --limit=256M
	expect 0 as_postgres pgbench -q -i -s 1 postgres
	expect 0 rssctl limit db 128M --timeout=60s
	check_limit db "$unit" $((128 << 20))
	expect 0 as_postgres pgbench -n -c 2 -t 50 postgres
	says "number of failed transactions: 0 "
	check_members db "$unit"
	check_running db "$unit" "$pid"
	end_unit db "$unit"
}

# systemd finds the main process by the cgroup: elsewhere, the service would count as ended.
case_forking_without_a_pid_file() {
	local pid
	make_unit forks.service Type=forking "ExecStart=/bin/sh -c '$BUILD/tests/tools/hog anon 8M &'"
	expect 0 systemctl start forks.service
	pid=$(main_pid forks)
	await 20 grep -q hog "/proc/$pid/comm"
	expect 0 rssctl create forks --unit=forks.service --limit=64M
	expect 0 rssctl limit forks 32M
	check_members forks forks.service
	check_limit forks forks.service $((32 << 20))
	check_running forks forks.service "$pid"
	expect 0 systemctl restart forks.service
	await 10 test ! -d "/proc/$pid"
	check_members forks forks.service
	equal "$(field forks processes)" 1 "processes after a restart"
	check_limit forks forks.service $((32 << 20))
	pid=$(main_pid forks)
	end_unit forks forks.service
	await 10 test ! -d "/proc/$pid"
}

watchdog_is_fed_again() { [ "$(systemctl show fed -P WatchdogTimestampMonotonic)" -gt "$1" ]; }

# A child of the main process feeds the watchdog: systemd accepts it from processes of the unit.
case_watchdog_of_a_child() {
	local pid since
	cat >/run/fed.sh <<-'END'
		systemd-notify --ready
		while systemd-notify WATCHDOG=1; do sleep 1; done &
		wait
	END
	make_unit fed.service Type=notify NotifyAccess=all WatchdogSec=60 "ExecStart=/bin/sh /run/fed.sh"
	expect 0 systemctl start fed.service
	pid=$(main_pid fed)
	expect 0 rssctl create fed --unit=fed.service --limit=64M
	expect 0 rssctl limit fed 48M
	since=$(systemctl show fed -P WatchdogTimestampMonotonic)
	await 50 watchdog_is_fed_again "$since"
	check_members fed fed.service
	check_running fed fed.service "$pid"
	end_unit fed fed.service
}

# What a process may do, in a line: open a disk, send a packet, start 20 processes.
write_probe() {
	cat >/run/probe.sh <<-'END'
		head -c 1 /dev/vdb >/dev/null 2>&1 && echo -n "device " || echo -n "no-device "
		bash -c 'echo x >/dev/udp/127.0.0.1/9' 2>/dev/null && echo -n "network " || echo -n "no-network "
		sh -c 'i=0; while [ $i -lt 20 ]; do sleep 2 & i=$((i + 1)); done' 2>/dev/null && echo tasks || echo no-tasks
	END
}
probe_unit() {
	# Processes of an earlier probe may be left.
	await 30 eval '[ "$(cat /sys/fs/cgroup/system.slice/boxed.service/pids.current)" = 1 ]'
	rm -f /run/boxed.said
	echo go >/run/boxed.go
	await 30 test -s /run/boxed.said
	cat /run/boxed.said
}

# The filters and limits of a unit are in force for its container, and no attach is a way out.
case_sandbox() {
	local pid place confined="no-device no-network no-tasks"
	write_probe
	rm -f /run/boxed.go
	mkfifo /run/boxed.go
	cat >/run/boxed.sh <<-'END'
		while read -r _ </run/boxed.go; do
			sh /run/probe.sh >/run/boxed.new
			mv /run/boxed.new /run/boxed.said
			wait
		done
	END
	equal "$(sh /run/probe.sh)" "device network tasks" "what a process outside may do"
	make_unit boxed.service DevicePolicy=closed IPAddressDeny=any TasksMax=12 "ExecStart=/bin/bash /run/boxed.sh"
	expect 0 systemctl start boxed.service
	pid=$(main_pid boxed)
	place=$(cgroup_of "$pid")
	equal "$(probe_unit)" "$confined" "what the service may do"
	expect 0 rssctl create boxed --unit=boxed.service --limit=64M
	expect 0 rssctl limit boxed 48M
	equal "$(probe_unit)" "$confined" "what the service may do as a container"
	equal "$(cgroup_of "$pid")" "$place" "cgroup of the main process"
	equal "$(cat "/sys/fs/cgroup$place/pids.max")" 12 pids.max
	check_limit boxed boxed.service $((48 << 20))
	# Out of the unit, and into it from outside.
	expect 0 rssctl create out
	expect 5 rssctl attach out "$pid"
	says --leave-unit
	expect 1 rssctl attach boxed $$
	expect 1 rssctl detach "$pid"
	equal "$(cgroup_of "$pid")" "$place" "cgroup after refusals"
	equal "$(probe_unit)" "$confined" "what the service may do after refusals"
	check_running boxed boxed.service "$pid"
	expect 0 rssctl remove out
	end_unit boxed boxed.service
	rm -f /run/boxed.*
}

# podman asks systemd for a scope, which ends with the container of podman.
podman_here() { podman --storage-driver=vfs --cgroup-manager=systemd --runtime=crun --events-backend=file "$@"; }
case_podman_scope() {
	local id pid scope place
	mkdir -p /run/image/bin
	cp /usr/bin/busybox /run/image/bin/
	tar -C /run/image -cf /run/image.tar bin
	expect 0 podman_here import --quiet /run/image.tar small
	expect 0 podman_here run --quiet --detach --name box --network=none small /bin/busybox sleep 600
	id=$out scope=libpod-$id.scope
	pid=$(podman_here inspect --format '{{.State.Pid}}' box)
	place=$(cgroup_of "$pid")
	expect 0 rssctl create box --podman=box --limit=64M
	equal "$(field box unit)" "$scope" "unit of a container of podman"
	expect 0 rssctl limit box 48M
	equal "$(cgroup_of "$pid")" "$place" "cgroup of its process"
	expect 0 podman_here exec --detach box /bin/busybox sleep 601
	await 20 eval '[ "$(field box processes)" = 2 ]'
	check_members box "$scope"
	check_limit box "$scope" $((48 << 20))
	expect 1 rssctl attach box $$
	expect 0 rssctl create out
	expect 5 rssctl attach out "$pid"
	says "$scope"
	expect 0 rssctl remove out
	equal "$(cgroup_of "$pid")" "$place" "cgroup of its process after refusals"
	expect 0 podman_here rm --force --time 0 box
	await 20 eval '[ "$(field box running)" = false ]'
	expect 0 rssctl remove box
	[ ! -e "/run/systemd/system.control/$scope.d" ] || fail "a drop-in of $scope is left"
	rm -r /run/image /run/image.tar
}

# The hooks of rssd-oci: the scope is limited before its program executes, and so is what enters it later.
# Each call of podman takes seconds here; tests/users/oci.sh has more of them.
case_podman_hooks() {
	local id scope run=(run --quiet --network=none)
	expect 0 dpkg --install "$BUILD"/debs/rssd-oci_*.deb
	mkdir -p /run/hooked/bin
	cp /usr/bin/busybox /run/hooked/bin/
	expect 0 podman_here "${run[@]}" --detach --name=hooked --annotation=org.rssd.limit=64M --rootfs /run/hooked /bin/busybox sleep 600
	id=$out scope=libpod-$id.scope
	equal "$(field "oci-$id" unit)" "$scope" "unit of a container with an annotation"
	check_limit "oci-$id" "$scope" $((64 << 20))
	expect 0 podman_here exec --detach hooked /bin/busybox sleep 601
	await 20 eval '[ "$(field "oci-'"$id"'" processes)" = 2 ]'
	expect 0 podman_here rm --force --time 0 hooked
	await 20 eval '! rssctl show "oci-'"$id"'"'
	[ ! -e "/run/systemd/system.control/$scope.d" ] || fail "a drop-in of $scope is left"
	expect 126 podman_here "${run[@]}" --rm --annotation=org.rssd.limit=lots --rootfs /run/hooked /bin/busybox echo ran
	[[ $out != *ran* ]] || fail "a container with a bad limit ran"
	await 10 eval 'journalctl -t rssctl | grep -q "is refused: The annotation"'
	expect 0 dpkg --purge rssd-oci
	rm -r /run/hooked
}

as_carol() { setpriv --reuid=carol --regid=carol --init-groups env "XDG_RUNTIME_DIR=/run/user/$(id -u carol)" "$@"; }

# The manager of a user has units of its own: they are limited by the unit of the user.
case_service_of_a_user() {
	local unit pid main place
	useradd --create-home carol
	unit=user@$(id -u carol).service
	# The login of the user's manager needs it.
	systemctl unmask systemd-logind.service 2>/dev/null
	expect 0 systemctl start systemd-logind.service
	mkdir -p /etc/systemd/user
	printf '%s\n' '[Service]' "ExecStart=$BUILD/tests/tools/hog anon 8M" >/etc/systemd/user/hers.service
	expect 0 systemctl start "$unit"
	main=$(main_pid "$unit")
	expect 0 as_carol systemctl --user start hers.service
	pid=$(as_carol systemctl --user show hers -P MainPID)
	place=$(cgroup_of "$pid")
	expect 3 rssctl create hers --unit=hers.service
	says "user@UID.service"
	expect 1 rssctl create hers --cgroup="$place"
	says delegated
	expect 0 rssctl create hers --unit="$unit" --limit=64M
	expect 0 rssctl limit hers 48M
	equal "$(cgroup_of "$pid")" "$place" "cgroup of the service"
	expect 1 rssctl attach hers $$
	expect 0 as_carol systemctl --user restart hers.service
	pid=$(as_carol systemctl --user show hers -P MainPID)
	equal "$(rssctl ps hers --json=short | jq "any(.[]; .pid == $pid)")" true "membership of a process that was started later"
	check_members hers "$unit"
	check_limit hers "$unit" $((48 << 20))
	check_running hers "$unit" "$main"
	end_unit hers "$unit"
	rm /etc/systemd/user/hers.service
	systemctl mask --now systemd-logind.service 2>/dev/null
	userdel --remove carol 2>/dev/null
}

run_machine "$@"
