# SPDX-License-Identifier: GPL-2.0-or-later
# rssd as a service: its sandbox, polkit, units that join a container, package,
# crash and boot. Sourced by cases.sh.
# shellcheck shell=bash

# Every verb under the unit's filters, which kill here instead of refusing: see image.sh.
case_every_verb_in_the_sandbox() {
	local pid
	pid=$(main_pid rssd)
	equal "$(sed -n 's/^Seccomp:\t//p' "/proc/$pid/status")" 2 "Seccomp mode"
	swap_on
	expect 0 rssctl create all --limit=64M
	! has watermarks || expect 0 rssctl set all wmark-high=48M
	expect 0 rssctl create all/inner
	launch_hog_in all/inner anon 20M
	await 60 grep -q ready "$hog_out"
	local inner
	inner=$(rssctl ps all/inner --json=short | jq -r '.[0].pid')
	expect 0 rssctl list
	expect 0 rssctl show all
	! has watermarks || expect 0 rssctl set all wmark-low=32M
	expect 0 rssctl limit all 40M --timeout=20s
	expect 0 rssctl limit all 30M --dry-run
	! has reclaim || expect 0 rssctl reclaim all 2M
	expect 0 rssctl detach "$inner"
	expect 0 rssctl attach all "$inner" --tree
	! has freeze || expect 0 rssctl freeze all
	! has freeze || expect 0 rssctl thaw all
	! has peak-reset || expect 0 rssctl reset-peak all
	expect 0 rssctl metrics
	expect 0 rssctl top --once
	expect 0 rssctl doctor
	expect 0 rssctl run all -- true
	expect 0 rssctl run --limit=16M -- true
	expect 0 rssctl run all --exec -- true
	expect 0 systemctl reload rssd
	expect 0 rssctl reload
	expect 0 rssctl kill all --signal=KILL
	await 10 is_empty all
	expect 0 rssctl remove all --force
	equal "$(main_pid rssd)" "$pid" "main process of rssd after all verbs"
	journalctl --no-pager --unit=rssd --grep='status=31|SYS' >/dev/null && fail "a system call was not allowed"
	note "$(systemd-analyze security rssd.service --no-pager 2>/dev/null | tail -n 1)"
}

# The capabilities of daemon/privileges.c, from the kernel's own list.
case_capabilities() {
	local needed=$((1 << 1 | 1 << 5 | 1 << 12 | 1 << 19)) set pid
	[ "$controller" != rss ] || needed=$((needed | 1 << 21))
	pid=$(main_pid rssd)
	for set in CapPrm CapEff CapBnd; do
		equal $((16#$(sed -n "s/^$set:\t//p" "/proc/$pid/status"))) $needed "$set"
	done
	equal $((16#$(sed -n 's/^CapInh:\t//p' "/proc/$pid/status"))) 0 CapInh
	equal "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$pid/status")" 1 NoNewPrivs
	# Files that the sandbox hides, and files that it must not hide.
	expect 1 nsenter --target "$pid" --mount -- touch /usr/touched
	expect 1 nsenter --target "$pid" --mount -- touch /etc/touched
	expect 0 nsenter --target "$pid" --mount -- test -w "$(mount_of_controller)/rssd"
	equal "$(nsenter --target "$pid" --mount -- ls /home /root | tr -d '\n')" "/home:/root:" "homes that rssd sees"
}

# The budgets of the unit in the kernel, and controllers that it must not enable for other units.
case_budgets() {
	local pid unit controllers
	pid=$(main_pid rssd)
	equal "$(sed -n 's/^Umask:\t//p' "/proc/$pid/status")" 0077 umask
	equal "$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$pid/limits")" "0 0" "core file size"
	equal "$(systemctl show rssd -P DelegateControllers)" memory "controllers delegated to rssd"
	unit=$(systemctl show rssd -P ControlGroup)
	[ -f "/sys/fs/cgroup$unit/memory.max" ] || { note "no unified memory controller to look into"; return; }
	equal "$(cat "/sys/fs/cgroup$unit/memory.max")" $((512 << 20)) "memory.max of rssd"
	equal "$(cat "/sys/fs/cgroup$unit/memory.high")" $((384 << 20)) "memory.high of rssd"
	for controllers in /sys/fs/cgroup/cgroup.subtree_control /sys/fs/cgroup/system.slice/cgroup.subtree_control; do
		[[ " $(cat $controllers) " != *" "@(cpu|cpuset|io)" "* ]] || fail "$controllers has $(cat $controllers)"
	done
}

# --- polkit --------------------------------------------------------------------------

as() {
	local user=$1
	shift
	setpriv --reuid="$user" --regid="$user" --init-groups "$@"
}

case_polkit() {
	local theirs late
	groupadd --force operators
	useradd --groups operators alice
	useradd bob
	cat >/etc/polkit-1/rules.d/50-rssd.rules <<-'END'
		polkit.addRule(function(action, subject) {
			if (action.id.indexOf("org.rssd1.") == 0 && subject.isInGroup("operators"))
				return polkit.Result.YES;
			if (action.id == "org.rssd1.attach-processes" && action.lookup("container") == "batch")
				return polkit.Result.YES;
		});
	END
	expect 0 systemctl restart polkit
	expect 0 pkaction --action-id org.rssd1.manage-containers
	expect 0 rssctl create batch --limit=64M
	expect 0 rssctl create private --limit=64M
	setpriv --reuid=bob --regid=bob --clear-groups sleep 1000 &
	theirs=$!
	children+=("$theirs")
	disown "$theirs"
	await 10 grep -q "^Uid:.$(id -u bob)" "/proc/$theirs/status"
	# Bob can query, and attach his own processes to the container that a rule allows.
	expect 0 as bob rssctl list
	expect 0 as bob rssctl attach batch "$theirs"
	equal "$(rssctl ps batch --json=short | jq -r '.[0].pid')" "$theirs" "process in batch"
	expect 1 as bob rssctl attach batch "$(main_pid dbus)"
	says "belongs to another user"
	expect 4 as bob rssctl attach private "$theirs"
	expect 4 as bob rssctl create mine
	says "org.rssd1.manage-containers"
	expect 4 as bob rssctl limit batch infinity
	expect 4 as bob rssctl kill batch
	expect 4 as bob rssctl remove batch --force
	equal "$(field batch limit)" $((64 << 20)) "limit after refusals"
	# Alice is an operator.
	expect 0 as alice rssctl create hers --limit=64M
	expect 0 as alice rssctl limit hers 32M
	expect 0 as alice rssctl run hers -- true
	expect 1 as alice rssctl attach hers "$theirs"
	says "belongs to another user"
	expect 0 as alice rssctl kill batch
	await 10 is_empty batch
	expect 0 as alice rssctl remove hers
	# A polkit that does not answer delays no other client, and allows nothing.
	kill -STOP "$(main_pid polkit)"
	as alice rssctl create late >"$work/late" 2>&1 </dev/null &
	late=$!
	await 10 rssctl show batch
	kill -0 "$late" || fail "answered without polkit: $(cat "$work/late")"
	wait "$late"
	equal $? 4 "status when polkit is silent"
	grep -q "polkit" "$work/late" || fail "said: $(cat "$work/late")"
	expect 3 rssctl show late
	kill -CONT "$(main_pid polkit)"
	# Without polkit only root is allowed, and the message says what to install.
	systemctl mask --runtime --now polkit 2>/dev/null
	expect 4 as alice rssctl create hers
	says "polkit"
	expect 0 rssctl remove batch
	systemctl unmask --runtime polkit 2>/dev/null
	await 20 as alice rssctl remove private
}

# --- units that join a container --------------------------------------------------------

# A drop-in as in rssd(8). The service runs as another user.
case_unit_joins_by_drop_in() {
	local pid again
	rssctl create joined --limit=128M
	mkdir -p /run/systemd/system/victim.service.d
	cat >/run/systemd/system/victim.service.d/rssd.conf <<-END
		[Unit]
		Wants=rssd.service
		After=rssd.service
		[Service]
		User=nobody
		ExecStartPost=+/usr/bin/rssctl attach joined $leave_unit --tree \$MAINPID
	END
	systemctl daemon-reload
	expect 0 systemctl start victim.service
	pid=$(main_pid victim.service)
	equal "$(rssctl ps joined --json=short | jq -r '.[0].pid')" "$pid" "main process in the container"
	# The restarted service is inside again.
	expect 0 systemctl restart victim.service
	again=$(main_pid victim.service)
	[ "$again" != "$pid" ] || fail "not restarted"
	equal "$(rssctl ps joined --json=short | jq -r '.[0].pid')" "$again" "main process after a restart"
	expect 0 systemctl stop victim.service
	await 10 is_empty joined
	rm -r /run/systemd/system/victim.service.d
	systemctl daemon-reload
	rssctl remove joined
}

# Inside from its first page: rssctl executes the command of the unit in its own process.
case_unit_joins_from_its_start() {
	local pid
	rssctl create early --limit=128M
	mkdir -p /run/systemd/system/victim.service.d
	cat >/run/systemd/system/victim.service.d/rssd.conf <<-'END'
		[Unit]
		Wants=rssd.service
		After=rssd.service
		[Service]
		ExecStart=
		ExecStart=/usr/bin/rssctl run early --exec -- /usr/lib/rssd-tests/tests/tools/hog anon 20M
	END
	systemctl daemon-reload
	expect 0 systemctl start victim.service
	pid=$(main_pid victim.service)
	await 20 grep -q hog "/proc/$pid/comm"
	equal "$(rssctl ps early --json=short | jq -r '.[0].pid')" "$pid" "main process in the container"
	usage_is_there() { [ "$(field early usage)" -ge $((20 << 20)) ]; }
	await 60 usage_is_there
	expect 0 systemctl stop victim.service
	await 10 is_empty early
	rm -r /run/systemd/system/victim.service.d
	systemctl daemon-reload
	rssctl remove early
}

# --- crash, upgrade, boot --------------------------------------------------------------------

settings_of() { rssctl show "$1" --json=short | jq -c '.[0] | {limit, "wmark-high", "wmark-low", processes}'; }
counter_of() { rssctl show "$1" --json=short | jq -r ".[0].$2"; }

# start_load NAME: a container at its limit, in which processes come and go all the time.
start_load() {
	swap_on
	rssctl create "$1" --limit=24M >/dev/null
	! has watermarks || rssctl set "$1" wmark-high=20M >/dev/null
	launch_hog_in "$1" spawn 20
	load_forks=$hog
	launch_hog_in "$1" anon 40M
	await 60 grep -q ready "$hog_out"
	load_before=$(settings_of "$1" | jq -c 'del(.processes)') load_hog=$hog
	load_failures=$(counter_of "$1" failures)
	! has reclaimed || load_reclaimed=$(counter_of "$1" reclaimed)
}
# check_load NAME WHEN
check_load() {
	equal "$(settings_of "$1" | jq -c 'del(.processes)')" "$load_before" "settings after $2"
	kill -0 "$load_hog" || fail "the hog is gone after $2"
	[ "$(counter_of "$1" failures)" -ge "$load_failures" ] || fail "failures went back after $2"
	! has reclaimed || [ "$(counter_of "$1" reclaimed)" -ge "$load_reclaimed" ] || fail "reclaimed went back after $2"
}

# However often it was started just before, a killed rssd is started again.
case_killed_after_many_starts() {
	local round
	for round in {1..6}; do expect 0 systemctl restart rssd; done
	equal "$(systemctl show --property=StartLimitIntervalUSec --value rssd)" 0 "limit of starts"
	kill -9 "$(main_pid rssd)"
	await 30 rssctl list
}

# Event numbers only increase, across every start of rssd.
case_crash_under_load() {
	local round pid
	start_load crash
	start_watch
	for round in 1 2; do
		pid=$(main_pid rssd)
		kill -9 "$pid"
		await 30 rssctl show crash
		[ "$(main_pid rssd)" != "$pid" ] || fail "not started again"
		check_load crash "kill -9 number $round"
		rssctl limit crash $((24 - round))M >/dev/null 2>&1
		load_before=$(settings_of crash | jq -c 'del(.processes)')
	done
	expect 0 systemctl restart rssd
	check_load crash "a restart"
	rssctl reclaim crash 1M >/dev/null 2>&1
	! has scanned || await 20 grep -q reclaimed "$events"
	stop_watch
	grep '^{' "$events" |
		jq -se '[.[] | select(.sequence > 0) | .sequence] | . == (sort) and . == (unique)' >/dev/null ||
		fail "numbers of events go back or repeat"
	quiet_remove crash
}

# A running unit that is a container, where units can be.
start_victim() {
	expect 0 systemctl start victim.service
	victim=$(main_pid victim)
	[ "$controller" = rss ] || expect 0 rssctl create vic --unit=victim --limit=48M
}
# check_victim WHEN
check_victim() {
	[ "$controller" != rss ] || return 0
	equal "$(rssctl ps vic --json=short | jq -c '[.[].pid]')" "[$victim]" "processes of a unit after $1"
	equal "$(main_pid victim)" "$victim" "main process of a unit after $1"
	equal "$(field vic limit)" $((48 << 20)) "limit of a unit after $1"
	equal "$(cat "$(limit_file vic)")" $((48 << 20)) "limit of a unit in the kernel after $1"
}

# Installs the package over make install, upgrades, removes and purges it.
case_package() {
	local pid debs=/usr/lib/rssd-tests/debs left
	[ -d $debs ] || { skip "no packages on this disk"; return; }
	start_load pack
	# The administrator's configuration is kept, as in an upgrade.
	grep -v '^/etc/rssd/' $BUILD/installed | xargs -r rm -f
	# Directories that are none of the package rssd.
	find /usr/share/rssd /usr/share/containers/oci -depth -type d -empty -delete 2>/dev/null
	expect 0 dpkg --install --force-confold $debs/old/librss1_*.deb $debs/old/rssd_*.deb
	await 30 rssctl show pack
	check_load pack "an installation"
	start_victim
	pid=$(main_pid rssd)
	expect 0 dpkg --install $debs/new/librss1_*.deb $debs/new/rssd_*.deb
	await 30 rssctl show pack
	[ "$(main_pid rssd)" != "$pid" ] || fail "the upgrade did not start the new rssd"
	check_load pack "an upgrade"
	check_victim "an upgrade"
	expect 0 systemctl is-enabled rssd
	# The metrics socket is disabled by default.
	expect 1 systemctl is-enabled rssd-metrics.socket
	expect 3 systemctl is-active rssd-metrics.socket
	# Removal keeps the containers; after installation rssd has them again.
	expect 0 dpkg --remove rssd
	kill -0 "$load_hog" || fail "the hog is gone after a removal"
	[ "$controller" = rss ] || equal "$(systemctl show victim -P MemoryMax)" $((48 << 20)) "MemoryMax of a unit after a removal"
	expect 0 dpkg --install $debs/new/rssd_*.deb
	await 30 rssctl show pack
	check_load pack "a removal and an installation"
	check_victim "a removal and an installation"
	expect 0 dpkg --purge rssd librss1
	kill -0 "$load_hog" || fail "the hog is gone after a purge"
	equal "$(systemctl show victim -P MemoryMax)" infinity "MemoryMax of a unit after a purge"
	[ ! -e /etc/systemd/system.control/victim.service.d ] || fail "a drop-in of a unit is left by a purge"
	equal "$(main_pid victim)" "$victim" "main process of a unit after a purge"
	expect 0 systemctl stop victim.service
	left=$(find / -xdev -not -path '/usr/lib/rssd-tests*' -not -path '/proc/*' \
		\( -name '*rssd*' -o -name 'librss*' -o -name rssctl \) 2>/dev/null | grep -v "^$work\|/tmp/\|journal\|rssd.service.d\|rssd-tests\|rules.d")
	equal "$left" "" "files after a purge"
	equal "$(grep -c '/run/rssd' /proc/mounts)" 0 "mounts after a purge"
	equal "$(ls -d /sys/fs/cgroup/rssd 2>/dev/null)" "" "control groups after a purge"
	# Install it for the following cases.
	mkdir -p /etc/rssd
	use_hierarchy
	expect 0 dpkg --install --force-confold $debs/new/librss1_*.deb $debs/new/rssd_*.deb
	await 30 rssctl list
	kill "$load_hog" "$load_forks"
}

# The machine is reset, and cases.sh runs a second time, on the disk as it was left.
case_boot() {
	local mark=/var/lib/rssd-boot high='"infinity"'
	if [ ! -e $mark ]; then
		rssctl create kept --limit=48M
		! has watermarks || rssctl set kept wmark-high=40M
		rssctl create kept/inner --limit=24M
		[ "$controller" = rss ] || expect 0 rssctl create unit --unit=victim --limit=56M
		ln -s ../victim.service /etc/systemd/system/multi-user.target.wants/
		echo '{ "name": "declared", "limit": "32M" }' >/etc/rssd/containers.d/declared.json
		expect 0 rssctl reload
		await 10 rssctl show declared
		cat /var/lib/rssd/sequence >$mark
		sync
		touch /run/rssd-reboot
		systemctl --force --force reboot
		await 60 false # the machine is reset before this ends
		return
	fi
	await 20 rssctl show declared
	! has watermarks || high=41943040
	equal "$(settings_of kept)" "{\"limit\":50331648,\"wmark-high\":$high,\"wmark-low\":\"infinity\",\"processes\":0}" "kept after a boot"
	equal "$(field kept/inner limit)" $((24 << 20)) "limit of what is nested after a boot"
	equal "$(field declared limit)" $((32 << 20)) "declared limit after a boot"
	if [ "$controller" != rss ]; then
		equal "$(field unit limit)" $((56 << 20)) "limit of a unit after a boot"
		equal "$(systemctl show victim -P MemoryMax)" $((56 << 20)) "MemoryMax of a unit after a boot"
		await 20 eval '[ "$(rssctl ps unit --json=short | jq -c "[.[].pid]")" = "[$(main_pid victim)]" ]'
		equal "$(cat "$(limit_file unit)")" $((56 << 20)) "limit in the kernel of a unit that boot started"
		expect 0 rssctl remove unit
		left=$(find /etc/systemd/system.control /run/systemd/system.control -ls 2>/dev/null | grep victim)
		equal "$left" "" "drop-ins of a unit that was removed after a boot"
	fi
	[ "$(cat /var/lib/rssd/sequence)" -ge "$(cat $mark)" ] || fail "numbers of events went back"
	systemctl stop victim.service
	rm -f /etc/systemd/system/multi-user.target.wants/victim.service $mark /etc/rssd/containers.d/declared.json
	expect 0 rssctl remove kept --force
	expect 0 rssctl remove declared
}

# --- a missing mount, a second daemon ---------------------------------------------------------

case_mount_vanishes() {
	[ -d /run/rssd/rss/rssd ] || { skip "the hierarchy is not one that rssd mounts"; return; }
	expect 0 rssctl create before --limit=32M
	umount --lazy /run/rssd/rss
	expect 1 rssctl create after
	note "without the mount: $err"
	says "start"
	equal "$(find /run/rssd/rss -mindepth 1 | wc -l)" 0 "files at the mount point"
	# Open containers still work.
	expect 0 rssctl limit before 16M
	expect 0 rssctl doctor
	expect 0 systemctl restart rssd
	equal "$(field before limit)" $((16 << 20)) "limit after a restart"
	expect 0 rssctl create after
	quiet_remove before
	quiet_remove after
}

case_two_daemons() {
	expect 1 /usr/sbin/rssd
	says "Another rssd"
	expect 0 rssctl list
}
