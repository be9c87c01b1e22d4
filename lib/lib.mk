# SPDX-License-Identifier: LGPL-2.1-or-later
# librss, the client library, and lib.a: the helpers that both programs share, and librss for
# programs that link it statically.
LIB_PC   := libsystemd
LIB_OBJS := $(call objects,$(wildcard lib/*/*.c))

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
