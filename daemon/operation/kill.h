/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends signals to all processes of a container, each through a pidfd. A container
 * may have thousands of processes and may fork while it is killed, so this runs on a
 * worker.
 */
#ifndef RSSD_KILL_H
#define RSSD_KILL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/oom-record.h"

struct container;
struct failure;
struct oom_record;
struct process;
struct requester;
struct subtree;
struct worker;

/* @count: how many processes @signal was sent to */
typedef void (*kill_done_fn)(int error, const struct failure *failure, int signal, uint32_t count,
			     void *userdata);

/* Of kill_start(): all processes. */
#define KILL_ALL_USERS ((uid_t)0)

/**
 * kill_start() - send a signal to every process of the container
 * @signal: 1 to SIGRTMAX; SIGKILL is repeated until a pass finds no new process, and is
 *	reported as an event; SIGKILL, SIGTERM and SIGHUP thaw and continue (a frozen or
 *	stopped process would not end)
 * @with_nested: also those of nested containers
 * @owner: only those that access_may_signal() allows; it fails with AccessDenied if there are only
 *	others
 *
 * Return: 0 (then @done is called from the loop), or a failure at once. It also fails if the
 * signal was sent to a process that is frozen and does not receive it now.
 */
int kill_start(struct container *container, int signal, bool with_nested, uid_t owner,
	       const struct requester *requester, kill_done_fn done, void *userdata,
	       struct failure *failure);

/*
 * The same for the rest of a container, nested ones included, after the kernel has killed one of its
 * processes, @oom's victim, which is not counted even if it has not ended yet.
 */
int kill_group_start(struct container *container, const struct oom_record *oom, kill_done_fn done,
		     void *userdata, struct failure *failure);

/*
 * Describes a process for the report of its kill. Call it before SIGKILL is sent: afterwards the
 * process may be gone, and its user unknown.
 */
struct oom_process kill_describe(const struct process *process);

/*
 * For a worker: kills the processes in @tree until it is empty, and counts them in @tally. It may
 * never end. Returns 0, -EINTR if the worker was cancelled, or another negative errno.
 */
int kill_until_empty(struct worker *worker, const struct subtree *tree, struct kill_tally *tally);

#endif
