/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A move of processes, into a container or out of one: what attach.c and detach.c share. Each
 * process is identified by its pidfd and has a row in the report. The functions on rows and
 * processes run on the worker, move_start() in the loop.
 */
#ifndef RSSD_MOVE_H
#define RSSD_MOVE_H

#include "base/failure.h"
#include "base/job.h"
#include "container/owner.h"
#include "operation/attach-types.h"
#include "operation/leave.h"

struct container;
struct group;
struct manager;
struct process;
struct tree;

struct move {
	struct manager *manager;
	struct container *container; /* NULL: detach */
	struct group *group;
	struct job job;
	int *pidfds;
	size_t n_pidfds;
	struct tree *tree; /* NULL: descendants are not moved */
	/* Moves one process. @expected: the process that the pidfd must refer to; NULL: any. */
	void (*one)(struct move *move, int pidfd, const struct process *expected);
	/* Returns true if the process is at the target already. */
	bool (*is_there)(struct move *move, pid_t pid);
	unsigned int how;
	bool dry_run;
	struct attach_caller caller;
	struct owner_places places; /* if caller.own */
	attach_done_fn done;
	void *userdata;

	struct attach_row *rows;
	size_t n_rows, allocated;
	bool still_growing;
	int error;
	struct failure refused; /* one of the pidfds must not leave its unit: nothing was moved */
};

/* Returns NULL and sets an error in @move if out of memory. */
struct attach_row *move_add_row(struct move *move, pid_t pid, enum attach_outcome outcome);
/* Adds a row with @reason, the end of a sentence that begins with the process. */
void move_refuse(struct move *move, pid_t pid, const char *reason);
/* Adds a row for a process that the kernel refused with @error, a negative errno. */
void move_refuse_errno(struct move *move, pid_t pid, int error);

/**
 * move_start() - run @run on a worker to move the processes of @pidfds
 * @c: the container that they are moved into; NULL: detach
 * @pidfds: @count descriptors; they are copied
 *
 * Return: 0 (then @done is called), or a failure at once.
 */
int move_start(struct manager *m, struct container *c, const int pidfds[], size_t count,
	       unsigned int how, const struct attach_caller *caller, worker_fn run,
	       attach_done_fn done, void *userdata, struct failure *failure);

#endif
