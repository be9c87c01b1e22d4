/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A share of time: whoever used up what it may have at once is told to wait
 * until some of it has come back. Pure; times are microseconds of one clock.
 */
#ifndef RSSD_RATE_H
#define RSSD_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* What may be used at once, and the part of the time that comes back. */
#define RATE_BURST_USEC (500 * 1000)
#define RATE_SHARE	4 /* one in four */

struct rate {
	uint64_t used; /* at the time @at */
	uint64_t at;
};

/* May more be used? */
bool rate_allows(struct rate *rate, uint64_t now);

/* Is all of it there? */
bool rate_is_full(struct rate *rate, uint64_t now);

/* @usec were used. */
void rate_charge(struct rate *rate, uint64_t now, uint64_t usec);

#endif
