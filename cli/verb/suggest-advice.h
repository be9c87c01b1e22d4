/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A limit and watermarks for a container, from what was seen of it: the policy
 * of rssctl suggest, pure. It gives its reasons, and says when what was seen is
 * too little to go by.
 */
#ifndef RSSCTL_ADVICE_H
#define RSSCTL_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where it comes from. */
enum observed {
	OBSERVED_ONCE,	  /* by one look */
	OBSERVED_WATCH,	  /* by many, in a watch */
	OBSERVED_HISTORY, /* by others, in rssd's record of the last day */
};

/* What was seen. Bytes; RSS_ABSENT is what is not known, RSS_INFINITY no limit. */
struct observation {
	enum observed source;
	uint64_t usec;		/* from the first look to the last; 0: one look */
	const uint64_t *usages; /* of each look, in time; none where usage is not known */
	size_t count;
	uint64_t limit;
	uint64_t peak; /* the kernel's, of before the watch, too */
	bool can_reset_peak;
	bool has_watermarks; /* this controller has them */
	/* Since the container was made: its own limit ran out; processes of it were killed for any. */
	uint64_t oom_events, oom_kills;
	/* What came during the watch, or in the record. */
	uint64_t new_failures, new_reclaimed, new_oom_events, new_oom_kills;
	uint64_t new_refaults; /* pages */
	uint64_t page;	       /* bytes */
};

#define ADVICE_REASONS_MAX 8
#define ADVICE_REASON_MAX  256

struct advice {
	bool enough; /* false: the reasons say what is missing, and nothing is proposed */
	bool floor;  /* more may be needed: look again once the limit is higher */
	uint64_t limit, high, low; /* RSS_INFINITY: none is proposed */
	size_t count;
	char reasons[ADVICE_REASONS_MAX][ADVICE_REASON_MAX];
};

void advice_decide(const struct observation *seen, struct advice *ret);

/* Up to a whole MiB, or to a larger step for larger sizes: 12 MiB, 252 MiB, 1.5 GiB. */
uint64_t advice_round_up(uint64_t bytes);

#endif
