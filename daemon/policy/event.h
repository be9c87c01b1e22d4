/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One event of a container. Listeners receive it, and the event history stores it.
 * The emitter fills in what happened; manager_emit() sets the number and the time.
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
	EVENT_KILL,  /* rssd killed processes for an operation */
	EVENT_DRIFT, /* another program changed the container's cgroup */
	EVENT_THRESHOLD,
};

/* Sizes are bytes; unknown counters are COUNTER_ABSENT. */
struct event {
	enum event_kind kind;
	uint64_t sequence;	     /* set by manager_emit() */
	uint64_t last;		     /* LOST: sequence to last were lost; set by manager_emit() */
	uint64_t time;		     /* microseconds since the epoch; set by manager_emit() */
	struct container *container; /* NULL for LOST */
	uint64_t usage, limit;
	/*
	 * LIMIT_HIT: failures; RECLAIMED: bytes; LOST: events; KILL: processes; DRIFT: one bit;
	 * THRESHOLD: an enum threshold of policy/threshold.h
	 */
	uint64_t amount;
	const char *which;	/* WATERMARK: "wmark_high" or "wmark_low" */
	struct oom_record *oom; /* OOM, KILL; manager_emit() sets its number and its time */
};

#endif
