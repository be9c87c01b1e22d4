/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rate limits: see ratelimit.h. */
#include "policy/ratelimit.h"

#include <assert.h>

static void refill(struct rate *rate, uint64_t now)
{
	uint64_t back;

	assert(rate->share > 0);
	back = now > rate->at ? (now - rate->at) / rate->share : 0;
	/* Keep @at, so that fractions of a microsecond accumulate. */
	if (back == 0 && rate->used > 0)
		return;
	rate->used = rate->used > back ? rate->used - back : 0;
	rate->at = now;
}

bool rate_allows(struct rate *rate, uint64_t now)
{
	refill(rate, now);
	return rate->used < rate->burst;
}

bool rate_is_full(struct rate *rate, uint64_t now)
{
	refill(rate, now);
	return rate->used == 0;
}

void rate_charge(struct rate *rate, uint64_t now, uint64_t usec)
{
	refill(rate, now);
	rate->used += usec;
}

bool rate_allows_user(struct rate *user, struct rate *all, unsigned int users, uint64_t now)
{
	assert(users > 0);
	if (!rate_allows(user, now))
		return false;
	return rate_allows(all, now) || user->used < all->burst / users;
}

static bool window_passed(const struct log_window *window, uint64_t now)
{
	return now >= window->since + LOG_WINDOW_USEC;
}

bool log_window_allows(struct log_window *window, uint64_t now)
{
	if (window_passed(window, now) && window->suppressed == 0)
		*window = (struct log_window){ .since = now };
	if (window->lines < LOG_WINDOW_MAX) {
		window->lines++;
		return true;
	}
	window->suppressed++;
	return false;
}

unsigned int log_window_take(struct log_window *window, uint64_t now)
{
	unsigned int suppressed = window->suppressed;

	if (!window_passed(window, now))
		return 0;
	*window = (struct log_window){ .since = now };
	return suppressed;
}
