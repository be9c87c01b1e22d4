/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of OOM detection: its state in the manager and in each
 * container, and the functions that they call in each other. Only these files,
 * oom-snapshot.c and the unit test include this header.
 */
#ifndef RSSD_DETECTION_STATE_H
#define RSSD_DETECTION_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

#include "policy/counters.h"
#include "policy/oom-record.h"

struct container;
struct group_event;
struct manager;

/* A container can hit its limit thousands of times a second; it is reported this often. */
#define LIMIT_HIT_USEC (200 * 1000)
/* A kill follows its OOM within this time; a later kill is of another OOM. */
#define OOM_TO_KILL_USEC (2 * 1000 * 1000)

/* Victims whose cgroup the log did not name. */
#define VICTIMS_MAX   16
#define TASK_COMM_MAX 32

struct victim {
	pid_t pid;
	char comm[TASK_COMM_MAX];
};

/* The state in the manager. */
struct detection {
	sd_event_source *pending_kills; /* calls report_pending_kills() */
	uint64_t pending_since;		/* when it was set */
	uint64_t kill_counted_at;	/* when the counters last had a new kill */
	sd_event_source *deferred;	/* calls flush_deferred() */
	sd_event_source *limit_hits;	/* calls flush_limit_hits() at the end of a turn */
	struct victim victims[VICTIMS_MAX];
	unsigned int n_victims;
};

/* The state in a container. Times are of CLOCK_MONOTONIC. */
struct container_detection {
	uint64_t kills_reported; /* how many of seen.oom_kills have an OOM event */
	uint64_t local_ooms;	 /* OOMs of its own limit that are not reported yet */
	uint64_t local_ooms_at;	 /* when the last of them was seen */
	uint64_t events_next;	 /* changes of the counters are not reported before this time */
	bool deferred;		 /* a change waits for events_next, or a poll is due */
	struct {
		uint64_t count; /* how often the limit was hit so far; 0: nothing to report */
		uint64_t usage, limit;
		uint64_t next; /* not reported before this time */
	} limit_hit;	       /* the last limit hit that the kernel reported */
	struct {
		uint64_t at; /* 0: never */
		uint64_t usage, limit;
		struct oom_snapshot *snapshot; /* or NULL */
	} last_oom; /* the last OOM of its limit that the kernel reported */
	struct {
		uint64_t failures, reclaimed, scanned;
	} at_oom; /* the counters at its last OOM, or when the watch began */
};

/* Returns true if a counter that the controller knows has increased. */
static inline bool has_increased(uint64_t before, uint64_t now)
{
	return before != COUNTER_ABSENT && now != COUNTER_ABSENT && now > before;
}

/* The time of this turn of the loop. */
uint64_t detection_now(const struct manager *manager);
/* Calls @fn once after @usec, unless the timer is already set. */
void detection_schedule(struct manager *manager, sd_event_source **timer, uint64_t usec,
			sd_event_time_handler_t fn);

/* --- attribution.c ---------------------------------------------------------------- */

/* The limit of @container was hit and reclaim has failed: the kernel kills, or has killed. */
void attribution_on_oom(struct container *container, const struct group_event *fact);
/* The kernel killed a process of @container. */
void attribution_on_kill(struct container *container, const struct group_event *fact);
/* Takes over the OOM counters of a poll, before container->seen becomes @now. */
void attribution_count(struct container *container, const struct counters *now);
/* After a poll: schedules the report of kills that nothing else reports. */
void attribution_check(struct container *container);

/* --- coalescing.c ----------------------------------------------------------------- */

/* Reads the counters now and emits what has changed, or defers it if it is too soon. */
void poll_counters(struct container *container);
/* Polls @container and its nested containers after a moment. */
void schedule_scan(struct container *container);
/* Facts that the kernel reports: emitted immediately, or deferred. */
void defer_limit_hit(struct container *container, const struct group_event *fact);
void emit_limit_hit(struct container *container);
void emit_reclaimed(struct container *container, const struct group_event *fact);

#endif
