#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# selftests-build.sh OUT [test_rss]: compiles the kernel's own tests, from the same
# source package as the kernel, into OUT/selftests as static programs; or only the
# one that the series adds.
set -eu
. "$(dirname "$0")/../../kernel/common.sh"

dest=$(realpath -m "$1")/selftests
src=$out/stock
t=$src/tools/testing/selftests
own=$top/kernel/files/tools/testing/selftests/cgroup
mkdir -p "$dest"

if [ ! -d "$out/headers/linux" ]; then
	(lock
	 make -s -C "$src" O=obj-headers headers >"$out/headers.log" 2>&1
	 rm -rf "$out/headers"
	 cp -r "$src/obj-headers/usr/include" "$out/headers")
fi

# No liburing: the tests that want it say so and skip.
mkdir -p "$dest.h"
: >"$dest.h/local_config.h"

build()	# build NAME SOURCE... [-lLIB]
{
	local name=$1
	shift
	# the tests are the kernel's: their warnings are not ours to mend
	gcc -static $optimize -w -U_FORTIFY_SOURCE -D_GNU_SOURCE= -I"$dest.h" -I"$src" \
		-isystem "$out/headers" -isystem "$src/tools/include/uapi" \
		-o "$dest/$name" "$@" -lrt -lpthread -lm 2>"$dest.h/log" ||
		{ cat "$dest.h/log" >&2; die "cannot compile $name"; }
}

# The tests of mm, as their Makefile compiles them.
build_mm()
{
	local name optimize=-O2
	cd "$t/mm"
	for name in cow mremap_test madv_populate mlock2-tests ksm_functional_tests; do
		build "$name" "$name.c" vm_util.c thp_settings.c
	done
	build split_huge_page_test -include "$top/tests/vm/gathered-write.h" split_huge_page_test.c \
		vm_util.c thp_settings.c
	# this one uses a name without the header that has it
	build khugepaged khugepaged.c vm_util.c thp_settings.c -include ../kselftest.h
	build uffd-unit-tests uffd-unit-tests.c uffd-common.c vm_util.c thp_settings.c
	# six times twenty seconds say no more than six times five
	sed 's/^#define RUNTIME[[:space:]].*/#define RUNTIME (5)/' migration.c >"$dest.h/migration.c"
	grep -q 'RUNTIME (5)' "$dest.h/migration.c" || die "migration.c has no RUNTIME of its own"
	build migration -I. "$dest.h/migration.c" vm_util.c thp_settings.c -lnuma
}

[ "${2:-}" = test_rss ] || build_mm
# as in its Makefile: these fill memory that an optimizer sees is never read
optimize=-O0
cd "$t/cgroup"
util=(cgroup_util.c -I.)
# where later kernels have it
[ ! -d lib ] || util=(lib/cgroup_util.c -I. -I.. -Ilib/include)
[ "${2:-}" = test_rss ] || for name in test_core test_memcontrol test_kill test_freezer; do
	build "$name" "$name.c" "${util[@]}"
done
# the one that the series adds; its warnings are ours
gcc -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Werror -fsyntax-only -D_GNU_SOURCE= "${util[@]:1}" \
	-isystem "$src" -isystem "$out/headers" -isystem "$src/tools/include/uapi" "$own/test_rss.c"
build test_rss "$own/test_rss.c" "${util[@]}"
