/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process and its descendants while they come and go: who is known to belong
 * to it. A child is found by its parent as long as that lives. One whose parent
 * has ended has another parent by then, so forks are followed, too, as long as
 * the tree is looked at: they are hints, and what they name is looked up before
 * it counts. And who is in the session of a member was born of it: a session is
 * only ever inherited. A member is its pid and its start time, never the pid alone.
 *
 * Whoever is inside the container has its children inside. So the tree is
 * complete once a look found nobody outside, and no fork of somebody outside
 * was told meanwhile.
 */
#ifndef RSSD_TREE_H
#define RSSD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/process-events.h"
#include "host/process.h"
#include "shared/cleanup.h"

struct tree;

/*
 * An empty tree that follows forks from now on, where this kernel tells of
 * them; where it does not, descendants are found by their parents alone.
 */
int tree_new(struct tree **ret);
/* One that hears of forks by tree_hear() alone. */
int tree_new_deaf(struct tree **ret);
struct tree *tree_free(struct tree *tree);
DEFINE_CLEANUP(struct tree *, tree_free);

enum membership {
	MEMBER_OUTSIDE,
	MEMBER_INSIDE,	/* what it bears is inside, too */
	MEMBER_ENDED,	/* its pid may be somebody else's: it bears nobody any more */
	MEMBER_NONE,	/* a stranger, as are those that it bears */
	MEMBER_UNKNOWN, /* born of somebody who ended unseen: it is one of ours, or none */
};

/* Takes a process in, or changes what is known of it: 0 or -ENOMEM. */
int tree_add(struct tree *tree, const struct process *process, enum membership membership);

/* Is it a member? */
bool tree_has(const struct tree *tree, const struct process *process);

/*
 * Is it a descendant that is no member yet: born of a member, as the forks tell
 * or as its parent or its session, looked up in @all (sorted by pid), shows?
 */
bool tree_claims(const struct tree *tree, const struct process *process, const struct process all[],
		 size_t count);

/*
 * Once all that belong to it have been taken in: the others of @all are
 * strangers, and so are their children.
 */
int tree_exclude(struct tree *tree, const struct process all[], size_t count);

/*
 * Takes in the forks and ends of processes since the last call. Does not wait.
 * Called before all processes are listed: whoever was born until then is listed
 * or has ended, and a later child of somebody unknown is one to look into.
 */
void tree_catch_up(struct tree *tree);

/*
 * As far as forks were told: has nobody outside borne a child that was not
 * looked at yet, and is there nobody of whom it is not known?
 */
bool tree_is_settled(const struct tree *tree);

/* One fork or end; @userdata is the tree. */
void tree_hear(enum process_event what, pid_t pid, pid_t parent, void *userdata);

/* What to do after a look at the whole tree. Pure. */
enum tree_step {
	TREE_COMPLETE, /* nobody was outside */
	TREE_AGAIN,
	TREE_GROWING, /* it grows faster than it is followed: give up */
};

/* A tree is looked at so often, and so long, before it counts as one that never ends. */
#define TREE_PASSES_MAX 200
#define TREE_USEC_MAX	(20 * 1000 * 1000)

/* @usec: since the first look */
enum tree_step tree_next_step(bool complete, unsigned int passes, uint64_t usec);

#endif
