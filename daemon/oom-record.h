/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told of one OOM. The facts come from the kernel's counters and from
 * its log; what neither told is absent, never guessed.
 */
#ifndef RSSD_OOM_RECORD_H
#define RSSD_OOM_RECORD_H

#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"

#define OOM_ABSENT UINT64_MAX

struct oom_record {
	uint64_t sequence; /* of the signal that told it */
	uint64_t time;	   /* microseconds since the epoch */
	char *container;   /* whose limit it was, or NULL: none of ours... */
	char *limit_owner; /* ...but this control group's; NULL: unknown, "/": the machine's */
	char *victim_container;
	pid_t victim_pid; /* 0: unknown */
	uid_t victim_uid; /* (uid_t)-1: unknown */
	char *victim_command;
	uint64_t usage, limit; /* of limit_owner, bytes, or OOM_ABSENT */
};

/* A record in which everything is absent. */
struct oom_record *oom_record_new(void);
/* A copy with strings of its own; NULL when out of memory. */
struct oom_record *oom_record_copy(const struct oom_record *from);
struct oom_record *oom_record_free(struct oom_record *record);
DEFINE_CLEANUP(struct oom_record *, oom_record_free);

#endif
