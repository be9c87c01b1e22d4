/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of one OOM: the container whose limit was hit, the killed process, and
 * the state of the container at that moment. The facts come from the kernel's
 * counters, log and events; facts that none of them has are absent, never guessed.
 * Kills by rssd use the same record, with a cause.
 */
#ifndef RSSD_OOM_RECORD_H
#define RSSD_OOM_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/counters.h"
#include "shared/cleanup.h"

#define OOM_ABSENT COUNTER_ABSENT

/* How many of the largest processes a record has. */
#define OOM_PROCESSES 5

struct oom_process {
	pid_t pid;
	uid_t uid;	   /* (uid_t)-1: unknown */
	uint64_t resident; /* bytes */
	char command[64];  /* UTF-8 without control characters */
};

/* Sorted by size, the largest first. */
struct oom_processes {
	struct oom_process list[OOM_PROCESSES];
	unsigned int count;
};

/* Adds @process if it is one of the largest; an entry of the same pid is replaced. */
void oom_processes_add(struct oom_processes *processes, const struct oom_process *process);

/* The state of a container at an OOM: sizes in bytes, or OOM_ABSENT. */
struct oom_snapshot {
	/* Reclaim since the previous OOM, or since the container is watched. */
	uint64_t failures, reclaimed;
	uint64_t scanned; /* pages */
	struct memory_parts parts;
	uint64_t swap_free;
	struct oom_processes processes;
};

struct oom_record {
	uint64_t id;	   /* the sequence number of its event */
	uint64_t time;	   /* microseconds since the epoch */
	char *container;   /* whose limit was hit; NULL: no container's */
	char *limit_owner; /* the cgroup whose limit was hit; NULL: unknown, "/": the machine */
	char *victim_container;
	pid_t victim_pid; /* 0: unknown */
	uid_t victim_uid; /* (uid_t)-1: unknown */
	char *victim_command;
	bool group;	       /* the kernel kills the whole container; each process has a record */
	uint64_t usage, limit; /* of limit_owner, bytes, or OOM_ABSENT */
	struct oom_snapshot snapshot;
	/*
	 * The cause of a kill by rssd: "limit" (to lower a limit), "kill", "remove" or "oom" (oom-group); NULL for a
	 * kill by the kernel. If set, the record is of one operation, the victim is the largest
	 * process that it killed, and the snapshot has the largest killed processes.
	 */
	char *cause;
	uint64_t killed;     /* number of processes; 0: not a kill by rssd */
	uid_t requester_uid; /* the caller of the operation; (uid_t)-1: rssd itself */
	pid_t requester_pid; /* 0: rssd itself */
};

/* The processes that an operation has killed so far. */
struct kill_tally {
	uint64_t count;
	struct oom_processes largest;
};

/* Counts one killed process, which may have ended already. */
void kill_tally_add(struct kill_tally *tally, const struct oom_process *process);

/* A snapshot and a record without any fact; oom_record_new() is NULL when out of memory. */
struct oom_snapshot oom_snapshot_unknown(void);
struct oom_record *oom_record_new(void);
/* A copy with strings of its own; NULL when out of memory. */
struct oom_record *oom_record_copy(const struct oom_record *from);
struct oom_record *oom_record_free(struct oom_record *record);
DEFINE_CLEANUP(struct oom_record *, oom_record_free);

#endif
