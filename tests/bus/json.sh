#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The JSON of each verb is as man/rssctl.schema.json describes it, and the list can be fed back.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

samples=$work/samples
mkdir "$samples"
schema=$here/../man/rssctl.schema.json

# sample STATUS VERB ARGUMENT...: keeps its output, and its errors if there are some.
sample() {
	local file=$samples/$2.$RANDOM
	expect "$1" rssctl "${@:2}" --json
	# Nothing is printed before the arguments are checked.
	[ -z "$out" ] || printf '%s\n' "$out" >"$file"
	[ -z "$err" ] || printf '%s\n' "$err" >"$samples/error.${file##*.}"
}

# can FEATURE: whether this kernel's controller has it.
can() { rssctl version --json=short | jq -e --arg f "$1" '.features | index($f)' >/dev/null; }

case_each_verb_prints_what_the_schema_describes() {
	local file
	python3 -c 'import jsonschema' 2>/dev/null || { skip "python3-jsonschema is not installed"; return; }
	expect 0 rssctl create web --limit=64M
	expect 0 rssctl create web/in --limit=32M
	expect 0 rssctl create open
	echo '{ "name": "kept", "limit": "16M", "join": [ { "command": "no-such-program" } ] }' >"$work/containers.d/kept.json"
	expect 0 rssctl reload
	start_hog anon 4M
	sample 0 attach web "$hog" --dry-run
	sample 0 attach web "$hog"
	sample 3 attach web 4000000
	expect 137 rssctl run web/in hog anon 64M
	await 10 eval '[ "$(rssctl oom --no-legend | wc -l)" -gt 0 ]'
	sample 0 list
	sample 0 top --once
	sample 0 show web web/in kept
	sample 0 status web open
	sample 0 ps web
	sample 0 oom
	sample 0 oom --id="$(rssctl oom --json=short | jq '.[0].id')"
	sample 0 limit web 60M
	sample 0 limit web 60M
	sample 0 limit web 60M --dry-run
	sample 0 limit open infinity
	echo '[ { "name": "web", "limit": "50M" }, { "name": "open", "limit": "infinity" } ]' >"$work/limits.json"
	sample 0 apply "$work/limits.json" --dry-run
	sample 0 apply "$work/limits.json"
	sample 0 diff
	echo $((48 << 20)) >"$(memory_mount)/$root/web/memory.limit_in_bytes"
	echo '{ "name": "kept", "limit": "17M" }' >"$work/containers.d/kept.json"
	sample 1 diff
	sample 0 status web
	sample 0 repair
	sample 0 cat kept
	sample 0 doctor
	sample 0 version
	expect 0 rssctl suggest web --json
	printf '%s\n' "$out" >"$samples/suggest.1"
	rssctl suggest open --json >"$samples/suggest.2"
	sample 0 history web
	if can reclaim; then sample 0 reclaim web 1M; else sample 1 reclaim web 1M; fi
	sample 0 detach "$hog"
	sample 0 kill web -9
	# A limit that kills, for an event with the record of it.
	launch_hog_in open anon 24M lock
	await 20 grep -q -e ready -e waiting "$hog_out"
	sample 0 limit open 8M --mode=force
	sample 0 oom
	rssctl watch --since=0 --until=now --json >"$samples/watch.1"
	sample 3 show nope
	sample 3 kill nope web
	sample 2 limit web 1Q
	sample 2 set web nope=1
	sample 7 create web
	sample 2 frobnicate
	sample 1 remove web
	sample 0 set web limit=40M
	equal "$out" "" "output of set"
	for file in "$samples"/*; do [ -s "$file" ] || rm "$file"; done
	expect 0 "$here/tools/json-schema.py" "$schema" "$samples"/*
	note "$out"
	# All that the schema has, but for what this controller cannot do.
	equal "$(tail -n 1 <<<"$out")" "seen: $(jq -r '.properties | keys[]' "$schema" |
		if can reclaim; then cat; else grep -vx reclaim; fi | sort | paste -sd' ')" "verbs"
	# The check finds an unknown property and a value of the wrong type.
	echo '[ { "name": "x", "path": "y", "declaration": 1, "more": 2 } ]' >"$work/cat.bad"
	expect 1 "$here/tools/json-schema.py" "$schema" "$work/cat.bad"
	says ".cat[].more is not in the schema"
	rssctl remove --force web open kept >/dev/null
	rm "$work/containers.d/kept.json"
}

settings() { rssctl list --json=short | jq -c 'map([.name, .limit, .oom_group, .transient])'; }

case_the_list_is_fed_back() {
	local before
	expect 0 rssctl create back --limit=64M
	expect 0 rssctl create back/in --limit=32M
	expect 0 rssctl create back/open
	before=$(settings)
	expect 0 sh -c 'rssctl list --json | rssctl apply - --json'
	equal "$(jq -c '[.[].outcome] | unique' <<<"$out")" '["unchanged"]' "outcome"
	expect 0 sh -c 'rssctl show "back*" "back/*" --json | rssctl apply - --no-legend'
	equal "$out" "" "differences"
	equal "$(settings)" "$before" "after the list was fed back"
	expect 0 sh -c 'rssctl list --json | jq "map(select(.name == \"back/in\").limit = 16777216 | select(.name == \"back/open\").limit = \"8M\")" |
		rssctl apply -'
	equal "$(settings)" "$(sed "s/\"back.in\",[0-9]*/\"back\/in\",$((16 << 20))/; s/\"back.open\",\"infinity\"/\"back\/open\",$((8 << 20))/" <<<"$before")" "after two edits"
	says back/in
	expect 0 sh -c 'rssctl list --json | jq "map(.limit = \"infinity\")" | rssctl apply -'
	equal "$(field back limit)$(field back/in limit)" infinityinfinity "no limits"
	# A misspelled key is a mistake, and none is a container.
	echo '[ { "name": "back", "limits": 1 } ]' >"$work/limits.json"
	expect 2 rssctl apply "$work/limits.json"
	says "limits is not a known key"
	expect 0 rssctl remove back --force
	expect 0 sh -c 'rssctl list --json | rssctl apply -'
}

run_cases "$@"
