# SPDX-License-Identifier: GPL-2.0-or-later
# rssd as an installed service of Debian on the patched kernel, in a virtual
# machine. CASES="oom service" for some, V=1 for every line.
SYSTEM_PACKAGES := mmdebstrap qemu-system-x86 e2fsprogs

.PHONY: check-system

$(BUILD)/system/disk: tests/lib.sh tests/system/cases.sh tests/system/image.sh $(wildcard systemd/* man/*) all tests
	$(call install_packages,$(SYSTEM_PACKAGES))
	@mkdir -p $(@D)
	$(Q)BUILD=$(BUILD) tests/system/image.sh $@

## check-system: Debian, systemd and rssd on the patched kernel, in a virtual machine
check-system: build/kernel/bzImage $(BUILD)/system/disk
	$(Q)tests/system/run.sh -k $< -d $(BUILD)/system/disk -n rss-v1 $(CASES)
	$(Q)tests/system/run.sh -k $< -d $(BUILD)/system/disk -n rss-v2 -a rssd.hierarchy=v2 $(CASES)
