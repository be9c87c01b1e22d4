/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals to all processes of a container, each named by a pidfd before it is
 * hit. A container may hold thousands, and fork while it is killed, so all of
 * it runs on a worker.
 */
#ifndef RSSD_KILL_H
#define RSSD_KILL_H

#include <stdint.h>

struct container;
struct failure;
struct group;
struct worker;

/* @count: how many processes @signal was sent to */
typedef void (*kill_done_fn)(int error, const struct failure *failure, int signal, uint32_t count,
			     void *userdata);

/**
 * kill_start() - send a signal to every process of the container itself
 * @signal: 1 to SIGRTMAX; SIGKILL goes on until a pass finds nobody new
 *
 * Return: 0 (then @done is called from the loop), or a failure at once.
 */
int kill_start(struct container *container, int signal, kill_done_fn done, void *userdata,
	       struct failure *failure);

/*
 * From a worker: kills what is in @group until it is empty, which may take for
 * ever: 0, -EINTR where the worker was cancelled before, or another negative errno.
 */
int kill_until_empty(struct worker *worker, struct group *group);

#endif
