/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RSSCTL_OOM_TEXT_H
#define RSSCTL_OOM_TEXT_H

struct rss_oom;

/*
 * The record of an OOM as a phrase: "killed 1234 (hog) of web/worker1; the limit
 * of web is 64.0M, usage was 64.0M". To be freed; NULL when out of memory.
 */
char *oom_to_text(const struct rss_oom *oom);

/* The first half of it: "killed 1234 (hog) of web/worker1". */
char *oom_victim_to_text(const struct rss_oom *oom);

#endif
