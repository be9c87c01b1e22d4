/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets the limits of units through systemd, which alone writes them. All functions connect to the
 * system bus, wait some seconds at most for systemd, and disconnect: they are for workers.
 */
#ifndef RSSD_SYSTEMD_H
#define RSSD_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

struct failure;

struct systemd_unit {
	char *id;	     /* its name; the requested name may be an alias */
	char *cgroup;	     /* as in /proc/PID/cgroup; its future one if the unit is not running */
	bool running;	     /* it has a cgroup */
	bool transient;	     /* it does not outlive a reboot */
	uint64_t memory_max; /* bytes; UINT64_MAX: none */
	char *dropins; /* the drop-ins that `systemctl set-property MemoryMax=` makes, one per line */
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
 * systemd_set_memory_max() - set MemoryMax= of a unit
 * @runtime: until the next boot only
 *
 * The unit need not be running. systemd writes the control file a moment later.
 */
int systemd_set_memory_max(const char *unit, uint64_t limit, bool runtime, struct failure *failure);

/**
 * systemd_restore_memory_max() - restore MemoryMax= of a unit
 * @limit, @dropins: of struct systemd_unit, as read before the first change; @dropins may be NULL
 *
 * Drop-ins that did not exist then are removed, and systemd is reloaded. Does nothing if the unit
 * no longer exists.
 */
int systemd_restore_memory_max(const char *unit, uint64_t limit, const char *dropins,
			       struct failure *failure);

#endif
