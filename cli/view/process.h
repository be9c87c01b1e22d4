/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process of a container, for people and as JSON. */
#ifndef RSSCTL_PROCESS_H
#define RSSCTL_PROCESS_H

struct json_object;
struct rss_process;

/* The container it is in, or the cgroup inside that another program created. */
const char *process_place(const struct rss_process *process);

/* NULL if out of memory. */
struct json_object *process_to_json(const struct rss_process *process);

#endif
