#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What users of systemctl and kill expect of rssctl: patterns, several names, aliases, one property.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

names() { rssctl list "$@" --no-legend | awk '{ print $1 }' | paste -sd' '; }

case_patterns_select_containers() {
	rssctl create web1 && rssctl create web2 && rssctl create web2/in && rssctl create db
	equal "$(names 'web*')" "web1 web2" "a pattern does not match a slash"
	equal "$(names 'web*' 'web*/*')" "web1 web2 web2/in" "two patterns"
	equal "$(names db)" "db" "a name"
	equal "$(names 'nope*')" "" "a pattern without a match lists nothing"
	expect 0 rssctl show 'web*' --json=short
	equal "$(jq -c 'map(.name)' <<<"$out")" '["web1","web2"]' "show of a pattern"
	expect 0 rssctl show db web1
	says "Name: db"
	says "Name: web1"
	expect 3 rssctl remove 'nope*'
	says 'No container matches "nope*"'
	# Nested containers are removed before their parents.
	expect 0 rssctl remove 'web*' 'web*/*' --force
	expect 0 rssctl remove 'd?'
	equal "$(names)" "" "what is left"
}

case_remove_of_a_pattern_takes_nested_ones_first() {
	rssctl create a && rssctl create a/b && rssctl create a/b/c
	expect 0 rssctl remove 'a/*/*' 'a/*' a
	equal "$(names)" "" "what is left"
}

# The bus of another machine, over ssh.
case_another_machine() {
	make_ssh
	local PATH=$work/remote:$PATH
	# Nothing here finds rssd by the address of its bus.
	expect 0 env -u DBUS_SYSTEM_BUS_ADDRESS rssctl -H me@there create far --limit=16M
	grep -q 'me@there' "$work/remote/arguments" || fail "ssh was called with $(cat "$work/remote/arguments")"
	expect 0 env -u DBUS_SYSTEM_BUS_ADDRESS rssctl list far --host=there --json=short
	equal "$(jq -c '.[0] | [.name, .limit]' <<<"$out")" "[\"far\",$((16 << 20))]" "the container"
	expect 0 env -u DBUS_SYSTEM_BUS_ADDRESS rssctl doctor -H there
	expect 6 env -u DBUS_SYSTEM_BUS_ADDRESS rssctl list -H nowhere
	says "rssd cannot be reached on nowhere; try: ssh nowhere rssctl version"
	expect 2 rssctl -H there attach far $$
	says "ssh there rssctl attach"
	expect 2 rssctl -H '' list
	expect 0 rssctl remove far
}

# Quiet is about rssctl's own output: errors, and what a program prints, are not part of it.
case_quiet() {
	expect 0 rssctl create still -q
	equal "$out" "" "output of create"
	expect 0 rssctl list --quiet
	equal "$out" "" "output of list"
	expect 3 rssctl show missing -q
	says "No such container"
	expect 0 rssctl run still -q -- echo heard
	equal "$out" heard "output of the program"
	expect 0 rssctl remove still -q
}

case_patterns_where_names_are_taken() {
	local verb
	rssctl create p1 --limit=16M && rssctl create p2 --limit=16M && rssctl create p2/in && rssctl create other
	launch_hog_in p1 anon 1M
	launch_hog_in p2/in anon 1M
	await 10 eval '[ "$(field p1 processes)$(field p2 processes)" = 11 ]'
	equal "$(rssctl ps 'p?' --no-legend | awk '{ print $4 }' | paste -sd' ')" "p1 p2/in" "ps"
	equal "$(rssctl ps p1 'p?' --json=short | jq length)" 2 "each container once"
	expect 0 rssctl reset-peak 'p*' other
	expect 3 rssctl reset-peak nope other
	says nope
	for verb in reset-peak freeze thaw ps repair status show kill remove; do
		expect 3 rssctl $verb 'zz*'
		says 'No container matches "zz*"'
	done
	echo $((8 << 20)) >"$(memory_mount)/$root/p1/memory.limit_in_bytes"
	echo $((8 << 20)) >"$(memory_mount)/$root/p2/memory.limit_in_bytes"
	expect 0 rssctl repair 'p1*' --no-legend
	equal "$(awk '{ print $1 }' <<<"$out")" p1 "what was repaired"
	expect 0 rssctl repair 'p*' --no-legend
	equal "$(awk '{ print $1 }' <<<"$out")" p2 "what was repaired then"
	expect 0 rssctl kill 'p*' -9
	expect 137 rssctl run p1 hog anon 32M
	await 10 eval '[ "$(rssctl watch "p*" --since=0 --until=now --no-legend | grep -c oom)" = 1 ]'
	expect 0 rssctl watch 'o*' --since=0 --until=now --no-legend
	equal "$out" "" "events of another pattern"
	# An OOM and a usage near the limit are in colour.
	TERM=xterm expect 0 terminal 80 24 -- rssctl list p1
	[[ $out == *$'\e[1;31m1'* ]] || fail "OOM kills without colour: $(cat -v <<<"$out")"
	NO_COLOR=1 TERM=xterm expect 0 terminal 80 24 -- rssctl list p1
	[[ $out != *$'\e['* ]] || fail "colour: $(cat -v <<<"$out")"
	rssctl remove --force p1 p2 other
}

case_times_as_people_write_them() {
	local since later
	later=$(date -d '+1 hour' '+%F %T')
	rssctl create timed --limit=16M
	expect 137 rssctl run timed hog anon 32M
	await 10 eval '[ "$(rssctl watch timed --since=0 --until=now --no-legend | grep -c oom)" = 1 ]'
	for since in today yesterday "$(date -d '-1 day' +%F)" "$(date -d '-1 hour' '+%F %H:%M')" 00:00 1h -1h "1h ago" \
		"2 hours ago" "90 minutes" @1000000000; do
		expect 0 rssctl watch timed --since="$since" -U now --no-legend
		[[ $out == *oom* ]] || fail "nothing since $since: $out"
	done
	for since in +1h "$later" "@$(date -d '+1 hour' +%s)"; do
		expect 0 rssctl watch timed -S "$since" --until=now --no-legend
		equal "$out" "" "events since $since"
	done
	# It ends by itself.
	expect 0 timeout 20 rssctl watch timed --until=+100ms --no-legend
	for since in 25:00 1x "ago" "1h from now" 2026-13-01; do
		expect 2 rssctl watch --since="$since" --until=now
		says "is not a time"
	done
	rssctl remove timed
}

case_if_missing_and_ignore_missing() {
	expect 0 rssctl create twice --limit=16M
	expect 7 rssctl create twice --limit=32M
	expect 0 rssctl create twice --limit=32M --if-missing
	equal "$(field twice limit)" $((16 << 20)) "limit of the existing one"
	expect 2 rssctl create 'bad name' --if-missing
	expect 0 rssctl remove twice
	expect 3 rssctl remove twice
	expect 0 rssctl remove twice --ignore-missing
	expect 0 rssctl create once
	expect 0 rssctl remove 'twice*' once --ignore-missing
	equal "$out$err" "" "what it printed"
	expect 3 rssctl show once
}

case_aliases() {
	expect 0 rssctl create one
	equal "$(rssctl ls --no-legend)" "$(rssctl list --no-legend)" "ls"
	equal "$(rssctl --no-legend)" "$(rssctl list --no-legend)" "no verb"
	equal "$(rssctl inspect one | grep -v Usage)" "$(rssctl show one | grep -v Usage)" "inspect"
	expect 0 rssctl stats --once
	expect 0 rssctl help ls
	says "Alias: ls"
	expect 0 rssctl rm one
}

case_one_property() {
	expect 0 rssctl create prop --limit=16M
	equal "$(rssctl show prop -p limit --value)" $((16 << 20)) "the value"
	equal "$(rssctl show prop -p name,limit,wmark-high | paste -sd' ')" \
		"name=prop limit=$((16 << 20)) wmark-high=infinity" "several"
	equal "$(rssctl show prop --property=unit)" "unit=" "an unknown value"
	expect 2 rssctl show prop -p nope
	says 'property "nope"'
	expect 2 rssctl show prop --value
	expect 0 rssctl remove prop
}

case_status_tells_how_a_container_is() {
	local pid
	expect 0 rssctl create st --limit=64M
	expect 0 rssctl create st/in
	launch_hog_in st anon 8M
	await 10 grep -q ready "$hog_out"
	launch_hog_in st/in anon 1M
	await 10 grep -q ready "$hog_out"
	pid=$(rssctl ps st/in --json=short | jq '.[0].pid')
	LC_ALL=C expect 0 rssctl status st
	says "* st - permanent"
	says "Limit: 64.0M"
	says "anonymous"
	says "Processes: 2"
	says "st/in"
	says "$pid hog"
	[[ $out != *Drift* && $out != *OOM:* ]] || fail "nothing drifted or ran out: $out"
	expect 0 rssctl status st --json=short
	equal "$(jq -c '.[0] | [.name, (.members | length), .drift]' <<<"$out")" '["st",2,[]]' "as JSON"
	# Colours and the tree on a terminal.
	LC_ALL=C.UTF-8 TERM=xterm expect 0 terminal 80 24 -- rssctl status st
	says "●"
	says "└─$pid hog"
	[[ $out == *$'\e['* ]] || fail "no colour on a terminal"
	echo $((48 << 20)) >"$(memory_mount)/$root/st/memory.limit_in_bytes"
	expect 0 rssctl status st
	says "Drift: limit; see rssctl diff, and rssctl repair st"
	expect 3 rssctl status nope
	expect 0 rssctl remove st --force
}

case_output_as_in_journalctl() {
	expect 0 rssctl create out
	equal "$(rssctl -o json list | jq -r '.[].name')" out "before the verb"
	equal "$(rssctl list --output=json)" "$(rssctl list --json=short)" "short"
	equal "$(rssctl list -ojson-pretty)" "$(rssctl list --json)" "pretty"
	equal "$(rssctl list -o table)" "$(rssctl list)" "table"
	expect 2 rssctl list -o yaml
	expect 0 rssctl remove out
}

case_errors_are_json_if_asked() {
	expect 3 rssctl show nope --json
	equal "$(jq -r .error <<<"$err")" org.rssd1.Error.NoSuchContainer "name of rssd's error"
	[[ $(jq -r .message <<<"$err") == *nope* ]] || fail "the message is $err"
	expect 2 rssctl -o json frobnicate
	equal "$(jq -r .error <<<"$err")" Usage "an unknown verb"
	expect 3 rssctl remove 'nope*' --output=json
	equal "$(jq -r .error <<<"$err")" NotFound "a pattern"
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere expect 6 rssctl list --json=short
	equal "$(jq -r .error <<<"$err")" Unreachable "no bus"
	expect 3 rssctl show nope --json=off
	says 'rssctl: No such container'
	# The command after -- has options of its own.
	expect 127 rssctl run --limit=16M -- nowhere --json
	[[ $err == rssctl:* ]] || fail "an option of the command made it JSON: $err"
}

case_top_in_a_pipe_repeats() {
	expect 0 rssctl create batch
	expect 0 timeout 20 rssctl top -b -n 3 --interval=100ms
	equal "$(grep -c ^NAME <<<"$out") $(grep -c ^batch <<<"$out")" "3 3" "tables"
	expect 0 timeout 20 rssctl top --batch --count=2 --interval=100ms --json=short
	equal "$(jq -s 'length' <<<"$out")" 2 "arrays"
	expect 2 rssctl top -n 3
	# It ends with its reader.
	timeout 20 rssctl top -b --interval=100ms | head -n 4 >/dev/null
	[ "${PIPESTATUS[0]}" != 124 ] || fail "it went on without a reader"
	expect 0 rssctl remove batch
}

case_sizes_as_people_write_them() {
	expect 0 rssctl create size --limit=1Gi
	equal "$(field size limit)" $((1 << 30)) "1Gi"
	expect 0 rssctl limit size -10%
	equal "$(field size limit)" $(((1 << 30) * 9 / 10 / 4096 * 4096)) "-10%"
	expect 0 rssctl limit size 64M
	expect 0 rssctl limit size +16M
	equal "$(field size limit)" $((80 << 20)) "+16M"
	expect 0 rssctl limit size -16m
	equal "$(field size limit)" $((64 << 20)) "-16m"
	expect 2 rssctl limit size -65M
	expect 2 rssctl limit size +1Q
	expect 3 rssctl limit nope +1M
	expect 0 rssctl set size limit=+64M oom-group=no
	equal "$(field size limit)" $((128 << 20)) "set limit=+64M"
	expect 0 rssctl set size limit=-50%
	equal "$(field size limit)" $((64 << 20)) "set limit=-50%"
	expect 2 rssctl set size limit=-65M
	expect 2 rssctl set size wmark-high=+1M
	expect 0 rssctl limit size max
	equal "$(field size limit)" infinity "max"
	expect 2 rssctl limit size +1M
	says "is infinity"
	expect 0 rssctl limit size 1G
	expect 0 rssctl limit size none
	equal "$(field size limit)" infinity "none"
	expect 0 rssctl remove size
}

case_kill_takes_a_number_and_several() {
	expect 0 rssctl create k1
	expect 0 rssctl create k2
	launch_hog_in k1 anon 1M
	launch_hog_in k2 anon 1M
	await 10 eval '[ "$(field k1 processes)$(field k2 processes)" = 11 ]'
	expect 0 rssctl kill 'k?' -9 --json=short
	equal "$(jq -c 'map([.name, .signal, .processes])' <<<"$out")" '[["k1",9,1],["k2",9,1]]' "what was killed"
	await 10 eval '[ "$(field k1 processes)$(field k2 processes)" = 00 ]'
	expect 2 rssctl kill -9
	expect 2 rssctl kill k1 -99
	expect 3 rssctl kill k1 nope
	says k1
	expect 0 rssctl remove k1 k2
}

# A letter is the same option in each verb, and where systemctl, journalctl and systemd-run have it, theirs.
case_short_options_mean_the_same() {
	local verb letters
	letters=$(for verb in "" $(rssctl --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
		# shellcheck disable=SC2086
		rssctl $verb --help | sed -n 's/^  -\(.\), --\([a-z-]*\).*/\1 \2/p'
	done | sort -u)
	equal "$(cut -d' ' -f1 <<<"$letters" | uniq -d)" "" "letters with two meanings"
	for word in "l full" "q quiet" "H host" "o output" "p property" "s signal" "n count" "S since" "U until" "t pty" "E setenv"; do
		grep -qx "$word" <<<"$letters" || fail "no $word"
	done
}

# wider_than COLUMNS: the lines of $out that are wider, without styles.
wider_than() { tr -d '\r' <<<"$out" | sed 's/\x1b\[[0-9;]*m//g' | awk -v w="$1" 'length > w' | head -n 3; }

case_output_fits_the_terminal() {
	local verb width
	expect 0 rssctl create a-name-of-a-container-that-is-too-long-for-a-narrow-terminal --limit=1G
	for width in 80 40; do
		LC_ALL=C terminal $width 24 -- rssctl doctor >"$work/doctor" || :
		out=$(cat "$work/doctor")
		equal "$(wider_than $width)" "" "lines of doctor at $width columns"
		[[ $out != *"~"$'\r\n'* ]] || fail "the end of a finding is cut at $width columns: $out"
		for verb in list "top --once" oom ps\ a-name-of-a-container-that-is-too-long-for-a-narrow-terminal; do
			# shellcheck disable=SC2086
			LC_ALL=C expect 0 terminal $width 24 -- rssctl $verb
			equal "$(wider_than $width)" "" "lines of $verb at $width columns"
		done
	done
	LC_ALL=C expect 0 terminal 40 24 -- rssctl list
	says "LIMIT"
	[[ $out != *KILLS* ]] || fail "a column does not fit: $out"
	LC_ALL=C expect 0 terminal 40 24 -- rssctl list -l
	says "KILLS"
	says a-name-of-a-container-that-is-too-long-for-a-narrow-terminal
	for verb in "" $(rssctl --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
		# shellcheck disable=SC2086
		expect 0 rssctl $verb --help
		equal "$(wider_than 80)" "" "lines of the help of $verb"
	done
	rssctl remove a-name-of-a-container-that-is-too-long-for-a-narrow-terminal
}

run_cases "$@"
