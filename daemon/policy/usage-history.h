/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The usage of a container over the last day. Counters that are read for another
 * purpose also become samples, so nothing wakes up for the history. It has at most
 * USAGE_SAMPLES_MAX samples, each the highest usage seen in a span of time. When it
 * is full, the span doubles, up to an hour, and neighbours are merged. It also has
 * earlier totals of the counters, so that the increase since then can be computed;
 * a histogram of longer times; and how often the limit was raised after an OOM. Pure; times are microseconds of one clock.
 */
#ifndef RSSD_USAGE_HISTORY_H
#define RSSD_USAGE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/usage-histogram.h"

#define USAGE_SAMPLES_MAX   24
#define USAGE_SPAN_USEC_MIN (15ULL * 1000000)
#define USAGE_SPAN_USEC_MAX (3600ULL * 1000000)
#define USAGE_KEPT_USEC	    (24 * USAGE_SPAN_USEC_MAX)

/* A raise of the limit after an OOM counts for this long after the last one. */
#define USAGE_RAISES_KEPT_USEC (7 * USAGE_KEPT_USEC)

struct usage_history;

struct usage_sample {
	uint64_t time;	/* start of its span, in whole seconds */
	uint64_t usage; /* bytes, rounded up to KiB; the highest of the span */
};

/* Counters at one time; COUNTER_ABSENT if the kernel does not count them. */
struct usage_totals {
	uint64_t time; /* 0: there are no totals */
	uint64_t failures, reclaimed, oom_events, oom_kills, refaults;
};

/* Adds a sample. *history is NULL before the first. Return: 0, or -ENOMEM: nothing is added. */
int usage_history_add(struct usage_history **history, uint64_t now, uint64_t usage);

/* Returns true if it is time to take totals again; also before the first sample. */
bool usage_history_wants_totals(const struct usage_history *history, uint64_t now);
void usage_history_put_totals(struct usage_history *history, const struct usage_totals *totals);
/*
 * Replaces all totals: earlier ones are not comparable with later ones.
 * @raised: a higher limit is set, which counts as a raise if there were OOMs at the old one
 */
void usage_history_restart_totals(struct usage_history *history, const struct usage_totals *totals,
				  bool raised);
/* How often the limit was raised after an OOM, with less than a week in between. */
unsigned int usage_history_raises(const struct usage_history *history, uint64_t now);
/* All zero before the first sample. */
struct usage_histogram usage_history_histogram(const struct usage_history *history, uint64_t now);

/* Copies the samples of the last day, the oldest first. Returns how many there are. */
size_t usage_history_samples(const struct usage_history *history, uint64_t now,
			     struct usage_sample ret[USAGE_SAMPLES_MAX]);
/* Returns the totals of half a day to a day ago, or the first; .time is 0 if there are none. */
struct usage_totals usage_history_totals(const struct usage_history *history);

/* A history by value, to be stored: what the functions above work with. */
struct usage_stored {
	uint32_t length; /* of a span, in seconds */
	uint16_t count;
	struct {
		uint32_t began, kib; /* seconds, KiB */
	} spans[USAGE_SAMPLES_MAX];
	struct usage_totals older, newer;
	uint32_t raises, raised_at; /* seconds */
	struct usage_histogram histogram;
};

void usage_history_export(const struct usage_history *history, struct usage_stored *ret);
/*
 * Makes a history of stored values, whose times are those of @now's clock. What is old is dropped.
 * Return: 0; -EBADMSG for values that no export returns; or -ENOMEM.
 */
int usage_history_import(const struct usage_stored *stored, uint64_t now,
			 struct usage_history **ret);

#endif
