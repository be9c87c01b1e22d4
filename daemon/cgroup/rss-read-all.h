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
