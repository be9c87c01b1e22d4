/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cgroup that each attached process came from, by which detach brings it
 * back. A process is its pid and its start time. The file is in /run, because a
 * pid means nothing after a boot: lines are appended, and those of ended
 * processes are dropped when the file is read again or has grown. Any thread may
 * call these functions.
 */
#ifndef RSSD_ORIGINS_H
#define RSSD_ORIGINS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/cleanup.h"

struct origins;

/**
 * origins_open() - read what is there
 * @folder: "/run/rssd", made if it is missing
 *
 * Return: 0; a negative errno with *ret set: the file cannot be written, and the
 * origins are in memory alone; or one without: it cannot be read now.
 */
int origins_open(const char *folder, struct origins **ret);
struct origins *origins_free(struct origins *origins);
DEFINE_CLEANUP(struct origins *, origins_free);

/* Records the cgroup that a process is about to leave; an earlier record is replaced. */
int origins_set(struct origins *origins, pid_t pid, uint64_t start, const char *cgroup);

/* The same for one that is detached by a user: no rule attaches it again. */
int origins_set_detached(struct origins *origins, pid_t pid, uint64_t start, const char *cgroup);
bool origins_is_detached(struct origins *origins, pid_t pid, uint64_t start);

/* The control group that it came from, to be freed; NULL if it is not known. */
char *origins_find(struct origins *origins, pid_t pid, uint64_t start);

/*
 * The same for the leader of a process group or session that still has a process.
 * The leader itself may have ended: its pid is not reused before the group and
 * the session have. @start: of a process in it, which is not older.
 */
char *origins_find_leader(struct origins *origins, pid_t pid, uint64_t start);

#endif
