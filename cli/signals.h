/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals as events, for the verbs that stay: blocked, and read from a file
 * descriptor beside everything else that they wait for.
 */
#ifndef RSSCTL_SIGNALS_H
#define RSSCTL_SIGNALS_H

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

/* Blocks @signals; the descriptor, or a negative errno. @old (may be NULL): the mask before. */
int signals_open(const int signals[], size_t count, sigset_t *old);

/* The next one that came in: its number, or 0 where there is none. @ret may be NULL. */
int signals_next(int fd, struct signalfd_siginfo *ret);

#endif
