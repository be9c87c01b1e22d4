#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# org.rssd1 for other clients than rssctl: types, signals, names, floods.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
write_config PendingCallsPerUser=1 LogLevel=debug
start_rssd || exit 1

bus() { busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" "$@"; }
manager() { bus call org.rssd1 /org/rssd1 org.rssd1.Manager "$@"; }
container() {
	local name=$1
	shift
	bus call org.rssd1 "/org/rssd1/container/$name" org.rssd1.Container "$@"
}

case_introspection_names_its_arguments() {
	expect 0 bus introspect --xml-interface org.rssd1 /org/rssd1
	local word
	for word in 'name="CreateContainer"' 'type="a{sv}" name="properties"' 'name="pidfds"' 'name="first"'; do
		says "$word"
	done
	expect 0 manager CreateContainer "sa{sv}" intro 0
	says /org/rssd1/container/intro
	expect 0 bus introspect org.rssd1 /org/rssd1/container/intro
	says .SetLimit
	says .LastOOM
	expect 0 bus tree org.rssd1
	says /org/rssd1/container/intro
	expect 0 manager RemoveContainer "sa{sv}" intro 0
}

case_every_documented_member_is_there() {
	local page=$here/../man/org.rssd1.5 member
	expect 0 manager CreateContainer "sa{sv}" doc 0
	bus introspect --xml-interface org.rssd1 /org/rssd1 >"$work/xml"
	bus introspect --xml-interface org.rssd1 /org/rssd1/container/doc >>"$work/xml"
	for member in $(sed -n '/interface name="org.rssd1/,/<\/interface>/s/.*<\(method\|signal\|property\) name="\([^"]*\)".*/\2/p' "$work/xml"); do
		grep -q "$member" "$page" || fail "$member is not in org.rssd1(5)"
	done
	[ "$(grep -c '<method' "$work/xml")" -gt 10 ] || fail "too few methods: $(cat "$work/xml")"
	expect 0 manager RemoveContainer "sa{sv}" doc 0
}

case_columns_of_counters() {
	expect 0 manager ListCounters
	equal "${out#*\" \"}" '" 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0' "columns of nothing"
	expect 0 manager CreateContainer "sa{sv}" columns1 1 Limit t 4194304
	expect 0 manager CreateContainer "sa{sv}" columns2 1 Limit t 8388608
	expect 0 manager ListCounters
	# Names and flags (a threshold can be set), two limits, and a watermark that neither has.
	says ' "columns1\ncolumns2\n" 1 8192 2 4194304 8388608 1 18446744073709551615 1 18446744073709551615 '
	expect 0 manager RemoveContainer "sa{sv}" columns1 0
	expect 0 manager RemoveContainer "sa{sv}" columns2 0
}

case_lookups() {
	expect 0 manager CreateContainer "sa{sv}" look 0
	start_hog anon 1M
	expect 1 manager GetContainerByPID u "$hog"
	says "in no container"
	rssctl attach look "$hog" >/dev/null
	expect 0 manager GetContainerByPID u "$hog"
	says container/look
	expect 1 manager GetContainerByPID u 4194303
	says "No such process"
	expect 1 manager GetContainerByPID u 0
	expect 1 manager GetContainer s nothing
	says "No such container"
	expect 0 client by-pidfd "$hog"
	equal "$out" look "container by pidfd"
	kill -KILL "$hog"
	await 20 is_empty look
	expect 0 manager RemoveContainer "sa{sv}" look 0
}

case_wrong_types_and_keys() {
	local n
	expect 1 manager CreateContainer s broken
	expect 1 manager CreateContainer "sa{sv}" broken 1 Limit s 1M
	says "must be of the D-Bus type t"
	expect 1 manager CreateContainer "sa{sv}" broken 1 Colour s red
	says Colour
	expect 1 manager CreateContainer "sa{sv}" broken 2 Limit t 1048576 Limit t 2097152
	says "given twice"
	expect 1 manager CreateContainer "sa{sv}" broken 1 Limit t 18446744073709551614
	says "above the largest"
	expect 1 container nothing SetLimit "ta{sv}" 1048576 0
	expect 1 manager GetContainer s broken
	says "No such container"
	expect 0 manager CreateContainer "sa{sv}" whole 0
	expect 1 container whole SetLimit "ta{sv}" 1048576 1 mode s gently
	says gently
	expect 1 container whole SetLimit "ta{sv}" 1048576 1 timeout t 999999999999999
	says "longer than a day"
	expect 1 container whole Kill i 0
	says "Invalid signal"
	expect 1 container whole Kill i 999
	expect 1 bus set-property org.rssd1 /org/rssd1/container/whole org.rssd1.Container Limit t 1
	expect 0 container whole SetProperties "a{sv}" 0
	expect 0 manager RemoveContainer "sa{sv}" whole 0
}

ping_is_seen() {
	bus call org.rssd1 /org/rssd1 org.freedesktop.DBus.Peer Ping
	grep -q '"member":"Ping"' "$1"
}
# start_monitor FILE: writes the messages of rssd into FILE, as JSON; $monitor is the process. Not each
# version of busctl says when it begins.
start_monitor() {
	bus --json=short monitor org.rssd1 >"$1" 2>&1 &
	monitor=$!
	children+=($monitor)
	await 10 ping_is_seen "$1"
}

# unlimited NAME: the names in the property Unlimited, between spaces.
unlimited() {
	bus get-property org.rssd1 "/org/rssd1/container/$1" org.rssd1.Container Unlimited |
		tr -d '"' | cut -d' ' -f3- | sed 's/.*/ & /'
}

# Clients that cannot carry 2^64-1 set and see infinity by name.
case_unlimited_settings_by_name() {
	expect 0 manager CreateContainer "sa{sv}" bounded 1 Limit t 4194304
	[[ $(unlimited bounded) != *" Limit "* ]] || fail "Limit is in $(unlimited bounded)"
	[[ $(unlimited bounded) = *" Threshold "* ]] || fail "Threshold is not in $(unlimited bounded)"
	start_monitor "$work/unlimited"
	expect 0 container bounded SetProperties "a{sv}" 1 Unlimited as 1 Limit
	await 20 grep -q 'PropertiesChanged.*"Unlimited":' "$work/unlimited"
	kill $monitor
	[[ $(unlimited bounded) = *" Limit "* ]] || fail "Limit is not in $(unlimited bounded)"
	equal "$(field bounded limit)" infinity limit
	expect 0 manager ListContainers
	says '"Unlimited" as '
	expect 0 container bounded SetProperties "a{sv}" 1 Limit t 4194304
	expect 1 container bounded SetProperties "a{sv}" 2 Limit t 1048576 Unlimited as 1 Limit
	says "Limit is given twice"
	expect 1 container bounded SetProperties "a{sv}" 1 Unlimited as 2 Limit Limit
	says "Limit is given twice"
	expect 1 container bounded SetProperties "a{sv}" 1 Unlimited as 1 OOMGroup
	says "names no setting with a size: OOMGroup"
	expect 1 container bounded SetProperties "a{sv}" 1 Unlimited as 1 Colour
	expect 1 container bounded SetProperties "a{sv}" 1 Unlimited s Limit
	says "must be of the D-Bus type as"
	equal "$(field bounded limit)" 4194304 "limit after bad calls"
	expect 0 manager Apply "a(sa{sv})a{sv}" 1 bounded 1 Unlimited as 1 Limit 0
	equal "$(field bounded limit)" infinity "limit after Apply"
	expect 0 manager RemoveContainer "sa{sv}" bounded 0
	expect 0 manager CreateContainer "sa{sv}" bounded 1 Unlimited as 1 Limit
	equal "$(field bounded limit)" infinity "limit at creation"
	expect 0 manager RemoveContainer "sa{sv}" bounded 0
}

case_processes_are_attached_by_pid() {
	local gone
	bash -c 'exit 0' &
	gone=$!
	wait $gone
	expect 0 manager CreateContainer "sa{sv}" bypid 0
	start_hog anon 1M
	expect 0 container bypid AttachPIDs "aua{sv}" 2 "$hog" $gone 0
	equal "$out" "a(uss) 2 $gone \"vanished\" \"\" $hog \"moved\" \"\"" "report of a process and one that was gone"
	equal "$(rssctl ps bypid --no-legend | awk '{ print $1 }')" "$hog" "process inside"
	expect 0 container bypid AttachPIDs "aua{sv}" 1 "$hog" 1 dry-run b true
	says '"would-move"'
	expect 1 container bypid AttachPIDs "aua{sv}" 1 0 0
	says "Invalid PID 0"
	expect 1 container bypid AttachPIDs "aua{sv}" 1 4294967295 0
	says "Invalid PID 4294967295"
	# shellcheck disable=SC2046
	expect 1 container bypid AttachPIDs "aua{sv}" 1025 $(seq 1025) 0
	says "More than 1024 processes in one call"
	expect 1 setpriv --reuid=65534 --regid=65534 --clear-groups busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" \
		call org.rssd1 /org/rssd1/container/bypid org.rssd1.Container AttachPIDs "aua{sv}" 1 "$hog" 0
	says "only root"
	kill -KILL "$hog"
	await 20 is_empty bypid
	expect 0 manager RemoveContainer "sa{sv}" bypid 0
}

# Each type of integer, at its largest value; python and JavaScript send i where t is wanted.
case_integers_of_any_width() {
	local type value n=0
	expect 0 manager CreateContainer "sa{sv}" wide 0
	for type in y:255 n:32767 q:65535 i:2147483647 u:4294967295 x:9223372036854775807 t:9223372036854775807; do
		value=${type#*:} type=${type%%:*}
		expect 0 container wide SetLimit "ta{sv}" 1073741824 1 timeout "$type" "$((value < 1000000 ? value : 1000000))"
		if [ "$value" -ge 65535 ]; then
			expect 0 container wide SetProperties "a{sv}" 1 Limit "$type" "$value"
			# Stored in whole pages, and as infinity from the largest number of them on.
			expect 0 bus get-property org.rssd1 /org/rssd1/container/wide org.rssd1.Container Limit
			((value == 9223372036854775807)) || says "t $((value / 4096 * 4096))"
		fi
		n=$((n + 1))
	done
	equal $n 7 "types of integers"
	for type in n i x; do
		expect 1 container wide SetProperties "a{sv}" -- 1 Limit "$type" -1
		says "Limit must not be negative: -1"
	done
	expect 1 container wide SetProperties "a{sv}" 1 Limit d 1048576
	says "must be of the D-Bus type t or another integer, not d"
	expect 1 container wide SetProperties "a{sv}" 1 OOMGroup i 1
	says "must be of the D-Bus type b, not i"
	expect 1 container wide SetProperties "a{sv}" 1 Limit at 1 1048576
	says "not at"
	expect 0 manager RemoveContainer "sa{sv}" wide 0
}

case_ten_megabytes_of_properties() {
	expect 0 client flood-properties 10
	says "refused"
	expect 0 rssctl list
}

# The bus limits the matches of a client: rssd needs one for each caller, not one for each container.
case_frequent_callers_cost_one_match() {
	expect 0 client come-and-go 600
	expect 0 rssctl list
}

case_settings_are_announced() {
	bus monitor org.rssd1 >"$work/announced" 2>&1 &
	local monitor=$!
	children+=($monitor)
	await 10 grep -q . "$work/announced"
	await 10 announced
	kill $monitor
}

# The values of a cgroup that was just created are not read, but what reading them would show.
case_a_new_container_is_announced_as_it_is() {
	local strip='with_entries(.value |= .data) | del(.Name, .ControlGroup, .Transient)'
	start_monitor "$work/monitor"
	rssctl create real --limit=8M
	bus --json=short call org.rssd1 /org/rssd1/container/real org.freedesktop.DBus.Properties \
		GetAll s org.rssd1.Container | jq -S ".data[0] | $strip" >"$work/real"
	expect 0 manager CreateContainer "sa{sv}" told 2 Transient b 1 Limit t 8388608
	await 10 grep -q '"member":"InterfacesAdded".*container/told' "$work/monitor"
	kill $monitor
	grep '"member":"InterfacesAdded".*container/told' "$work/monitor" | head -n 1 |
		jq -S ".payload.data[1][\"org.rssd1.Container\"] | $strip" >"$work/told"
	jq -e '.Usage == 0 and .Processes == 0' "$work/told" >/dev/null || fail "it has used something"
	equal "$(cat "$work/told")" "$(cat "$work/real")" "what was announced"
	rssctl remove real
}

# Of an application that has no memory left.
case_each_allocation_of_a_client_fails_once() {
	local pid function missing=() PATH=$PATH
	make_ssh
	PATH=$work/remote:$PATH
	mkdir "$(controller_mount)/$root-existing"
	rssctl create a --limit=64M
	rssctl create b --limit=128M
	launch_hog_in b anon 1M
	await 20 grep -q ready "$hog_out"
	pid=$(rssctl ps b --json=short | jq '.[0].pid')
	expect 0 failing-client "$pid" "/$root-existing"
	says " 0 wrong"
	note "failing-client: $(tail -n 1 <<<"$out")"
	for function in $(grep -oE '\brss_[a-z_]+\(' "$here/../lib/librss/rss.h" | tr -d '(' | sort -u); do
		grep -q "\b$function(" "$here/tools/failing-client.c" || missing+=("$function")
	done
	equal "${missing[*]}" "rss_allow_interaction rss_error_name rss_event_kind_name rss_format_pressure rss_format_size rss_get_fd rss_parse_pressure rss_parse_size rss_set_timeout rss_verdict_name" \
		"functions without a failed allocation, which allocate nothing"
	rssctl remove a placed
	rssctl remove b --force
	rmdir "$(controller_mount)/$root-existing"
}

# The monitor may write late, and may have heard of a container of the case before, whose monitor has
# a file of its own.
announced() {
	local what
	rssctl create signals && rssctl limit signals 8M && rssctl remove signals
	for what in Member=InterfacesAdded Member=PropertiesChanged 'UINT64 8388608' Member=InterfacesRemoved; do
		grep -q "$what" "$work/announced" || return
	done
}

case_object_manager_lists_all() {
	expect 0 rssctl create om --limit=8M
	expect 0 bus call org.rssd1 /org/rssd1 org.freedesktop.DBus.ObjectManager GetManagedObjects
	says container/om
	says ControlGroup
	expect 0 bus get-property org.rssd1 /org/rssd1/container/om org.rssd1.Container Limit
	equal "$out" "t 8388608"
	expect 0 bus get-property org.rssd1 /org/rssd1/container/om org.rssd1.Container LastOOM
	equal "$out" "a{sv} 0"
	# rssd makes this reply itself: it must have the properties and types of sd-bus's GetAll.
	local objects=$work/objects all=$work/all
	bus --json=short call org.rssd1 /org/rssd1 org.freedesktop.DBus.ObjectManager GetManagedObjects |
		jq -S '.data[0]["/org/rssd1/container/om"]["org.rssd1.Container"] | map_values(.type)' >"$objects"
	bus --json=short call org.rssd1 /org/rssd1/container/om org.freedesktop.DBus.Properties GetAll s \
		org.rssd1.Container | jq -S '.data[0] | map_values(.type)' >"$all"
	grep -q '"Limit"' "$all" || fail "GetAll has no properties: $(cat "$all")"
	cmp -s "$objects" "$all" || fail "properties differ: $(diff "$objects" "$all" | head -n 5)"
	expect 0 rssctl remove om
}

# The bound is one of each user; root has none.
case_pending_calls_are_bounded() {
	local user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	# On a slow bus each call may be answered before the next one arrives: then try again.
	refuses_some() { "${user[@]}" client flood-calls 120 DumpMetrics | grep -q 'refused [1-9]'; }
	await 20 refuses_some
	# A reply makes room for the next call.
	expect 0 "${user[@]}" rssctl list
	expect 0 client flood-calls 100 ListContainers
	says "served 100, refused 0"
}

# A reclaim that makes progress ends when it is done, at its timeout, or when its caller has left.
start_reclaim() {
	rssctl create keep --limit=64M
	launch_hog_in keep ebb 32M
	await 20 grep -q ready "$hog_out"
	: >"$rssd_log"
}
limiting() { terminal 80 24 "$@" -- rssctl limit keep 4M --timeout=60s; }

case_ctrl_c_keeps_the_old_limit() {
	start_reclaim
	expect 130 limiting "+going to 4.0M" $'=\x03'
	says "interrupted; the old limit stays in force"
	await 20 rssctl limit keep 60M
	equal "$(field keep limit)" $((60 << 20))
	expect 0 rssctl remove keep --force
}

# A caller that is killed has disconnected as well.
case_a_caller_that_is_gone_keeps_the_old_limit() {
	start_reclaim
	rssctl limit keep 4M --timeout=60s >/dev/null 2>&1 &
	local limiter=$!
	await 20 grep -q 'keep: changing settings, limit 4.0M' "$rssd_log"
	disown $limiter
	kill -KILL $limiter
	await 20 rssctl limit keep 60M
	expect 0 rssctl remove keep --force
}

# In a terminal a bar shows the progress until the timeout ends it.
case_a_deadline_keeps_the_old_limit() {
	local from=$SECONDS
	start_reclaim
	expect 5 terminal 80 24 "+[" "+going to 4.0M" "+going to 4.0M" -- rssctl limit keep 4M --timeout=1s
	says "before the timeout"
	[ $((SECONDS - from)) -lt 20 ] || fail "it took $((SECONDS - from)) seconds"
	equal "$(field keep limit)" $((64 << 20)) "limit after its time"
	equal "$(field keep processes)" 1 "processes"
	expect 0 rssctl remove keep --force
}

# A terminal without escape sequences gets no bar.
case_no_bar_in_a_dumb_terminal() {
	start_reclaim
	TERM=dumb expect 5 terminal 80 24 -- rssctl limit keep 4M --timeout=1s
	[[ $out != *"going to"* && $out != *$'\e'* ]] || fail "said: $out"
	expect 0 rssctl remove keep --force
}

# CAP_DAC_OVERRIDE, KILL, NET_ADMIN, SYS_PTRACE, with the rss controller SYS_ADMIN, and no other: see privileges.c.
case_privileges_are_dropped() {
	local needed=$((1 << 1 | 1 << 5 | 1 << 12 | 1 << 19)) set value
	[ "$(rssctl version --json=short | jq -r .controller)" != rss ] || needed=$((needed | 1 << 21))
	for set in CapPrm CapEff CapBnd; do
		value=$((16#$(sed -n "s/^$set:\t//p" "/proc/$rssd_pid/status")))
		equal $((value & ~needed)) 0 "capabilities of $set that are not needed"
	done
	[ $((value & 1 << 5)) != 0 ] || fail "CAP_KILL is gone"
	equal "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$rssd_pid/status")" 1 NoNewPrivs
}

case_library_example_compiles_and_runs() {
	awk '/^\.Bd/ { on = /literal/; text = ""; next } /^\.Ed/ { if (on && text ~ /int main/ || text ~ /main\(/) { printf "%s", text; exit } on = 0; next } on { text = text $0 "\n" }' \
		"$here/../man/librss.3" | sed -e 's/\\e/\\/g' -e 's/\\&//g' -e 's/\\(aq/'"'"'/g' -e 's/\\-/-/g' >"$work/example.c"
	[ -s "$work/example.c" ] || { fail "no example in librss(3)"; return; }
	[ "$(wc -l <"$work/example.c")" -lt 40 ] || fail "the example has $(wc -l <"$work/example.c") lines"
	expect 0 cc -std=c11 -Wall -Wextra -Werror -I"$here/../lib/librss" -o "$work/example" "$work/example.c" \
		-L"$build" -lrss -Wl,-rpath,"$build"
	start_hog anon 1M
	expect 0 "$work/example" example 8M "$hog"
	says "$hog moved"
	equal "$(field example processes)" 1 "processes of the example"
	equal "$(field example limit)" 8388608 "limit of the example"
	rssctl remove example --force
}

# A daemon or a bus that hangs: far less than the 25 s of D-Bus and the 90 s of a connection.
case_a_client_can_bound_its_time() {
	local pid
	expect 0 timeout 15 client within 10000
	equal "$out" listed
	for pid in "$rssd_pid" "$bus_pid"; do
		expect 0 timeout 15 client within 300 "$pid"
		equal "$out" ETIME "a call while $pid hangs"
		expect 0 timeout 15 client within 300
		equal "$out" ETIME "a connection while $pid hangs"
		kill -CONT "$pid"
		await 10 rssctl list
		expect 0 timeout 15 client set-timeout 300 "$pid"
		equal "$out" ETIME "a call with less time while $pid hangs"
		kill -CONT "$pid"
		await 10 rssctl list
	done
}

case_library_exports_rss_alone() {
	expect 0 sh -c "nm -D --defined-only '$build/librss.so.1' | awk '\$2 == \"T\" { print \$3 }'"
	grep -v '^rss_' <<<"$out" && fail "exports more than rss_*"
	says "rss_open@@LIBRSS_1"
	# The header needs no other header before it.
	expect 0 sh -c "echo '#include \"rss.h\"' | cc -std=c11 -Wall -Werror -I'$here/../lib/librss' -xc -fsyntax-only -"
	expect 0 sh -c "echo '#include \"rss.h\"' | c++ -Wall -Werror -I'$here/../lib/librss' -xc++ -fsyntax-only -"
}

run_cases "$@"
