#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh PART... -- KERNEL-ARGUMENTS: runs the parts, two at a time, says what
# failed, and ends in one line for all of them.  A part is cases-v1,
# cases-v2-lru_gen, kasan-v1, kasan-v2-lru_gen, rounds or selftests.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1
BUILD=$(realpath -m "${BUILD:-build}")
export BUILD

parts=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	parts+=("$1")
	shift
done
[ $# -eq 0 ] || shift
arguments=$*

run_part()
{
	case $1 in
	cases-*)
		tests/vm/run.sh -k "$BUILD/kernel/bzImage" -i "$BUILD/vm/initrd" -n "$1" \
			-a "$arguments world=${1#cases-} rounds=200" ;;
	kasan-*)
		# nothing is said while the stress runs, for STRESS= seconds
		VM_MEMORY=2G tests/vm/run.sh -k "$BUILD/kernel/bzImage-kasan" -i "$BUILD/vm/initrd" -n "$1" \
			-t $((${STRESS:-60} + 3000)) -a "$arguments world=${1#kasan-}" ;;
	rounds)
		# whether something grows shows as well without debugging, and sooner
		tests/vm/run.sh -k "$BUILD/kernel/bzImage-service" -i "$BUILD/vm/initrd" -n rounds \
			-a "slab_nomerge cases=race_many_rounds,owner_many_rounds world=v2-lru_gen" ;;
	selftests)
		tests/vm/selftests.sh ;;
	esac
}

said=$BUILD/vm/said
mkdir -p "$said"
for part in "${parts[@]}"; do
	rm -f "$BUILD/vm/$part/counts"
	[ "$(jobs -rp | wc -l)" -lt 2 ] || wait -n
	run_part "$part" >"$said/$part" 2>&1 &
done
wait

status=0
for part in "${parts[@]}"; do
	cat "$said/$part"
	if [ ! -f "$BUILD/vm/$part/counts" ]; then
		echo "$part: ended without a count"
		mkdir -p "$BUILD/vm/$part"
		echo "0 1 0" >"$BUILD/vm/$part/counts"
	fi
	read -r _ failed _ <"$BUILD/vm/$part/counts"
	[ "$failed" = 0 ] || status=1
done
tests/vm/summarize.sh "${parts[@]}"
exit $status
