/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy of rssctl suggest: from samples of a container to a proposed limit
 * and watermarks, with reasons, or to the reasons why there is no proposal. Pure.
 */
#ifndef RSSCTL_ADVICE_H
#define RSSCTL_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the samples come from. */
enum observed {
	OBSERVED_ONCE,	  /* one sample */
	OBSERVED_WATCH,	  /* the samples of a watch */
	OBSERVED_HISTORY, /* rssd's record of the last day */
};

/* The samples. Sizes in bytes; RSS_ABSENT: not known; RSS_INFINITY: no limit. */
struct observation {
	enum observed source;
	uint64_t usec;		/* from the first sample to the last; 0: one sample */
	const uint64_t *usages; /* in the order of time; samples without a usage are left out */
	size_t count;
	uint64_t limit;
	uint64_t peak; /* the kernel's peak, which may be older than the samples */
	/* Of the processes inside: all together, and the largest one; 0: not known. */
	uint64_t resident, largest;
	bool can_reset_peak;
	bool has_watermarks; /* the controller has watermarks */
	/* Since the creation of the container: OOMs at its own limit, and its processes killed for any limit. */
	uint64_t oom_events, oom_kills;
	/* By how much the counters grew during the watch or the record. */
	uint64_t new_failures, new_reclaimed, new_oom_events, new_oom_kills;
	uint64_t new_refaults; /* pages */
	/*
	 * rssd's histogram of weeks: the usage that is not exceeded in half of the time and at all, and
	 * for how long it was observed, in microseconds; RSS_ABSENT if there is none.
	 */
	uint64_t median, longest_highest;
	uint64_t observed;
	uint64_t raises; /* how often the limit was raised after OOMs lately */
	uint64_t page;	 /* bytes */
};

#define ADVICE_REASONS_MAX 8
#define ADVICE_REASON_MAX  256

struct advice {
	bool enough; /* false: nothing is proposed, and the reasons say what is missing */
	bool floor;  /* more may be needed; suggest again with a higher limit */
	uint64_t limit, wmark_high, wmark_low; /* RSS_INFINITY: not proposed */
	/*
	 * The range of sensible limits: below @lower it would reclaim most of the time, above @upper
	 * memory would not be used. RSS_INFINITY if there is no proposal.
	 */
	uint64_t lower, upper;
	size_t count;
	char reasons[ADVICE_REASONS_MAX][ADVICE_REASON_MAX];
};

void advice_decide(const struct observation *seen, struct advice *ret);

/* Rounds up to a whole MiB, or to a larger step for larger sizes: 12 MiB, 252 MiB, 1.5 GiB. */
uint64_t advice_round_up(uint64_t bytes);

#endif
