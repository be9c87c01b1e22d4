#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each system call of rssd fails once: see faults.py. POINTS=0 tries all points, SEED= chooses others,
# PART=2/4 tries the second quarter of them, POINT= one.
. "$(dirname "$0")/../lib.sh"
need_controller
[ -n "$(memory_mount)" ] || { printf 'skip - faults.sh: the model reads cgroups v1\n'; exit 0; }
start_bus
write_config

case_each_call_fails_once() {
	local seed=${SEED:-$$} status=0
	note "SEED=$seed to repeat"
	python3 -B "$here/adversity/faults.py" --seed="$seed" --sample="${POINTS:-200}" --part="${PART:-1/1}" \
		${POINT:+"--point=$POINT"} --rssd="$build/rssd" --config="$work/rssd.conf" --directory="$work" \
		--cgroups="$(memory_mount)" --root="$root" --preload="$build/tests/preload/faults.so" || status=$?
	[ $status = 0 ] && return
	cp "$rssd_log" "$build/faults.$$.log"
	fail "some points failed; rssd's log: $build/faults.$$.log"
}

run_cases "$@"
