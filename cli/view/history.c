/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The history of top: see history.h. */
#include "view/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_traces(struct trace *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].name);
	free(list);
}

static void trace_add(struct trace *trace, uint64_t usage)
{
	if (trace->count == HISTORY_MAX)
		memmove(trace->usage, trace->usage + 1, --trace->count * sizeof(*trace->usage));
	trace->usage[trace->count++] = usage;
}

/* How much a counter has grown. If it fell, it belongs to a new container of that name. */
static uint64_t counter_growth(uint64_t before, uint64_t now)
{
	return before == RSS_ABSENT || now == RSS_ABSENT || now < before ? 0 : now - before;
}

static uint64_t counter_rate(uint64_t before, uint64_t now, uint64_t usec)
{
	if (before == RSS_ABSENT || now == RSS_ABSENT || !usec)
		return RSS_ABSENT;
	return (uint64_t)((double)counter_growth(before, now) * 1000000.0 / (double)usec);
}

/* Continues the trace @before, or starts one if it is NULL. */
static void trace_start(struct trace *trace, const struct trace *before,
			const struct rss_container *c, uint64_t usec)
{
	char *name = trace->name;

	if (before) {
		*trace = *before;
		trace->reclaim_rate = counter_rate(before->reclaimed, c->reclaimed, usec);
		trace->kills_seen += counter_growth(before->oom_kills, c->oom_kills);
	} else {
		trace->reclaim_rate = RSS_ABSENT;
	}
	trace->name = name;
	trace->reclaimed = c->reclaimed;
	trace->oom_kills = c->oom_kills;
	trace_add(trace, c->usage);
}

int history_add(struct history *history, struct rss_container *const containers[], size_t count,
		uint64_t now)
{
	struct trace *list = calloc(count ? count : 1, sizeof(*list));
	uint64_t usec = now - history->at;
	size_t old = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		list[i].name = strdup(containers[i]->name);
		if (!list[i].name) {
			free_traces(list, i);
			return -ENOMEM;
		}
	}
	/* Both are sorted, so one pass finds each in the other. */
	for (size_t i = 0; i < count; i++) {
		while (old < history->count && strcmp(history->list[old].name, list[i].name) < 0)
			old++;
		if (old < history->count && !strcmp(history->list[old].name, list[i].name))
			trace_start(&list[i], &history->list[old], containers[i], usec);
		else
			trace_start(&list[i], NULL, containers[i], usec);
	}
	free_traces(history->list, history->count);
	*history = (struct history){ .list = list, .count = count, .at = now };
	return 0;
}

static int compare_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct trace *)element)->name);
}

const struct trace *history_find(const struct history *history, const char *name)
{
	return history->count ? bsearch(name, history->list, history->count, sizeof(*history->list),
					compare_name)
			      : NULL;
}

void history_done(struct history *history)
{
	free_traces(history->list, history->count);
	*history = (struct history){ 0 };
}
