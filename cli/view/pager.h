/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pager for long output, as in systemctl. */
#ifndef RSSCTL_PAGER_H
#define RSSCTL_PAGER_H

struct pager;

/*
 * Starts $RSSCTL_PAGER, $PAGER or less(1), and connects standard output to it.
 * NULL if none can be started, or if the variable is "" or "cat".
 */
struct pager *pager_open(void);

/* Restores standard output and waits for the pager to end. NULL is allowed; returns NULL. */
struct pager *pager_close(struct pager *pager);

#endif
