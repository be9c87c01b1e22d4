/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd as the only writer of the limits of its units. All functions connect to the
 * system bus, wait for systemd, at most some seconds, and disconnect: they are for workers.
 */
#ifndef RSSD_SYSTEMD_H
#define RSSD_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

struct failure;

struct systemd_unit {
	char *id;	     /* its name; the name that was asked for may be an alias */
	char *cgroup;	     /* as in /proc/PID/cgroup; where it will be, if it is not running */
	bool running;	     /* it has a cgroup */
	bool transient;	     /* it has no file that a boot finds again */
	uint64_t memory_max; /* bytes; UINT64_MAX: none */
	char *dropins; /* the drop-ins that `systemctl set-property MemoryMax=` makes, one a line */
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
 * systemd_restore_memory_max() - bring MemoryMax= of a unit back to what was found
 * @limit, @dropins: of struct systemd_unit, as read before the first change; @dropins may be NULL
 *
 * Drop-ins that were not there are removed, and systemd is reloaded. If there is no such unit
 * any more, there is nothing to do.
 */
int systemd_restore_memory_max(const char *unit, uint64_t limit, const char *dropins,
			       struct failure *failure);

#endif
