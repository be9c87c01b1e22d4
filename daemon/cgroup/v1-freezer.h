/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Freezes groups of a v1 controller by the freezer hierarchy, if that is mounted by itself.
 *
 * While a group is frozen, all processes of its subtree are in a cgroup of the same path in the
 * freezer's hierarchy, or in that of a frozen group below. Otherwise they are in its root: what is
 * in a freezer cgroup of another program is left there, and its group cannot be frozen. Those
 * cgroups are the state, so that it survives a restart of rssd.
 *
 * Functions that move processes are for a worker: in v1 a move may wait some milliseconds.
 */
#ifndef RSSD_V1_FREEZER_H
#define RSSD_V1_FREEZER_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/cleanup.h"

struct group;
struct v1_freezer;

/* @root: rssd's root directory. -ENOENT if the freezer is in no hierarchy of v1. */
int v1_freezer_open(const char *root, struct v1_freezer **ret);
/* NULL is allowed. Returns NULL. */
struct v1_freezer *v1_freezer_free(struct v1_freezer *freezer);
DEFINE_CLEANUP(struct v1_freezer *, v1_freezer_free);

/*
 * Freezes the processes of the group and of those below. -EXDEV if one is in a freezer cgroup of
 * another program, -EAGAIN if processes are forked faster than they are moved; nothing is frozen then.
 */
int v1_freezer_freeze(struct v1_freezer *freezer, struct group *group);
/* Thaws the group at @path, below rssd's root. Processes of a frozen parent stay frozen. */
int v1_freezer_thaw(struct v1_freezer *freezer, const char *path);
/* Returns true if the group itself is frozen. Costs nothing if none is. */
bool v1_freezer_has(struct v1_freezer *freezer, const char *path);
/*
 * A process was moved to the group at @path, or out of rssd's root (NULL): it is frozen if that is,
 * and thawed otherwise.
 */
void v1_freezer_moved(struct v1_freezer *freezer, const char *path, pid_t pid);

#endif
