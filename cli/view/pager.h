/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Long output goes through a pager, as systemctl does it. */
#ifndef RSSCTL_PAGER_H
#define RSSCTL_PAGER_H

struct pager;

/*
 * Puts a pager behind standard output: $RSSCTL_PAGER, $PAGER or less(1). NULL
 * where there is none to be had, or it is set to "" or "cat".
 */
struct pager *pager_open(void);

/* Ends the output and waits for the reader to have read. NULL is allowed; returns NULL. */
struct pager *pager_close(struct pager *pager);

#endif
