# SPDX-License-Identifier: GPL-2.0-or-later
# rssd, and daemon.a: rssd without its main(), for the tests.
DAEMON_PC   := libsystemd libcgroup libnl-3.0 libnl-genl-3.0 json-c libcap
DAEMON_OBJS := $(call objects,$(wildcard daemon/*.c daemon/*/*.c))

$(BUILD)/rssd: $(DAEMON_OBJS) $(O)/lib.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call PC_LIBS,$(DAEMON_PC))

$(O)/daemon.a: $(filter-out $(O)/daemon/main.o,$(DAEMON_OBJS))
