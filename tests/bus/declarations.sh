#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rssctl cat and edit: the file that declares a container is shown, and changed only to what rssd takes.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
write_config LogLevel=debug
start_rssd || exit 1
site=$work/containers.d/site.json
declare_site() {
	printf '{"name":"web","limit":"16M"}\n' >"$site"
	rssctl reload
	await 10 rssctl show web
}

case_cat() {
	declare_site
	expect 0 rssctl cat web
	equal "$out" "# $site"$'\n''{"name":"web","limit":"16M"}' "text"
	expect 3 rssctl cat other web
	says 'No file declares "other"; rssctl edit other writes one'
	says "# $site"
	expect 2 rssctl cat web -H there
}

case_edit() {
	declare_site
	EDITOR='sed -i s/16M/24M/' expect 0 rssctl edit web
	await 10 eval '[ "$(field web limit)" = $((24 << 20)) ]'
	EDITOR=true expect 0 rssctl edit web
	says "Nothing was changed"
	EDITOR="sed -i s/24M/16M/" VISUAL="sed -i s/24M/32M/" expect 0 rssctl edit web
	await 10 eval '[ "$(field web limit)" = $((32 << 20)) ]'
}

# The file keeps its mode, and a link to it stays one.
case_edit_behind_a_link() {
	declare_site
	mkdir -p "$work/elsewhere"
	mv "$site" "$work/elsewhere/site"
	chmod 600 "$work/elsewhere/site"
	ln -s "$work/elsewhere/site" "$site"
	EDITOR='sed -i s/16M/24M/' expect 0 rssctl edit web
	await 10 eval '[ "$(field web limit)" = $((24 << 20)) ]'
	[ -L "$site" ] || fail "the link is gone"
	equal "$(stat -c %a "$work/elsewhere/site")" 600 "mode"
	equal "$(ls -A "$work/elsewhere")" site "files"
	rm "$site"
}

case_a_mistake_changes_nothing() {
	declare_site
	EDITOR='sed -i s/16M/wide/' expect 1 rssctl edit web
	says "$site:1: limit: is not a size"
	EDITOR='sed -i s/web/wob/' expect 2 rssctl edit web
	says 'It declares "wob", not "web"'
	EDITOR='sed -i s/}//' expect 1 rssctl edit web
	EDITOR=false expect 1 rssctl edit web
	says "The editor failed"
	EDITOR=nonesuch expect 1 rssctl edit web
	equal "$(cat "$site")" '{"name":"web","limit":"16M"}' "file"
	equal "$(ls -A "$work/containers.d")" site.json "files"
	expect 2 rssctl edit 'bad name'
}

# On a terminal the editor comes back until the text is right.
case_edit_again() {
	declare_site
	printf '#!/bin/sh\nif grep -q 16M "$1"; then sed -i s/16M/wide/ "$1"; else sed -i s/wide/48M/ "$1"; fi\n' >"$work/editor"
	chmod 755 "$work/editor"
	EDITOR=$work/editor expect 0 terminal 80 24 "+Edit again?" $'=\r' -- rssctl edit web
	await 10 eval '[ "$(field web limit)" = $((48 << 20)) ]'
	sed -i s/48M/16M/ "$site"
	EDITOR=$work/editor expect 1 terminal 80 24 "+Edit again?" $'=n\r' -- rssctl edit web
	equal "$(cat "$site")" '{"name":"web","limit":"16M"}' "file"
}

case_a_new_file() {
	declare_site
	EDITOR='sed -i s/infinity/8M/' expect 0 rssctl edit web/in
	await 10 eval '[ "$(field web/in limit)" = $((8 << 20)) ]'
	equal "$(ls -A "$work/containers.d" | paste -sd' ')" "site.json web-in.json" "files"
	rm "$work/containers.d/web-in.json"
	rssctl reload
	rssctl remove web/in
}

hog_in() { rssctl ps "$1" --json=short | jq '.[0].pid'; }

# A declaration that is read while its container is being changed is applied after that.
case_a_reload_during_a_change() {
	declare_site
	await 10 eval '[ "$(field web limit)" = $((16 << 20)) ]'
	# The change waits for memory that is given back slowly; meanwhile the file changes again, and then back.
	for size in 24 16; do
		launch_hog_in web ebb 12M
		await 20 grep -q ready "$hog_out"
		printf '{"name":"web","limit":"4M"}\n' >"$site"
		expect 0 rssctl reload
		printf '{"name":"web","limit":"%sM"}\n' $size >"$site"
		expect 0 rssctl reload
		kill -KILL "$(hog_in web)"
		await 10 eval '[ "$(field web limit)" = $((size << 20)) ]'
		await 10 is_empty web
	done
}

# The same for a transaction.
case_a_reload_during_a_transaction() {
	local transaction
	declare_site
	await 10 eval '[ "$(field web limit)" = $((16 << 20)) ]'
	rssctl create other --limit=16M
	launch_hog_in web ebb 12M
	await 20 grep -q ready "$hog_out"
	printf '[{"name":"web","limit":"4M"},{"name":"other","limit":"8M"}]\n' >"$work/both.json"
	: >"$rssd_log"
	rssctl apply "$work/both.json" >"$work/transaction" 2>&1 &
	transaction=$!
	await 10 grep -q "web: changing settings, limit 4.0M" "$rssd_log"
	printf '{"name":"web","limit":"24M"}\n' >"$site"
	expect 0 rssctl reload
	kill -KILL "$(hog_in web)"
	wait $transaction
	equal $? 0 "status of apply"
	await 10 eval '[ "$(field web limit)" = $((24 << 20)) ]'
	equal "$(field other limit)" $((8 << 20)) "the limit of the other"
	await 10 is_empty web
	expect 0 rssctl remove other
}

run_cases "$@"
