# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests run, and the commands that run them. tests/README.md describes the suites.
.PHONY: tests unit-tests fuzzers check check-all check-users check-long check-builds check-deps users-packages style

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test-*.c))
TEST_TOOLS := $(patsubst tests/tools/%.c,$(BUILD)/tests/tools/%,$(wildcard tests/tools/*.c)) \
	$(patsubst tests/preload/%.c,$(BUILD)/tests/preload/%.so,$(wildcard tests/preload/*.c)) \
	$(BUILD)/tests/tools/bench-daemon

# All that the scripts of tests/bus and tests/host run.
tests: all $(UNIT_TESTS) $(TEST_TOOLS)
unit-tests: $(UNIT_TESTS)

$(BUILD)/tests/unit/%: $(O)/tests/unit/%.o $(O)/daemon.a $(O)/cli.a $(O)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call PC_LIBS,$(DAEMON_PC))

link_tool = $(CC) $(ALL_CFLAGS) $(PC_CFLAGS) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN/../..' -o $@ $^ \
	$(call PC_LIBS,$(LIB_PC))

$(BUILD)/tests/tools/%: tests/tools/%.c $(BUILD)/librss.so.1
	@mkdir -p $(@D)
	$(call say,CCLD,$@)$(link_tool)

$(BUILD)/tests/tools/bench-daemon: tests/bench/bench-daemon.c tests/bench/bench-latency.c $(BUILD)/librss.so.1
	@mkdir -p $(@D)
	$(call say,CCLD,$@)$(link_tool)

# Libraries that tests preload: each replaces some system calls.
$(BUILD)/tests/preload/%.so: tests/preload/%.c $(wildcard tests/preload/*.h)
	@mkdir -p $(@D)
	$(call say,CCLD,$@)$(CC) $(ALL_CFLAGS) $(PC_CFLAGS) -shared -o $@ $< -ldl

# Fuzzers: clang's libFuzzer, linked with the sources that they test.
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZED  := $(wildcard $(addsuffix /*.c,lib/shared $(addprefix daemon/,base policy host cgroup store))) \
	cli/read-json.c $(addprefix cli/verb/,metrics-http.c oci-state.c oci-group.c)
FUZZ_CC := $(filter ccache,$(CC)) clang -fsanitize=address,undefined -fno-sanitize-recover=undefined

$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(FUZZ_CC) $(ALL_CFLAGS) $(PC_CFLAGS) -fsanitize=fuzzer-no-link -MD -MP -c -o $@ $<

$(BUILD)/fuzz/fuzzed.a: $(FUZZED:%.c=$(BUILD)/fuzz/obj/%.o)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(BUILD)/fuzz/fuzzed.a
	$(call say,FUZZ,$@)$(FUZZ_CC) -fsanitize=fuzzer -o $@ $^ $(call PC_LIBS,$(DAEMON_PC))

fuzzers: $(FUZZERS)

# The suites without virtual machines. tests/adversity is one as soon as it has scripts.
CHECK_SUITES := style unit fuzz bus host $(if $(wildcard tests/adversity/*.sh),adversity) asan tsan
# A job that lasts for hours: by hand, all of it or some parts.
PARTS        ?= random faults bus-fuzz kasan selftests off rounds
# Real programs that use rssd: a smoke case of each; WHOLE=1 for all cases.
ALL_SUITES   := $(CHECK_SUITES) users vm system vm-6.1
SUITES       ?= $(CHECK_SUITES)

# Packages by suite, next to those of a build.
PACKAGES_style     := clang-format
PACKAGES_fuzz      := clang libclang-rt-dev
PACKAGES_bus       := dbus jq procps strace systemd python3-prometheus-client python3-jsonschema zsh fish
PACKAGES_host      := $(PACKAGES_bus) mandoc quilt
PACKAGES_users     := $(PACKAGES_bus) $(PACKAGES_slurm)
PACKAGES_adversity := $(PACKAGES_host)
PACKAGES_random    := $(PACKAGES_host)
PACKAGES_faults    := $(PACKAGES_host)
PACKAGES_bus-fuzz  := $(PACKAGES_host)
PACKAGES_asan      := $(PACKAGES_host)
PACKAGES_tsan      := $(PACKAGES_host)

# A clean checkout does not compile again what another one has compiled. For a test it does not matter which
# directory the debugging information names.
check check-builds check-all check-users check-long: export PATH := /usr/lib/ccache:$(PATH)
check check-builds check-all check-users check-long: export CCACHE_NOHASHDIR := 1
ifeq ($(shell id -u),0)
check check-builds check-all check-users check-long: export CCACHE_DIR := $(or $(CCACHE_DIR),/var/cache/ccache-rssd)
endif

check-deps:
	$(call install_packages,$(sort ccache $(PACKAGES) $(foreach suite,$(SUITES),$(PACKAGES_$(suite)))))

# $(call build_for,SUITES,ARGUMENTS): runs make with those arguments if one of the suites is to run.
build_for = $(if $(filter $(1),$(SUITES)),$(Q)$(MAKE) --no-print-directory -s -j$(shell nproc) $(2))

# Programs that are unpacked but not installed, so that no service of the machine is started.
users-packages:
	$(Q)tests/unpack $(BUILD)/users/prometheus prometheus 'promtool|'
	$(Q)tests/unpack $(BUILD)/users/slurm slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge libmunge2 \
		libhwloc15 libnuma1
	$(Q)tests/unpack $(BUILD)/users/oci crun runc podman conmon netavark busybox-static libyajl2 \
		'libgpgme11|libgpgme11t64' 'libassuan0|libassuan9' libgpg-error0 'libsubid4|libsubid5' libdevmapper1.02.1 \
		'libglib2.0-0|libglib2.0-0t64' libsqlite3-0 $(if $(WHOLE),containerd)

check-builds: check-deps
	$(call build_for,%,WERROR=1 BUILD=$(BUILD) all tests)
	$(call build_for,unit,WERROR=1 BUILD=$(BUILD)/asan SANITIZE=asan unit-tests)
	$(call build_for,asan bus-fuzz,WERROR=1 BUILD=$(BUILD)/asan SANITIZE=asan $(BUILD)/asan/rssd)
	$(call build_for,tsan,WERROR=1 BUILD=$(BUILD)/tsan SANITIZE=tsan $(BUILD)/tsan/rssd)
	$(call build_for,style,WERROR=1 BUILD=$(BUILD)/clang CC=clang all)
	$(call build_for,fuzz,BUILD=$(BUILD) fuzzers)
	$(call build_for,users,WERROR=1 BUILD=$(BUILD) slurm users-packages)

## check: install what is needed, build, run the tests without virtual machines; SUITES="unit bus" for some
check: check-builds
	$(Q)BUILD=$(abspath $(BUILD)) tests/run $(SUITES)

## check-all: the same, and the kernels and all virtual machines
check-all:
	$(Q)$(MAKE) --no-print-directory check SUITES="$(ALL_SUITES)"

## check-users: all cases with real programs that use rssd, such as Prometheus
check-users:
	$(Q)WHOLE=1 $(MAKE) --no-print-directory check SUITES=users
	$(Q)$(MAKE) --no-print-directory check-slurm
	$(Q)$(MAKE) --no-print-directory check-oci

## check-long: hours of random operations, faults and fuzzing, the kernel's own tests; PARTS="random faults" for some
check-long:
	$(Q)$(MAKE) --no-print-directory check SUITES="$(PARTS)"

# Each version of clang-format formats some lines in its own way.
FORMAT_VERSION := 14

## style: check the form of the C code, how files include each other, and the words of manuals and messages
style:
	$(call install_packages,$(PACKAGES_style))
	$(Q)if clang-format --version | grep -q 'version $(FORMAT_VERSION)\.'; then \
		clang-format --dry-run -Werror \
		$$(find lib daemon cli tests -name '*.[ch]' ! -path 'tests/vm/*' ! -path 'tests/bench/kernel/*'); \
	else \
		echo "skip - style/format: needs clang-format $(FORMAT_VERSION), that of Debian 12; here is $$(clang-format --version)"; \
	fi
	$(Q)tests/check-layout
	$(Q)tests/check-words
