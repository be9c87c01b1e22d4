# SPDX-License-Identifier: GPL-2.0-or-later
#
# One makefile for the whole tree. What is built lands in build/, nothing else is touched.
# `make help` lists the targets; V=1 shows the commands; SANITIZE=asan or SANITIZE=tsan builds with sanitizers.

VERSION := 0.1.0

PREFIX     ?= /usr
SYSCONFDIR ?= /etc
LIBDIR     ?= $(PREFIX)/lib/$(shell $(CC) -print-multiarch 2>/dev/null)
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man

# gcc and clang both work: make CC=clang BUILD=build/clang
CC      ?= cc
BUILD   ?= build
O       := $(BUILD)/obj
INSTALL ?= install

PACKAGES := build-essential pkg-config libcgroup-dev libnl-3-dev libnl-genl-3-dev libjson-c-dev \
	libsystemd-dev libcap-dev dbus mandoc jq procps
CHECK_PACKAGES := clang libclang-rt-14-dev systemd strace python3-prometheus-client
STYLE_PACKAGES := clang-format cppcheck

CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wshadow \
	-Wformat=2 -Wvla -Wno-unused-parameter $(if $(WERROR),-Werror)
# SANITIZE=asan: ASan and UBSan; SANITIZE=tsan: TSan.
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZE_tsan := -fsanitize=thread -fno-omit-frame-pointer
SANITIZERS    := $(if $(SANITIZE),$(or $(SANITIZE_$(SANITIZE)),$(error SANITIZE is asan or tsan)))

ALL_CFLAGS = -std=gnu11 -pthread -fPIC -fvisibility=hidden -D_GNU_SOURCE \
	-DRSSD_VERSION='"$(VERSION)"' -Ilib -Idaemon -Icli -isystem kernel/files/include/uapi $(WARNINGS) $(CPPFLAGS) $(CFLAGS) $(SANITIZERS)
ALL_LDFLAGS = -pthread $(LDFLAGS) $(SANITIZERS)

# Package names for pkg-config, by who links them. librss needs nothing but the bus.
LIB_PC    := libsystemd
DAEMON_PC := libsystemd libcgroup libnl-3.0 libnl-genl-3.0 json-c libcap
CLI_PC    := libsystemd json-c
# Read when a rule needs it, so that `make deps` and `make help` work without it.
PC_CFLAGS = $(shell pkg-config --cflags $(sort $(DAEMON_PC) $(CLI_PC)))
PC_LIBS    = $(shell pkg-config --libs $(1))

LIB_OBJS    := $(patsubst %.c,$(O)/%.o,$(wildcard lib/*/*.c))
DAEMON_OBJS := $(patsubst %.c,$(O)/%.o,$(wildcard daemon/*.c daemon/*/*.c))
CLI_OBJS    := $(patsubst %.c,$(O)/%.o,$(wildcard cli/*.c cli/*/*.c))
UNIT_TESTS  := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test-*.c))
TEST_TOOLS  := $(patsubst tests/tools/%.c,$(BUILD)/tests/tools/%,$(wildcard tests/tools/*.c)) \
	$(patsubst tests/preload/%.c,$(BUILD)/tests/preload/%.so,$(wildcard tests/preload/*.c)) \
	$(BUILD)/tests/tools/bench-daemon

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$(2)';)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help deps check-deps demo check check-all check-builds style analyze clean tests unit-tests fuzzers

## all: build rssd, rssctl and librss (the default)
all: $(BUILD)/rssd $(BUILD)/rssctl $(BUILD)/librss.so.1 $(BUILD)/librss.so $(BUILD)/librss.pc

help:
	@sed -n "s/^## //p" Makefile systemd/install.mk systemd/deb.mk kernel/kernel.mk tests/system/system.mk 2>/dev/null | sort -u

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) $(PC_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/librss.so.1: $(LIB_OBJS) lib/librss/librss.sym
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,librss.so.1 \
		-Wl,--version-script=lib/librss/librss.sym -Wl,-z,defs,-z,relro,-z,now \
		-o $@ $(LIB_OBJS) $(call PC_LIBS,$(LIB_PC))

$(BUILD)/librss.so: $(BUILD)/librss.so.1
	$(Q)ln -sf librss.so.1 $@

# The helpers that both programs share; the client in it is for the unit tests alone.
$(O)/lib.a: $(LIB_OBJS)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $(LIB_OBJS)

# The daemon without its main(), for the tests.
$(O)/daemon.a: $(filter-out $(O)/daemon/main.o,$(DAEMON_OBJS))
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/rssd: $(DAEMON_OBJS) $(O)/lib.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call PC_LIBS,$(DAEMON_PC))

$(BUILD)/rssctl: $(CLI_OBJS) $(BUILD)/librss.so.1 $(O)/lib.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN' -o $@ $^ $(call PC_LIBS,$(CLI_PC))

# What is installed finds the library where the system has it.
$(O)/installed/rssctl: $(CLI_OBJS) $(BUILD)/librss.so.1 $(O)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call PC_LIBS,$(CLI_PC))

$(BUILD)/librss.pc: lib/librss/librss.pc.in Makefile
	@mkdir -p $(@D)
	$(Q)sed -e 's|@VERSION@|$(VERSION)|' -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' $< > $@

# rssctl without its main(), for the tests.
$(O)/cli.a: $(filter-out $(O)/cli/main.o,$(CLI_OBJS))
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tests/unit/%: $(O)/tests/unit/%.o $(O)/daemon.a $(O)/cli.a $(O)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call PC_LIBS,$(DAEMON_PC))

$(O)/tests/unit/%.o: ALL_CFLAGS += -Idaemon

$(BUILD)/tests/tools/%: tests/tools/%.c $(BUILD)/librss.so.1
	@mkdir -p $(@D)
	$(call say,CCLD,$@)$(CC) $(ALL_CFLAGS) $(PC_CFLAGS) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN/../..' -o $@ $^ $(call PC_LIBS,$(LIB_PC))

$(BUILD)/tests/tools/bench-daemon: tests/bench/bench-daemon.c $(BUILD)/librss.so.1
	@mkdir -p $(@D)
	$(call say,CCLD,$@)$(CC) $(ALL_CFLAGS) $(PC_CFLAGS) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN/../..' -o $@ $^ $(call PC_LIBS,$(LIB_PC))

# Fuzzers: clang's libFuzzer over the parsers; build them with `make fuzzers`.
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZED  := daemon/policy/record.c daemon/policy/settings.c daemon/policy/oom-record.c daemon/policy/oom-json.c daemon/base/failure.c daemon/store/config.c \
	daemon/store/state.c daemon/host/kmsg-parser.c daemon/policy/rule.c lib/shared/errors.c lib/shared/name.c lib/shared/size.c lib/shared/text.c lib/shared/file.c cli/verb/metrics-http.c

FUZZ_CC := $(filter ccache,$(CC)) clang -fsanitize=address,undefined -fno-sanitize-recover=undefined

$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(FUZZ_CC) $(ALL_CFLAGS) $(PC_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(FUZZED))
	$(call say,FUZZ,$@)$(FUZZ_CC) -fsanitize=fuzzer -o $@ $^ $(call PC_LIBS,$(DAEMON_PC))

fuzzers: $(FUZZERS)

# Libraries that tests preload: each stands in for some system calls.
$(BUILD)/tests/preload/%.so: tests/preload/%.c $(wildcard tests/preload/*.h)
	@mkdir -p $(@D)
	$(call say,CCLD,$@)$(CC) $(ALL_CFLAGS) $(PC_CFLAGS) -shared -o $@ $< -ldl

# Everything that the tests run, in the tree of this BUILD.
tests: all $(UNIT_TESTS) $(TEST_TOOLS)
unit-tests: $(UNIT_TESTS)

# Packages by name, asked for only where they are missing.
install_packages = $(Q)kernel/deps.sh $(1)

## deps: install the Debian packages that a build needs; does nothing where they are there
deps:
	$(call install_packages,$(PACKAGES))

check-deps: deps
	$(call install_packages,$(CHECK_PACKAGES))

## demo: install what is needed, build, start rssd, contain real processes and show it
demo: deps
	$(Q)$(MAKE) --no-print-directory -s all tests
	$(Q)BUILD=$(abspath $(BUILD)) tests/demo

check_make = $(MAKE) --no-print-directory -s -j$(shell nproc)

# tests/README.md says what each suite does. A directory tests/adversity with scripts is one, too.
CHECK_SUITES ?= unit fuzz bus host $(if $(wildcard tests/adversity/*.sh),adversity) asan tsan
SUITES       ?= $(CHECK_SUITES)

# All builds that the suites without virtual machines run.
check-builds: check-deps
	$(Q)$(check_make) WERROR=1 BUILD=$(BUILD) all tests
	$(Q)$(check_make) WERROR=1 BUILD=$(BUILD)/asan SANITIZE=asan $(BUILD)/asan/rssd unit-tests
	$(Q)$(check_make) WERROR=1 BUILD=$(BUILD)/tsan SANITIZE=tsan $(BUILD)/tsan/rssd
	$(Q)$(check_make) WERROR=1 BUILD=$(BUILD)/clang CC=clang all
	$(Q)$(check_make) BUILD=$(BUILD) fuzzers

## check: install what is needed, build, run the tests without virtual machines; SUITES="unit bus" for some
check: check-builds
	$(Q)BUILD=$(abspath $(BUILD)) tests/run $(SUITES)

## check-all: the same, and the kernels and all virtual machines
check-all: check-builds
	$(Q)BUILD=$(abspath $(BUILD)) tests/run $(CHECK_SUITES) vm system

## style: check the layout of the C code (clang-format)
style:
	$(call install_packages,$(STYLE_PACKAGES))
	$(Q)clang-format --dry-run -Werror $$(git ls-files 'lib/*.[ch]' 'daemon/*.[ch]' 'cli/*.[ch]' 'tests/*.[ch]' | grep -v ^tests/vm)

# cppcheck reports a local with a cleanup attribute as a leak; ASan finds real ones.
## analyze: static analysis (gcc -fanalyzer, cppcheck)
analyze: deps
	$(call install_packages,$(STYLE_PACKAGES))
	$(Q)$(MAKE) --no-print-directory -s BUILD=$(BUILD)/analyze CC=gcc CFLAGS='-O1 -fanalyzer' all
	$(Q)cppcheck --quiet --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability \
		--suppress=unknownMacro --suppress=memleak --suppress=resourceLeak -Ilib -Idaemon -Icli lib daemon cli

include systemd/install.mk
include systemd/deb.mk
-include kernel/kernel.mk
-include tests/system/system.mk

## clean: remove build/
clean:
	$(Q)rm -rf $(BUILD)

-include $(shell find $(O) $(BUILD)/fuzz/obj -name '*.d' 2>/dev/null)
