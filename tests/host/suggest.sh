#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rssctl suggest for real processes: what it proposes is enough for them.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

suggested() { jq -r ".$1" <<<"$out"; }

case_nothing_known() {
	rssctl create empty
	expect 1 rssctl suggest empty
	says "Too little is known"
	says "Nothing has used memory"
	expect 1 rssctl suggest empty --json=short
	equal "$(suggested enough)" false enough
	equal "$(suggested limit)" infinity limit
	rssctl remove empty
	expect 3 rssctl suggest empty
	expect 2 rssctl suggest
	expect 2 rssctl suggest empty --watch=soon
}

case_what_is_suggested_is_enough() {
	rssctl create calm
	launch_hog_in calm anon 24M
	await 20 grep -q ready "$hog_out"
	expect 0 rssctl suggest calm
	says "To set it: rssctl set calm limit="
	expect 0 rssctl suggest calm --watch=1s --json=short
	[ "$(suggested looks)" -ge 5 ] || fail "only $(suggested looks) looks"
	[ "$(suggested limit)" -ge $((25 << 20)) ] && [ "$(suggested limit)" -le $((64 << 20)) ] ||
		fail "suggests $(suggested limit): $out"
	rssctl kill calm --signal=KILL >/dev/null
	await 10 is_empty calm
	# The command that it says sets it, and the same process fits.
	expect 0 rssctl suggest calm
	expect 0 bash -c "$(sed -n 's/^To set it: //p' <<<"$out")"
	launch_hog_in calm anon 24M
	await 20 grep -q ready "$hog_out"
	equal "$(field calm oom_kills)" 0 kills
	rssctl remove --force calm
}

# Pages of a file that is read round and round come back: the limit is too small.
case_what_comes_back_is_seen() {
	truncate -s 32M "$work/data"
	rssctl create thrash --limit=12M
	launch_hog_in thrash file "$work/data" 100000
	await 20 limit_was_met
	expect 0 rssctl suggest thrash --watch=3s --json=short
	if [ "$(field thrash refaults)" = null ]; then
		[[ $out == *"does not tell whether"* ]] || fail "said: $out"
	else
		[[ $out == *"pages came back after they were reclaimed"* ]] || fail "said: $out"
	fi
	equal "$(suggested at_least)" true "at least"
	[ "$(suggested limit)" -gt $((13 << 20)) ] || fail "suggests $(suggested limit)"
	rssctl remove --force thrash
}

limit_was_met() { [ "$(field thrash failures)" -gt 0 ]; }

case_ctrl_c_ends_the_watch() {
	rssctl create long
	launch_hog_in long anon 8M
	await 20 grep -q ready "$hog_out"
	expect 0 terminal 80 24 "+usage 8" $'=\x03' "+To set it" -- rssctl suggest long --watch=1h
	says "watching long: "
	says "Limit "
	rssctl remove --force long
}

run_cases "$@"
