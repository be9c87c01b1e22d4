/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock of usage histories. */
#ifndef RSSD_USAGE_CLOCK_H
#define RSSD_USAGE_CLOCK_H

#include <stdint.h>

struct manager;

/* The time of this clock when the kernel was started: stored samples may be older. */
#define CONTAINER_HISTORY_BOOT (60ULL * 24 * 3600 * 1000000)

/* Microseconds. It continues while the machine is suspended, and is not set. */
uint64_t container_history_time(const struct manager *manager);

#endif
