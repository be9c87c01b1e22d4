#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh PART... -- KERNEL-ARGUMENTS: runs the parts (cases, rounds, selftests, off),
# says what failed, and ends in one line for all of them.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1

parts=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	parts+=("$1")
	shift
done
[ $# -eq 0 ] || shift
status=0
for part in "${parts[@]}"; do
	rm -f "build/vm/$part/counts"
	case $part in
	cases)
		tests/vm/run.sh -k build/kernel/bzImage -i build/vm/initrd -n cases -a "$* rounds=200" ;;
	rounds)
		# whether something grows shows as well without debugging, and sooner
		tests/vm/run.sh -k build/kernel/bzImage-bench -i build/vm/initrd -n rounds \
			-a "slab_nomerge cases=race_many_rounds world=v2-lru_gen" ;;
	selftests)
		tests/vm/selftests.sh ;;
	off)
		kernel/compare-off.sh ;;
	esac || status=1
	if [ ! -f "build/vm/$part/counts" ]; then
		mkdir -p "build/vm/$part"
		echo "0 1 0" >"build/vm/$part/counts"
		status=1
	fi
done
tests/vm/sum.sh "${parts[@]}"
exit $status
