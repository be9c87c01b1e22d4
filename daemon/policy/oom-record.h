/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of one OOM: whose limit it was, which process was killed, and the
 * state of the container at that moment. The facts come from the kernel's counters,
 * log and events; facts that none of them has are absent, never guessed. Kills by
 * rssd have the same record, with a cause.
 */
#ifndef RSSD_OOM_RECORD_H
#define RSSD_OOM_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/cleanup.h"

#define OOM_ABSENT UINT64_MAX

/* How many of the largest are in a record. */
#define OOM_PROCESSES 5

struct oom_process {
	pid_t pid;
	uid_t uid;	   /* (uid_t)-1: unknown */
	uint64_t resident; /* bytes */
	char command[64];  /* UTF-8 without control characters */
};

/* The largest first. */
struct oom_processes {
	struct oom_process list[OOM_PROCESSES];
	unsigned int count;
};

/* Takes it in if it is one of the largest; who is there already is only updated. */
void oom_processes_add(struct oom_processes *processes, const struct oom_process *process);

/* What there was when memory ran out: sizes in bytes, or OOM_ABSENT. */
struct oom_snapshot {
	/* What reclaim tried, since the OOM before, or since the container is watched. */
	uint64_t failures, reclaimed;
	uint64_t scanned;	     /* pages */
	uint64_t anon, file, locked; /* what was left of the lists that it works on */
	uint64_t swap_free;
	struct oom_processes processes;
};

struct oom_record {
	uint64_t sequence; /* of its event: the id of the record */
	uint64_t time;	   /* microseconds since the epoch */
	char *container;   /* whose limit it was, or NULL: none of ours... */
	char *limit_owner; /* ...but this control group's; NULL: unknown, "/": the machine's */
	char *victim_container;
	pid_t victim_pid; /* 0: unknown */
	uid_t victim_uid; /* (uid_t)-1: unknown */
	char *victim_command;
	bool group;	       /* the whole container is killed, a record for each process */
	uint64_t usage, limit; /* of limit_owner, bytes, or OOM_ABSENT */
	struct oom_snapshot snapshot;
	/*
	 * Of kills by rssd: "limit" (to make room for a lower one), "kill" or "remove"; NULL if the
	 * kernel killed. Then the record is of one operation, the victim is the largest process
	 * that it killed, and the snapshot's processes are the largest ones.
	 */
	char *cause;
	uint64_t killed;     /* how many processes; 0: not a kill by rssd */
	uid_t requester_uid; /* who asked for it; (uid_t)-1: rssd itself */
	pid_t requester_pid; /* 0: rssd itself */
};

/* What an operation has killed so far. */
struct kill_tally {
	uint64_t count;
	struct oom_processes largest;
};

/* Counts one process, which may have ended by now. */
void kill_tally_add(struct kill_tally *tally, const struct oom_process *process);

/* One in which everything is absent. */
struct oom_snapshot oom_snapshot_unknown(void);
struct oom_record *oom_record_new(void);
/* A copy with strings of its own; NULL when out of memory. */
struct oom_record *oom_record_copy(const struct oom_record *from);
struct oom_record *oom_record_free(struct oom_record *record);
DEFINE_CLEANUP(struct oom_record *, oom_record_free);

#endif
