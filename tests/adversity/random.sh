#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Random operations by several clients against a model: see random_model.py. SEED= repeats the
# operations of a run, SECONDS_EACH= makes it longer.
. "$(dirname "$0")/../lib.sh"
need_controller
[ -n "$(memory_mount)" ] || { printf 'skip - random.sh: the model reads cgroups v1\n'; exit 0; }
start_bus
write_config LogLevel=debug

case_model_holds() {
	local seed=${SEED:-$$$(date +%N)} status=0
	note "SEED=$seed to repeat"
	python3 -B "$here/adversity/random_model.py" --seed="$seed" --seconds="${SECONDS_EACH:-60}" \
		--rssd="$build/rssd" --config="$work/rssd.conf" --directory="$work" \
		--cgroups="$(memory_mount)" --root="$root" || status=$?
	[ $status = 0 ] && return
	cp "$rssd_log" "$build/random.log"
	fail "the state differs from the model; rssd's log: $build/random.log"
}

run_cases "$@"
