#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# State of rssd over a stop, a kill, a reboot, bad files and a full disk; declarations.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

declare_container() { printf '%s\n' "$2" >"$work/containers.d/$1.json"; }

case_stop_leaves_containers_and_start_adopts_them() {
	rssctl create stay --limit=32M
	launch_hog_in stay anon 1M
	await 20 grep -q ready "$hog_out"
	stop_rssd
	start_rssd
	equal "$(field stay limit)" $((32 << 20)) "limit after a restart"
	equal "$(field stay processes)" 1 "processes after a restart"
	rssctl remove stay --force
}

case_kill_leaves_containers_too() {
	rssctl create stay --limit=32M
	rssctl create stay/inner --limit=16M
	kill_rssd
	start_rssd
	equal "$(field stay/inner limit)" $((16 << 20)) "limit after a kill"
	rssctl remove stay --force
}

# Under the unit's UMask=0077 as well, any user may read the cgroups, and root alone the state.
case_cgroups_are_readable_whatever_the_umask() {
	local mount modes
	stop_rssd
	rm -rf "$work/state"
	remove_cgroups
	umask 077
	start_rssd
	umask 022
	rssctl create open --limit=32M
	rssctl create open/inner
	for mount in $(awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts); do
		[ ! -d "$mount/$root" ] || modes+=$(find "$mount/$root" -type d -printf '%m ')
	done
	equal "$(tr ' ' '\n' <<<"$modes" | sort -u | xargs)" 755 "modes of the cgroups"
	equal "$(find "$work/state" -perm /077)" "" "state that others can read"
	rssctl remove open --force
}

# A reboot: the state is there, the cgroups are not.
case_reboot_brings_persistent_containers_back() {
	rssctl create boot --limit=32M
	rssctl create boot/inner --limit=16M
	stop_rssd
	remove_cgroups
	start_rssd
	equal "$(field boot limit)" $((32 << 20)) "limit after a reboot"
	equal "$(field boot/inner limit)" $((16 << 20)) "limit after a reboot"
	rssctl remove boot --force
}

case_drift_is_brought_back_and_logged() {
	local file
	rssctl create drift --limit=32M
	stop_rssd
	file=$(memory_mount)/$root/drift/memory.limit_in_bytes
	[ -f "$file" ] || { start_rssd; rssctl remove drift; skip "needs memory-v1"; return; }
	echo $((64 << 20)) >"$file"
	start_rssd
	await 20 grep -q "drifted" "$rssd_log"
	await 20 grep -qx $((32 << 20)) "$file"
	# rssctl doctor reports it while rssd runs, as soon as the limit is restored and saved.
	echo $((64 << 20)) >"$file"
	await 10 eval 'rssctl doctor | grep -q "another program wrote it"'
	rssctl remove drift
}

# A limit that cannot be restored is reported as a difference, and is tried again.
case_drift_that_stays_is_reported() {
	local file
	rssctl create held --limit=32M
	file=$(memory_mount)/$root/held/memory.limit_in_bytes
	[ -f "$file" ] || { rssctl remove held; skip "needs memory-v1"; return; }
	echo $((64 << 20)) >"$file"
	launch_hog_in held lock 40M
	await 20 grep -q ready "$hog_out"
	stop_rssd
	start_rssd
	expect 1 rssctl diff --json=short
	equal "$(jq -c '.[0] | [.name, .set.limit, .kernel.limit]' <<<"$out")" \
		"[\"held\",$((32 << 20)),$((64 << 20))]" "difference while it is brought back"
	await 20 grep -q "held: its settings could not be restored" "$rssd_log"
	expect 1 rssctl diff --json=short
	equal "$(jq -c '.[0] | [.name, .set.limit, .kernel.limit]' <<<"$out")" \
		"[\"held\",$((32 << 20)),$((64 << 20))]" "difference that stays"
	expect 0 rssctl doctor
	says "The kernel's limit of \"held\""
	rssctl kill held >/dev/null
	await 20 is_empty held
	stop_rssd
	start_rssd
	await 10 rssctl diff
	equal "$(field held limit)" $((32 << 20)) "limit after the next start"
	rssctl remove held
}

case_cgroup_without_state_is_adopted() {
	rssctl create orphan --limit=32M
	stop_rssd
	rm "$work/state/containers/orphan.json"
	start_rssd
	equal "$(field orphan limit)" $((32 << 20)) "limit of what was adopted"
	rssctl remove orphan
}

case_bad_state_is_set_aside() {
	rssctl create good --limit=32M
	rssctl create bad --limit=16M
	stop_rssd
	head -c 30 "$work/state/containers/bad.json" >"$work/cut" && mv "$work/cut" "$work/state/containers/bad.json"
	echo '{ "name": "other", "colour": 1 }' >"$work/state/containers/other.json"
	: >"$rssd_log"
	start_rssd
	grep -q 'bad.json:[0-9]*: the file ends in the middle' "$rssd_log" || fail "log: $(cat "$rssd_log")"
	grep -q 'other.json:1: colour' "$rssd_log" || fail "log: $(cat "$rssd_log")"
	[ -f "$work/state/containers/bad.json.bad" ] || fail "the bad file was not kept"
	equal "$(field good limit)" $((32 << 20)) "limit of the good one"
	# The kernel still held the bad one's limit.
	equal "$(field bad limit)" $((16 << 20)) "limit of the bad one"
	rssctl remove good
	rssctl remove bad
}

# A nested container whose parent is gone does not come back when there is a parent of that name.
case_state_without_a_parent_is_set_aside() {
	rssctl create gone
	rssctl create gone/in --limit=16M
	rssctl create gone/in/side --limit=8M
	stop_rssd
	mkdir "$work/kept"
	cp "$work"/state/containers/gone%in*.json "$work/kept"
	start_rssd
	rssctl remove --force gone
	stop_rssd
	mv "$work"/kept/* "$work/state/containers/"
	: >"$rssd_log"
	start_rssd
	grep -q 'gone/in: its parent does not exist, .* is kept as gone%in.json.bad$' "$rssd_log" || fail "log: $(cat "$rssd_log")"
	expect 0 rssctl create gone
	stop_rssd
	start_rssd
	equal "$(rssctl list --json=short | jq -c 'map(.name)')" '["gone"]' "containers"
	equal "$(cd "$work/state/containers" && echo *)" "gone%in%side.json.bad gone%in.json.bad gone.json" "files"
	rm "$work"/state/containers/*.bad
	rssctl remove gone
}

case_declared_containers() {
	declare_container web '{ "name": "web", "limit": "48M" }'
	declare_container inner '{ "name": "web/inner", "limit": "24M" }'
	expect 0 rssctl reload
	await 20 rssctl show web/inner
	equal "$(field web limit)" $((48 << 20)) "declared limit"
	equal "$(field web declared)" true "declared"
	# What is set later holds until the declaration itself changes.
	expect 0 rssctl limit web 40M
	kill -HUP "$rssd_pid"
	await 20 grep -q Reloaded "$rssd_log"
	stop_rssd
	start_rssd
	equal "$(field web limit)" $((40 << 20)) "limit that was set over the declared one"
	declare_container web '{ "name": "web", "limit": "56M" }'
	expect 0 rssctl reload
	await 20 limit_is web $((56 << 20))
	declare_container bad '{ "name": "bad", "limit": "lots" }'
	: >"$rssd_log"
	expect 1 rssctl reload
	await 20 grep -q 'bad.json:1: limit' "$rssd_log"
	rm "$work"/containers.d/*
	rssctl remove web --force
}

limit_is() { [ "$(field "$1" limit)" = "$2" ]; }

# A limit that the kernel rounds is stored and shown as the kernel has it.
# Another program wrote to the kernel: setting the same again is a change.
case_setting_again_repairs() {
	local file
	rssctl create web --limit=32M
	file=$(memory_mount)/$root/web/memory.limit_in_bytes
	[ -f "$file" ] || { rssctl remove web; skip "needs memory-v1"; return; }
	expect 0 rssctl limit web 32M
	says unchanged
	echo $((64 << 20)) >"$file"
	expect 0 rssctl limit web 32M
	[[ $out != *unchanged* ]] || fail "said: $out"
	equal "$(cat "$file")" $((32 << 20)) "limit in the kernel after limit"
	echo $((64 << 20)) >"$file"
	expect 0 rssctl set web limit=32M
	equal "$(cat "$file")" $((32 << 20)) "limit in the kernel after set"
	echo $((64 << 20)) >"$file"
	echo '[{"name":"web","limit":"32M"}]' >"$work/again.json"
	expect 0 rssctl apply "$work/again.json"
	equal "$(cat "$file")" $((32 << 20)) "limit in the kernel after apply"
	expect 0 rssctl remove web
	mkdir -p "$work/containers.d"
	echo '{"name":"web","limit":"32M"}' >"$work/containers.d/web.json"
	expect 0 rssctl reload
	await 20 rssctl show web
	await 20 eval '[ "$(cat '"$file"')" = 33554432 ]'
	echo $((64 << 20)) >"$file"
	expect 0 rssctl reload
	await 20 eval '[ "$(cat '"$file"')" = 33554432 ]'
	rm "$work/containers.d/web.json"
	expect 0 rssctl reload
	expect 0 rssctl remove web
}

case_repair() {
	local file
	rssctl create web --limit=32M
	rssctl create other --limit=16M
	file=$(memory_mount)/$root/web/memory.limit_in_bytes
	[ -f "$file" ] || { rssctl remove web other; skip "needs memory-v1"; return; }
	expect 0 rssctl repair
	equal "$out" "" "repair of nothing"
	echo $((64 << 20)) >"$file"
	echo $((64 << 20)) >"$(memory_mount)/$root/other/memory.limit_in_bytes"
	expect 3 rssctl repair nope
	expect 0 rssctl repair web --json=short
	equal "$(jq -c '[.[] | [.name, .was.limit, .is.limit]]' <<<"$out")" '[["web",67108864,33554432]]' "what was repaired"
	equal "$(cat "$file")" $((32 << 20)) "limit in the kernel"
	expect 1 rssctl diff
	expect 0 rssctl repair
	says other
	expect 0 rssctl diff
	expect 0 rssctl remove web other
}

case_limit_that_the_kernel_rounds_does_not_drift() {
	: >"$rssd_log"
	expect 0 rssctl create odd --limit=33554433
	expect 0 rssctl create most --limit=9223372036854775807
	equal "$(field odd limit)" 33554432 "limit that was set"
	equal "$(field most limit)" infinity "limit that was set"
	expect 0 rssctl limit odd 33554433
	expect 0 rssctl limit odd 33554433 --json=short
	says unchanged
	declare_container odd '{ "name": "odd", "limit": 33554433 }'
	declare_container most '{ "name": "most", "limit": 9223372036854775807 }'
	expect 0 rssctl reload
	await 20 has_field odd declared true
	await 20 has_field most declared true
	expect 0 rssctl diff
	stop_rssd
	start_rssd
	equal "$(field odd limit)" 33554432 "limit after a restart"
	equal "$(field most limit)" infinity "limit after a restart"
	expect 0 rssctl diff
	grep drifted "$rssd_log" && fail "no other program wrote it"
	rm "$work"/containers.d/*
	rssctl remove odd most
}

has_field() { [ "$(field "$1" "$2")" = "$3" ]; }

case_declared_in_two_files() {
	: >"$rssd_log"
	declare_container two-a '{"name":"two","limit":"16M"}'
	declare_container two-b '{"name":"two","limit":"32M"}'
	expect 1 rssctl reload
	await 20 rssctl show two
	await 20 grep -q 'more than one file' "$rssd_log"
	rm -f "$work"/containers.d/two-*
	rssctl remove two
}

# A declaration that is not in force is reported by reload, by the doctor, and before, by rssd --check.
case_bad_declarations_are_reported() {
	local file=$work/containers.d/bad.json
	echo '{"name": "bad", "limit":10M}' >"$file"
	echo '{"name": "orphan/child", "limit": "10M"}' >"$work/containers.d/orphan.json"
	echo '{"name": "twin", "limit": "10M"}' | tee "$work/containers.d/twin1.json" >"$work/containers.d/twin2.json"
	expect 1 rssd --config="$work/rssd.conf" --check
	says "$file: "
	says "twin2.json: twin is also declared in"
	[ "$(rssd --config="$work/rssd.conf" --check 2>&1 | wc -l)" = 2 ] || fail "not one line for each: $err"
	expect 1 rssctl reload
	says "$file is not in force: line 1: "
	await 20 field twin limit
	doctor_says() { rssctl doctor --json=short | jq -e "any(.[]; .subject == \"declarations\" and (.text | contains(\"$1\")))" >/dev/null; }
	await 20 doctor_says bad.json
	await 20 doctor_says orphan/child
	rm "$file" "$work"/containers.d/{orphan,twin2}.json
	expect 0 rssctl reload
	equal "$err" "" "what a reload without problems prints"
	expect 0 rssd --config="$work/rssd.conf" --check
	equal "$out$err" "" "what a check without problems prints"
	doctor_says . && fail "the doctor still has findings"
	rm "$work/containers.d/twin1.json"
	rssctl reload
	rssctl remove twin
}

# A reload during another one reads the files again afterwards: the last version is in force.
case_reloads_in_a_row() {
	local i bad
	: >"$rssd_log"
	for i in {10..49}; do declare_container "row$i" "{\"name\":\"row$i\",\"limit\":\"16M\"}"; done
	rssctl reload &
	rssctl reload
	for i in {10..49}; do declare_container "row$i" "{\"name\":\"row$i\",\"limit\":\"32M\"}"; done
	rssctl reload
	wait $!
	await 60 limit_is row49 $((32 << 20))
	await 60 limit_is row10 $((32 << 20))
	bad=$(grep -m 1 'Cannot create\|cannot be created\|could not be' "$rssd_log") && fail "$bad"
	rm -f "$work"/containers.d/row*
	for i in {10..49}; do rssctl remove "row$i"; done
}

all_have_limit() { [ "$(rssctl list --json=short | jq "all(.[]; .limit == $1)")" = true ]; }

# Adopting saves a container while its declaration changes it: the later change must be kept.
case_adopted_and_declared_at_once() {
	local mount i bad=0
	mount=$(memory_mount)
	[ -n "$mount" ] || { skip "no v1 memory hierarchy to make directories in"; return; }
	stop_rssd
	: >"$rssd_log"
	for i in {1..40}; do
		mkdir "$mount/$root/both$i"
		printf '{"name":"both%s","limit":"64M"}' "$i" >"$work/containers.d/both$i.json"
	done
	start_rssd
	await 60 all_have_limit $((64 << 20))
	grep -q 'could not be' "$rssd_log" && fail "$(grep -m 1 'could not be' "$rssd_log")"
	kill_rssd
	for i in {1..40}; do
		grep -q '"limit":67108864' "$work/state/containers/both$i.json" || bad=$((bad + 1))
	done
	equal "$bad" 0 "how many state files are not the last word"
	start_rssd
	rm -f "$work"/containers.d/both*
	for i in {1..40}; do rssctl remove "both$i" || bad=$((bad + 1)); done
	equal "$bad" 0 "how many could not be removed"
}

case_bad_configuration_on_reload_keeps_the_old_one() {
	echo "Colour=red" >>"$work/rssd.conf"
	: >"$rssd_log"
	expect 1 rssctl reload
	says "Colour is not a known key"
	await 20 grep -q 'Colour is not a known key' "$rssd_log"
	expect 0 rssctl list
	sed -i '/Colour/d' "$work/rssd.conf"
}

case_transient_containers_go_with_their_client() {
	rssctl run --limit=16M -- sh -c 'echo runs; exec sleep 1000' >"$work/transient" &
	local runner=$!
	children+=($runner)
	await 20 grep -q runs "$work/transient"
	local name
	name=$(rssctl list --no-legend | awk '/run-/ { print $1 }')
	# rssd restarts under it: the command goes on, the container is still transient.
	stop_rssd
	start_rssd
	kill -0 $runner || fail "the command died with rssd"
	equal "$(field "$name" transient)" true transient
	expect 0 rssctl kill "$name"
	await 10 sh -c '! rssctl list --no-legend | grep -q run-'
	wait $runner 2>/dev/null
}

case_full_disk_changes_nothing() {
	local filler inside=$work/inside
	stop_rssd
	sed "s|^StateDirectory=.*|StateDirectory=$work/small|" "$work/rssd.conf" >"$work/small.conf"
	mkdir -p "$work/small"
	# A tiny file system in a mount namespace of rssd's own.
	"${own_mounts[@]}" sh -c "
		mount -t tmpfs -o size=64k none '$work/small'
		echo \$\$ >'$inside'
		exec rssd --config='$work/small.conf'" 2>>"$rssd_log" &
	rssd_pid=$!
	await 10 rssctl list
	rssctl create before --limit=16M
	# The disk as rssd sees it.
	filler=/proc/$(cat "$inside")/root$work/small/filler
	cat /dev/zero >"$filler" 2>/dev/null
	expect 1 rssctl create after
	says "could not be saved"
	expect 3 rssctl show after
	expect 1 rssctl limit before 32M
	says "nothing was changed"
	equal "$(field before limit)" $((16 << 20)) "limit on a full disk"
	rm "$filler"
	expect 0 rssctl limit before 32M
	expect 0 rssctl remove before
	stop_rssd
	start_rssd
}

case_event_numbers_never_repeat() {
	local before after
	before=$(cat "$work/state/sequence")
	kill_rssd
	start_rssd
	after=$(cat "$work/state/sequence")
	[ "$after" -ge "$before" ] || fail "$after is below $before"
}

# If a limit cannot be saved after it was set in the kernel, the old one is set again.
case_limit_that_cannot_be_kept_is_taken_back() {
	local state=$work/state/containers/kept.json
	rssctl create kept --limit=32M
	mv "$state" "$work/kept.json"
	mkdir "$state"
	expect 1 rssctl limit kept 64M
	says "nothing was changed"
	equal "$(field kept limit)" $((32 << 20)) "limit that could not be kept"
	expect 0 rssctl diff
	rmdir "$state"
	mv "$work/kept.json" "$state"
	expect 0 rssctl limit kept 64M
	rssctl remove kept
}

# The last 256 OOMs are kept, however many the file has.
case_the_oldest_ooms_make_room() {
	stop_rssd
	jq -nc 'range(1; 301) | {id: ., container: "old", victim_pid: 7}' >"$work/state/ooms.json"
	start_rssd
	equal "$(rssctl oom old --json=short | jq -c '[length, .[0].id, .[-1].id]')" '[256,45,300]' \
		"how many, the first and the last"
	# An unknown user must not be read as 0, which is root.
	equal "$(rssctl oom old --json=short | jq -c '.[0] | [.victim_pid, .victim_uid, .usage]')" '[7,null,null]' \
		"what is known of one"
	stop_rssd
	rm "$work/state/ooms.json"
	start_rssd
}

run_cases "$@"
