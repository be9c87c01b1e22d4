/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading many groups of the rss controller by one netlink dump. */
#ifndef RSSD_RSS_READ_ALL_H
#define RSSD_RSS_READ_ALL_H

#include <stddef.h>

#include "cgroup/controller.h"
#include "host/rss-events.h"

/*
 * group->data of this controller. The kernel treats a leaf as a separate container as
 * soon as its group has groups below it.
 */
struct rss_group {
	struct rss_listener own, leaf;
};

/* A directory in a dump, by inode number: a group's own directory, its leaf, or both. */
struct rss_dump_place {
	uint64_t id; /* 0: a free slot */
	struct group_reading *reading;
	bool own, leaf;
};

/* A dump that is being read: its places are a hash table with open addressing, at most half full. */
struct rss_dump {
	struct rss_dump_place *places;
	size_t mask;
	struct group_reading *last; /* of the state before, or NULL */
};

int rss_dump_begin(struct rss_dump *dump, struct group_reading readings[], size_t count);
void rss_dump_done(struct rss_dump *dump);
/*
 * Fills in the reading of one state. The kernel dumps a cgroup, then all that is below it, so a cgroup
 * of another program inside a group follows the group or a group nested in it.
 */
void rss_dump_take(const struct rss_container_state *state, void *dump);

/**
 * rss_read_states() - controller_read_all() of the rss controller
 * @family: of the kernel's generic netlink
 *
 * For a worker. Groups that were never watched are left out.
 *
 * Return: 0, or a negative errno.
 */
int rss_read_states(int family, struct group_reading readings[], size_t count);

#endif
