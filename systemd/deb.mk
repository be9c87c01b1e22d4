# SPDX-License-Identifier: GPL-2.0-or-later
# Debian packages. What dpkg wants to see as debian/ is systemd/debian; the
# source package is put together in build/deb and built there, in a build/ of its
# own. BUILD is removed from the environment, because the package's build cleans it.
PACKAGES_deb := debhelper dpkg-dev $(PACKAGES_slurm)
DEB         := $(BUILD)/deb
DEB_VERSION ?= $(VERSION)
DEB_TREE    := $(DEB)/rssd-$(DEB_VERSION)

# What the packages are made of.
DEB_SOURCES := Makefile $(shell find lib daemon cli man systemd tests/unit tests/tests.mk -type f)

.PHONY: deb

## deb: Debian packages, source and binary, in build/deb; DEB_VERSION=0.1.0+1 for another version
deb: deps $(DEB)/.built-$(DEB_VERSION)
	$(Q)ls $(DEB)/*.dsc $(DEB)/*.deb

$(DEB)/.built-$(DEB_VERSION): $(DEB_SOURCES)
	$(call install_packages,$(PACKAGES_deb))
	$(Q)rm -rf $(DEB) && mkdir -p $(DEB_TREE)
	$(Q)tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C $(DEB_TREE)
	$(Q)cp -r systemd/debian $(DEB_TREE)/debian
	$(Q)sed -i '1s/(.*)/($(DEB_VERSION))/' $(DEB_TREE)/debian/changelog
	$(call say,DEB,$(DEB))cd $(DEB_TREE) && env -u BUILD MAKEFLAGS= dpkg-buildpackage -us -uc >../build.log 2>&1 || \
		{ tail -n 40 ../build.log; exit 1; }
	$(Q)rm -rf $(DEB_TREE) && touch $@
