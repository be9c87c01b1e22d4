/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters of a container, and the features that a controller can have. */
#ifndef RSSD_COUNTERS_H
#define RSSD_COUNTERS_H

#include <stdint.h>
#include <string.h>

#define COUNTER_ABSENT UINT64_MAX
/* The swappiness of reclaim: the one of the machine, and the largest. */
#define SWAPPINESS_DEFAULT (-1)
#define SWAPPINESS_MAX	   200
#define LIMIT_INFINITY	   UINT64_MAX

/* Absent if one of them is. */
static inline uint64_t counter_sum(uint64_t a, uint64_t b)
{
	return a == COUNTER_ABSENT || b == COUNTER_ABSENT ? COUNTER_ABSENT : a + b;
}

/* What a controller supports on the running kernel; report/diagnose.c has the names. */
enum controller_feature {
	FEATURE_PEAK = 1 << 0,
	FEATURE_FAILURES = 1 << 1,
	FEATURE_RECLAIMED = 1 << 2,
	FEATURE_OOM_EVENTS = 1 << 3,
	FEATURE_OOM_KILLS = 1 << 4,
	FEATURE_OOM_GROUP = 1 << 5,
	FEATURE_WATERMARKS = 1 << 6,
	FEATURE_RECLAIM = 1 << 7,      /* group_reclaim() */
	FEATURE_SAFE_LIMIT = 1 << 8,   /* the kernel refuses a limit below usage */
	FEATURE_LIMIT_EVENTS = 1 << 9, /* the kernel reports every hit of the limit */
	FEATURE_IN_PLACE = 1 << 10,    /* attach leaves the process in its unit's cgroup */
	FEATURE_MAPPED_ONLY = 1 << 11, /* page cache is not counted */
	FEATURE_SCANNED = 1 << 12,
	FEATURE_PEAK_RESET = 1 << 13, /* group_reset_peak() */
	FEATURE_FREEZE = 1 << 14,     /* group_freeze() */
	FEATURE_REFAULTS = 1 << 15,   /* group_read_refaults() */
	FEATURE_SWAP = 1 << 16,	      /* memory_parts.swap */
	FEATURE_PRESSURE = 1 << 17,   /* memory_parts.pressure_some and the like */
	FEATURE_HIGH = 1 << 18,
	FEATURE_LOW = 1 << 19,
	FEATURE_MIN = 1 << 20,
	FEATURE_SWAP_LIMIT = 1 << 21,
	FEATURE_ZSWAP_LIMIT = 1 << 22,
	FEATURE_ZSWAP = 1 << 23,      /* memory_parts.zswap */
	FEATURE_SWAPPINESS = 1 << 24, /* group_reclaim() with a swappiness */
	FEATURE_PRESSURE_TRIGGER = 1 << 25,
};

/* Each is COUNTER_ABSENT if this kernel does not count it. */
struct counters {
	uint64_t usage;
	uint64_t peak;
	uint64_t failures;  /* how often a charge hit this group's own limit */
	uint64_t reclaimed; /* bytes; on memory-v2 also those reclaimed for the whole machine */
	/*
	 * OOMs of this group's own limit. On memory-v1 they are counted from group_watch()
	 * on, and absent before it (controller.oom_events_since_open).
	 */
	uint64_t oom_events;
	/* Killed processes of this group; on rss also those of nested groups. */
	uint64_t oom_kills;
	uint64_t scanned; /* pages that reclaim scanned */
};

/*
 * What the usage consists of, in bytes, nested groups included. Each part is COUNTER_ABSENT if
 * the controller does not report it. Parts overlap: file includes shmem and mapped.
 */
struct memory_parts {
	uint64_t anon;
	uint64_t file;	 /* page cache; on rss those of its pages that are mapped */
	uint64_t shmem;	 /* tmpfs and shared memory: can only be swapped out */
	uint64_t kernel; /* memory that the kernel allocated for the group */
	uint64_t mapped; /* pages of file that are in page tables */
	uint64_t locked; /* mlocked or otherwise unevictable */
	/* What reclaim can scan: its lists of swap-backed pages, shmem included, and of others. */
	uint64_t anon_list, file_list;
	uint64_t dirty;	   /* pages of file that must be written, or are being written */
	uint64_t refaults; /* not a part, but in the same file */
	uint64_t swap;	   /* swapped out; not part of the usage */
	/* How long some, or all, processes have waited for memory, in microseconds in all... */
	uint64_t pressure_some, pressure_full;
	/* ...and in the last 10 seconds, minute and 5 minutes, in hundredths of a percent. */
	uint64_t pressure_some_avg10, pressure_full_avg10;
	uint64_t pressure_some_avg60, pressure_full_avg60;
	uint64_t pressure_some_avg300, pressure_full_avg300;
	uint64_t zswap; /* compressed in memory by zswap, before compression: part of swap */
};

static inline struct memory_parts memory_parts_absent(void)
{
	struct memory_parts parts;

	/* All bits set: COUNTER_ABSENT in each member. */
	memset(&parts, 0xff, sizeof(parts));
	return parts;
}

/* The sums over the removed cgroups of a unit: a unit has a new cgroup each time it starts. */
struct earlier_counters {
	uint64_t failures, reclaimed, oom_events, oom_kills;
	uint64_t peak; /* the highest */
};

#endif
