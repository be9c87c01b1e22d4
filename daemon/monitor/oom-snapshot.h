/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The snapshot of a container at an OOM: reclaim since the previous OOM, the remaining
 * sizes of the memory lists, free swap, and the largest processes of the container and
 * its nested containers.
 */
#ifndef RSSD_OOM_SNAPSHOT_H
#define RSSD_OOM_SNAPSHOT_H

struct container;
struct oom_snapshot;

/*
 * Reads all facts now; facts that cannot be read are OOM_ABSENT. The next snapshot of the
 * container counts from this one.
 */
void oom_snapshot_take(struct container *container, struct oom_snapshot *ret);

#endif
