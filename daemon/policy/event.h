/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened to a container, as it is told. */
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
};

/* Something that happened to a container; counters that are not known are COUNTER_ABSENT. */
struct event {
	enum event_kind kind;
	uint64_t sequence;
	uint64_t last;		     /* EVENT_LOST: sequence to last were lost */
	struct container *container; /* NULL for EVENT_LOST */
	uint64_t usage, limit;
	uint64_t amount;   /* LIMIT_HIT: failures; RECLAIMED: bytes */
	const char *which; /* WATERMARK: "high" or "low" */
	const struct oom_record *oom;
};

#endif
