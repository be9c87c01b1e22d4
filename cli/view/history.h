/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last samples of each container, for top: its usages, the rate of reclaim,
 * and the OOM kills since top started. Pure: samples are passed in.
 */
#ifndef RSSCTL_HISTORY_H
#define RSSCTL_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "librss/rss.h"

#define HISTORY_MAX 60

struct trace {
	char *name;
	uint64_t usage[HISTORY_MAX]; /* the newest last; RSS_ABSENT: not known */
	size_t count;
	uint64_t reclaimed, oom_kills; /* of the last sample */
	uint64_t reclaim_rate;	       /* bytes per second; RSS_ABSENT before the second sample */
	uint64_t kills_seen;	       /* since the first sample */
};

struct history {
	struct trace *list; /* sorted by name */
	size_t count;
	uint64_t at; /* the time of the last sample, in microseconds */
};

/**
 * history_add() - add a sample of all containers
 * @containers: sorted by name
 * @now: its time on the monotonic clock, in microseconds
 *
 * Containers that no longer exist are dropped. Return: 0, or -ENOMEM with the
 * history unchanged.
 */
int history_add(struct history *history, struct rss_container *const containers[], size_t count,
		uint64_t now);

/* NULL if the container is in no sample. */
const struct trace *history_find(const struct history *history, const char *name);

void history_done(struct history *history);

#endif
