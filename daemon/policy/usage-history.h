/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container used over the last day, as far as somebody looked: looks of
 * others are noted as they come, so that nothing wakes up for it. It is bounded:
 * USAGE_SAMPLES_MAX samples, each the highest usage that was seen in a span of
 * time. Where there is no room for another, neighbours become one of twice the
 * span, up to an hour. With them stands what had been counted some time ago, so
 * that what came since can be told. Pure; times are microseconds of one clock.
 */
#ifndef RSSD_USAGE_HISTORY_H
#define RSSD_USAGE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USAGE_SAMPLES_MAX   24
#define USAGE_SPAN_USEC_MIN (15ULL * 1000000)
#define USAGE_SPAN_USEC_MAX (3600ULL * 1000000)
#define USAGE_KEPT_USEC	    (24 * USAGE_SPAN_USEC_MAX)

struct usage_history;

struct usage_sample {
	uint64_t time;	/* when its span began, to the second */
	uint64_t usage; /* bytes, to the KiB above; the highest of the span */
};

/* Counters as they were at a time; COUNTER_ABSENT where they are not told. */
struct usage_totals {
	uint64_t time; /* 0: none were taken */
	uint64_t failures, reclaimed, oom_events, oom_kills, refaults;
};

/* @history: NULL before the first. Return: 0 or -ENOMEM, then nothing is noted. */
int usage_history_add(struct usage_history **history, uint64_t now, uint64_t usage);

/* Is it time to take totals again? Also before the first sample. */
bool usage_history_wants_totals(const struct usage_history *history, uint64_t now);
void usage_history_put_totals(struct usage_history *history, const struct usage_totals *totals);
/* What came before is of other times: count from these on. */
void usage_history_restart_totals(struct usage_history *history, const struct usage_totals *totals);

/* The samples of the last day, the oldest first. Return: how many. */
size_t usage_history_samples(const struct usage_history *history, uint64_t now,
			     struct usage_sample ret[USAGE_SAMPLES_MAX]);
/* Those of half a day to a day ago, or of the beginning; .time is 0 where there are none. */
struct usage_totals usage_history_totals(const struct usage_history *history);

#endif
