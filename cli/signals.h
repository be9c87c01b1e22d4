/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals as events, for verbs that wait for several sources: they are blocked and read from
 * a file descriptor, which is polled with the others.
 */
#ifndef RSSCTL_SIGNALS_H
#define RSSCTL_SIGNALS_H

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

/* Blocks @signals. Returns the descriptor, or a negative errno. @old (may be NULL): the mask before. */
int signals_open(const int signals[], size_t count, sigset_t *old);

/* The same for every signal that can be caught. */
int signals_open_all(sigset_t *old);

/* The number of the next signal that was received, 0 if there is none. @ret may be NULL. */
int signals_next(int fd, struct signalfd_siginfo *ret);

/*
 * Stops this process, like Ctrl-Z; returns when it is continued. The kernel does
 * not stop an orphaned process group, because no shell could continue it.
 */
void signals_stop(void);

#endif
