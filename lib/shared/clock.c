/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time in microseconds: see clock.h. */
#include "shared/clock.h"

uint64_t clock_usec(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

struct timespec clock_to_timespec(uint64_t usec)
{
	return (struct timespec){
		.tv_sec = (time_t)(usec / USEC_PER_SEC),
		.tv_nsec = (long)(usec % USEC_PER_SEC) * 1000,
	};
}
