/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each attached process came from, so that detach can bring it back. A
 * process is its pid and its start time. Kept in a file under /run, because a
 * pid means nothing after a reboot: lines are appended, and what has ended is
 * dropped when the file is read again or has grown. Callable from any thread.
 */
#ifndef RSSD_ORIGINS_H
#define RSSD_ORIGINS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/cleanup.h"

struct origins;

/* @folder: "/run/rssd", made where missing. Where it cannot be written, memory alone must do: -errno. */
int origins_open(const char *folder, struct origins **ret);
struct origins *origins_free(struct origins *origins);
DEFINE_CLEANUP(struct origins *, origins_free);

/* Remembers where a process is about to leave; what was known of it before is replaced. */
int origins_set(struct origins *origins, pid_t pid, uint64_t start, const char *cgroup);

/* The same for one that was just brought back there by hand: no rule is to take it again. */
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
