/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which order top shows containers: the words that are typed, the keys that are pressed. */
#ifndef RSSCTL_TOP_ORDER_H
#define RSSCTL_TOP_ORDER_H

#include <stdbool.h>

#include "view/container-list.h"

struct history;

enum top_order {
	ORDER_NAME,
	ORDER_USAGE,
	ORDER_LIMIT,
	ORDER_PERCENT,
	ORDER_PEAK,
	ORDER_PROCESSES,
	ORDER_FAILURES,
	ORDER_RECLAIM, /* by the rate; before there is one, by the sum */
	ORDER_KILLS,
};

const char *top_order_name(enum top_order order);

/* False: there is none of that name, or key. */
bool top_order_from_name(const char *name, enum top_order *ret);
bool top_order_from_key(char key, enum top_order *ret);

/* Usage in tenths of a percent of the limit; RSS_ABSENT without a limit. */
uint64_t top_used(const struct rss_container *container);

/* The most first, and names by the alphabet where that is the same. @history may be NULL. */
void top_sort(struct list *list, enum top_order order, const struct history *history);

#endif
