/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving processes into a container and back. Each is named by a pidfd from
 * end to end, so that a pid that was reused is never moved; each gets a row in
 * the report. With a tree, descendants are gathered (tree.h) and moved until a
 * look finds none outside, within a bound. The moving runs on a worker.
 */
#ifndef RSSD_ATTACH_H
#define RSSD_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct attach_caller;
struct container;
struct failure;
struct manager;
struct process;

enum attach_outcome {
	ATTACH_MOVED,
	ATTACH_VANISHED,
	ATTACH_REFUSED,
	ATTACH_WOULD_MOVE, /* a dry run found nothing in the way */
};

struct attach_row {
	pid_t pid; /* 0 where the process had ended before it could be asked */
	enum attach_outcome outcome;
	char reason[384]; /* for REFUSED; a remark for MOVED and WOULD_MOVE, or "" */
};

const char *attach_outcome_name(enum attach_outcome outcome);

/**
 * attach_refusal() - may this process be moved? The policy, pure.
 * @caller: the uid that asks
 * @owner: the uid that it belongs to (process_read_owner())
 * @self: our own pid
 *
 * Return: NULL for yes, else why not, as the end of a sentence.
 */
const char *attach_refusal(const struct process *process, uid_t owner, uid_t caller, pid_t self);

/* How to attach. */
enum {
	ATTACH_TREE = 1 << 0,	 /* all descendants, too */
	ATTACH_DRY_RUN = 1 << 1, /* only say what would become of each, with one look at the tree */
	ATTACH_LEAVE_UNIT = 1 << 2, /* also what would leave its unit: see leave.h */
	ATTACH_BY_RULE = 1 << 3,    /* what cannot leave its unit has a row, the rest is moved */
};

/* The rows are the listener's only while it is called. */
typedef void (*attach_done_fn)(const struct attach_row rows[], size_t count,
			       const struct failure *failure, void *userdata);

/**
 * attach_start() - move processes into a container
 * @pidfds: @count descriptors; they are copied
 * @how: ATTACH_*
 * @caller: on whose behalf
 *
 * If one of @pidfds must not leave its unit, nothing is moved and the job fails
 * (InUnit, AccessDenied); a descendant that must not is refused in its row. When it has ended well, every living descendant is inside, also of a refused
 * process. Nothing tells any more whose descendant a process is that has both
 * left the session of its ancestors and lost its parent before the job began.
 *
 * Return: 0 (then @done is called; its failure is NULL unless a tree did not
 * stop growing), or a failure at once.
 */
int attach_start(struct container *container, const int pidfds[], size_t count, unsigned int how,
		 const struct attach_caller *caller, attach_done_fn done, void *userdata,
		 struct failure *failure);

/* Moves processes back to where they were before they were attached. */
int detach_start(struct manager *manager, const int pidfds[], size_t count, uid_t caller,
		 attach_done_fn done, void *userdata, struct failure *failure);

#endif
