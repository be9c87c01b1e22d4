# SPDX-License-Identifier: GPL-2.0
# The kernel half: a fragment of the Makefile at the top, which also works
# alone (make -f kernel/kernel.mk kernel).
#
## kernel: build/kernel/bzImage, patched, with the debugging that the tests want
## kernel-deb: Debian packages of the patched kernel; FLAVOUR=amd64 for the whole configuration, KERNEL_CONFIG=FILE for another
## kernel-series: build/series, patches for git am with a cover letter
## check-series: each of them builds, with the controller off and on, and boots; PATCHES="7 8" for some
## check-vm: the kernel's tests in qemu; CASES=charge,oom_group for some, WORLD=v1 or v2-lru_gen for one hierarchy
## check-cases: the cases alone, which need one image
## check-kernels: the cases on each kernel that there are hooks for; KERNELS=6.1 for some
## check-6.1: the core cases on Debian 12's own kernel, a part of check-all
## check-kasan: the stress case under KASAN in each world; STRESS=3600 for so many seconds
## check-off: CONFIG_RSS_CONTAINER=n leaves every object as it was
## check-configs: mm/ builds without MEMCG, SWAP, NUMA, THP, LRU_GEN, and for arm64
## check-selftests: the kernel's own tests end on the patched kernel as on the unpatched
## check-ynl: the description of the netlink family agrees with the UAPI header
## bench-kernel: count instructions, into build/bench-kernel.md
## bench-locks: the part of it that shows which locks are waited for
## kernel-deps: install what all of these need

# The kernel: one of those that there are hooks for. All but 6.12 have a directory of their own.
KERNEL ?= 6.12
kernel_versions := $(shell printf '%s\n' $(patsubst kernel/hooks-%/series,%,$(wildcard kernel/hooks-*/series)) | sort -V)

PACKAGES_vm := gcc libc6-dev make bc bison flex libelf-dev \
	libssl-dev libcap-dev libnuma-dev xz-utils cpio quilt ccache perl git \
	qemu-system-x86 e2fsprogs util-linux

PACKAGES_kernel_deb := debhelper dpkg-dev fakeroot kmod rsync $(PACKAGES_vm)
# Debian's configuration for a package.
FLAVOUR ?= cloud-amd64

BUILD  ?= build
kernel_build := $(BUILD)$(if $(filter-out 6.12,$(KERNEL)),/linux-$(KERNEL))
kernel_out := $(kernel_build)/kernel
vm_out     := $(kernel_build)/vm

.PHONY: kernel kernel-images kernel-deb kernel-deps kernel-series check-series check-vm check-rounds check-cases check-kernels check-6.1 image-6.1 check-kasan check-off check-configs check-selftests check-ynl bench-kernel bench-locks

kernel_src := $(shell find kernel/files kernel/compat.h kernel/hooks-$(KERNEL) -type f 2>/dev/null)
kernel_q := $(if $(V),,@)
kernel_run = $(kernel_q)KERNEL="$(KERNEL)" BUILD="$(abspath $(kernel_build))"
vm_cflags := -std=gnu11 -O2 -g -Wall -Wextra -Wno-cast-function-type \
	-Wno-missing-field-initializers -Wno-format-truncation -Ikernel/files/include/uapi
vm_src := $(sort $(wildcard tests/vm/*.c))
bench_src := $(sort $(wildcard tests/bench/kernel/*.c)) tests/vm/text.c
bench_out := $(kernel_build)/bench

ifdef V
export V
endif

# A file that ccache does not know yet is not preprocessed first: a tenth less work for a first build.
export CCACHE_DEPEND := 1

kernel: $(kernel_out)/bzImage

kernel-deb: $(kernel_out)/.applied
	$(kernel_run) kernel/deps.sh $(PACKAGES_kernel_deb)
	$(kernel_run) kernel/package.sh $(or $(KERNEL_CONFIG),$(FLAVOUR))

kernel-deps:
	$(if $(filter $(KERNEL),$(kernel_versions)),,$(error No hooks for Linux $(KERNEL). There are hooks for: $(kernel_versions)))
	$(kernel_run) kernel/deps.sh $(PACKAGES_vm)
	$(kernel_run) kernel/source.sh >/dev/null

$(kernel_out)/.applied: $(kernel_src) kernel/apply.sh kernel/common.sh | kernel-deps
	$(kernel_q)mkdir -p $(kernel_out)
	$(kernel_run) kernel/apply.sh linux
	@touch $@

$(kernel_out)/.stock: kernel/common.sh | kernel-deps
	$(kernel_q)mkdir -p $(kernel_out)
	$(kernel_run) kernel/apply.sh stock
	@touch $@

# $(call kernel_image,IMAGE,TREE,OBJ,SOURCES,FRAGMENTS)
define kernel_image
$$(kernel_out)/$(1): $(4) kernel/image.sh kernel/apply.sh kernel/build.sh kernel/common.sh $(addprefix kernel/config/,$(5)) | kernel-deps
	$$(kernel_run) kernel/image.sh $$@ $(2) $(3) $(5)
endef
$(eval $(call kernel_image,bzImage,linux,debug,$(kernel_src),base debug service rss rss-test))
$(eval $(call kernel_image,bzImage-kasan,linux,kasan,$(kernel_src),base debug rss rss-test kasan))
$(eval $(call kernel_image,bzImage-bench,linux,bench,$(kernel_src),base bench rss))
$(eval $(call kernel_image,bzImage-locks,linux,locks,$(kernel_src),base bench rss locks))
$(eval $(call kernel_image,bzImage-service,linux,service,$(kernel_src),base bench service rss))
$(eval $(call kernel_image,bzImage-runtimes,linux,runtimes,$(kernel_src),base bench service runtimes rss))
$(eval $(call kernel_image,bzImage-stock-service,stock,service,,base bench service))
$(eval $(call kernel_image,bzImage-stock-bench,stock,bench,,base bench))

# PID 1 and nothing else: every case is in the one program.
$(vm_out)/obj/%.o: tests/vm/%.c $(wildcard tests/vm/*.h) $(wildcard kernel/files/include/uapi/linux/rss*.h)
	@mkdir -p $(@D)
	$(kernel_q)gcc $(vm_cflags) -c -o $@ $<

$(vm_out)/init: $(vm_src:tests/vm/%.c=$(vm_out)/obj/%.o)
	$(kernel_q)gcc -static -o $@ $^

$(vm_out)/initrd: $(vm_out)/init tests/vm/initrd.sh
	$(kernel_run) tests/vm/initrd.sh $@ $(vm_out)/init

# Cases that cannot hold on this kernel, and are skipped; kernel/README.md says why.
vm_except = $(shell sed -nE 's/^([a-z0-9_]+).*/\1/p' kernel/hooks-$(KERNEL)/except 2>/dev/null | paste -sd,)
vm_args = cases=$(CASES) stress=$(STRESS) except=$(vm_except)
# The longest first, as two run at a time.
vm_parts = $(if $(WORLD),cases-$(WORLD),cases-v2-lru_gen cases-v1)

check-selftests: $(kernel_out)/bzImage-service $(kernel_out)/bzImage-stock-service $(kernel_out)/.stock $(vm_out)/init
	$(kernel_run) tests/vm/check.sh selftests

check-rounds: $(kernel_out)/bzImage-service $(vm_out)/initrd
	$(kernel_run) tests/vm/check.sh rounds

check-off: $(kernel_out)/.applied
	$(kernel_run) kernel/compare-off.sh
	$(kernel_run) tests/vm/summarize.sh off

check-configs: $(kernel_out)/.applied
	$(kernel_run) kernel/deps.sh gcc-aarch64-linux-gnu
	$(kernel_run) kernel/check-configs.sh

check-ynl: $(kernel_out)/.stock
	$(kernel_run) kernel/deps.sh python3-yaml python3-jsonschema
	$(kernel_run) kernel/check-ynl.sh

# The kernels that the tests boot.
kernel_images := $(kernel_out)/bzImage $(kernel_out)/bzImage-service
kernel-images: $(kernel_images)

# All cases, in two machines; then one line for both.
check-vm: $(kernel_images) $(vm_out)/initrd
	$(kernel_run) tests/vm/check.sh $(vm_parts) -- "$(vm_args)"

# The cases alone, which need one image.
check-cases: $(kernel_out)/bzImage $(vm_out)/initrd
	$(kernel_run) tests/vm/check.sh $(vm_parts) -- "$(vm_args)"

KERNELS ?= $(kernel_versions)
check-kernels:
	$(kernel_q)status=0; for v in $(KERNELS); do \
		echo "Linux $$v"; \
		$(MAKE) --no-print-directory -s KERNEL="$$v" check-cases || status=1; \
	done; exit $$status

# The oldest kernel that there are hooks for differs most from 6.12.
check-6.1:
	$(kernel_q)$(MAKE) --no-print-directory -s check-cases KERNEL=6.1 CASES=charge,reclaim,oom,owner
image-6.1:
	$(kernel_q)$(MAKE) --no-print-directory -s kernel KERNEL=6.1

check-kasan: CASES := $(or $(CASES),stress)
check-kasan: $(kernel_out)/bzImage-kasan $(vm_out)/initrd
	$(kernel_run) STRESS="$(STRESS)" tests/vm/check.sh $(vm_parts:cases-%=kasan-%) -- "$(vm_args)"

kernel-series: $(kernel_out)/.applied
	$(kernel_run) kernel/series.sh

check-series: kernel-series check-ynl $(vm_out)/init
	$(kernel_run) tests/vm/selftests-build.sh $(vm_out)/selftests-tree test_rss
	$(kernel_run) tests/vm/initrd.sh $(vm_out)/initrd-selftests $(vm_out)/init $(vm_out)/selftests-tree
	$(kernel_run) kernel/check-series.sh $(PATCHES)

$(bench_out)/initrd: $(bench_src) tests/bench/kernel/measure.h tests/vm/text.h tests/vm/initrd.sh
	@mkdir -p $(@D)
	$(kernel_q)gcc -std=gnu11 -O2 -Wall -Wextra -Itests/vm -static -o $(bench_out)/init $(bench_src)
	$(kernel_run) tests/vm/initrd.sh $@ $(bench_out)/init

bench-kernel: $(kernel_out)/bzImage-bench $(kernel_out)/bzImage-stock-bench $(kernel_out)/bzImage-locks $(bench_out)/initrd
	$(kernel_run) tests/bench/bench-kernel.sh

bench-locks: $(kernel_out)/bzImage-locks $(bench_out)/initrd
	$(kernel_run) tests/bench/bench-locks.sh
