# SPDX-License-Identifier: GPL-2.0-or-later
# Where each file goes on a Debian system: one list for install and uninstall.
# The sysusers.d file makes the user that answers scrapers; rssd itself moves processes of all
# users and so is root. There is no tmpfiles.d file: the unit makes its directories.
UNITDIR ?= $(PREFIX)/lib/systemd/system

# source:destination:mode
INSTALL_FILES = \
	$(BUILD)/rssd:$(PREFIX)/sbin/rssd:755 \
	$(O)/installed/rssctl:$(PREFIX)/bin/rssctl:755 \
	$(BUILD)/librss.so.1:$(LIBDIR)/librss.so.1:644 \
	$(BUILD)/librss.pc:$(LIBDIR)/pkgconfig/librss.pc:644 \
	lib/librss/rss.h:$(INCLUDEDIR)/rss.h:644 \
	cli/completion.bash:$(PREFIX)/share/bash-completion/completions/rssctl:644 \
	cli/completion.zsh:$(PREFIX)/share/zsh/vendor-completions/_rssctl:644 \
	cli/completion.fish:$(PREFIX)/share/fish/vendor_completions.d/rssctl.fish:644 \
	man/rssctl.schema.json:$(PREFIX)/share/rssd/rssctl.schema.json:644 \
	systemd/rssd.conf:$(SYSCONFDIR)/rssd/rssd.conf:644 \
	systemd/rssd.service:$(UNITDIR)/rssd.service:644 \
	systemd/rssd-metrics.socket:$(UNITDIR)/rssd-metrics.socket:644 \
	systemd/rssd-metrics.service:$(UNITDIR)/rssd-metrics.service:644 \
	systemd/rssd-metrics.sysusers:$(PREFIX)/lib/sysusers.d/rssd-metrics.conf:644 \
	systemd/rssd-mount.service:$(UNITDIR)/rssd-mount.service:644 \
	systemd/org.rssd1.service:$(PREFIX)/share/dbus-1/system-services/org.rssd1.service:644 \
	systemd/org.rssd1.Manager.xml:$(PREFIX)/share/dbus-1/interfaces/org.rssd1.Manager.xml:644 \
	systemd/org.rssd1.Container.xml:$(PREFIX)/share/dbus-1/interfaces/org.rssd1.Container.xml:644 \
	systemd/org.rssd1.conf:$(PREFIX)/share/dbus-1/system.d/org.rssd1.conf:644 \
	systemd/org.rssd1.policy:$(PREFIX)/share/polkit-1/actions/org.rssd1.policy:644 \
	systemd/rssd.catalog:$(PREFIX)/lib/systemd/catalog/rssd.catalog:644 \
	man/rssd.8:$(MANDIR)/man8/rssd.8:644 \
	lib/prometheus/alerts.yml:$(PREFIX)/share/rssd/prometheus/alerts.yml:644 \
	lib/prometheus/alerts.test.yml:$(PREFIX)/share/rssd/prometheus/alerts.test.yml:644 \
	lib/prometheus/dashboard.json:$(PREFIX)/share/rssd/prometheus/dashboard.json:644 \
	man/rssd-prometheus.8:$(MANDIR)/man8/rssd-prometheus.8:644 \
	lib/oci/rssd-createruntime.json:$(PREFIX)/share/containers/oci/hooks.d/rssd-createruntime.json:644 \
	lib/oci/rssd-poststop.json:$(PREFIX)/share/containers/oci/hooks.d/rssd-poststop.json:644 \
	man/rssd-oci.8:$(MANDIR)/man8/rssd-oci.8:644 \
	man/rssctl.1:$(MANDIR)/man1/rssctl.1:644 \
	man/rssd.conf.5:$(MANDIR)/man5/rssd.conf.5:644 \
	man/rssd.container.5:$(MANDIR)/man5/rssd.container.5:644 \
	man/rssd-controllers.7:$(MANDIR)/man7/rssd-controllers.7:644 \
	man/rssd-tutorial.7:$(MANDIR)/man7/rssd-tutorial.7:644 \
	man/org.rssd1.5:$(MANDIR)/man5/org.rssd1.5:644 \
	man/librss.3:$(MANDIR)/man3/librss.3:644

ifneq ($(SLURM),)
INSTALL_FILES += \
	$(BUILD)/slurm/rssd.so:$(LIBDIR)/slurm-wlm/rssd.so:644 \
	man/rssd-slurm.8:$(MANDIR)/man8/rssd-slurm.8:644
endif

## install: copy everything to its place (DESTDIR, PREFIX; SLURM=1: with the plug-in); an rssd.conf that is there is kept
install: all $(O)/installed/rssctl
	$(Q)set -e; for f in $(INSTALL_FILES); do \
		src=$${f%%:*}; rest=$${f#*:}; dst=$(DESTDIR)$${rest%:*}; \
		case $$dst in */rssd.conf) [ ! -e "$$dst" ] || continue;; esac; \
		$(INSTALL) -D -m $${rest##*:} "$$src" "$$dst"; \
	done
	$(Q)ln -sf librss.so.1 $(DESTDIR)$(LIBDIR)/librss.so
	$(Q)$(INSTALL) -d $(DESTDIR)$(SYSCONFDIR)/rssd/containers.d
	$(Q)[ -n "$(DESTDIR)" ] || ldconfig
	$(Q)[ -n "$(DESTDIR)" ] || ! command -v systemd-sysusers >/dev/null || systemd-sysusers rssd-metrics.conf
	$(Q)[ -n "$(DESTDIR)" ] || ! command -v journalctl >/dev/null || journalctl --update-catalog

## uninstall: remove what install put there; configuration that was changed stays
uninstall:
	$(Q)set -e; for f in $(INSTALL_FILES); do \
		src=$${f%%:*}; rest=$${f#*:}; dst=$(DESTDIR)$${rest%:*}; \
		case $$dst in */rssd.conf) cmp -s "$$src" "$$dst" || continue;; esac; \
		rm -f "$$dst"; \
	done
	$(Q)rm -f $(DESTDIR)$(LIBDIR)/librss.so
	$(Q)rmdir --ignore-fail-on-non-empty $(DESTDIR)$(SYSCONFDIR)/rssd/containers.d $(DESTDIR)$(SYSCONFDIR)/rssd \
		$(DESTDIR)$(PREFIX)/share/rssd 2>/dev/null || true

.PHONY: install uninstall
