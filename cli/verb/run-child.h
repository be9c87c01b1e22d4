/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command that is started in two steps: the process is there first, so that
 * it can be put into a container, and becomes the command when it is let go.
 */
#ifndef RSSCTL_CHILD_H
#define RSSCTL_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid; /* 0: there is none, or it has been waited for */
	int pidfd;
	int go;	    /* a byte into it lets the child go; closing it ends the child */
	int failed; /* what exec said, or closed by it */
};

#define CHILD_NONE                                  \
	{                                           \
		.pidfd = -1, .go = -1, .failed = -1 \
	}

/* @mask: the signals that the command has blocked. 0 or a negative errno. */
int child_start(struct child *child, char *const command[], const sigset_t *mask);

/* Becomes the command. 0, or the negative errno of exec: the child is gone then. */
int child_release(struct child *child);

/* Whether the command has stopped since the last call; it can be continued with SIGCONT. */
bool child_has_stopped(const struct child *child);

/* Sends @signal; a child that has ended is no failure. */
void child_signal(const struct child *child, int signal);

/* For when child->pidfd can be read: the exit status as a shell tells it, 128+N for signal N. */
int child_wait(struct child *child);

/* Ends a child that was not released. */
void child_done(struct child *child);

#endif
