# SPDX-License-Identifier: GPL-2.0-or-later
# rssd as an installed service of Debian, in virtual machines: tests/system/check.sh
# lists them. CASES=cases:oom,service for some cases, V=1 for every line.
PACKAGES_system := mmdebstrap qemu-system-x86 e2fsprogs kmod xz-utils cpio $(PACKAGES_vm) $(PACKAGES_deb)

.PHONY: check-system check-slurm check-oci bench-daemon demo-kernel system-packages system-disks

# Programs that rssd is tested and measured with, on Debian 12, and services that are units on Debian 13.
# nginx-light and make are for the commands of README.md.
WORKLOAD_PACKAGES := redis-server redis-tools postgresql stress-ng cgroup-tools nginx-light make crun busybox-static
SERVICE_PACKAGES  := nginx-light redis-server redis-tools postgresql podman crun busybox-static make

system_scripts := README.md tests/lib.sh $(wildcard tests/system/*.sh) tests/bench/bench-inside.sh
system_kernels := $(BUILD)/kernel/bzImage $(BUILD)/kernel/bzImage-service

$(BUILD)/system/disk: $(system_scripts) $(wildcard systemd/* man/*) $(DEB)/.built-$(DEB_VERSION) all tests
	$(call install_packages,$(PACKAGES_system))
	@mkdir -p $(@D)
	$(Q)BUILD=$(BUILD) tests/system/image.sh $@ $(WORKLOAD_PACKAGES)

# Debian 12 with Slurm, set up by slurm-cases.sh.
SLURM_PACKAGES := slurm-wlm libpam-slurm-adopt openssh-server openssh-client iproute2

$(BUILD)/system/disk-slurm: $(system_scripts) $(DEB)/.built-$(DEB_VERSION) all tests
	$(call install_packages,$(PACKAGES_system))
	@mkdir -p $(@D)
	$(Q)BUILD=$(BUILD) tests/system/image.sh -p 'rssd rssd-slurm' $@ $(SLURM_PACKAGES)

# Debian 12 with runtimes of containers.
RUNTIME_PACKAGES := crun runc podman containerd busybox-static

$(BUILD)/system/disk-oci: $(system_scripts) tests/users/oci.sh $(DEB)/.built-$(DEB_VERSION) all tests
	$(call install_packages,$(PACKAGES_system))
	@mkdir -p $(@D)
	$(Q)BUILD=$(BUILD) tests/system/image.sh -p 'rssd rssd-oci' $@ $(RUNTIME_PACKAGES)

# The packages of Debian 13, built there.
$(BUILD)/system/debs-trixie: tests/system/debian.sh tests/system/packages.sh $(DEB_SOURCES)
	$(call install_packages,$(PACKAGES_system))
	$(Q)BUILD=$(BUILD) tests/system/packages.sh trixie $@

system-packages: $(BUILD)/system/debs-trixie
system-disks: system-packages $(BUILD)/system/disk $(BUILD)/system/disk-trixie

# Debian 13 with its own kernel, and the same with Slurm.
$(BUILD)/system/disk-trixie: $(system_scripts) $(wildcard tests/host/*.sh) $(BUILD)/system/debs-trixie tests/system/init.c tests/vm/initrd.sh all tests
	$(Q)BUILD=$(BUILD) tests/system/image.sh -s trixie $@ $(SERVICE_PACKAGES)

$(BUILD)/system/disk-trixie-slurm: $(system_scripts) $(BUILD)/system/debs-trixie tests/system/init.c tests/vm/initrd.sh all tests
	$(Q)BUILD=$(BUILD) tests/system/image.sh -s trixie -p 'rssd rssd-slurm' $@ $(SLURM_PACKAGES)

## bench-daemon: measure rssd, systemd and the tools of libcgroup, into build/bench-daemon.md
bench-daemon: deps
	$(Q)$(MAKE) --no-print-directory -s $(BUILD)/kernel/bzImage-service $(BUILD)/system/disk
	$(Q)BUILD=$(abspath $(BUILD)) tests/bench/bench-daemon.sh -k $(BUILD)/kernel/bzImage-service -d $(BUILD)/system/disk

## demo-kernel: boot Debian with rssd on the patched kernel in qemu, and show what the rss controller does
demo-kernel: deps
	$(Q)$(MAKE) --no-print-directory -s $(BUILD)/kernel/bzImage-service $(BUILD)/system/disk
	$(Q)BUILD=$(abspath $(BUILD)) tests/demo-kernel $(BUILD)/kernel/bzImage-service $(BUILD)/system/disk

## check-system: Debian, systemd and rssd in virtual machines, on the patched kernel and Debian's own; WORLD=rss-v1 CASES=cases:oom,peak for some
check-system: deps
	$(Q)$(MAKE) --no-print-directory -s $(system_kernels) system-disks
	$(Q)tests/system/check.sh $(if $(WORLD),-w $(WORLD)) $(BUILD) $(CASES)

## check-slurm: Slurm of Debian 12 and 13 with task/cgroup in virtual machines; CASES=slurm-cases:oom for some; part of check-users
check-slurm: deps
	$(Q)$(MAKE) --no-print-directory -s $(BUILD)/kernel/bzImage-runtimes $(BUILD)/system/disk-slurm $(BUILD)/system/disk-trixie-slurm
	$(Q)tests/system/check.sh -w '$(or $(WORLD),slurm-*)' $(BUILD) $(CASES)

## check-oci: crun, runc, podman and containerd of Debian 12 on the rss controller, in virtual machines; part of check-users
check-oci: deps
	$(Q)$(MAKE) --no-print-directory -s $(BUILD)/kernel/bzImage-runtimes $(BUILD)/system/disk-oci
	$(Q)tests/system/check.sh -w '$(or $(WORLD),oci-*)' $(BUILD) $(CASES)
