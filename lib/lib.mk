# SPDX-License-Identifier: LGPL-2.1-or-later
# librss, the client library, and lib.a: the helpers that both programs share, and librss for
# programs that link it statically. The plug-in for Slurm is built only if it is asked for.
LIB_PC   := libsystemd
LIB_OBJS := $(call objects,$(wildcard lib/librss/*.c lib/shared/*.c))

# The parts of lib/shared that the plug-in uses are in it; librss exports only its own functions.
SLURM_OBJS     := $(call objects,$(wildcard lib/slurm/*.c) $(addprefix lib/shared/,clock.c size.c text.c))
PACKAGES_slurm := libslurm-dev

$(BUILD)/librss.so.1: $(LIB_OBJS) lib/librss/librss.sym
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,librss.so.1 \
		-Wl,--version-script=lib/librss/librss.sym -Wl,-z,defs,-z,relro,-z,now \
		-o $@ $(LIB_OBJS) $(call PC_LIBS,$(LIB_PC))

$(BUILD)/librss.so: $(BUILD)/librss.so.1
	$(Q)ln -sf librss.so.1 $@

$(O)/lib.a: $(LIB_OBJS)

$(BUILD)/librss.pc: lib/librss/librss.pc.in Makefile
	@mkdir -p $(@D)
	$(Q)sed -e 's|@VERSION@|$(VERSION)|' -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' $< > $@

# Packages have it: SLURM=1.
ifneq ($(SLURM),)
all: slurm
endif

.PHONY: slurm
## slurm: build the plug-in for Slurm (see rssd-slurm(8)); needs the headers of libslurm-dev
slurm: $(BUILD)/slurm/rssd.so

$(BUILD)/slurm/rssd.so: $(SLURM_OBJS) $(BUILD)/librss.so.1
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -shared -Wl,-z,relro,-z,now -o $@ $^
