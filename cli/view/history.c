/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What top remembers: see history.h. */
#include "view/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_list(struct trace *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].name);
	free(list);
}

static void push(struct trace *trace, uint64_t usage)
{
	if (trace->count == HISTORY_MAX)
		memmove(trace->usage, trace->usage + 1, --trace->count * sizeof(*trace->usage));
	trace->usage[trace->count++] = usage;
}

/* How much a counter has grown; one that fell belongs to a new container of the name. */
static uint64_t growth(uint64_t before, uint64_t now)
{
	return before == RSS_ABSENT || now == RSS_ABSENT || now < before ? 0 : now - before;
}

static uint64_t rate(uint64_t before, uint64_t now, uint64_t usec)
{
	if (before == RSS_ABSENT || now == RSS_ABSENT || !usec)
		return RSS_ABSENT;
	return (uint64_t)((double)growth(before, now) * 1000000.0 / (double)usec);
}

/* The trace of before, or the beginning of one. */
static void begin(struct trace *trace, const struct trace *before, const struct rss_container *c,
		  uint64_t usec)
{
	char *name = trace->name;

	if (before) {
		*trace = *before;
		trace->reclaim_rate = rate(before->reclaimed, c->reclaimed, usec);
		trace->kills_seen += growth(before->oom_kills, c->oom_kills);
	} else {
		trace->reclaim_rate = RSS_ABSENT;
	}
	trace->name = name;
	trace->reclaimed = c->reclaimed;
	trace->oom_kills = c->oom_kills;
	push(trace, c->usage);
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
			free_list(list, i);
			return -ENOMEM;
		}
	}
	/* Both are sorted: one walk finds each in the other. */
	for (size_t i = 0; i < count; i++) {
		while (old < history->count && strcmp(history->list[old].name, list[i].name) < 0)
			old++;
		if (old < history->count && !strcmp(history->list[old].name, list[i].name))
			begin(&list[i], &history->list[old], containers[i], usec);
		else
			begin(&list[i], NULL, containers[i], usec);
	}
	free_list(history->list, history->count);
	*history = (struct history){ .list = list, .count = count, .at = now };
	return 0;
}

static int by_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct trace *)element)->name);
}

const struct trace *history_find(const struct history *history, const char *name)
{
	return history->count ? bsearch(name, history->list, history->count, sizeof(*history->list),
					by_name)
			      : NULL;
}

void history_done(struct history *history)
{
	free_list(history->list, history->count);
	*history = (struct history){ 0 };
}
