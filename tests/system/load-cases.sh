#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Attach, detach, limits, OOMs and events under load: the guarantees of the manual, with rssd as an
# installed service, on any kernel and controller.
. "${0%/*}/machine.sh"

numbers() { jq 'select(.sequence != null) | .sequence' "$1"; }
rssd_is_back() { [ "$(main_pid rssd)" != "$1" ] && rssctl list; }
kill_service() {
	local pid
	pid=$(main_pid rssd)
	kill -KILL "$pid"
	await 60 rssd_is_back "$pid"
}
lives() { grep -qs '^State:.[^ZX]' "/proc/$1/status"; }

# Every living process of a tree that forks all the time is inside after attach --tree.
case_tree_under_load() {
	local pid place left=
	expect 0 rssctl create grow
	start_hog spawn 1000
	await 30 eval '[ "$(pgrep -c -x sprout)" -gt 10 ]'
	expect 0 rssctl attach grow --tree --dry-run "$hog" --json=short
	equal "$(jq -c '[.[].outcome] - ["would-move", "vanished"]' <<<"$out")" '[]' "outcomes of a dry run"
	equal "$(field grow processes)" 0 "processes after a dry run"
	expect 0 rssctl attach grow --tree "$hog" --json=short
	for pid in $(pgrep -x sprout); do
		place=$(cat "/proc/$pid/cgroup" 2>/dev/null)
		[[ $place == */rssd/grow* ]] || ! lives "$pid" || left+=" $pid"
	done
	equal "$left" "" "living descendants outside"
	note "$(jq -c 'group_by(.outcome) | map({(.[0].outcome): length}) | add' <<<"$out")"
	kill -KILL "$hog"
	await 30 is_empty grow
	expect 0 rssctl remove grow
}

case_detach_after_a_restart() {
	local before
	expect 0 rssctl create away
	start_hog fork 4
	before=$(cat "/proc/$hog/cgroup")
	expect 0 rssctl attach away --tree "$hog"
	expect 0 systemctl restart rssd
	expect 0 rssctl detach "$hog"
	kill_service
	# shellcheck disable=SC2046
	expect 0 rssctl detach $(rssctl ps away --json=short | jq '.[].pid')
	equal "$(cat "/proc/$hog/cgroup")" "$before" "where it is"
	await 10 is_empty away
	kill -KILL "$hog"
	expect 0 rssctl remove away
}

# The forecast of a dry run is what the change does.
case_forecast_and_limit() {
	swap_on
	expect 0 rssctl create foretold --limit=100M
	launch_hog_in foretold anon 50M
	await 120 grep -q ready "$hog_out"
	expect 0 rssctl limit foretold 25M --dry-run --json=short
	note "with swap: $(jq -c '[.forecast, .reason]' <<<"$out")"
	equal "$(jq -r .forecast <<<"$out")" reclaims "forecast with swap"
	expect 0 rssctl limit foretold 25M --timeout=2min
	says reclaimed
	lives "$(rssctl ps foretold --json=short | jq '.[0].pid')" || fail "the hog is gone"
	expect 0 rssctl remove foretold --force
	swap_off
	expect 0 rssctl create foretold --limit=100M
	launch_hog_in foretold anon 50M
	await 120 grep -q ready "$hog_out"
	expect 5 rssctl limit foretold 25M --dry-run
	says "no swap is free"
	expect 5 rssctl limit foretold 25M --timeout=2s
	equal "$(field foretold limit)" $((100 << 20)) "the old limit"
	expect 0 rssctl limit foretold 25M --dry-run --mode=force
	says "with an OOM: processes would be killed"
	expect 0 rssctl limit foretold 25M --mode=force
	await 30 is_empty foretold
	expect 0 rssctl remove foretold
}

# If one of several settings is refused, the others are unchanged, in the kernel as well.
case_settings_are_set_together() {
	needs watermarks || return
	swap_off
	expect 0 rssctl create whole --limit=64M --wmark-high=48M --wmark-low=32M
	launch_hog_in whole lock 40M
	await 60 grep -q ready "$hog_out"
	expect 5 rssctl set whole limit=8M wmark-high=4M wmark-low=2M
	equal "$(rssctl show whole --json=short | jq -c '.[0] | [.limit, .["wmark-high"], .["wmark-low"]]')" \
		"[$((64 << 20)),$((48 << 20)),$((32 << 20))]" "settings after a refusal"
	expect 0 rssctl diff
	expect 0 systemctl restart rssd
	expect 0 rssctl diff
	equal "$(field whole '"wmark-high"')" $((48 << 20)) "wmark-high, as the kernel has it after a restart"
	expect 0 rssctl remove whole --force
}

# A client that disconnects while rssd reclaims for its limit cancels the change.
case_limit_is_cancelled_by_leaving() {
	local limiter
	swap_on
	expect 0 rssctl create left --limit=200M
	# What is locked cannot be reclaimed, so the change does not end by itself in time.
	launch_hog_in left lock 100M
	await 120 grep -q ready "$hog_out"
	launch_hog_in left anon 50M
	await 120 grep -q ready "$hog_out"
	rssctl limit left 8M --timeout=2min >/dev/null 2>&1 </dev/null &
	limiter=$!
	await 60 eval '[ "$(field left usage)" -lt $((147 << 20)) ]'
	kill -KILL $limiter
	await 30 rssctl limit left 190M
	equal "$(field left limit)" $((190 << 20)) "limit after its caller left"
	note "usage when it was cancelled: $(field left usage)"
	expect 0 rssctl remove left --force
}

limits() { rssctl list --json=short | jq -c '[.[] | {(.name): .limit}] | add // {}'; }

case_transaction_is_killed() {
	local before name
	swap_off
	for name in a b c; do expect 0 rssctl create $name --limit=64M; done
	launch_hog_in b lock 32M
	await 60 grep -q ready "$hog_out"
	before=$(limits)
	echo '[{"name":"a","limit":"32M"},{"name":"b","limit":"8M"},{"name":"c","limit":"128M"}]' >"$work/t.json"
	expect 5 rssctl apply "$work/t.json" --timeout=2s
	equal "$(limits)" "$before" "limits after a refusal"
	rssctl apply "$work/t.json" --timeout=2min >/dev/null 2>&1 &
	children+=($!)
	await 30 test -s /var/lib/rssd/transaction.json
	await 30 grep -q '"limit":33554432' /var/lib/rssd/containers/a.json
	kill_service
	await 30 eval '[ "$(limits)" = '"'$before'"' ]'
	await 30 rssctl diff
	[ ! -e /var/lib/rssd/transaction.json ] || fail "the log is still there"
	expect 0 rssctl remove b --force
	expect 0 rssctl create b --limit=64M
	expect 0 rssctl apply "$work/t.json"
	equal "$(limits)" '{"a":33554432,"b":8388608,"c":134217728}' "limits that could be had"
	for name in a b c; do expect 0 rssctl remove $name; done
}

# rssctl oom, the journal and the hook have the same record of an OOM, which is kept over a restart.
case_oom_with_its_cause() {
	local id record
	swap_off
	mkdir -p /etc/rssd/containers.d
	printf '#!/bin/sh\nnice >/run/oom.nice\ncat >/run/oom.new && mv /run/oom.new /run/oom.json\n' >/usr/local/bin/oom-hook
	chmod 755 /usr/local/bin/oom-hook
	rm -f /run/oom.json
	echo '{"name":"cause","limit":"30M","oom_hook":"/usr/local/bin/oom-hook"}' >/etc/rssd/containers.d/cause.json
	expect 0 rssctl reload
	await 20 rssctl show cause
	launch_hog_in cause anon 8M
	await 60 grep -q ready "$hog_out"
	expect 0 rssctl create cause/inner
	launch_hog_in cause/inner anon 60M
	await 60 eval '[ "$(rssctl oom cause --json=short | jq length)" = 1 ]'
	expect 0 rssctl oom cause --json=short
	note "$out"
	id=$(jq '.[0].id' <<<"$out")
	equal "$(jq -c '.[0] | [.container, .victim_container, .victim_command, .limit]' <<<"$out")" \
		'["cause","cause/inner","hog",31457280]' "the OOM"
	jq -e '.[0].processes | length >= 1 and .[0].command == "hog"' <<<"$out" >/dev/null ||
		fail "the largest: $(jq -c '.[0].processes' <<<"$out")"
	# The kernel's log lists the processes at the time of the OOM; a later list may lack the victim.
	[ "$controller" = rss ] || equal "$(jq '.[0].processes[0].pid == .[0].victim_pid' <<<"$out")" true "the largest was killed"
	jq -e '.[0] | .failures > 0 and .swap_free == 0 and .anonymous != null' <<<"$out" >/dev/null || fail "no cause: $out"
	! has scanned || jq -e '.[0].scanned != null' <<<"$out" >/dev/null || fail "no scanned pages: $out"
	record=$out
	await 20 test -s /run/oom.json
	equal "$(jq .id /run/oom.json)" "$id" "the id that the hook got"
	equal "$(cat /run/oom.nice)" 0 "nice value of the hook, which is not rssd's"
	await 10 eval 'journalctl -q -u rssd RSSD_OOM_ID='"$id"' -o json | grep -q RSSD_OOM_RECORD'
	equal "$(journalctl -q -u rssd RSSD_OOM_ID="$id" -o json | jq -r '.RSSD_OOM_VICTIM_COMMAND')" hog "victim in the journal"
	expect 0 systemctl restart rssd
	equal "$(rssctl oom cause --json=short)" "$record" "after a restart"
	kill_service
	equal "$(rssctl oom cause --json=short)" "$record" "after a kill"
	rm /etc/rssd/containers.d/cause.json
	rssctl reload
	expect 0 rssctl remove cause --force
}

# OOM kills happen all the time: the watcher receives each event once, also across a kill of rssd.
case_events_over_a_kill() {
	local watcher last
	swap_off
	rssctl watch --since=0 --json=short >"$work/heard" 2>/dev/null </dev/null &
	watcher=$!
	children+=($watcher)
	expect 0 rssctl create storm --limit=12M
	rssctl run storm -- bash -c "while :; do $build/tests/tools/hog anon 40M; done" >/dev/null 2>&1 </dev/null &
	disown $!
	await 120 eval '[ "$(rssctl oom storm --json=short | jq length)" -ge 3 ]'
	kill_service
	await 120 eval '[ "$(rssctl oom storm --json=short | jq length)" -ge 6 ]'
	quiet_remove storm
	last=$(rssctl oom storm --json=short | jq '.[-1].id')
	await 30 eval 'numbers "$work/heard" | grep -qx '"$last"
	kill $watcher
	equal "$(numbers "$work/heard" | sort -n | uniq -d | head -n 3)" "" "events that were reported twice"
	diff <(numbers "$work/heard") <(numbers "$work/heard" | sort -n) >/dev/null || fail "not in order"
	timeout 20 rssctl watch --since=0 --json=short >"$work/all" 2>/dev/null
	diff <(numbers "$work/heard" | awk -v n="$last" '$1 <= n') <(numbers "$work/all" | awk -v n="$last" '$1 <= n') \
		>"$work/diff" || fail "differs from the history: $(head -n 5 "$work/diff")"
	note "$(numbers "$work/heard" | wc -l) events, $(grep -c '"oom"' "$work/heard") of OOMs"
}

as() {
	local user=$1
	shift
	setpriv --reuid="$user" --regid="$user" --clear-groups "$@"
}

# A process of a service leaves the sandbox of its unit only if root asks for it.
case_attach_is_no_way_out_of_a_sandbox() {
	local pid before
	leaves_units || { skip "an attached process stays in its unit here"; return; }
	cat >/run/systemd/system/boxed.service <<-'END'
		[Service]
		ExecStart=/usr/lib/rssd-tests/tests/tools/hog anon 4M
		DevicePolicy=closed
		TasksMax=7
	END
	systemctl daemon-reload
	expect 0 systemctl start boxed.service
	pid=$(main_pid boxed.service)
	before=$(cgroup_of "$pid")
	equal "$before" /system.slice/boxed.service "place of the service"
	expect 0 rssctl create box
	expect 5 rssctl attach box "$pid"
	says boxed.service
	says "device and IP filters"
	says TasksMax=
	says --leave-unit
	equal "$(cgroup_of "$pid")" "$before" "place after a refusal"
	# One refused process of several is enough: none is moved.
	start_hog anon 4M
	expect 5 rssctl attach box "$hog" "$pid"
	is_empty box || fail "something was moved"
	expect 1 rssctl attach box --dry-run "$pid"
	says boxed.service
	expect 0 rssctl attach box --leave-unit "$pid"
	[[ $(cgroup_of "$pid") == */box/* ]] || fail "not moved: $(cgroup_of "$pid")"
	expect 0 rssctl detach "$pid"
	equal "$(cgroup_of "$pid")" "$before" "place after detach"
	systemctl stop boxed.service
	quiet_remove box
}

# A user that polkit allows to attach cannot leave a cgroup that the administrator chose.
case_user_attaches_only_what_is_delegated() {
	local pid mine before
	leaves_units || { skip "an attached process stays in its unit here"; return; }
	id bob >/dev/null 2>&1 || useradd bob
	cat >/etc/polkit-1/rules.d/50-rssd.rules <<-'END'
		polkit.addRule(function(action, subject) {
			if (action.id == "org.rssd1.attach-processes")
				return polkit.Result.YES;
		});
	END
	expect 0 systemctl restart polkit
	expect 0 rssctl create batch
	expect 0 systemd-run --quiet --unit=bobs.service --property=User=bob --property=TasksMax=5 sleep 1000
	pid=$(main_pid bobs.service)
	await 20 grep -q "^Uid:.$(id -u bob)" "/proc/$pid/status"
	before=$(cgroup_of "$pid")
	expect 5 as bob rssctl attach batch "$pid"
	says "only root"
	expect 5 as bob rssctl attach batch --leave-unit "$pid"
	equal "$(cgroup_of "$pid")" "$before" "place after refusals"
	systemctl stop bobs.service
	# Neither its session nor a cgroup of root is delegated to it.
	setpriv --reuid=bob --regid=bob --clear-groups sleep 1000 &
	mine=$!
	children+=("$mine")
	disown "$mine"
	await 10 grep -q "^Uid:.$(id -u bob)" "/proc/$mine/status"
	expect 4 as bob rssctl attach batch "$mine"
	says "not delegated"
	mkdir -p /sys/fs/cgroup/bobs
	echo "$mine" >/sys/fs/cgroup/bobs/cgroup.procs
	expect 4 as bob rssctl attach batch "$mine"
	chown bob /sys/fs/cgroup/bobs
	expect 4 as bob rssctl attach batch "$mine"
	chown bob /sys/fs/cgroup/bobs/cgroup.procs
	expect 0 as bob rssctl attach batch "$mine"
	equal "$(rssctl ps batch --json=short | jq '.[0].pid')" "$mine" "process in batch"
	kill -KILL "$mine"
	await 20 is_empty batch
	rmdir /sys/fs/cgroup/bobs
	rm /etc/polkit-1/rules.d/50-rssd.rules
	systemctl restart polkit
	quiet_remove batch
}

run_machine "$@"
