/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How each container fared while top looked: its last usages, and what
 * happened since the look before. Pure: looks are given.
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
	uint64_t reclaimed, oom_kills; /* as last seen */
	uint64_t reclaim_rate;	       /* bytes a second; RSS_ABSENT before the second look */
	uint64_t kills_seen;	       /* since top began to look */
};

struct history {
	struct trace *list; /* sorted by name */
	size_t count;
	uint64_t at; /* when the last look was taken, in microseconds */
};

/**
 * history_add() - one more look
 * @containers: sorted by name
 * @now: on a clock that never jumps
 *
 * Containers that are gone are forgotten. 0 or -ENOMEM: nothing is changed.
 */
int history_add(struct history *history, struct rss_container *const containers[], size_t count,
		uint64_t now);

/* NULL where it was never seen. */
const struct trace *history_find(const struct history *history, const char *name);

void history_done(struct history *history);

#endif
