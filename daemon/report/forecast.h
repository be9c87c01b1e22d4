/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What would become of a limit, told before it is set: from usage, the lists
 * that reclaim works on, and the room in swap. A forecast, not a promise: what
 * is in use at that moment, dirty or just being mapped shows only when reclaim
 * tries. The judgement is pure.
 */
#ifndef RSSD_FORECAST_H
#define RSSD_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/limit-policy.h"

struct container;
struct failure;

/* Sizes are bytes; what this kernel does not tell is COUNTER_ABSENT. */
struct forecast_input {
	enum limit_mode mode;
	uint64_t target;
	uint64_t usage;
	uint64_t anon;	  /* on lists: goes to swap alone */
	uint64_t file;	  /* on lists: can be dropped or written back */
	uint64_t locked;  /* mlocked or otherwise unevictable */
	uint64_t swap;	  /* free */
	bool can_reclaim; /* reclaim before the limit is in place, one way or the other */
};

enum forecast_verdict {
	FORECAST_FITS,	   /* nothing has to be reclaimed */
	FORECAST_RECLAIMS, /* reclaim is enough */
	FORECAST_UNSURE,   /* it may be enough: nearly all that there is would have to go */
	FORECAST_REFUSED,  /* the old limit would stay */
	FORECAST_KILLS,	   /* memory runs out: processes inside would be killed */
};

/* "fits", "reclaims", "unsure", "refused", "kills" */
const char *forecast_verdict_name(enum forecast_verdict verdict);

struct forecast {
	struct forecast_input of;
	enum forecast_verdict verdict;
	uint64_t to_free;     /* usage above the target */
	uint64_t reclaimable; /* at most */
	char reason[200];
};

void forecast_limit(const struct forecast_input *input, struct forecast *ret);

/* The same for a container as it is now. Reads control files. */
int forecast_container(struct container *container, uint64_t limit, enum limit_mode mode,
		       struct forecast *ret, struct failure *failure);

#endif
