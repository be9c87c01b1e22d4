/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kills by rssd are reported as those of the kernel are: an event with a record
 * of what was killed, why, and who asked for it.
 */
#ifndef RSSD_KILL_REPORT_H
#define RSSD_KILL_REPORT_H

#include <stdint.h>

#include "policy/requester.h"

struct container;
struct kill_tally;

/* Usage and limit are bytes, and 0 unless it was for a limit. */
struct kill_reason {
	const char *cause;	   /* "limit", "kill" or "remove" */
	struct container *limited; /* whose limit it was for; NULL: not for a limit */
	uint64_t usage, limit;
	struct requester requester;
};

/*
 * Emits one event for what an operation has killed in @victim, or nothing if it killed nothing
 * there. It is an event of the container whose limit it was, or else of the victim's.
 */
void kill_report_emit(struct container *victim, const struct kill_reason *reason,
		      const struct kill_tally *tally);

#endif
