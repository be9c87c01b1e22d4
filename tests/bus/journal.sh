#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What rssd writes to the journal: each kind of message has its MESSAGE_ID, its fields, and an entry in
# the catalog. The OOM is in tests/host/limits.sh; lost events need the rss controller.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
: >"$rssd_log"
journal=$work/journal
: >"$journal"
JOURNAL=$journal LD_PRELOAD=$build/tests/preload/journal.so JOURNAL_STREAM=$(stat -c %d:%i "$rssd_log") start_rssd || exit 1

ids=$here/../daemon/base/message-ids.h
catalog=$here/../systemd/rssd.catalog

# id NAME: the ID of MESSAGE_NAME.
id() { awk -v name="MESSAGE_$1" '$1 == "#define" && $2 == name { gsub(/"/, ""); print $3 }' "$ids"; }

# logged NAME FIELD...: the journal has a message with this ID and all of these fields.
logged() {
	local id
	id=$(id "$1")
	shift
	[ -n "$id" ] || return 1
	printf '%s\n' "MESSAGE_ID=$id" "$@" | awk -v journal="$journal" '
		{ wanted[$0] }
		END {
			RS = ""; FS = "\n"
			while ((getline <journal) > 0) {
				split("", has)
				for (i = 1; i <= NF; i++) has[$i]
				missing = 0
				for (field in wanted) missing += !(field in has)
				if (!missing) exit 0
			}
			exit 1
		}'
}

expect_logged() { await 10 logged "$@"; }

case_each_kind_of_message_has_its_id() {
	local who=RSSD_REQUESTER_UID=0 dir
	expect 0 rssctl create noted --limit=64M
	expect_logged CREATED RSSD_CONTAINER=noted $who PRIORITY=6
	expect 0 rssctl limit noted 32M
	expect_logged CHANGED RSSD_CONTAINER=noted $who RSSD_LIMIT=$((32 << 20)) RSSD_OUTCOME=set
	expect 0 rssctl create noted2
	echo '[{"name": "noted", "limit": "16M"}, {"name": "noted2", "limit": "8M"}]' >"$work/changes"
	expect 0 rssctl apply "$work/changes"
	expect_logged APPLIED RSSD_CONTAINER=noted RSSD_CONTAINER=noted2 $who
	launch_hog_in noted anon 8M
	await 20 grep -q ready "$hog_out"
	expect 5 rssctl limit noted 1M --mode=refuse
	expect_logged LIMIT_REFUSED RSSD_CONTAINER=noted $who RSSD_ERROR=org.rssd1.Error.LimitRefused
	expect 0 rssctl limit noted 1M --mode=force
	expect_logged KILLED RSSD_CONTAINER=noted RSSD_KILL_CAUSE=limit RSSD_KILL_COUNT=1
	expect 4 setpriv --reuid=65534 --regid=65534 --clear-groups rssctl remove noted
	expect_logged ACCESS_REFUSED RSSD_METHOD=RemoveContainer RSSD_REQUESTER_UID=65534
	expect 0 rssctl remove noted --force
	expect_logged REMOVED RSSD_CONTAINER=noted $who
	expect 0 rssctl remove noted2
	# Transient, and its caller leaves the bus at once.
	expect 0 busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.rssd1 /org/rssd1 org.rssd1.Manager \
		CreateContainer "sa{sv}" brief 1 Transient b true
	expect_logged REMOVED RSSD_CONTAINER=brief
	dir=$(memory_mount)/$root
	[ -f "$dir/memory.limit_in_bytes" ] || return
	expect 0 rssctl create moved --limit=32M
	echo $((64 << 20)) >"$dir/moved/memory.limit_in_bytes"
	expect_logged DRIFT RSSD_CONTAINER=moved RSSD_DRIFT=limit PRIORITY=4
	stop_rssd
	JOURNAL=$journal LD_PRELOAD=$build/tests/preload/journal.so \
		JOURNAL_STREAM=$(stat -c %d:%i "$rssd_log") start_rssd
	expect_logged RESTORED RSSD_CONTAINER=moved
	expect 0 rssctl remove moved
}

case_declarations_are_logged_as_well() {
	echo '{"name": "told", "limit": "16M"}' >"$work/containers.d/told.json"
	expect 0 rssctl reload
	expect_logged CREATED RSSD_CONTAINER=told
	echo '{"name": "told", "limit": "24M"}' >"$work/containers.d/told.json"
	expect 0 rssctl reload
	expect_logged CHANGED RSSD_CONTAINER=told RSSD_LIMIT=$((24 << 20))
	rm "$work/containers.d/told.json"
	expect 0 rssctl remove told
}

# A user who is refused cannot fill the journal; lines beyond the first are counted.
case_refused_limits_are_bounded_in_the_journal() {
	local i before after
	rssctl create full --limit=64M
	launch_hog_in full anon 8M
	await 20 grep -q ready "$hog_out"
	before=$(grep -c "^MESSAGE_ID=$(id LIMIT_REFUSED)" "$journal")
	for i in {1..20}; do rssctl limit full 1M --mode=refuse 2>/dev/null; done
	after=$(grep -c "^MESSAGE_ID=$(id LIMIT_REFUSED)" "$journal")
	[ $((after - before)) -le 10 ] || fail "$((after - before)) lines for 20 refused limits"
	rssctl remove full --force
}

# Each ID is used by the code, differs from all others, and has an entry with a text; and the converse.
case_ids_and_catalog_agree() {
	local name
	sed -n 's/^-- //p' "$catalog" | sort >"$work/explained"
	sed -n 's/^#define MESSAGE_[A-Z_]*[ \t]*"\(.*\)"$/\1/p' "$ids" | sort >"$work/ids"
	[ "$(wc -l <"$work/ids")" -ge 10 ] || fail "only $(wc -l <"$work/ids") IDs were found"
	equal "$(diff "$work/ids" "$work/explained")" "" "difference of the IDs and the catalog"
	equal "$(uniq -d "$work/ids")" "" "IDs that are used twice"
	grep -vxE '[0-9a-f]{32}' "$work/ids" && fail "an ID is not 32 hexadecimal digits"
	for name in $(sed -n 's/^#define \(MESSAGE_[A-Z_]*\)[ \t].*/\1/p' "$ids"); do
		grep -rqw "$name" --include='*.c' "$here/../daemon" || fail "$name is not used"
	done
	# A field that the catalog shows is one that the code writes.
	for name in $(grep -o '@[A-Z_]*@' "$catalog" | tr -d @ | sort -u); do
		case $name in
		RSSD_OOM_* | RSSD_KILL_*) grep -qw "\"${name#RSSD_*_}\"" "$here/../daemon/monitor/oom-log.c" ;;
		*) grep -rq "\"$name=" --include='*.c' "$here/../daemon" ;;
		esac || fail "no message has the field $name"
	done
}

case_the_catalog_compiles() {
	local tree=$work/catalog
	command -v journalctl >/dev/null || { skip "systemd is not installed"; return; }
	mkdir -p "$tree/usr/lib/systemd/catalog" "$tree/var/lib/systemd/catalog"
	cp "$catalog" "$tree/usr/lib/systemd/catalog/"
	expect 0 journalctl --update-catalog --root="$tree"
	equal "$err" "" "what journalctl says of the catalog"
	expect 0 journalctl --list-catalog --root="$tree"
	equal "$(wc -l <<<"$out")" "$(grep -c '^-- ' "$catalog")" "entries in the compiled catalog"
	says "$(id OOM) rssd: Process @RSSD_OOM_VICTIM_PID@"
	expect 0 journalctl --dump-catalog --root="$tree" "$(id DRIFT)"
	says "rssctl repair"
}

run_cases "$@"
