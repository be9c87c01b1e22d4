/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reclaims a given amount in cgroup v1, whose memory controller has no file for that.
 *
 * The kernel reclaims while a limit below usage is written, and sets the limit only when usage has
 * reached it. So the limit 0 is written, which no group reaches that has a process, and a timer
 * interrupts the write until enough is reclaimed: the limit of a process is never lowered, also not
 * if rssd is killed meanwhile.
 */
#ifndef RSSD_V1_RECLAIM_H
#define RSSD_V1_RECLAIM_H

#include <stdint.h>

struct group;
struct worker;

/* As group_reclaim(). */
int v1_reclaim(struct group *group, uint64_t bytes, const struct worker *worker,
	       uint64_t *ret_freed);

#endif
