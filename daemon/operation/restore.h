/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Restores the containers at a start. The cgroup tree is authoritative for
 * membership, the saved state for limits. A container in the state alone is
 * created again, unless it was transient; one in the tree alone is taken over
 * with the kernel's settings. If both have it and the kernel's settings differ, the
 * saved ones are written to the kernel and the difference is logged.
 */
#ifndef RSSD_RESTORE_H
#define RSSD_RESTORE_H

struct failure;
struct manager;

/*
 * Restores from the state, then from the cgroup tree, then applies declarations. A bad
 * file or a group that cannot be opened affects only its container. Fails if the state
 * directory cannot be read.
 */
int restore_all(struct manager *manager, struct failure *failure);

#endif
