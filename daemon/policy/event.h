/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One event of a container: what listeners are given and what the event history
 * stores. Who emits one fills in what happened; manager_emit() gives it its
 * number and its time.
 */
#ifndef RSSD_EVENT_H
#define RSSD_EVENT_H

#include <stdint.h>

struct container;
struct oom_record;

enum event_kind {
	EVENT_LIMIT_HIT,
	EVENT_RECLAIMED,
	EVENT_OOM,
	EVENT_WATERMARK,
	EVENT_LOST,
	EVENT_KILL, /* rssd has killed processes, because of an operation */
};

/* Sizes are bytes; counters that are not known are COUNTER_ABSENT. */
struct event {
	enum event_kind kind;
	uint64_t sequence;	     /* set by manager_emit() */
	uint64_t last;		     /* LOST: sequence to last were lost; set by manager_emit() */
	uint64_t time;		     /* microseconds since the epoch; set by manager_emit() */
	struct container *container; /* NULL for LOST */
	uint64_t usage, limit;
	uint64_t amount;	/* LIMIT_HIT: failures; RECLAIMED: bytes; LOST, KILL: how many */
	const char *which;	/* WATERMARK: "high" or "low" */
	struct oom_record *oom; /* OOM, KILL; manager_emit() sets its number and its time */
};

#endif
