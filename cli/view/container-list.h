/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers as librss returns them: one, and the list of rss_list(). */
#ifndef RSSCTL_LIST_H
#define RSSCTL_LIST_H

#include <stddef.h>

#include "librss/rss.h"
#include "shared/cleanup.h"

struct table;

DEFINE_CLEANUP(struct rss_container *, rss_container_free);

struct container_list {
	struct rss_container **containers;
	size_t count;
};

static inline void container_list_done(struct container_list *list)
{
	list->containers = rss_list_free(list->containers, list->count);
	list->count = 0;
}

#define cleanup_container_list cleanup_(container_list_done)

#endif
