/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command that is started in two steps: a forked child, which can be attached
 * to a container, executes the command when it is released.
 */
#ifndef RSSCTL_CHILD_H
#define RSSCTL_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid; /* 0: not started, or waited for */
	int pidfd;
	int go;	    /* a byte releases the child; closing it ends the child */
	int failed; /* the errno of exec; closed by exec if it succeeds */
};

#define CHILD_NONE                                  \
	{                                           \
		.pidfd = -1, .go = -1, .failed = -1 \
	}

/* @mask: the signal mask of the command. 0 or a negative errno. */
int child_start(struct child *child, char *const command[], const sigset_t *mask);

/* Executes the command. 0, or the negative errno of exec; then the child has ended. */
int child_release(struct child *child);

/* Returns true if the command has stopped since the last call; SIGCONT continues it. */
bool child_has_stopped(const struct child *child);

/* Sends @signal; a child that has ended is no failure. */
void child_signal(const struct child *child, int signal);

/* Waits for the end. Returns the status as a shell has it, 128+N for signal N, or a negative errno. */
int child_wait(struct child *child);

/* Closes everything; a child that was not released ends. */
void child_done(struct child *child);

#endif
