/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every controller of the unified hierarchy (cgroups v2) has to do. A
 * group that has groups below it may hold no processes itself, so the
 * processes of each live in a folder of their own inside it, the leaf. "+" can
 * begin no container's name. These are operations for struct controller_ops.
 */
#ifndef RSSD_UNIFIED_H
#define RSSD_UNIFIED_H

#include <stdbool.h>

struct controller;
struct group;

#define UNIFIED_LEAF "+procs"

/* Lets the folders below @parent have the controller. */
int unified_prepare_parent(struct controller *controller, int parent);
/* Moves what stands in the folder itself into its leaf. */
int unified_group_open(struct group *group);

int unified_freeze(struct group *group, bool freeze);
int unified_read_frozen(struct group *group, bool *ret);

#endif
