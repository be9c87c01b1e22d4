/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream of events without gaps and repeats: signals as long as their numbers
 * follow each other, and rssd's history if they do not.
 */
#ifndef RSS_RESUME_H
#define RSS_RESUME_H

#include <stdbool.h>
#include <stdint.h>

struct rss_client;
struct rss_event;

/* Starts after event number @since, or now if it is RSS_NOW. */
int resume_begin(struct rss_client *client, uint64_t since);

/* Returns true if this signal is the next event; otherwise it was queued before, or will be fetched. */
bool resume_accepts(struct rss_client *client, const struct rss_event *event);

/* Returns true if there are events to fetch and rssd is there. */
bool resume_is_due(const struct rss_client *client);

/* Queues the next events of the history; client->has_gap is false after the last. */
int resume_catch_up(struct rss_client *client);

#endif
