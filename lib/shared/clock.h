/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The time in microseconds, which is the unit of every time in rssd. Code in the
 * loop that compares with timers uses sd_event_now(); everything else uses this.
 */
#ifndef RSS_CLOCK_H
#define RSS_CLOCK_H

#include <stdint.h>
#include <time.h>

#define USEC_PER_SEC UINT64_C(1000000)

/* The time of @clock: CLOCK_MONOTONIC, CLOCK_REALTIME or CLOCK_BOOTTIME. Any thread may call it. */
uint64_t clock_usec(clockid_t clock);

/* @usec as the struct that system calls take. */
struct timespec clock_to_timespec(uint64_t usec);

#endif
