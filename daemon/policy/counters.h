/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel can tell of a container, and how what it does not tell is written. */
#ifndef RSSD_COUNTERS_H
#define RSSD_COUNTERS_H

#include <stdint.h>

#define COUNTER_ABSENT UINT64_MAX
#define LIMIT_INFINITY UINT64_MAX

/* What a controller can do on this very kernel; the names are in controller.c. */
enum controller_feature {
	FEATURE_PEAK = 1 << 0,
	FEATURE_FAILURES = 1 << 1,
	FEATURE_RECLAIMED = 1 << 2,
	FEATURE_OOM_EVENTS = 1 << 3,
	FEATURE_OOM_KILLS = 1 << 4,
	FEATURE_OOM_GROUP = 1 << 5,
	FEATURE_WATERMARKS = 1 << 6,
	FEATURE_RECLAIM = 1 << 7,      /* group_reclaim() */
	FEATURE_SAFE_LIMIT = 1 << 8,   /* the kernel itself refuses a limit below usage */
	FEATURE_LIMIT_EVENTS = 1 << 9, /* every meeting of the limit is told, none is missed */
	FEATURE_IN_PLACE = 1 << 10,    /* attach leaves the process in its unit's cgroup */
	FEATURE_MAPPED_ONLY = 1 << 11, /* page cache is not counted */
	FEATURE_SCANNED = 1 << 12,
	FEATURE_PEAK_RESET = 1 << 13, /* group_reset_peak() */
	FEATURE_FREEZE = 1 << 14,     /* group_freeze() */
	FEATURE_REFAULTS = 1 << 15,   /* group_read_refaults() */
};

/* Each is COUNTER_ABSENT where this kernel does not tell. */
struct counters {
	uint64_t usage;
	uint64_t peak;
	uint64_t failures;  /* how often a charge met this group's own limit */
	uint64_t reclaimed; /* bytes; on memory-v2 also for the sake of the whole machine */
	/*
	 * Because of this group's own limit. On memory-v1 since group_watch(), and
	 * absent before it (controller.oom_events_since_open).
	 */
	uint64_t oom_events;
	/* Processes of this group that were killed; on rss also those of groups below it. */
	uint64_t oom_kills;
	uint64_t scanned; /* pages that reclaim looked at */
};

#endif
