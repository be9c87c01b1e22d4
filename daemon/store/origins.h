/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cgroup that each attached process came from; detach moves the process back to
 * it. A process is identified by pid and start time. The file is in /run, because
 * pids are not valid after a reboot. Lines are appended; those of ended processes
 * are dropped when the file is read, or when it has grown. Any thread may call these
 * functions.
 */
#ifndef RSSD_ORIGINS_H
#define RSSD_ORIGINS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/cleanup.h"

struct origins;

/**
 * origins_open() - read the stored origins
 * @directory: "/run/rssd", created if it is missing
 *
 * Return: 0, or a negative errno. If *ret is set then, the file cannot be written, and
 * new origins are in memory only; if not, the file cannot be read now.
 */
int origins_open(const char *directory, struct origins **ret);
struct origins *origins_free(struct origins *origins);
DEFINE_CLEANUP(struct origins *, origins_free);

/* Records the cgroup that a process is about to leave. Replaces an earlier record. */
int origins_set(struct origins *origins, pid_t pid, uint64_t start, const char *cgroup);

/* The same for a process that a user detaches: no rule attaches it again. */
int origins_set_detached(struct origins *origins, pid_t pid, uint64_t start, const char *cgroup);
bool origins_is_detached(struct origins *origins, pid_t pid, uint64_t start);

/* Returns the cgroup that the process came from, to be freed; NULL if it is unknown. */
char *origins_find(struct origins *origins, pid_t pid, uint64_t start);

/*
 * The same for the leader of a process group or session that still has a process.
 * The leader may have ended: its pid is not reused before the group and the session
 * have ended. @start: the start time of a process in it; the leader is not younger.
 */
char *origins_find_leader(struct origins *origins, pid_t pid, uint64_t start);

#endif
