#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers that are systemd units and other existing cgroups. The systemd is a fake one
# on the private bus; the cgroups and their memory are real.
. "$(dirname "$0")/../lib.sh"
need_controller
mount=$(memory_mount)
[ -n "$mount" ] || { printf 'skip - %s: the fake systemd needs the v1 memory hierarchy\n' "${0##*/}"; exit 0; }
start_bus
slice=$root-units.slice
dir=$work/systemd
mkdir -p "$dir/units"

remove_slice() {
	local tries=0
	while [ -d "$mount/$slice" ] && [ $((tries++)) -lt 200 ]; do
		find "$mount/$slice" -name cgroup.procs -exec cat {} + 2>/dev/null |
			xargs -r kill -KILL 2>/dev/null
		find "$mount/$slice" -depth -type d -exec rmdir {} + 2>/dev/null
		read -rt 0.02 <> <(:) || :
	done
}
trap 'remove_slice; cleanup' EXIT
mkdir "$mount/$slice"

start_systemd() {
	: >"$work/systemd.log"
	fake-systemd "$dir" "$mount" >>"$work/systemd.log" 2>&1 </dev/null &
	systemd=$!
	children+=("$systemd")
	disown "$systemd"
	await 10 grep -q ready "$work/systemd.log"
}

# unit NAME [LINE...]: makes a unit that is not running.
unit() {
	printf '%s\n' "Slice=$slice" "${@:2}" >"$dir/units/$1"
}
# start_unit NAME: makes its cgroup with its limit, as systemd does before its first process.
start_unit() {
	local limit
	mkdir "$mount/$slice/$1"
	limit=$(sed -n 's/^MemoryMax=//p' "$dir/units/$1")
	[ -z "$limit" ] || [ "$limit" = 18446744073709551615 ] || echo "$limit" >"$mount/$slice/$1/memory.limit_in_bytes"
	grep -q ^ControlGroup "$dir/units/$1" || echo "ControlGroup=/$slice/$1" >>"$dir/units/$1"
}
# stop_unit NAME: kills what is in it, and removes its cgroup.
stop_unit() {
	sed -i /^ControlGroup/d "$dir/units/$1"
	until_true 10 no_cgroup "$1"
}
no_cgroup() {
	xargs -r kill -KILL <"$mount/$slice/$1/cgroup.procs" 2>/dev/null
	rmdir "$mount/$slice/$1"
}
kernel_limit() { cat "$mount/$slice/$1/memory.limit_in_bytes"; }
none=9223372036854771712
# becomes NAME BYTES: systemd writes a limit a moment after its reply.
has_limit() { [ "$(kernel_limit "$1")" = "$2" ]; }
becomes() { await 20 has_limit "$1" "$2"; }
# unit_hog NAME SIZE: a process in the unit.
unit_hog() {
	hog_out=$(mktemp -p "$work" hog.XXXXXX)
	bash -c 'echo $$ >"$1" && exec "$2" anon "$3"' - "$mount/$slice/$1/cgroup.procs" "$hog_program" "$2" >"$hog_out" 2>&1 </dev/null &
	hog=$!
	children+=("$hog")
	disown "$hog"
}
ready() { await 20 grep -q ready "$hog_out"; }
made_by_systemd() { compgen -G "$dir/*/system.control/$1.d/*" >/dev/null; }
is_running() { [ "$(field "$1" running)" = true ]; }
is_stopped() { [ "$(field "$1" running)" = false ]; }

start_systemd
start_rssd || exit 1

case_unit_is_limited_in_place() {
	unit web.service
	start_unit web.service
	unit_hog web.service 8M
	ready
	expect 0 rssctl create web --unit=web.service --limit=64M
	equal "$(field web place)" unit
	equal "$(field web unit)" web.service
	equal "$(field web control_group)" "/$slice/web.service"
	equal "$(field web running)" true
	equal "$(field web processes)" 1
	equal "$(field web limit)" $((64 << 20))
	becomes web.service $((64 << 20))
	equal "$(tail -n 1 "$work/systemd.log")" "set web.service persistent MemoryMax $((64 << 20))"
	equal "$(rssctl list --json=short | jq -r '.[] | select(.name == "web") | .place, .unit, .control_group' | paste -sd' ')" \
		"unit web.service /$slice/web.service" "in the list"
	expect 0 rssctl show web
	says "the unit web.service"
	expect 0 rssctl ps web --no-legend
	says "$hog"
	[ "$(field web usage)" -gt $((8 << 20)) ] || fail "usage is $(field web usage)"
	# Nothing was moved.
	equal "$(cat "$mount/$slice/web.service/cgroup.procs")" "$hog" "the process in the unit"
	expect 0 rssctl remove web
	becomes web.service $none
	equal "$(cat "$mount/$slice/web.service/cgroup.procs")" "$hog" "the process after the removal"
	! made_by_systemd web.service || fail "a drop-in is left"
	equal "$(tail -n 1 "$work/systemd.log")" reload
	stop_unit web.service
}

case_a_transient_place_goes_with_its_cgroup() {
	unit tr.service MemoryMax=$((96 << 20))
	start_unit tr.service
	expect 0 rssctl create tr --unit=tr.service --limit=64M --transient
	equal "$(field tr transient)" true transient
	becomes tr.service $((64 << 20))
	# As rssd forgets it when the machine boots, systemd does so, too.
	equal "$(tail -n 1 "$work/systemd.log")" "set tr.service runtime MemoryMax $((64 << 20))"
	expect 0 rssctl show tr
	says "removed when"
	# It stays without a process, and when rssd starts again.
	kill_rssd
	start_rssd
	equal "$(field tr limit)" $((64 << 20)) "limit after a restart"
	stop_unit tr.service
	await 10 is_gone tr
	start_unit tr.service
	becomes tr.service $((96 << 20))
	! made_by_systemd tr.service || fail "a drop-in is left"
	# Its cgroup goes while rssd is away.
	expect 0 rssctl create tr --unit=tr.service --limit=64M --transient
	becomes tr.service $((64 << 20))
	kill_rssd
	stop_unit tr.service
	start_rssd
	await 15 is_gone tr
	mkdir "$mount/$slice/tr"
	expect 0 rssctl create tr --cgroup="/$slice/tr" --limit=64M --transient
	rmdir "$mount/$slice/tr"
	await 10 is_gone tr
	# One whose unit does not run goes with the client that made it.
	expect 0 rssctl create tr --unit=tr.service --transient
	await 10 is_gone tr
}
is_gone() { ! rssctl show "$1"; }

# A purge reads the state without rssd.
case_the_package_reads_what_is_saved() {
	local file=$work/state/containers/web.json
	eval "$(sed -n '/^value_of()/p; /^found_of()/,/^}/p; /^is_managed()/p' "$here/../systemd/debian/rssd.postrm")"
	unit web.service MemoryMax=$((96 << 20))
	start_unit web.service
	expect 0 rssctl create web --unit=web.service --limit=64M
	equal "$(value_of unit "$file") $(found_of limit "$file")" "web.service $((96 << 20))" "what the unit had"
	is_managed limit "$file" || fail "the limit is not managed: $(cat "$file")"
	! is_managed high "$file" || fail "high is managed: $(cat "$file")"
	expect 0 rssctl remove web
	becomes web.service $((96 << 20))
	stop_unit web.service
}

case_limit_in_three_modes() {
	unit lim.service
	start_unit lim.service
	unit_hog lim.service 32M
	ready
	expect 0 rssctl create lim --unit=lim
	becomes lim.service $none
	expect 0 rssctl limit lim 128M
	becomes lim.service $((128 << 20))
	expect 0 rssctl limit lim 100M --dry-run
	equal "$(field lim limit)" $((128 << 20)) "limit after a dry run"
	if [ "$(awk '/SwapTotal/ { print $2 }' /proc/meminfo)" = 0 ]; then
		expect 5 rssctl limit lim 8M --mode=reclaim --timeout=1s
		equal "$(field lim limit)" $((128 << 20)) "limit after reclaim was not enough"
		becomes lim.service $((128 << 20))
		grep -q "MemoryMax=$((128 << 20))" "$dir/units/lim.service" || fail "systemd has another limit"
	fi
	expect 0 rssctl limit lim 8M --mode=force
	becomes lim.service $((8 << 20))
	await 20 is_empty lim
	expect 0 rssctl limit lim infinity
	becomes lim.service $none
	expect 2 rssctl limit lim 1M
	says "systemd could not start"
	expect 0 rssctl remove lim
	stop_unit lim.service
}

case_found_limit_is_restored() {
	unit old.service "MemoryMax=$((96 << 20))"
	start_unit old.service
	expect 0 rssctl create old --unit=old.service
	equal "$(field old limit)" $((96 << 20)) "limit that was there"
	expect 0 rssctl limit old 32M
	becomes old.service $((32 << 20))
	made_by_systemd old.service || fail "systemd has no drop-in"
	stop_rssd
	start_rssd
	expect 0 rssctl remove old
	becomes old.service $((96 << 20))
	! made_by_systemd old.service || fail "a drop-in is left"
	stop_unit old.service
	# A drop-in of `systemctl set-property` stays, with its value.
	unit prop.service
	start_unit prop.service
	busctl --system call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
		SetUnitProperties 'sba(sv)' prop.service false 1 MemoryMax t $((48 << 20)) >/dev/null
	await 20 eval '[ "$(kernel_limit prop.service)" = $((48 << 20)) ]'
	expect 0 rssctl create prop --unit=prop.service --limit=40M
	expect 0 rssctl remove prop
	await 20 grep -q $((48 << 20)) "$mount/$slice/prop.service/memory.limit_in_bytes"
	made_by_systemd prop.service || fail "the drop-in that was there is gone"
	stop_unit prop.service
}

case_attach_and_detach_are_refused() {
	unit att.service
	start_unit att.service
	unit_hog att.service 1M
	ready
	local inside=$hog
	expect 0 rssctl create att --unit=att.service
	start_hog anon 1M
	expect 1 rssctl attach att "$hog"
	says "the unit att.service"
	expect 1 rssctl detach "$inside"
	says "the unit att.service"
	expect 1 rssctl create att/inner
	says "the unit att.service"
	expect 1 rssctl freeze att
	says "systemctl freeze att.service"
	expect 1 rssctl set att oom-group=yes
	busctl --system call org.rssd1 /org/rssd1/container/att org.rssd1.Container Freeze 2>"$work/err"
	grep -q "systemctl freeze" "$work/err" || fail "freeze says: $(cat "$work/err")"
	kill -KILL "$hog"
	expect 0 rssctl remove att
	stop_unit att.service
}

case_unit_stops_and_starts() {
	unit life.service
	start_unit life.service
	expect 0 rssctl create life --unit=life.service --limit=64M
	unit_hog life.service 80M
	await 20 test ! -d "/proc/$hog"
	await 10 eval '[ "$(field life oom_kills)" = 1 ]'
	equal "$(field life last_oom.container)" life "container of the OOM"
	stop_unit life.service
	await 10 is_stopped life
	expect 0 rssctl show life
	says "not running"
	equal "$(field life processes)" 0
	equal "$(field life usage)" 0
	equal "$(field life oom_kills)" 1 "kills of the cgroup that is gone"
	# Its limit can be changed meanwhile, and is in force when it starts.
	expect 0 rssctl limit life 48M
	start_unit life.service
	await 10 is_running life
	becomes life.service $((48 << 20))
	unit_hog life.service 80M
	await 10 eval '[ "$(field life oom_kills)" = 2 ]'
	stop_unit life.service
	await 10 is_stopped life
	await 10 grep -q '"oom_kills": *2' "$work/state/containers/life.json"
	# After a restart of rssd the container is bound again, and its counters go on.
	kill_rssd
	start_rssd
	equal "$(field life running)" false
	equal "$(field life oom_kills)" 2 "kills after a restart of rssd"
	equal "$(field life limit)" $((48 << 20))
	start_unit life.service
	await 10 is_running life
	expect 0 rssctl diff
	expect 0 rssctl remove life
	stop_unit life.service
}

# move_unit NAME SLICE: it stops, and starts in another slice.
move_unit() {
	stop_unit "$1"
	sed -i "s/^Slice=.*/Slice=$2/" "$dir/units/$1"
	mkdir "$mount/$slice/$2/$1"
	echo "ControlGroup=/$slice/$2/$1" >>"$dir/units/$1"
}
has_cgroup() { [ "$(field "$1" control_group) $(field "$1" running)" = "$2 true" ]; }
case_unit_changes_its_slice() {
	local part=${slice%.slice}-part.slice
	mkdir "$mount/$slice/$part"
	unit mv.service
	start_unit mv.service
	expect 0 rssctl create mv --unit=mv.service --limit=64M
	move_unit mv.service "$part"
	await 10 has_cgroup mv "/$slice/$part/mv.service"
	bash -c 'echo $$ >"$1" && exec "$2" anon 4M' - "$mount/$slice/$part/mv.service/cgroup.procs" "$hog_program" >"$work/out.mv" 2>&1 </dev/null &
	hog=$!
	children+=("$hog")
	disown "$hog"
	await 20 grep -q ready "$work/out.mv"
	equal "$(field mv processes)" 1
	expect 0 rssctl limit mv 48M
	await 20 grep -q $((48 << 20)) "$mount/$slice/$part/mv.service/memory.limit_in_bytes"
	# A restart of rssd finds it there.
	kill_rssd
	start_rssd
	equal "$(field mv processes)" 1 "processes after a crash"
	# Back again, while rssd does not run.
	stop_rssd
	kill -KILL "$hog"
	sed -i /^ControlGroup/d "$dir/units/mv.service"
	sed -i "s/^Slice=.*/Slice=$slice/" "$dir/units/mv.service"
	until_true 10 rmdir "$mount/$slice/$part/mv.service"
	start_unit mv.service
	start_rssd
	await 10 has_cgroup mv "/$slice/mv.service"
	equal "$(field mv limit)" $((48 << 20))
	expect 0 rssctl remove mv
	becomes mv.service $none
	await 20 grep -qx 0 "$dir/subscribers"
	stop_unit mv.service
	rmdir "$mount/$slice/$part"
}

case_watch_reports_events() {
	unit ev.service
	start_unit ev.service
	expect 0 rssctl create ev --unit=ev.service --limit=32M
	start_watch
	unit_hog ev.service 64M
	await 20 heard oom ev
	stop_watch
	expect 0 rssctl remove ev
	stop_unit ev.service
}

case_apply_is_all_or_nothing() {
	unit one.service
	unit two.service
	start_unit one.service
	start_unit two.service
	expect 0 rssctl create one --unit=one.service --limit=64M
	expect 0 rssctl create two --unit=two.service --limit=64M
	unit_hog two.service 40M
	ready
	printf '[{"name": "one", "limit": "32M"}, {"name": "two", "limit": "48M"}]' >"$work/both.json"
	expect 0 rssctl apply "$work/both.json"
	equal "$(kernel_limit one.service) $(kernel_limit two.service)" "$((32 << 20)) $((48 << 20))"
	if [ "$(awk '/SwapTotal/ { print $2 }' /proc/meminfo)" = 0 ]; then
		printf '[{"name": "one", "limit": "16M"}, {"name": "two", "limit": "8M"}]' >"$work/both.json"
		expect 5 rssctl apply "$work/both.json" --timeout=1s
		equal "$(kernel_limit one.service) $(kernel_limit two.service)" "$((32 << 20)) $((48 << 20))" "limits after a failure"
		equal "$(sed -n 's/^MemoryMax=//p' "$dir/units/one.service")" $((32 << 20)) "what systemd has"
	fi
	expect 0 rssctl remove one
	expect 0 rssctl remove two
	stop_unit one.service
	stop_unit two.service
}

drifts() {
	echo $((80 << 20)) >"$mount/$slice/$1/memory.limit_in_bytes"
	! rssctl diff
}
case_drift_is_shown_and_repaired() {
	unit dr.service
	start_unit dr.service
	expect 0 rssctl create dr --unit=dr.service --limit=64M
	await 20 grep -q "/dr.service/memory.limit_in_bytes $((64 << 20))" "$dir/writes"
	await 20 drifts dr.service
	expect 1 rssctl diff
	says dr
	expect 0 rssctl repair
	becomes dr.service $((64 << 20))
	expect 0 rssctl diff
	expect 0 rssctl remove dr
	stop_unit dr.service
}

case_bad_units_are_refused() {
	expect 3 rssctl create bad --unit=nope.service
	says "systemd knows no unit nope.service"
	says "use user@UID.service"
	unit masked.service LoadState=masked
	expect 1 rssctl create bad --unit=masked.service
	says masked
	unit broken.service LoadState=bad-setting
	expect 1 rssctl create bad --unit=broken.service
	says bad-setting
	expect 1 rssctl create bad --unit=init.scope
	expect 1 rssctl create bad --unit=-.slice
	expect 2 rssctl create bad --unit=foo@.service
	says template
	expect 2 rssctl create bad --unit=foo.socket
	says "only a service, a scope or a slice"
	expect 2 rssctl create bad --unit='foo bar.service'
	expect 2 rssctl create bad --unit=a.service --cgroup=/a
	expect 0 rssctl create outer
	unit a.service
	expect 1 rssctl create outer/a --unit=a.service
	expect 0 rssctl remove outer
	expect 2 rssctl create bad --unit=a.service --limit=1M
	says "systemd could not start"
	# rssd's own unit.
	unit own.service "ControlGroup=$(sed -n 's/^[0-9]*:[a-z_,]*memory[a-z_,]*://p' "/proc/$rssd_pid/cgroup")"
	expect 1 rssctl create bad --unit=own.service
	# A unit that runs and has no cgroup in this hierarchy.
	unit nowhere.service "ControlGroup=/$slice/nowhere.service"
	expect 1 rssctl create bad --unit=nowhere.service
	says "no cgroup in the hierarchy"
	start_unit a.service
	expect 0 rssctl create one --unit=a.service
	expect 7 rssctl create two --unit=a.service
	says "the container \"one\" already"
	expect 7 rssctl create two --unit=a.service --if-missing
	expect 7 rssctl create one --unit=a.service
	expect 0 rssctl remove one
	stop_unit a.service
	expect 0 rssctl list --no-legend
	equal "$out" "" "the list"
}

case_systemd_fails() {
	unit s.service
	start_unit s.service
	echo refuse >"$dir/mood"
	expect 1 rssctl create s --unit=s.service --limit=64M
	says "No, thank you"
	becomes s.service $none
	echo silent >"$dir/mood"
	expect 1 rssctl create s --unit=s.service --limit=64M
	says "did not answer"
	rm "$dir/mood"
	expect 0 rssctl create s --unit=s.service --limit=64M
	kill -KILL "$systemd"
	await 20 eval '! busctl --system status org.freedesktop.systemd1'
	expect 1 rssctl limit s 32M
	says "systemd is not on the system bus"
	becomes s.service $((64 << 20))
	equal "$(field s limit)" $((64 << 20))
	expect 1 rssctl remove s
	says "systemd is not on the system bus"
	equal "$(field s limit)" $((64 << 20)) "limit after a removal that failed"
	start_systemd
	expect 0 rssctl remove s
	becomes s.service $none
	stop_unit s.service
}

case_existing_cgroup() {
	local path=/$root-units.slice/other
	mkdir "$mount/$root-other" "$mount/$root-other/inner"
	path=/$root-other
	echo $((80 << 20)) >"$mount$path/memory.limit_in_bytes"
	expect 1 rssctl create oth --cgroup="/$slice"
	says "use the unit"
	expect 1 rssctl create oth --cgroup="/$root/x"
	expect 2 rssctl create oth --cgroup=/
	expect 2 rssctl create oth --cgroup="/$root-other/../x"
	expect 2 rssctl create oth --cgroup="/$root-nope"
	says "No such cgroup"
	chown 1:1 "$mount$path/inner"
	expect 1 rssctl create oth --cgroup="$path/inner"
	says delegated
	expect 0 rssctl create oth --cgroup="$path" --limit=40M
	equal "$(field oth place)" cgroup
	equal "$(cat "$mount$path/memory.limit_in_bytes")" $((40 << 20))
	start_hog anon 4M
	echo "$hog" >"$mount$path/inner/cgroup.procs"
	equal "$(field oth processes)" 1
	expect 0 rssctl kill oth
	await 20 is_empty oth
	# The cgroup is removed and made again without a limit: rssd sets the limit.
	rmdir "$mount$path/inner" "$mount$path"
	await 10 is_stopped oth
	mkdir "$mount$path"
	await 10 grep -q $((40 << 20)) "$mount$path/memory.limit_in_bytes"
	expect 0 rssctl remove oth
	equal "$(cat "$mount$path/memory.limit_in_bytes")" $((80 << 20)) "limit after the removal"
	rmdir "$mount$path"
}

case_declared_unit() {
	unit dec.service
	start_unit dec.service
	printf '{"name": "dec", "unit": "dec.service", "limit": "64M"}' >"$work/containers.d/dec.json"
	expect 0 rssctl reload
	await 10 eval '[ "$(kernel_limit dec.service)" = $((64 << 20)) ]'
	await 10 eval '[ "$(field dec declared)" = true ]'
	printf '{"name": "dec", "unit": "dec.service", "limit": "72M"}' >"$work/containers.d/dec.json"
	expect 0 rssctl reload
	await 10 eval '[ "$(kernel_limit dec.service)" = $((72 << 20)) ]'
	printf '{"name": "dec", "unit": "other.service", "limit": "72M"}' >"$work/containers.d/dec.json"
	rssctl reload >/dev/null 2>&1
	await 20 grep -q "the container that exists is dec.service" "$rssd_log"
	printf '{"name": "dec", "unit": "dec.service", "join": [{"user": "root"}]}' >"$work/containers.d/dec.json"
	expect 1 rssctl reload
	says "is not for a unit"
	rm "$work/containers.d/dec.json"
	expect 0 rssctl reload
	expect 0 rssctl remove dec
	stop_unit dec.service
}

# A rule of another container moves no process out of a unit that is a container.
case_rules_leave_units_alone() {
	own_hog
	unit rl.service
	start_unit rl.service
	unit_hog rl.service 1M
	ready
	local inside=$hog
	expect 0 rssctl create rl --unit=rl.service
	printf '{"name": "rule", "join": [{"executable": "%s"}]}' "$work/bin/hog" >"$work/containers.d/rule.json"
	expect 0 rssctl reload
	start_hog anon 1M
	await 20 eval 'rssctl ps rule --no-legend | grep -qw "$hog"'
	grep -qx "$inside" "$mount/$slice/rl.service/cgroup.procs" || fail "the rule took $inside out of the unit"
	rm "$work/containers.d/rule.json"
	expect 0 rssctl reload
	expect 0 rssctl remove rule --force
	expect 0 rssctl remove rl
	stop_unit rl.service
}

# rssd is killed in the middle of a creation: the next start undoes all of it.
case_interrupted_creation_is_undone() {
	unit half.service
	start_unit half.service
	echo hold >"$dir/mood"
	rssctl create half --unit=half.service --limit=64M >/dev/null 2>&1 &
	local creator=$!
	await 10 grep -q "set half.service" "$work/systemd.log"
	kill_rssd
	# Not $!: that may be the process with which await waits.
	wait "$creator"
	rm "$dir/mood"
	start_rssd
	await 10 eval '! made_by_systemd half.service'
	await 10 eval '[ "$(kernel_limit half.service)" = $none ]'
	expect 3 rssctl show half
	expect 0 rssctl create half --unit=half.service
	expect 0 rssctl remove half
	stop_unit half.service
}

# with_podman COMMAND...: runs it where podman's storage has the containers of $work/containers.json.
with_podman() {
	"${own_mounts[@]}" -- bash -c 'mkdir -p /var/lib/containers && mount -t tmpfs none /var/lib/containers &&
		mkdir -p /var/lib/containers/storage/overlay-containers &&
		cp "$0" /var/lib/containers/storage/overlay-containers/volatile-containers.json && exec "$@"' \
		"$work/containers.json" "$@"
}
case_containers_of_podman() {
	local id other
	id=$(printf '%s' "a$root" | sha256sum | cut -c1-64) other=${id:0:20}$(printf '%s' "b$root" | sha256sum | cut -c1-44)
	printf '[{"id": "%s", "names": ["web"], "image": ""}, {"id": "%064d", "names": ["gone"]}, {"id": 7, "names": 8}, 9]' "$id" 7 >"$work/containers.json"
	unit "libpod-$id.scope" Transient=yes
	start_unit "libpod-$id.scope"
	mkdir "$mount/$slice/libpod-conmon-$id.scope" "$mount/$slice/libpod-$id.scope/container"
	chown 1:1 "$mount/$slice/libpod-$id.scope/container"
	unit_hog "libpod-$id.scope/container" 4M
	ready
	expect 0 with_podman rssctl create pod --podman=web --limit=64M
	equal "$(field pod unit)" "libpod-$id.scope"
	equal "$(field pod processes)" 1
	becomes "libpod-$id.scope" $((64 << 20))
	# What is delegated below has no limit of rssd.
	equal "$(kernel_limit "libpod-$id.scope/container")" $none "limit of the inner cgroup"
	expect 0 rssctl remove pod
	becomes "libpod-$id.scope" $none
	expect 0 rssctl create pod --podman="${id:0:12}"
	equal "$(field pod unit)" "libpod-$id.scope" "unit by the beginning of the ID"
	expect 0 rssctl remove pod
	# With the driver cgroupfs it is no unit.
	mkdir -p "$mount/$root-libpod/libpod-$other"
	expect 0 rssctl create pod --podman="$other" --limit=32M
	equal "$(field pod control_group)" "/$root-libpod/libpod-$other"
	equal "$(field pod place)" cgroup
	expect 0 rssctl remove pod
	expect 1 rssctl create pod --podman="${id:0:20}"
	says "more than one container of podman"
	expect 3 with_podman rssctl create pod --podman=gone
	says "No running container of podman"
	expect 3 with_podman rssctl create pod --podman=nope
	says "podman ps"
	expect 3 rssctl create pod --podman=abcdef
	expect 2 rssctl create pod --podman=web --unit=web
	says "exclude each other"
	rmdir "$mount/$root-libpod/libpod-$other" "$mount/$root-libpod"
	kill -KILL "$hog"
	until_true 10 rmdir "$mount/$slice/libpod-conmon-$id.scope" "$mount/$slice/libpod-$id.scope/container"
	stop_unit "libpod-$id.scope"
}

case_pods_of_kubernetes() {
	local uid sliced
	uid=$(cat /proc/sys/kernel/random/uuid)
	sliced=kubepods-burstable-pod${uid//-/_}.slice
	unit "$sliced"
	start_unit "$sliced"
	expect 0 rssctl create pod --pod="$uid" --limit=64M
	equal "$(field pod unit)" "$sliced"
	becomes "$sliced" $((64 << 20))
	expect 0 rssctl remove pod
	becomes "$sliced" $none
	mkdir -p "$mount/$root-kubepods/burstable/pod$uid/inner"
	expect 1 rssctl create pod --pod="$uid"
	says "more than one pod"
	stop_unit "$sliced"
	expect 0 rssctl create pod --pod="${uid^^}" --limit=32M
	equal "$(field pod control_group)" "/$root-kubepods/burstable/pod$uid"
	equal "$(cat "$mount/$root-kubepods/burstable/pod$uid/memory.limit_in_bytes")" $((32 << 20))
	expect 0 rssctl remove pod
	rmdir "$mount/$root-kubepods/burstable/pod$uid/inner" "$mount/$root-kubepods/burstable/pod$uid" \
		"$mount/$root-kubepods/burstable" "$mount/$root-kubepods"
	expect 3 rssctl create pod --pod="$uid"
	says "No running pod"
	expect 2 rssctl create pod --pod=web
	says "32 hexadecimal digits"
}

# joined_hog NAME: a process in a unit of the hierarchy of systemd, and in no memory cgroup of a test.
joined_hog() {
	hog_out=$(mktemp -p "$work" hog.XXXXXX)
	bash -c 'echo $$ >"$1" && exec "$2" anon 4M' - "$systemd_mount/$slice/$1/cgroup.procs" "$hog_program" >"$hog_out" 2>&1 </dev/null &
	hog=$!
	children+=("$hog")
	disown "$hog"
	ready
}
memory_cgroup() { sed -n 's/^[0-9]*:[a-z_,]*memory[a-z_,]*://p' "/proc/$1/cgroup"; }
has_member() { rssctl ps "$1" --no-legend | grep -qw "$2"; }
no_systemd_cgroup() {
	xargs -r kill -KILL <"$systemd_mount/$slice/$1/cgroup.procs" 2>/dev/null
	rmdir "$systemd_mount/$slice/$1" "$systemd_mount/$slice"
}

# The rss controller has a hierarchy of its own, so a rule attaches the processes of a unit. The
# container works on after a boot with memory-v1: here it begins there, with a saved state.
case_unit_is_attached_by_a_rule() {
	local before first
	systemd_mount=$(sed -n 's/^[^ ]* \([^ ]*\) cgroup [^ ]*name=systemd.*/\1/p' /proc/mounts | head -n 1)
	[ -n "$systemd_mount" ] || { skip "no hierarchy of systemd is mounted"; return; }
	mkdir -p "$systemd_mount/$slice/join.service"
	joined_hog join.service
	first=$hog
	before=$(memory_cgroup "$first")
	stop_rssd
	echo '{"name": "join", "limit": 67108864, "joined_unit": "join.service"}' >"$work/state/containers/join.json"
	start_rssd
	await 10 has_member join "$first"
	equal "$(field join place)" unit
	equal "$(field join unit)" join.service
	equal "$(field join limit)" $((64 << 20))
	equal "$(rssctl list --json=short | jq -r '.[] | select(.name == "join") | .place, .unit' | paste -sd' ')" \
		"unit join.service" "in the list"
	expect 0 rssctl show join
	says "the unit join.service"
	says "unit=join.service"
	expect 1 rssctl attach join $$
	says "the unit join.service"
	expect 1 rssctl detach "$first"
	says "the unit join.service"
	expect 1 rssctl create join/inner
	says "the unit join.service"
	# The unit starts again: its new process is caught, also after a crash of rssd.
	kill -KILL "$first"
	joined_hog join.service
	await 10 has_member join "$hog"
	kill_rssd
	start_rssd
	equal "$(field join unit)" join.service "unit after a crash"
	equal "$(field join processes)" 1 "processes after a crash"
	# A declaration of the same unit is applied to it, and its own rule stays without one.
	printf '{"name": "join", "limit": "64M", "unit": "join.service"}' >"$work/containers.d/join.json"
	expect 0 rssctl reload
	await 10 eval '[ "$(field join declared)" = true ]'
	rm "$work/containers.d/join.json"
	expect 0 rssctl reload
	equal "$(rssctl show join --json=short | jq -r '.[0].rules | join(" ")')" unit=join.service rules
	# Its processes go back to where they were, and none is killed.
	joined_hog join.service
	await 10 has_member join "$hog"
	expect 0 rssctl remove join
	expect 3 rssctl show join
	equal "$(memory_cgroup "$hog")" "$before" "cgroup after the removal"
	[ -d "/proc/$hog" ] || fail "the process was killed"
	until_true 10 no_systemd_cgroup join.service
}

run_cases "$@"
