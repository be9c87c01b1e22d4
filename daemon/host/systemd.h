/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets the limits of units through systemd, which alone writes them. All functions connect to the
 * system bus, wait some seconds at most for systemd, and disconnect: they are for workers.
 */
#ifndef RSSD_SYSTEMD_H
#define RSSD_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/settings.h"

struct failure;

struct systemd_unit {
	char *id;	/* its name; the requested name may be an alias */
	char *cgroup;	/* as in /proc/PID/cgroup; its future one if the unit is not running */
	bool running;	/* it has a cgroup */
	bool transient; /* it does not outlive a reboot */
	struct settings settings; /* its SETTINGS_OF_UNITS, as MemoryMax= and the like have them */
	char *dropins; /* the drop-ins of `systemctl set-property` for these, one path per line */
};

void systemd_unit_done(struct systemd_unit *unit);

/**
 * systemd_read_unit() - read a unit
 * @ret: zeroed by the caller, and passed to systemd_unit_done() in any case
 *
 * Return: 0, or a failure: NoSuchUnit if systemd finds none, NotSupported if it is masked,
 * SystemdFailed if systemd is absent or does not answer.
 */
int systemd_read_unit(const char *name, struct systemd_unit *ret, struct failure *failure);

/**
 * systemd_set_properties() - set MemoryMax= and the like of a unit
 * @which: a mask of SETTINGS_OF_UNITS, which are set together
 * @runtime: until the next boot only
 *
 * The unit need not be running. systemd writes the control files a moment later. It refuses a
 * property that this version does not know, and then sets none.
 */
int systemd_set_properties(const char *unit, unsigned int which, const struct settings *settings,
			   bool runtime, struct failure *failure);

/**
 * systemd_restore_properties() - restore such properties of a unit
 * @settings, @dropins: of struct systemd_unit, as read before the first change; @dropins may be NULL
 *
 * Drop-ins for properties in @which that did not exist then are removed, and systemd is reloaded.
 * Does nothing if the unit no longer exists.
 */
int systemd_restore_properties(const char *unit, unsigned int which,
			       const struct settings *settings, const char *dropins,
			       struct failure *failure);

#endif
