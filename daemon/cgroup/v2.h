/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the controllers of the unified hierarchy (cgroup v2) share. A v2 group
 * with child groups may not contain processes itself, so the processes of each
 * group are in a child directory, the leaf. No container name can begin with
 * "+". The functions are operations for struct controller_ops.
 */
#ifndef RSSD_UNIFIED_H
#define RSSD_UNIFIED_H

#include <stdbool.h>

struct controller;
struct group;

#define UNIFIED_LEAF "+procs"

/* Enables the controller for the children of @parent. */
int unified_prepare_parent(struct controller *controller, int parent);
/* Moves the processes in the group's directory itself into its leaf. */
int unified_group_open(struct group *group);

int unified_freeze(struct group *group, bool freeze);
int unified_read_frozen(struct group *group, bool *ret);

#endif
