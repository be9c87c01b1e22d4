/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes known to be descendants of some processes, while they fork and exit.
 * A child is found by its parent while the parent lives. After that it is reparented,
 * so fork events are followed as well. They are hints: a process is read from /proc
 * before it becomes a member. A process in the session of a member is a descendant,
 * since a session is only ever inherited. A member is identified by pid and start
 * time, never by the pid alone.
 *
 * A process inside the container forks inside. So the tree is complete once a scan
 * finds no member outside, and no member outside forked during it.
 */
#ifndef RSSD_PROCESS_TREE_H
#define RSSD_PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/process-events.h"
#include "host/process.h"
#include "shared/cleanup.h"

struct tree;

/*
 * An empty tree that follows fork events from now on. If the kernel has none,
 * descendants are found by parent and session only.
 */
int tree_new(struct tree **ret);
/* A tree whose only events are those given to tree_on_fork(). */
int tree_new_without_events(struct tree **ret);
struct tree *tree_free(struct tree *tree);
DEFINE_CLEANUP(struct tree *, tree_free);

enum membership {
	MEMBER_OUTSIDE,
	MEMBER_INSIDE,	/* its children are inside as well */
	MEMBER_ENDED,	/* its pid may be reused: forks of that pid do not count */
	MEMBER_NONE,	/* not a descendant, and neither are its children */
	MEMBER_UNKNOWN, /* its parent ended before it was seen: may be a descendant or not */
};

/* Adds a process, or updates its membership. Returns 0 or -ENOMEM. */
int tree_add(struct tree *tree, const struct process *process, enum membership membership);

/* Returns true if it is a member. */
bool tree_has(const struct tree *tree, const struct process *process);

/*
 * Returns true if it is a descendant but no member yet: by a fork event, or by its
 * parent or session, which are looked up in @all (sorted by pid).
 */
bool tree_is_descendant(const struct tree *tree, const struct process *process,
			const struct process all[], size_t count);

/*
 * After all descendants were added: marks the others of @all as MEMBER_NONE, so that
 * forks of theirs are ignored. Returns 0 or -ENOMEM.
 */
int tree_exclude(struct tree *tree, const struct process all[], size_t count);

/*
 * Processes the fork and exit events since the last call. Does not block. Call it
 * before all processes are listed: a process that was forked until then is listed or
 * has ended; a later child of an unlisted parent becomes MEMBER_UNKNOWN.
 */
void tree_catch_up(struct tree *tree);

/*
 * Returns true if, by the events so far, no child of a member outside is waiting to be
 * scanned, no process is MEMBER_UNKNOWN and no events were lost.
 */
bool tree_is_settled(const struct tree *tree);

/* A fork, an exit or a loss of events; @userdata is the tree. */
void tree_on_fork(enum process_event what, pid_t pid, pid_t parent, void *userdata);

/* The decision after a scan of the tree. */
enum tree_step {
	TREE_COMPLETE, /* no member was outside */
	TREE_AGAIN,
	TREE_GROWING, /* it forks faster than it can be attached: give up */
};

/*
 * The longest time before TREE_GROWING. The number of scans says nothing: while a storm is missed,
 * hundreds of scans fit into a second.
 */
#define TREE_USEC_MAX (20 * 1000 * 1000)

/* A pure function. @usec: time since the first scan */
enum tree_step tree_next_step(bool complete, uint64_t usec);

#endif
