/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorting for top: see top-order.h. */
#include "view/top-order.h"

#include <stdlib.h>
#include <string.h>

#include "view/history.h"
#include "view/output.h"

static const struct {
	char key;
	const char *name;
} orders[] = {
	[ORDER_NAME] = { 'n', "name" },		[ORDER_USAGE] = { 'u', "usage" },
	[ORDER_LIMIT] = { 'l', "limit" },	[ORDER_PERCENT] = { '%', "percent" },
	[ORDER_PEAK] = { 'p', "peak" },		[ORDER_PROCESSES] = { 'c', "processes" },
	[ORDER_FAILURES] = { 'f', "failures" }, [ORDER_RECLAIM] = { 'r', "reclaim" },
	[ORDER_KILLS] = { 'k', "kills" },
};

const char *top_order_name(enum top_order order)
{
	return orders[order].name;
}

bool top_order_from_name(const char *name, enum top_order *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		if (!strcmp(orders[i].name, name)) {
			*ret = (enum top_order)i;
			return true;
		}
	}
	return false;
}

bool top_order_from_key(char key, enum top_order *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		if (orders[i].key == key) {
			*ret = (enum top_order)i;
			return true;
		}
	}
	return false;
}

uint64_t top_used(const struct rss_container *c)
{
	if (c->usage == RSS_ABSENT || c->limit == RSS_INFINITY || !c->limit)
		return RSS_ABSENT;
	return (uint64_t)((double)c->usage * 1000.0 / (double)c->limit);
}

static uint64_t reclaim_weight(const struct rss_container *c, const struct history *history)
{
	const struct trace *trace = history ? history_find(history, c->name) : NULL;

	return trace && trace->reclaim_rate != RSS_ABSENT ? trace->reclaim_rate : c->reclaimed;
}

/* An unknown value counts as 0, no limit as the highest. */
static uint64_t container_weight(const struct rss_container *c, enum top_order order,
				 const struct history *history)
{
	uint64_t value = 0;

	switch (order) {
	case ORDER_NAME:
		break;
	case ORDER_LIMIT:
		return c->limit;
	case ORDER_USAGE:
		value = c->usage;
		break;
	case ORDER_PERCENT:
		value = top_used(c);
		break;
	case ORDER_PEAK:
		value = c->peak;
		break;
	case ORDER_PROCESSES:
		value = c->processes;
		break;
	case ORDER_FAILURES:
		value = c->failures;
		break;
	case ORDER_RECLAIM:
		value = reclaim_weight(c, history);
		break;
	case ORDER_KILLS:
		value = c->oom_kills;
		break;
	}
	return value == RSS_ABSENT ? 0 : value;
}

const char *usage_style(uint64_t tenths)
{
	if (tenths == RSS_ABSENT)
		return NULL;
	if (tenths >= USAGE_NEAR)
		return tenths >= 990 ? STYLE_RED : STYLE_YELLOW;
	return STYLE_GREEN;
}

struct weighed {
	struct rss_container *container;
	uint64_t weight;
};

static int compare_weights(const void *a, const void *b)
{
	const struct weighed *left = a, *right = b;

	if (left->weight != right->weight)
		return left->weight < right->weight ? 1 : -1;
	return strcmp(left->container->name, right->container->name);
}

/* Each weight is computed once: a comparison must not search the history. */
void top_sort(struct container_list *list, enum top_order order, const struct history *history)
{
	cleanup_free struct weighed *weighed = calloc(list->count + 1, sizeof(*weighed));

	/* Without memory the order stays that of the names. */
	if (!weighed)
		return;
	for (size_t i = 0; i < list->count; i++)
		weighed[i] =
			(struct weighed){ list->containers[i],
					  container_weight(list->containers[i], order, history) };
	qsort(weighed, list->count, sizeof(*weighed), compare_weights);
	for (size_t i = 0; i < list->count; i++)
		list->containers[i] = weighed[i].container;
}
