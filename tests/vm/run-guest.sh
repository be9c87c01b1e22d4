# SPDX-License-Identifier: GPL-2.0
# Sourced by the scripts that start virtual machines.
#
# watched SECONDS FILE COMMAND...: runs it and ends it once FILE, where its verdicts
# come in, has not grown for that long: status 124. A slow host makes a machine slow, not
# wrong; one that hangs says nothing.
# shellcheck shell=bash
watched()
{
	local silence=$1 file=$2 command status=0
	shift 2
	"$@" &
	command=$!
	# shellcheck disable=SC2064
	trap "kill -KILL $command 2>/dev/null" EXIT
	(
		size=-1 since=$SECONDS
		while sleep 2 && kill -0 $command; do
			now=$(stat -c %s "$file" 2>/dev/null)
			# tests/run shows the last verdict of each machine
			[ -z "${PROGRESS:-}" ] || echo "$name: $(tail -n 1 "$file" | tr -d '\r')" >"${PROGRESS%.*}.$name.progress"
			[ "$now" = "$size" ] || size=$now since=$SECONDS
			[ $((SECONDS - since)) -lt "$silence" ] || kill -KILL $command
		done
	) >/dev/null 2>&1 &
	wait $command || status=$?
	kill $! 2>/dev/null
	trap - EXIT
	[ $status != 137 ] || status=124
	return $status
}

# tripped CONSOLE FILE: did the machine die of a breakpoint that is none, before PID 1 had begun?
# The kernel patches its code over a breakpoint, and waits for all processors before it takes
# that back; one that qemu emulates may all the same run into it a moment later, whichever kernel
# it is. Such a machine has tested nothing. What a kernel does wrong it does each time, and what
# comes after the beginning is never that.
tripped()
{
	grep -qsa 'Oops: int3' "$1" && ! grep -qa '^begin' "$2"
}

# machine NAME DIR SECONDS COMMAND...: a virtual machine, watched; its console is DIR/console, its
# verdicts come in DIR/verdict.raw. One that has tripped is started again, three times in all.
machine()
{
	local name=$1 dir=$2 silence=$3 tried status
	shift 3
	for tried in 1 2 3; do
		status=0
		watched "$silence" "$dir/verdict.raw" "$@" </dev/null >"$dir/qemu.log" 2>&1 || status=$?
		tripped "$dir/console" "$dir/verdict.raw" || break
		echo "$name: the emulator tripped over a breakpoint as the kernel began, start $tried of 3"
	done
	return $status
}
