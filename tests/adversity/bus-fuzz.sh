#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Random arguments for every method, as root and as a user that polkit allows everything. rssd runs
# under ASan and UBSan if it was built so: `make BUILD=build/asan SANITIZE=asan build/asan/rssd`.
# SECONDS_EACH= makes it longer, SEED= repeats the arguments.
[ ! -x "${BUILD:-build}/asan/rssd" ] || SANITIZER=${SANITIZER:-asan}
. "$(dirname "$0")/../lib.sh"
need_controller
start_bus
start_rssd || exit 1
seed=${SEED:-$$}
note "SEED=$seed to repeat"

echo yes >"$work/mood"
polkit "$work/mood" >/dev/null &
children+=($!)
await 10 busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" status org.freedesktop.PolicyKit1

# fuzz_as COMMAND...: rssd is the same process afterwards, and answers.
fuzz_as() {
	# The calls of the case before may have removed it.
	rssctl show a >/dev/null 2>&1 || expect 0 rssctl create a --limit=64M
	expect 0 "$@" "$build/tests/tools/bus-fuzz" "${SECONDS_EACH:-5}" "$seed"
	note "$out"
	kill -0 "$rssd_pid" 2>/dev/null || fail "rssd has ended"
	expect 0 rssctl list
	[[ $out != *" 0 calls"* ]] || fail "nothing was called"
}

case_random_calls_of_root() { fuzz_as env; }
case_random_calls_of_a_user() { fuzz_as setpriv --reuid=65534 --regid=65534 --clear-groups; }

run_cases "$@"
