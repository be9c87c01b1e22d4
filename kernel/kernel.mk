# SPDX-License-Identifier: GPL-2.0
# The kernel half: a fragment of the Makefile at the top, which also works
# alone (make -f kernel/kernel.mk kernel).
#
## kernel: build/kernel/bzImage, patched, with the debugging that the tests want
## kernel-series: build/series, patches for git am with a cover letter
## check-vm: the kernel's tests in qemu; CASES=charge,oom_group for some, WORLD=v1 or v2-lru_gen for one hierarchy
## check-kasan: the stress case under KASAN
## check-off: CONFIG_RSS_CONTAINER=n leaves every object as it was
## check-selftests: the kernel's own tests end on the patched kernel as on the unpatched
## bench-kernel: count instructions, into build/bench-kernel.md
## kernel-deps: install what all of these need

KERNEL_DEPS := linux-source-6.12 gcc libc6-dev make bc bison flex libelf-dev \
	libssl-dev libcap-dev libnuma-dev xz-utils cpio quilt ccache perl git \
	qemu-system-x86 e2fsprogs util-linux

.PHONY: kernel kernel-deps kernel-series check-vm check-kasan check-off check-selftests bench-kernel

kernel_src := $(shell find kernel/files kernel/hooks-6.12 -type f 2>/dev/null)
kernel_make := $(wildcard kernel/*.sh)
kernel_q := $(if $(V),,@)
vm_cflags := -std=gnu11 -O2 -g -Wall -Wextra -Wno-cast-function-type \
	-Wno-missing-field-initializers -Wno-format-truncation -Ikernel/files/include/uapi
vm_src := $(sort $(wildcard tests/vm/*.c))
vm_log := build/vm

ifdef V
export V
endif

kernel: build/kernel/bzImage

kernel-deps:
	$(kernel_q)kernel/deps.sh $(KERNEL_DEPS)

build/kernel/.applied: $(kernel_src) kernel/apply.sh kernel/common.sh | kernel-deps
	$(kernel_q)mkdir -p build/kernel
	$(kernel_q)kernel/apply.sh linux
	@touch $@

build/kernel/.stock: kernel/common.sh | kernel-deps
	$(kernel_q)mkdir -p build/kernel
	$(kernel_q)kernel/apply.sh stock
	@touch $@

# $(call kernel_image,IMAGE,TREE,OBJ,STAMP,FRAGMENTS)
define kernel_image
build/kernel/$(1): build/kernel/$(4) kernel/build.sh $(addprefix kernel/config/,$(5))
	$$(kernel_q)kernel/build.sh $(2) $(3) $(5)
	@cp build/kernel/$(2)/obj-$(3)/arch/x86/boot/bzImage $$@
endef
$(eval $(call kernel_image,bzImage,linux,debug,.applied,base debug service rss rss-test))
$(eval $(call kernel_image,bzImage-kasan,linux,kasan,.applied,base debug rss rss-test kasan))
$(eval $(call kernel_image,bzImage-bench,linux,bench,.applied,base bench rss))
$(eval $(call kernel_image,bzImage-locks,linux,locks,.applied,base bench rss locks))
$(eval $(call kernel_image,bzImage-service,linux,service,.applied,base bench service rss))
$(eval $(call kernel_image,bzImage-stock-service,stock,service,.stock,base bench service))
$(eval $(call kernel_image,bzImage-stock-bench,stock,bench,.stock,base bench))

# PID 1 and nothing else: every case is in the one program.
build/vm/obj/%.o: tests/vm/%.c $(wildcard tests/vm/*.h) $(wildcard kernel/files/include/uapi/linux/rss*.h)
	@mkdir -p $(@D)
	$(kernel_q)gcc $(vm_cflags) -c -o $@ $<

build/vm/init: $(vm_src:tests/vm/%.c=build/vm/obj/%.o)
	$(kernel_q)gcc -static -o $@ $^

build/vm/initrd: build/vm/init tests/vm/initrd.sh
	$(kernel_q)tests/vm/initrd.sh $@ build/vm/init

vm_args = cases=$(CASES) stress=$(STRESS)
# The longest first, as two run at a time.
vm_parts = $(if $(WORLD),cases-$(WORLD),cases-v2-lru_gen cases-v1) \
	$(if $(CASES)$(WORLD),,selftests rounds off)

check-selftests: build/kernel/bzImage-service build/kernel/bzImage-stock-service build/vm/init
	$(kernel_q)tests/vm/selftests.sh

check-off: build/kernel/.applied build/kernel/.stock
	$(kernel_q)kernel/compare-off.sh

# The parts, each judged, then one line for all of them.
check-vm: build/kernel/bzImage build/kernel/bzImage-service build/kernel/bzImage-stock-service build/vm/initrd
	$(kernel_q)tests/vm/check.sh $(vm_parts) -- "$(vm_args)"

check-kasan: build/kernel/bzImage-kasan build/vm/initrd
	$(kernel_q)VM_MEMORY=2G tests/vm/run.sh -k build/kernel/bzImage-kasan -i build/vm/initrd \
		-n kasan -t 3000 -a "cases=$(or $(CASES),stress) world=$(WORLD) stress=$(STRESS)"
	@tests/vm/sum.sh kasan

kernel-series: build/kernel/.applied
	$(kernel_q)kernel/series.sh

bench-kernel: build/kernel/bzImage-bench build/kernel/bzImage-stock-bench build/kernel/bzImage-locks
	$(kernel_q)tests/bench/bench-kernel.sh
