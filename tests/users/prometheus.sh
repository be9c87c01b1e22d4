#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lib/prometheus with a real Prometheus, set up as rssd-prometheus(8) says: scrape, alerts, dashboard.
# case_smoke is part of `make check-all'.
. "$(dirname "$0")/../lib.sh"
need_controller
files=$here/../lib/prometheus
unpacked=$build/users/prometheus/usr/bin
[ -x "$unpacked/promtool" ] || { printf 'skip - prometheus.sh: make users-packages unpacks Prometheus\n'; exit 0; }
PATH=$unpacked:$PATH
start_bus
start_rssd || exit 1

# The programs of the running case.
programs=()

# The socket of rssd-metrics.socket, $socket_port.
start_socket() {
	start_metrics_socket
	programs+=("${children[-1]}")
}

# config: prints the configuration of the manual page, with the port and the files of this test.
config() {
	printf 'global: {evaluation_interval: 1s}\n'
	awk '/^\.Ed/ { inside = 0 } inside; /^\.Bd -literal/ { getline; inside = /^scrape_configs:/; if (inside) print }' \
		"$here/../man/rssd-prometheus.8" |
		sed -e "s|localhost:9789|127.0.0.1:$socket_port|" -e "s|scrape_interval: .*|scrape_interval: 1s|" -e "s|/usr/share/rssd/prometheus|$files|"
}

# Sets $prometheus_port.
start_prometheus() {
	prometheus_port=$(free_port)
	config >"$work/prometheus.yml"
	expect 0 promtool check config "$work/prometheus.yml"
	prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb.$prometheus_port" \
		--web.listen-address="127.0.0.1:$prometheus_port" >"$work/prometheus.log" 2>&1 &
	children+=($!) programs+=($!)
}

end_programs() {
	kill "${programs[@]}"
	wait "${programs[@]}" 2>/dev/null
	programs=()
}

# ask PATH [KEY VALUE]: what the API of Prometheus answers.
ask() {
	/usr/bin/python3 - "$prometheus_port" "$@" <<-'EOF2'
		import sys, urllib.parse, urllib.request
		port, path, query = sys.argv[1], sys.argv[2], dict(zip(sys.argv[3::2], sys.argv[4::2]))
		url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
		print(urllib.request.urlopen(url, timeout=10).read().decode())
	EOF2
}

# query EXPRESSION: the values of an instant query.
query() { ask query query "$1" | jq -r '.data.result[].value[1]'; }
has_value() { [ "$(query "$1")" = "$2" ]; }
has_any() { [ -n "$(query "$1")" ]; }
fires() { ask alerts | jq -e --arg n "$1" --arg c "$2" '.data.alerts[] | select(.labels.alertname == $n and .labels.container == $c and .state == "firing")' >/dev/null; }

# The names that metrics have in Prometheus.
metric_names() { rssctl metrics | sed -nE 's/^# TYPE ([a-z_]+) counter$/\1_total/p; s/^# TYPE ([a-z_]+) gauge$/\1/p; s/^# TYPE ([a-z_]+) info$/\1_info/p' | sort; }

# used_metrics FILE: the metrics that a file uses.
used_metrics() { grep -oE '\b(rssd|process)_[a-z_]+' "$1" | sort -u; }

dashboard_expressions() {
	jq -r '(.panels[].targets[].expr), (.annotations.list[].expr)' "$files/dashboard.json"
}

# --- parts ------------------------------------------------------------------------

# promtool reads the older text format: counters there have _total in the name of the family.
check_metrics() {
	rssctl metrics | awk '
		$1 == "#" && $2 == "TYPE" { type[$3] = $4 }
		$1 == "#" && ($2 == "UNIT" || $2 == "EOF") { next }
		$1 == "#" { $3 = $3 (type[$3] == "counter" ? "_total" : type[$3] == "info" ? "_info" : ""); sub(/ info$/, " gauge") }
		{ print }' >"$work/metrics"
	expect 0 promtool check metrics <"$work/metrics"
	promtool check metrics <"$work/metrics" >"$work/lint" 2>&1 || fail "promtool check metrics: $(cat "$work/lint")"
	equal "$(cat "$work/lint")" "" "what promtool says of the metrics"
}

check_alerts() {
	expect 0 promtool check rules "$files/alerts.yml"
	expect 0 promtool test rules "$files/alerts.test.yml"
	# Each alert has a test in which it fires.
	sed -n 's/^ *- alert: //p' "$files/alerts.yml" | sort >"$work/alerts"
	awk '$1 == "alertname:" { name = $2 } /exp_alerts:$/ { print name }' "$files/alerts.test.yml" | sort -u >"$work/tested"
	equal "$(diff "$work/alerts" "$work/tested")" "" "difference of the alerts and those that fire in a test"
	# The manual page explains each.
	while read -r name; do
		grep -q "^\.It $name\$" "$here/../man/rssd-prometheus.8" || fail "rssd-prometheus(8) does not explain $name"
	done <"$work/alerts"
}

check_names() {
	local file
	metric_names >"$work/names"
	echo up >>"$work/names"
	[ "$(wc -l <"$work/names")" -gt 30 ] || fail "few metrics: $(cat "$work/names")"
	for file in alerts.yml dashboard.json; do
		equal "$(used_metrics "$files/$file" | grep -vxFf "$work/names")" "" "metrics in $file that rssd does not have"
		[ "$(used_metrics "$files/$file" | wc -l)" -ge 8 ] || fail "$file uses few metrics"
	done
}

# A container with another one nested in it counts once, and names on two machines are told apart.
check_panels() {
	local expression
	equal "$(jq -r '.panels[] | select(any(.targets[]; .legendFormat | contains("{{container}}") and (contains("{{instance}}") | not))) | .title' \
		"$files/dashboard.json")" "" "panels with containers of no machine"
	rssctl create web/inner
	launch_hog_in web/inner anon 8M
	await 20 grep -q ready "$hog_out"
	await 10 has_any 'rssd_container_anonymous_bytes{container="web"} > 8e6'
	await 10 has_any 'rssd_container_anonymous_bytes{container="web/inner"} > 8e6'
	expression=$(jq -r '.panels[].targets[] | select(.legendFormat == "anonymous") | .expr' "$files/dashboard.json" |
		sed -e 's/\$instance/.*/g; s/\$container/.*/g')
	await 5 has_any "($expression) == on () rssd_container_anonymous_bytes{container=\"web\"}"
	# Alone it counts.
	has_any "(${expression//container=~\".\*\"/container=\"web/inner\"}) > 8e6" || fail "a nested container alone has no value"
	rssctl remove --force web/inner
}

check_dashboard() {
	local expression answered=0 all=0
	expect 0 jq -e '(.title | length > 0) and (.uid | length > 0) and (.panels | length > 10)
		and ([.panels[].id] | length == (unique | length))
		and all(.panels[]; .title and .type and .gridPos and (.targets | length > 0))' "$files/dashboard.json"
	while IFS= read -r expression; do
		all=$((all + 1))
		# shellcheck disable=SC2016
		expression=$(sed -e 's/\$__rate_interval/1m/g; s/\$__range/1h/g; s/\$instance/.*/g; s/\$container/.*/g' <<<"$expression")
		ask query query "$expression" >"$work/answer" 2>&1 || { fail "Prometheus refuses $expression"; continue; }
		equal "$(jq -r .status "$work/answer")" success "$expression"
		[ "$(jq '.data.result | length' "$work/answer")" = 0 ] || answered=$((answered + 1))
	done < <(dashboard_expressions)
	note "$answered of $all expressions of the dashboard have a value here"
	[ $answered -ge 15 ] || fail "only $answered of $all expressions of the dashboard have a value"
}

# --- cases --------------------------------------------------------------------------

case_smoke() {
	rssctl create web --limit=64M
	start_socket
	start_prometheus
	check_metrics
	check_alerts
	check_names
	await 20 has_value 'up{job="rssd"}' 1
	await 10 has_value 'rssd_container_limit_bytes{job="rssd", container="web"}' $((64 << 20))
	equal "$(ask rules | jq '[.data.groups[].rules[].health] | unique | length')" 1 "kinds of health of the rules"
	await 10 has_any 'rate(process_cpu_seconds_total{job="rssd"}[1m])'
	check_dashboard
	check_panels
	rssctl remove web
	end_programs
}

# A real OOM fires the alert, and a stopped rssd makes the scrape fail and come back.
case_an_oom_fires_its_alert() {
	start_socket
	start_prometheus
	rssctl create small --limit=16M
	rssctl run small -- "$hog_program" anon 64M >/dev/null 2>&1
	await 30 fires RssdContainerOOM small
	has_any 'rssd_container_last_oom_timestamp_seconds{container="small"} > time() - 120' || fail "no time of the OOM"
	# One that is removed at once has an alert as well.
	query 'rssd_ooms_total' >"$work/ooms"
	rssctl run --limit=16M -- "$hog_program" anon 64M >/dev/null 2>&1
	await 10 nothing_of_run
	await 20 has_value rssd_ooms_total $(($(cat "$work/ooms") + 1))
	await 20 has_any 'ALERTS{alertname="RssdOOM", alertstate="firing"}'
	stop_rssd
	await 20 has_value 'up{job="rssd"}' 0
	start_rssd
	await 20 has_value 'up{job="rssd"}' 1
	# rssd has stored when the OOM was, so the alert comes back with it.
	await 10 fires RssdContainerOOM small
	rssctl remove small
	end_programs
}

nothing_of_run() { [ "$(rssctl list --no-legend | wc -l)" = 1 ]; }

# Names that need escapes arrive as they are, and a thousand containers in one scrape.
case_a_thousand_containers_are_scraped() {
	start_socket
	start_prometheus
	expect 0 bench-daemon fill 1000
	rssctl create 'od@d:na-me.x'
	await 30 has_value 'count(rssd_container_processes)' 1001
	await 10 has_value 'rssd_container_processes{container="od@d:na-me.x"}' 0
	has_any 'scrape_duration_seconds{job="rssd"} < 1' || note "a scrape took $(query 'scrape_duration_seconds{job="rssd"}') s"
	rssctl remove 'od@d:na-me.x'
	expect 0 bench-daemon empty 1000
	end_programs
}

run_cases "$@"
