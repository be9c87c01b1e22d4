#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh -k BZIMAGE [-i INITRD] -d DISK -n NAME [-t SECONDS] [-a KERNEL-ARGUMENTS] SCRIPT[:CASE,CASE]...
#
# Boots Debian from a disk, without changing it; the unit rssd-tests runs the scripts of
# tests/system, with all cases or some. The verdicts come over the second serial port. A machine
# without output for SECONDS is ended. A warning in the kernel's log is a failure as well.
# Arguments for the cases are on the kernel's command line: rssd.hierarchy=v2.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/vm/run-guest.sh
. "$top/tests/vm/run-guest.sh"
# shellcheck source=tests/vm/qemu-options.sh
. "$top/tests/vm/qemu-options.sh"
limit=600 args='' name=system initrd=()

while getopts k:i:d:n:t:a: o; do
	case $o in
	k) kernel=$OPTARG ;;
	i) initrd=(-initrd "$OPTARG") ;;
	d) disk=$OPTARG ;;
	n) name=$OPTARG ;;
	t) limit=$OPTARG ;;
	a) args=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
# A panic ends the machine, except with cases that reboot it: machine.sh detects a panic then.
once=(-no-reboot)
for script; do
	case $script in
	cases | slurm-cases) once=() ;;
	*:*) [[ ,${script#*:}, != *,boot,* && ,${script#*:}, != *,crash_of_the_node,* ]] || once=() ;;
	esac
done
args+=" rssd.run=$(IFS=+; echo "$*")"

dir=${SYSTEM_LOGS:-${BUILD:-$top/build}/system}/$name
rm -rf "$dir"
mkdir -p "$dir"
truncate -s 256M "$dir/swap.img"
processors=(-accel tcg,thread=multi -smp "${VM_CPUS:-2}")
[ -z "${VM_COUNTED:-}" ] || processors=(-accel tcg -icount shift=0,sleep=off -smp 1)
machine "$name" "$dir" "$limit" qemu-system-x86_64 \
	-nodefaults -no-user-config -display none "${once[@]}" \
	"${processors[@]}" -m "${VM_MEMORY:-1G}" \
	-kernel "$kernel" "${initrd[@]}" \
	-append "console=ttyS0 root=/dev/vda rw quiet $fewer_instructions loglevel=5 panic=-1 panic_on_warn=1 oops=panic numa=fake=2 systemd.show_status=0 $args" \
	-drive file="$disk",if=virtio,format=raw,cache=unsafe,snapshot=on \
	-drive file="$dir/swap.img",if=virtio,format=raw,cache=unsafe \
	-serial file:"$dir/console" -serial file:"$dir/verdict.raw" &&
	status=0 || status=$?
rm -f "$dir/swap.img"
tr -d '\r' <"$dir/verdict.raw" >"$dir/verdict"

complaints='WARNING:|BUG:|Kernel panic|Oops:|general protection fault|possible (circular|recursive)'
complaints+='|INFO: (task|rcu|lockdep)|suspicious RCU|sleeping function|Bad page|list_(add|del) corruption'
complaints+='|refcount_t:|unable to handle|page_counter underflow|non-zero pgtables_bytes'
bad=0
if grep -aE "$complaints" "$dir/console" >"$dir/complaints"; then
	bad=1
	echo "$name: the kernel log complains:"
	head -n 20 "$dir/complaints"
fi
# Notes are shown only if something failed.
shown='^(not ok|skip) '
if [ -n "${V:-}" ]; then
	shown=
elif grep -qa '^not ok' "$dir/verdict" || ! grep -qa '^end$' "$dir/verdict"; then
	shown='^(not ok|skip|#) '
fi
grep -aE "$shown" "$dir/verdict" || :
if ! grep -qa '^end$' "$dir/verdict"; then
	bad=1
	if [ $status = 124 ]; then
		echo "$name: the machine said nothing for $limit s; its console:"
	else
		echo "$name: the machine stopped without a verdict (qemu ended with $status); its console:"
	fi
	tail -n 30 "$dir/console"
fi
passed=$(grep -ac '^ok - ' "$dir/verdict" || :)
failed=$(grep -ac '^not ok - ' "$dir/verdict" || :)
skipped=$(grep -ac '^skip - ' "$dir/verdict" || :)
echo "$name: $passed passed, $failed failed, $skipped skipped"
[ $bad = 0 ] && [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
