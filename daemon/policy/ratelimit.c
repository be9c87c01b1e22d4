/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A share of time: see rate.h. */
#include "policy/ratelimit.h"

static void bring_back(struct rate *rate, uint64_t now)
{
	uint64_t back = now > rate->at ? (now - rate->at) / RATE_SHARE : 0;

	/* What is less than one stays to be counted later. */
	if (back == 0 && rate->used > 0)
		return;
	rate->used = rate->used > back ? rate->used - back : 0;
	rate->at = now;
}

bool rate_allows(struct rate *rate, uint64_t now)
{
	bring_back(rate, now);
	return rate->used < RATE_BURST_USEC;
}

bool rate_is_full(struct rate *rate, uint64_t now)
{
	bring_back(rate, now);
	return rate->used == 0;
}

void rate_charge(struct rate *rate, uint64_t now, uint64_t usec)
{
	bring_back(rate, now);
	rate->used += usec;
}
