/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The delegation of cgroups in the v2 tree to users. */
#ifndef RSSD_DELEGATION_H
#define RSSD_DELEGATION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct controller;

/**
 * delegation_is_to() - check whether a user may move processes in a cgroup
 * @cgroup: its path as in /proc/PID/cgroup
 * @unit_length: length of the prefix of @cgroup that is a systemd unit, or 0
 *
 * The directory and its cgroup.procs must belong to @uid. If there is a unit,
 * systemd must have marked it as delegated. Return: true if the cgroup is
 * delegated to @uid, false if not or if it cannot be read.
 */
bool delegation_is_to(const struct controller *controller, const char *cgroup, size_t unit_length,
		      uid_t uid);

/* Returns true if @cgroup or a cgroup above it belongs to a user other than root. */
bool delegation_to_a_user(const struct controller *controller, const char *cgroup);

#endif
