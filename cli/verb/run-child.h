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

#include "verb/run-command.h"
#include "verb/run-pty.h"
#include "verb/run-summary.h"

struct child {
	pid_t pid; /* 0: not started, or waited for */
	int pidfd;
	int go;		  /* a byte releases the child; closing it ends the child */
	int failed;	  /* a struct command_failure; closed by exec if it succeeds */
	bool has_session; /* of its own: it gets no signals from the terminal of rssctl */
	struct run_end end;
};

#define CHILD_NONE                                  \
	{                                           \
		.pidfd = -1, .go = -1, .failed = -1 \
	}

/*
 * @pty: the terminal of the command; without one it has that of rssctl, but another user has none.
 * @mask: the signal mask of the command. 0 or a negative errno.
 */
int child_start(struct child *child, const struct command *command, const struct pty *pty,
		const sigset_t *mask);

/* Executes the command. If the error is not 0, it failed, and the child has ended. */
struct command_failure child_release(struct child *child);

/* Returns true if the command has stopped since the last call; SIGCONT continues it. */
bool child_has_stopped(const struct child *child);

/* Sends @signal; a child that has ended is no failure. */
void child_signal(const struct child *child, int signal);

/*
 * Waits for the end, of which child->end then has more. Returns the status as a shell has it,
 * 128+N for signal N, or a negative errno.
 */
int child_wait(struct child *child);

/* Closes everything; a child that was not released ends. */
void child_done(struct child *child);

#endif
