#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Metrics: valid for another project's parser, equal to the counters, served over HTTP.
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1

# value FAMILY CONTAINER: a value that the last expect printed.
value() { sed -n "s|^$1{container=\"$2\"} ||p" <<<"$out"; }

case_metrics_are_those_of_show() {
	local key
	rssctl create web --limit=64M
	rssctl create web/inner
	launch_hog_in web anon 8M
	await 20 grep -q ready "$hog_out"
	expect 0 rssctl metrics
	equal "$(value rssd_container_limit_bytes web)" $((64 << 20)) limit
	equal "$(value rssd_container_limit_bytes web/inner)" "" "limit of who has none"
	equal "$(value rssd_container_processes web)" 1 processes
	[ "$(value rssd_container_usage_bytes web)" -ge $((8 << 20)) ] || fail "usage: $(value rssd_container_usage_bytes web)"
	equal "$(value rssd_container_peak_bytes web)" "$(field web peak)" peak
	for key in failures oom_kills; do
		equal "$(value rssd_container_${key}_total web)" "$(field web $key)" "$key"
	done
	# A counter that the controller does not have is left out.
	equal "$(value rssd_container_scanned_pages_total web)" "$(field web scanned | sed s/null//)" scanned
	grep -q '^rssd_containers 2$' <<<"$out" || fail "containers: $(grep rssd_containers <<<"$out")"
	# The number of the next event, which GetEvents returns first.
	equal "$(sed -n 's/^rssd_next_event_total //p' <<<"$out")" \
		"$(busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.rssd1 /org/rssd1 org.rssd1.Manager \
			GetEvents tt 0 0 | awk '{ print $2 }')" "number of the next event"
	equal "$(tail -n 1 <<<"$out")" "# EOF" "last line"
	expect 2 rssctl metrics --json
	says "rssctl list --json"
	rssctl remove --force web
}

# At the start there is no OOM: tests/host/limits.sh has one.
case_state_and_rssd_itself_have_metrics() {
	local rss start
	rssctl create cold --limit=64M
	expect 0 rssctl metrics
	equal "$(value rssd_container_last_oom_timestamp_seconds cold)" "" "time of an OOM that never was"
	equal "$(value rssd_container_refaults_total cold)" "$(field cold refaults | sed s/null//)" refaults
	# Without a freezer there is no value.
	if rssctl freeze cold 2>/dev/null; then
		expect 0 rssctl metrics
		equal "$(value rssd_container_frozen cold)" 1 "frozen after freeze"
		rssctl thaw cold
		expect 0 rssctl metrics
		equal "$(value rssd_container_frozen cold)" 0 "frozen after thaw"
	else
		equal "$(value rssd_container_frozen cold)" "" "frozen without a freezer"
	fi
	rss=$(sed -n 's/^process_resident_memory_bytes //p' <<<"$out")
	[ "${rss:-0}" -ge $((1 << 20)) ] || fail "resident memory of rssd: $rss"
	start=$(sed -n 's/^process_start_time_seconds \(.*\)\..*/\1/p' <<<"$out")
	[ $((EPOCHSECONDS - start)) -le 600 ] && [ "$start" -le "$EPOCHSECONDS" ] || fail "rssd was started at $start"
	[ "$(sed -n 's/^process_open_fds //p' <<<"$out")" -ge 8 ] || fail "$(grep _fds <<<"$out")"
	equal "$(sed -n 's/^process_max_fds //p' <<<"$out")" "$(awk '/Max open files/ { print $4 }' "/proc/$rssd_pid/limits")" "most descriptors"
	grep -q '^process_cpu_seconds_total [0-9]*\.[0-9]*$' <<<"$out" || fail "$(grep cpu <<<"$out")"
	equal "$(sed -n 's/^rssd_events_lost_total //p' <<<"$out")" 0 "lost events"
	rssctl remove cold
}

# The writer of a file in tmpfs ends, and the file stays charged as shared memory.
case_usage_is_split_into_its_parts() {
	local part property shown metric
	[ "$(stat -f -c %T /dev/shm)" = tmpfs ] || {
		skip "/dev/shm is no tmpfs"
		return
	}
	rssctl create split --limit=64M
	expect 0 rssctl run split -- bash -c "head -c 8M /dev/zero >/dev/shm/rssd-split.$$"
	if [ "$(field split shmem)" != null ] && [ "$(awk '/SwapTotal/ { print $2 }' /proc/meminfo)" = 0 ]; then
		expect 5 rssctl limit split 1M
		says "no process is left that can be killed, and 8.0M of it is tmpfs"
		expect 5 rssctl limit split 1M --timeout=200ms
		says "; use a longer timeout"
		[[ $err != *"mode force"* ]] || fail "there is no process to kill: $err"
	fi
	launch_hog_in split anon 4M
	await 20 grep -q ready "$hog_out"
	[ "$(field split anonymous)" -ge $((4 << 20)) ] || fail "anonymous: $(field split anonymous)"
	# The controller rss does not report it.
	if [ "$(field split shmem)" != null ]; then
		[ "$(field split shmem)" -ge $((8 << 20)) ] || fail "shmem: $(field split shmem)"
		[ "$(field split file)" -ge "$(field split shmem)" ] || fail "file is less than shmem"
		expect 0 rssctl limit split 32M --dry-run
		says "Shmem: 8"
	fi
	expect 0 rssctl show split
	says Shmem:
	rssctl show split --json=short | jq '.[0]' >"$work/split"
	rssctl metrics >"$work/split.metrics"
	for part in anonymous file shmem kernel mapped locked swap; do
		shown=$(jq -r ".$part" "$work/split")
		metric=$(sed -n "s|^rssd_container_${part}_bytes{container=\"split\"} ||p" "$work/split.metrics")
		property=$(busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" get-property org.rssd1 \
			/org/rssd1/container/split org.rssd1.Container "${part^}" | awk '{ print $2 }')
		if [ "$shown" = null ]; then
			equal "$metric" "" "metric of $part, which the controller does not have"
			equal "$property" 18446744073709551615 "property of $part"
			continue
		fi
		# The processes are idle: only counts in per-CPU batches may still change.
		for shown in $((shown - metric)) $((shown - property)); do
			[ "${shown#-}" -le $((1 << 20)) ] || fail "$part: show, metrics and property differ by $shown"
		done
	done
	rm -f /dev/shm/rssd-split.$$
	rssctl remove --force split
}

case_metrics_are_valid_for_a_parser() {
	# The system's python: others in PATH do not have Debian's packages.
	/usr/bin/python3 -c 'import prometheus_client.openmetrics.parser' 2>/dev/null || {
		skip "python3-prometheus-client is not installed"
		return
	}
	local i
	for i in {1..20}; do rssctl create "m$i" --limit=$((i * 4))M; done
	rssctl metrics >"$work/metrics"
	expect 0 parse_metrics
	equal "$(jq -r .rssd_container_limit_bytes <<<"$out")" 20 "limits that the parser sees"
	equal "$(jq -r .rssd_container_usage_bytes <<<"$out")" 20 "usages that the parser sees"
	equal "$(jq -r .rssd <<<"$out")" 1 "info"
	for i in {1..20}; do rssctl remove "m$i"; done
}
parse_metrics() {
	/usr/bin/python3 -c '
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
print(json.dumps({f.name: len(f.samples) for f in parse(open(sys.argv[1]).read())}))
' "$work/metrics"
}

# Calls that arrive during a dump are served after it.
case_many_ask_at_once() {
	local i asking=() status=0
	expect 0 bench-daemon fill 300
	for i in {1..40}; do
		timeout 30 rssctl metrics >"$work/many.$i" 2>&1 &
		asking+=($!)
	done
	for i in "${asking[@]}"; do wait "$i" || status=$?; done
	equal "$status" 0 "status of one of those who asked at once"
	equal "$(grep -lx 'rssd_containers 300' "$work"/many.* | wc -l)" 40 "complete answers"
	expect 0 bench-daemon empty 300
}

# ask REQUEST: prints the response, as over a socket of systemd.
ask() { printf '%b' "$1" | timeout 20 rssctl metrics --http; }

case_http() {
	local length
	rssctl create web
	expect 0 ask 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n'
	says "HTTP/1.1 200 OK"
	says "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"
	says 'rssd_container_processes{container="web"} 0'
	length=$(sed -n 's/^Content-Length: \([0-9]*\).*/\1/p' <<<"$out")
	equal "$(sed '1,/^\r$/d' <"$work/out" | wc -c)" "$length" "length of the body"
	expect 0 ask 'HEAD /metrics HTTP/1.1\r\n\r\n'
	says "Content-Length: "
	equal "$(sed '1,/^\r$/d' <"$work/out")" "" "body for HEAD"
	expect 0 ask 'HEAD / HTTP/1.1\r\n\r\n'
	says "HTTP/1.1 404 Not Found"
	equal "$(sed '1,/^\r$/d' <"$work/out")" "" "body of a refusal for HEAD"
	expect 0 ask 'GET / HTTP/1.1\r\n\r\n'
	says "HTTP/1.1 404 Not Found"
	says "the metrics are at /metrics"
	expect 0 ask 'POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc'
	says "HTTP/1.1 405"
	expect 0 ask 'rubbish\r\n\r\n'
	says "HTTP/1.1 400"
	expect 0 ask "$(head -c 9000 /dev/zero | tr '\0' a)"
	says "HTTP/1.1 431"
	# A client that sends nothing, or closes the connection early, is no error.
	expect 0 ask ''
	equal "$out" "" "answer to nothing"
	expect 0 ask 'GET /metr'
	equal "$out" "" "answer to half a request"
	expect 6 env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere bash -c \
		"printf 'GET /metrics HTTP/1.1\r\n\r\n' | rssctl metrics --http"
	says "HTTP/1.1 503 Service Unavailable"
	says "rssd cannot be reached"
	rssctl remove web
}

# A scrape of Prometheus ends after 10 seconds.
case_a_daemon_that_hangs_is_reported_in_time() {
	local start=$SECONDS
	kill -STOP "$rssd_pid"
	expect 6 ask 'GET /metrics HTTP/1.1\r\n\r\n'
	kill -CONT "$rssd_pid"
	says "HTTP/1.1 503 Service Unavailable"
	grep -q "rssd is running and does not answer" <<<"$out" || fail "the response: $out"
	[ $((SECONDS - start)) -lt 10 ] || fail "it took $((SECONDS - start)) s"
	await 10 rssctl list
}

# Clients that send no request or read no response are dropped after a timeout.
case_idle_clients_are_dropped() {
	local silent full start=$SECONDS
	mkfifo "$work/silent" "$work/full"
	exec 8<>"$work/silent" 9<>"$work/full"
	# Until the socket is full.
	dd if=/dev/zero of="$work/full" bs=4k oflag=nonblock 2>/dev/null
	timeout 30 rssctl metrics --http <&8 >"$work/silent.out" 2>&1 &
	silent=$!
	printf 'GET /metrics HTTP/1.1\r\n\r\n' | timeout 30 rssctl metrics --http >&9 2>"$work/full.err" &
	full=$!
	wait $silent || fail "a silent client ends with $?"
	grep -q '^HTTP/1.1 408 Request Timeout' "$work/silent.out" || fail "said: $(cat "$work/silent.out")"
	wait $full
	equal $? 1 "status if the response is not read"
	grep -q 'could not be written' "$work/full.err" || fail "said: $(cat "$work/full.err")"
	[ $((SECONDS - start)) -ge 9 ] || fail "they were left after $((SECONDS - start)) s"
	exec 8>&- 9>&-
}

# abuse WHAT: a server like rssd-metrics.socket, and clients that misbehave.
abuse() {
	/usr/bin/python3 - "$1" <<-'EOF'
		import os, socket, subprocess, sys, time
		listener = socket.create_server(("127.0.0.1", 0))
		GET = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
		def connect(size=None):
		    client = socket.socket()
		    if size:
		        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
		    client.connect(listener.getsockname())
		    client.settimeout(60)
		    server = listener.accept()[0]
		    if size:
		        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)
		    child = subprocess.Popen(["rssctl", "metrics", "--http"], stdin=server, stdout=server,
		                             stderr=subprocess.DEVNULL)
		    server.close()
		    return client, child
		def read_all(client):
		    text = b""
		    while part := client.recv(65536):
		        text += part
		    return text
		def check(answer, status, whole=True):
		    head, _, body = answer.partition(b"\r\n\r\n")
		    assert head.startswith(b"HTTP/1.1 " + status), answer[:200]
		    if whole and status == b"200":
		        assert body.endswith(b"# EOF\n") and answer.count(b"HTTP/1.1 ") == 1, answer[-200:]
		what, start = sys.argv[1], time.monotonic()
		if what == "pipelined":
		    for _ in range(20):
		        client, child = connect()
		        client.sendall(GET * 200)
		        check(read_all(client), b"200")
		elif what == "huge":
		    for _ in range(20):
		        client, child = connect()
		        client.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 300000)
		        check(read_all(client), b"431")
		elif what == "slow":
		    client, child = connect()
		    for byte in range(0, len(GET)):
		        client.sendall(GET[byte:byte + 1])
		        time.sleep(0.01)
		    check(read_all(client), b"200")
		elif what == "never":
		    client, child = connect(4096)
		    client.sendall(GET)
		    assert child.wait(timeout=30) == 1
		elif what == "trickle":
		    client, child = connect(4096)
		    client.sendall(GET)
		    while child.poll() is None:
		        client.recv(2048)
		        time.sleep(0.5)
		        assert time.monotonic() - start < 50
		    assert child.returncode == 1
		elif what == "many":
		    clients = [connect() for _ in range(100)]
		    for client, child in clients[::2]:
		        client.sendall(GET[:20])
		    client, child = connect()
		    client.sendall(GET)
		    check(read_all(client), b"200")
		    for client, child in clients:
		        client.close()
		    for client, child in clients:
		        child.wait(timeout=30)
	EOF
}

case_clients_of_the_socket_that_misbehave() {
	expect 0 bench-daemon fill 300
	expect 0 abuse pipelined
	expect 0 abuse huge
	expect 0 abuse slow
	expect 0 abuse many
	expect 0 abuse never
	expect 0 rssctl list --no-legend
	expect 0 bench-daemon empty 300
}

# scrape_among_idle PORT: scrapes while other connections are idle or read nothing.
scrape_among_idle() {
	timeout 100 /usr/bin/python3 - "$1" <<-'EOF'
		import socket, sys, time
		port = int(sys.argv[1])
		GET = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
		def connect():
		    for _ in range(100):
		        try:
		            return socket.create_connection(("127.0.0.1", port), timeout=20)
		        except ConnectionRefusedError:
		            time.sleep(0.05)
		def scrape():
		    client = connect()
		    client.sendall(GET)
		    text = b""
		    while part := client.recv(65536):
		        text += part
		    assert text.startswith(b"HTTP/1.1 200") and text.endswith(b"# EOF\n"), text[:200]
		scrape()
		idle = [connect() for _ in range(40)]
		for i in range(30):
		    start = time.monotonic()
		    # Sometimes they end and connect again.
		    for j in range(40 if i % 5 == 1 else 0):
		        idle.append(connect())
		        if j % 3 == 1:
		            idle[-1].sendall(GET[:20])
		        idle.pop(0).close()
		    scrape()
		    assert time.monotonic() - start < 5, time.monotonic() - start
		# 64 that do not read, with a request each.
		unread = [connect() for _ in range(64)]
		for client in unread:
		    client.sendall(GET)
		scrape()
		# A connection that stays idle is answered after 10 seconds.
		last = connect()
		start = time.monotonic()
		text = last.recv(100)
		assert text.startswith(b"HTTP/1.1 408"), text
		assert 8 < time.monotonic() - start < 15
	EOF
}

# Connections that send nothing, or a part of a request, take no place from one that sends its request.
case_idle_connections_keep_no_scraper_away() {
	expect 2 rssctl metrics --serve
	says "needs 1 to 16 sockets of systemd"
	start_metrics_socket
	expect 0 scrape_among_idle "$socket_port"
	kill "${children[-1]}"
}

# Answers that nobody reads take no processor time meanwhile, and their place goes to one that is waited for.
serve_unread() {
	timeout 100 /usr/bin/python3 - <<-'EOF'
		import os, socket, subprocess, time
		listener = socket.create_server(("127.0.0.1", 0), backlog=64)
		listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
		GET = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
		server = subprocess.Popen(["sh", "-c", "export LISTEN_PID=$$ LISTEN_FDS=1; exec rssctl metrics --serve"],
		                          preexec_fn=lambda: os.dup2(os.dup(listener.fileno()), 3), close_fds=False)
		def connect(size=None):
		    client = socket.socket()
		    if size:
		        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
		    client.settimeout(20)
		    client.connect(listener.getsockname())
		    client.sendall(GET)
		    return client
		def used():
		    fields = open(f"/proc/{server.pid}/stat").read().rsplit(")", 1)[1].split()
		    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
		def answers():
		    return len(open(f"/proc/{server.pid}/task/{server.pid}/children").read().split())
		try:
		    unread = [connect(4096) for _ in range(16)]
		    deadline = time.monotonic() + 20
		    while answers() < 16:
		        assert time.monotonic() < deadline, answers()
		        time.sleep(0.05)
		    # What is measured is the time after the second that an answer may take.
		    time.sleep(1.5)
		    before = used()
		    time.sleep(2)
		    assert answers() == 16, answers()
		    assert used() - before < 0.1, used() - before
		    client, text = connect(), b""
		    while part := client.recv(65536):
		        text += part
		    assert text.startswith(b"HTTP/1.1 200") and text.endswith(b"# EOF\n"), text[:200]
		finally:
		    server.kill()
	EOF
}

case_unread_answers_cost_nothing() {
	expect 0 bench-daemon fill 300
	expect 0 serve_unread
	expect 0 bench-daemon empty 300
}

case_a_client_that_reads_slowly_is_dropped() {
	local start=$SECONDS
	expect 0 bench-daemon fill 300
	expect 0 abuse trickle
	[ $((SECONDS - start)) -ge 29 ] || fail "it was dropped after $((SECONDS - start)) s"
	expect 0 bench-daemon empty 300
}

# A pager that waits is no client that misbehaves.
case_a_reader_may_wait() {
	expect 0 bench-daemon fill 300
	# shellcheck disable=SC2016
	expect 0 timeout 60 bash -o pipefail -c 'rssctl metrics | { sleep 11; cat >"$1"; }' - "$work/paged"
	equal "$(tail -n 1 "$work/paged")" "# EOF" "last line"
	expect 0 bench-daemon empty 300
}

# Any user can read names and counters: the scraper is user nobody.
case_nobody_may_scrape() {
	expect 0 setpriv --reuid=65534 --regid=65534 --clear-groups rssctl metrics
	says "# EOF"
}

# With the sandbox of rssd-metrics.service: no network, little of /proc, no capability.
case_scraped_in_a_sandbox() {
	"${own_mounts[@]}" --net true 2>/dev/null || { skip "no namespaces can be made here"; return; }
	rssctl create boxed
	# shellcheck disable=SC2016
	expect 0 "${own_mounts[@]}" --net bash -c 'mount -t proc -o subset=pid,hidepid=invisible proc /proc &&
		printf "GET /metrics HTTP/1.1\r\n\r\n" | setpriv --reuid=65534 --regid=65534 --clear-groups \
			--no-new-privs --bounding-set=-all --inh-caps=-all rssctl metrics --http'
	says "HTTP/1.1 200 OK"
	says 'rssd_container_processes{container="boxed"} 0'
	rssctl remove boxed
}

# systemd accepts the units, and sysusers.d creates the user that they name.
case_units_are_sound() {
	local directory=$here/../systemd
	command -v systemd-analyze >/dev/null || { skip "systemd is not installed"; return; }
	mkdir -p "$work/units"
	sed "s|/usr/bin/rssctl|$build/rssctl|" "$directory/rssd-metrics.service" >"$work/units/rssd-metrics.service"
	cp "$directory/rssd-metrics.socket" "$work/units/"
	expect 0 systemd-analyze verify --man=no "$work/units/rssd-metrics.socket" "$work/units/rssd-metrics.service"
	equal "$err" "" "what systemd says of the units"
	grep -q "^u $(sed -n 's/^User=//p' "$directory/rssd-metrics.service") " "$directory/rssd-metrics.sysusers" ||
		fail "no sysusers.d file creates the user of the service"
	# Any client that can connect can read, so the default is this machine only.
	equal "$(grep ^Listen "$directory/rssd-metrics.socket")" ListenStream=127.0.0.1:9789 "who can connect"
	[ "$(systemd-analyze security --offline=true "$work/units/rssd-metrics.service" | sed -n 's/.*: \([0-9]*\)\..*SAFE.*/\1/p')" = 0 ] ||
		fail "$(systemd-analyze security --offline=true "$work/units/rssd-metrics.service" | tail -n 1)"
}

case_nobody_can_change_the_text() {
	expect 0 client change-metrics
	says "cannot be changed"
}

run_cases "$@"
