/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream of events without a gap and without a repeat: signals as long as
 * each has the number behind the last one, and rssd's history wherever they do not.
 */
#ifndef RSS_RESUME_H
#define RSS_RESUME_H

#include <stdbool.h>
#include <stdint.h>

struct rss_client;
struct rss_event;

/* From the event behind number @since on. */
int resume_begin(struct rss_client *client, uint64_t since);

/* Is this signal the next one? If not, it is left out: it is in the history, or was told. */
bool resume_takes(struct rss_client *client, const struct rss_event *event);

/* Is there something to be fetched, and somebody to ask? */
bool resume_is_due(const struct rss_client *client);

/* Queues what comes next in the history; client->behind is false once that is all. */
int resume_catch_up(struct rss_client *client);

#endif
