/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What list and top have in common: all containers at once. */
#ifndef RSSCTL_LIST_H
#define RSSCTL_LIST_H

#include <stddef.h>

#include "librss/rss.h"
#include "shared/cleanup.h"

struct table;

struct list {
	struct rss_container **containers;
	size_t count;
};

static inline void list_done(struct list *list)
{
	list->containers = rss_list_free(list->containers, list->count);
	list->count = 0;
}

#define cleanup_list cleanup_(list_done)

#endif
