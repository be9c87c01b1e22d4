/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The orders of top: their names on the command line, their keys, and sorting. */
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
	ORDER_RECLAIM, /* by the rate, or by the sum before there is a rate */
	ORDER_KILLS,
};

const char *top_order_name(enum top_order order);

/* Return false if there is no such order. */
bool top_order_from_name(const char *name, enum top_order *ret);
bool top_order_from_key(char key, enum top_order *ret);

/* Usage in tenths of a percent of the limit; RSS_ABSENT without a limit. */
uint64_t top_used(const struct rss_container *container);

/* Usage is near the limit from here on. */
#define USAGE_NEAR 900

/* The style of a usage of so many tenths of a percent; NULL without a limit. */
const char *usage_style(uint64_t tenths);

/* The highest value first, equal ones by name. @history may be NULL. */
void top_sort(struct container_list *list, enum top_order order, const struct history *history);

#endif
