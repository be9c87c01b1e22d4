/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a container at an OOM: what reclaim did since the OOM before,
 * what is left on the lists that it works on, free swap, and the largest
 * processes of the container and of those nested in it.
 */
#ifndef RSSD_OOM_SNAPSHOT_H
#define RSSD_OOM_SNAPSHOT_H

struct container;
struct oom_snapshot;

/*
 * Reads all of it now; what cannot be read is OOM_ABSENT. The next snapshot of the container
 * counts from this one.
 */
void oom_snapshot_take(struct container *container, struct oom_snapshot *ret);

#endif
