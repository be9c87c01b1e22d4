# SPDX-License-Identifier: GPL-2.0-or-later
#
# The top of the makefile: settings, common rules, and a fragment for each folder. What is built
# lands in build/ (BUILD=), nothing else is touched. `make help` lists the targets; V=1 shows the
# commands; SANITIZE=asan or SANITIZE=tsan builds with sanitizers.

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

# Debian packages that a build needs. Each fragment of tests adds what its suites need.
PACKAGES := build-essential pkgconf libcgroup-dev libnl-3-dev libnl-genl-3-dev libjson-c-dev \
	libsystemd-dev libcap-dev

CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wshadow \
	-Wformat=2 -Wvla -Wno-unused-parameter $(if $(WERROR),-Werror)
# SANITIZE=asan: ASan and UBSan; SANITIZE=tsan: TSan.
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZE_tsan := -fsanitize=thread -fno-omit-frame-pointer
SANITIZERS    := $(if $(SANITIZE),$(or $(SANITIZE_$(SANITIZE)),$(error SANITIZE is asan or tsan)))

# An include names its folder below lib/, daemon/ or cli/.
ALL_CFLAGS = -std=gnu11 -pthread -fPIC -fvisibility=hidden -D_GNU_SOURCE -DRSSD_VERSION='"$(VERSION)"' \
	-Ilib -Idaemon -Icli -isystem kernel/files/include/uapi $(WARNINGS) $(CPPFLAGS) $(CFLAGS) $(SANITIZERS)
ALL_LDFLAGS = -pthread $(LDFLAGS) $(SANITIZERS)

# pkg-config runs when a rule needs it, so that `make deps` and `make help` work without it.
PC_CFLAGS = $(shell pkg-config --cflags $(sort $(DAEMON_PC) $(CLI_PC)))
PC_LIBS   = $(shell pkg-config --libs $(1))

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$(2)';)

# $(call objects,FILE.c...): their object files.
objects = $(patsubst %.c,$(O)/%.o,$(1))
# Installs the named packages that are missing.
install_packages = $(Q)kernel/deps.sh $(1)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help deps demo analyze clean

FRAGMENTS := lib/lib.mk daemon/daemon.mk cli/cli.mk systemd/install.mk systemd/deb.mk \
	kernel/kernel.mk tests/tests.mk tests/system/system.mk

## all: build rssd, rssctl and librss (the default)
all: $(BUILD)/rssd $(BUILD)/rssctl $(BUILD)/librss.so.1 $(BUILD)/librss.so $(BUILD)/librss.pc

help:
	@sed -n "s/^## //p" Makefile $(FRAGMENTS) | sort -u

$(O)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) $(PC_CFLAGS) -MD -MP -c -o $@ $<

$(O)/%.a:
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

include $(FRAGMENTS)

## deps: install the Debian packages that a build needs
deps:
	$(call install_packages,$(PACKAGES))

## demo: install what is needed, build, start rssd, contain real processes and show it
demo:
	$(call install_packages,$(PACKAGES) $(PACKAGES_bus))
	$(Q)$(MAKE) --no-print-directory -s all tests
	$(Q)BUILD=$(abspath $(BUILD)) tests/demo

# cppcheck reports a local with a cleanup attribute as a leak; ASan finds real ones.
## analyze: static analysis (gcc -fanalyzer, cppcheck)
analyze:
	$(call install_packages,$(PACKAGES) cppcheck)
	$(Q)$(MAKE) --no-print-directory -s BUILD=$(BUILD)/analyze CC=gcc CFLAGS='-O1 -fanalyzer' all
	$(Q)cppcheck --quiet --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability \
		--suppress=unknownMacro --suppress=memleak --suppress=resourceLeak -Ilib -Idaemon -Icli lib daemon cli

## clean: remove build/
clean:
	$(Q)rm -rf $(BUILD)

-include $(shell find $(O) $(BUILD)/fuzz/obj -name '*.d' 2>/dev/null)
