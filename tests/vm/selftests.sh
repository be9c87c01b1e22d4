#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# selftests.sh: the kernel's own tests for memory and cgroups, on the unpatched
# kernel and on the patched one, must end alike: every result line, every exit
# status.  Both kernels are the ones without debugging, as one of the tests
# writes megabytes a byte at a time.  What a kernel said is kept until it or the
# tests change.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1
BUILD=$(realpath -m "${BUILD:-build}")
export BUILD
dir=$BUILD/vm/selftests
rm -rf "$dir"
mkdir -p "$dir"

tests/vm/selftests-build.sh "$BUILD/vm/selftests-tree" || exit 1
tests/vm/initrd.sh "$BUILD/vm/initrd-selftests" "$BUILD/vm/init" "$BUILD/vm/selftests-tree" || exit 1

boot()	# boot NAME IMAGE KERNEL-ARGUMENTS
{
	V='' VM_MEMORY=2G VM_CPUS=3 tests/vm/run.sh -k "$2" -i "$BUILD/vm/initrd-selftests" \
		-n "$1" -t 1200 -a "$3" >"$dir/$1.log" 2>&1 && return
	cat "$dir/$1.log" >&2
	return 1
}

# Result lines and exit statuses; no times, addresses or counts.
results()	# results NAME TEST
{
	sed -nE "s#^$2: ##p" "$BUILD/vm/$1/verdict" | sed -E 's/\x1b\[[0-9;]*m//g' |
	sed -nE '/^(not )?ok |^hung|^Bail|^exit /p
		s/^(.*[^.])\.\.\.+ *(OK|Fail|FAIL|Skip|skipped|done).*/\1 \2/p' |
	sed -E 's/ \([0-9]+ s\)$//; s/^.*(Collapse |Split |Allocate )/\1/'
}

tests=$(sed -nE 's/^\t\{ "([a-z0-9_-]+)", .*/\1/p' tests/vm/selftests.c)
own=kernel/files/tools/testing/selftests/cgroup/test_rss.c
# boot_if_new NAME IMAGE: not again where neither the kernel nor the tests have changed.
boot_if_new()
{
	local key
	key=$(cat "$2" tests/vm/selftests.c tests/vm/selftests-build.sh tests/vm/gathered-write.h tests/vm/run.sh "$own" | sha256sum | cut -c1-16)
	[ "$(cat "$BUILD/vm/$1/key" 2>/dev/null)" != "$key" ] || return 0
	boot "$1" "$2" selftests=1 || return
	echo "$key" >"$BUILD/vm/$1/key"
}
boot_if_new selftests-stock "$BUILD/kernel/bzImage-stock-service" || exit 1
boot_if_new selftests-patched "$BUILD/kernel/bzImage-service" || exit 1

# A few of these tests race with what they test: where processors are few and slow,
# test_freezer fails more often than not, on any kernel.  One that ends differently is
# run again by itself, for two minutes or so; it is alike when each of its results is one
# that the other kernel has given, too.
again()	# again TEST: says what differs
{
	local seconds times n kernel
	seconds=$(sed -nE "s/^$1: exit .*\(([0-9]+) s\)$/\1/p" "$BUILD/vm/selftests-stock/verdict")
	times=$((120 / (seconds + 1)))
	times=$((times < 2 ? 2 : times > 10 ? 10 : times))
	boot "selftests-stock-$1" "$BUILD/kernel/bzImage-stock-service" "selftests=$1 times=$times" &&
		boot "selftests-patched-$1" "$BUILD/kernel/bzImage-service" "selftests=$1 times=$times" ||
		return
	for kernel in stock patched; do
		for n in $(seq $times); do
			results "selftests-$kernel-$1" "$1/$n" >"$dir/$1.$kernel.$n"
		done
	done
	awk -f tests/vm/selftests.awk "$dir/$1.stock"* "$dir/$1.patched"*
}

passed=0 failed=0
for t in $tests; do
	results selftests-stock "$t" >"$dir/$t.stock"
	results selftests-patched "$t" >"$dir/$t.patched"
	if [ "$t" = test_rss ]; then
		# it tests what the unpatched kernel lacks: skipped there, and passed here
		wanted=$(sed -nE 's/^\tT\((.*)\),$/\1/p' "$own" | awk '{ print "ok " NR " " $1 }' && echo "exit 0")
		if [ "$(tail -n 1 "$dir/$t.stock")" = "exit 4" ] && [ "$(cat "$dir/$t.patched")" = "$wanted" ]; then
			passed=$((passed + 1))
		else
			echo "selftest $t: on the unpatched kernel $(tail -n 1 "$dir/$t.stock"), on the patched one:"
			sed -nE "s#^$t: #    #p" "$BUILD/vm/selftests-patched/verdict"
			failed=$((failed + 1))
		fi
		continue
	fi
	if [ ! -s "$dir/$t.stock" ]; then
		echo "selftest $t: no results on the unpatched kernel"
		failed=$((failed + 1))
	elif cmp -s "$dir/$t.stock" "$dir/$t.patched"; then
		passed=$((passed + 1))
	elif again "$t" >"$dir/$t.differs"; then
		echo "selftest $t: its results vary with time, on the unpatched kernel too" >>"$dir/varied"
		passed=$((passed + 1))
	else
		echo "selftest $t ends differently:"
		head -n 12 "$dir/$t.differs" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
done
if [ -n "${V:-}" ]; then
	cat "$dir/varied" 2>/dev/null
	echo "selftests: $(cat "$dir"/*.stock | wc -l) results compared"
fi
echo "$passed $failed 0" >"$dir/counts"
[ "$failed" = 0 ]
