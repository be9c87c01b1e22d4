/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To whom a control group of the unified tree is delegated. */
#ifndef RSSD_DELEGATION_H
#define RSSD_DELEGATION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct controller;

/**
 * delegation_is_to() - may this user move processes in a control group?
 * @cgroup: as /proc/PID/cgroup spells it
 * @unit_length: of its beginning that is a unit of systemd, or 0
 *
 * The folder and its cgroup.procs must belong to @uid, and systemd must have
 * marked the unit as delegated. What cannot be read is not delegated.
 */
bool delegation_is_to(const struct controller *controller, const char *cgroup, size_t unit_length,
		      uid_t uid);

#endif
