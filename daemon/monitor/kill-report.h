/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports kills by rssd in the same way as kills by the kernel: an event with a record
 * of the killed processes, the cause and the requester.
 */
#ifndef RSSD_KILL_REPORT_H
#define RSSD_KILL_REPORT_H

#include <stdint.h>

#include "policy/requester.h"

struct container;
struct kill_tally;

/* Usage and limit are bytes; 0 if the kill was not for a limit. */
struct kill_reason {
	const char *cause;	   /* "limit", "kill", "remove" or "oom" */
	struct container *limited; /* whose limit the kill was for, or NULL */
	uint64_t usage, limit;
	struct requester requester;
};

/*
 * Emits one event for the processes that an operation killed in @victim, or none if there are
 * none. The event is of the container whose limit the kill was for, or else of @victim.
 */
void kill_report_emit(struct container *victim, const struct kill_reason *reason,
		      const struct kill_tally *tally);

#endif
