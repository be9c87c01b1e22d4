/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving processes into a container and back. Each is named by a pidfd from
 * end to end, so that a pid that was reused is never moved; each gets a row in
 * the report. With a tree, descendants are gathered and moved until a pass
 * finds none outside, within a bound. The moving runs on a worker.
 */
#ifndef RSSD_ATTACH_H
#define RSSD_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct container;
struct failure;
struct manager;
struct process;

enum attach_outcome {
	ATTACH_MOVED,
	ATTACH_VANISHED,
	ATTACH_REFUSED,
};

struct attach_row {
	pid_t pid; /* 0 where the process had ended before it could be asked */
	enum attach_outcome outcome;
	char reason[160]; /* for REFUSED; a remark for MOVED, or "" */
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

/* The rows are the listener's only while it is called. */
typedef void (*attach_done_fn)(const struct attach_row rows[], size_t count,
			       const struct failure *failure, void *userdata);

/**
 * attach_start() - move processes into a container
 * @pidfds: @count descriptors; they are copied
 * @tree: and all their descendants
 * @caller: the uid on whose behalf
 *
 * Return: 0 (then @done is called; its failure is NULL unless a tree did not
 * stop growing), or a failure at once.
 */
int attach_start(struct container *container, const int pidfds[], size_t count, bool tree,
		 uid_t caller, attach_done_fn done, void *userdata, struct failure *failure);

/* Moves processes back to where they were before they were attached. */
int detach_start(struct manager *manager, const int pidfds[], size_t count, uid_t caller,
		 attach_done_fn done, void *userdata, struct failure *failure);

#endif
