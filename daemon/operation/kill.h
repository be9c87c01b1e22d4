/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals to all processes of a container, each named by a pidfd before it is
 * hit. A container may hold thousands, and fork while it is killed, so all of
 * it runs on a worker.
 */
#ifndef RSSD_KILL_H
#define RSSD_KILL_H

#include <stdbool.h>
#include <stdint.h>

struct container;
struct failure;
struct kill_tally;
struct process;
struct requester;
struct subtree;
struct worker;

/* @count: how many processes @signal was sent to */
typedef void (*kill_done_fn)(int error, const struct failure *failure, int signal, uint32_t count,
			     void *userdata);

/**
 * kill_start() - send a signal to every process of the container
 * @signal: 1 to SIGRTMAX; SIGKILL goes on until a pass finds no new process, and
 *	thaws, since a frozen process does not end before; it is reported as an event
 * @with_nested: those of nested containers as well
 *
 * Return: 0 (then @done is called from the loop), or a failure at once.
 */
int kill_start(struct container *container, int signal, bool with_nested,
	       const struct requester *requester, kill_done_fn done, void *userdata,
	       struct failure *failure);

/* Counts a process that was sent SIGKILL a moment ago. */
void kill_count(struct kill_tally *tally, const struct process *process);

/*
 * From a worker: kills what is in @tree until it is empty and counts it in @tally, which may take
 * for ever: 0, -EINTR if the worker was cancelled before, or another negative errno.
 */
int kill_until_empty(struct worker *worker, const struct subtree *tree, struct kill_tally *tally);

#endif
