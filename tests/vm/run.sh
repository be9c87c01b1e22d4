#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh -k BZIMAGE -i INITRD -n NAME [-t SECONDS] [-a KERNEL-ARGUMENTS]
#
# Boots the test machine once and judges it: by the verdict that PID 1 wrote
# on the second serial port, and by the kernel log, in which any complaint is
# a failure even if every case said ok.  Leaves both in BUILD/vm/NAME.  A
# machine that says nothing for SECONDS is ended.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/vm/run-guest.sh
. "$top/tests/vm/run-guest.sh"
# shellcheck source=tests/vm/qemu-options.sh
. "$top/tests/vm/qemu-options.sh"
limit=900 args='' memory=1G

while getopts k:i:n:t:a: o; do
	case $o in
	k) kernel=$OPTARG ;;
	i) initrd=$OPTARG ;;
	n) name=$OPTARG ;;
	t) limit=$OPTARG ;;
	a) args=$OPTARG ;;
	*) exit 2 ;;
	esac
done

build=$(realpath -m "${BUILD:-$top/build}")
dir=$build/vm/$name
rm -rf "$dir"
mkdir -p "$dir"

# A file system for what must come from a disk, a disk to swap on, and a slow one.
truncate -s 160M "$dir/data.img" "$dir/swap.img" "$dir/slow.img"
/sbin/mke2fs -q -F -t ext2 -b 4096 -m 0 "$dir/data.img"

# Expedited grace periods: attaching a task and removing a container wait for one.
# kunit.autorun: newer kernels run the KUnit tests only with it.
start=$SECONDS
machine "$name" "$dir" "$limit" qemu-system-x86_64 \
	-nodefaults -no-user-config -display none -no-reboot \
	-accel tcg,thread=multi -smp "${VM_CPUS:-2}" -m "${VM_MEMORY:-$memory}" \
	-kernel "$kernel" -initrd "$initrd" \
	-append "console=ttyS0 quiet loglevel=5 panic=-1 $fewer_instructions panic_on_warn=1 numa=fake=2 oops=panic rcupdate.rcu_expedited=1 kunit.autorun=1 $args" \
	-drive file="$dir/data.img",if=virtio,format=raw,cache=unsafe \
	-drive file="$dir/swap.img",if=virtio,format=raw,cache=unsafe \
	-drive file="$dir/slow.img",if=virtio,format=raw,cache=unsafe,throttling.bps-write=16384 \
	-serial file:"$dir/console" -serial file:"$dir/verdict.raw" &&
	status=0 || status=$?
rm -f "$dir/data.img" "$dir/swap.img" "$dir/slow.img"
tr -d '\r' <"$dir/verdict.raw" >"$dir/verdict" 2>/dev/null || : >"$dir/verdict"
rm -f "$dir/verdict.raw"

# Names of the cases are ours, so they cannot hide or fake a complaint.
complaints='WARNING:|WARNING! |BUG:|kernel BUG|Kernel panic|Oops:|general protection fault'
complaints+='|INFO: (task|rcu|trying|lockdep|suspicious)|possible (circular|recursive|irq)'
complaints+='|\[ INFO: |inconsistent lock state|suspicious RCU usage|scheduling while atomic'
complaints+='|sleeping function called|held lock freed|Bad page (map|state|cache)'
complaints+='|Bad rss-counter|(list|plist)_(add|del).*corruption|page dumped because'
complaints+='|stack-protector|refcount_t:|UBSAN:|KASAN:|unable to handle|detected stall'
complaints+='|non-zero pgtables_bytes|page_counter underflow|Objects remaining'
complaints+='|not ok [0-9]+'

bad=0
if grep -aE "$complaints" "$dir/console" >"$dir/complaints"; then
	bad=1
	echo "$name: the kernel log complains:"
	head -n 20 "$dir/complaints" | sed 's/^/    /'
fi
if [ -n "${V:-}" ]; then
	grep -aE '^(ok|failed|skipped) ' "$dir/verdict" || :
else
	grep -aE '^(failed|skipped) ' "$dir/verdict" || :
fi
end=$(sed -nE 's/^end: //p' "$dir/verdict")
if [ -z "$end" ]; then
	bad=1
	if [ "$status" = 124 ]; then
		echo "$name: said nothing for $limit s"
	else
		echo "$name: the machine stopped without a verdict"
	fi
	grep -a '^== case' "$dir/console" | tail -n 1
	tail -n 40 "$dir/console"
	end="$(grep -ac '^ok ' "$dir/verdict" || :) passed, $(grep -ac '^failed ' "$dir/verdict" || :) failed, $(grep -ac '^skipped ' "$dir/verdict" || :) skipped"
fi
[ -z "${V:-}" ] || echo "$name: $((SECONDS - start)) s, logs in ${dir#"$top"/}"
read -r p _ f _ s _ <<<"$end"
# a log that complains is a failure of its own
f=$((f + bad))
echo "$p $f $s" >"$dir/counts"
[ "$f" = 0 ]
