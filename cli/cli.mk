# SPDX-License-Identifier: GPL-2.0-or-later
# rssctl, and cli.a: rssctl without its main(), for the tests.
CLI_PC   := libsystemd json-c
CLI_OBJS := $(call objects,$(wildcard cli/*.c cli/*/*.c))

# In the build tree it finds librss beside itself.
$(BUILD)/rssctl: $(CLI_OBJS) $(BUILD)/librss.so.1 $(O)/lib.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -Wl,-rpath,'$$ORIGIN' -o $@ $^ $(call PC_LIBS,$(CLI_PC))

# Installed, it uses the system's librss.
$(O)/installed/rssctl: $(CLI_OBJS) $(BUILD)/librss.so.1 $(O)/lib.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call PC_LIBS,$(CLI_PC))

$(O)/cli.a: $(filter-out $(O)/cli/main.o,$(CLI_OBJS))
