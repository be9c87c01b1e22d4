/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events between their arrival and rss_wait(). They may arrive while a call waits
 * for its reply. rss_wait() passes them on outside of sd_bus_process(), so that
 * the callback may call the library.
 */
#ifndef RSS_EVENT_QUEUE_H
#define RSS_EVENT_QUEUE_H

#include <stddef.h>

#include "librss/rss.h"

/* The most events that are kept; the rest becomes one RSS_EVENT_LOST. */
#define EVENT_QUEUE_MAX 16384

struct queued_event {
	struct rss_event event; /* owns its texts and its record */
	struct queued_event *next;
};

struct event_queue {
	struct queued_event *first, *last;
	size_t count;
};

/* Takes over the texts and the record of @event, also on failure. 0 or -ENOMEM. */
int event_queue_push(struct event_queue *queue, const struct rss_event *event);

/* Frees what @event owns, but not @event. */
void event_done(const struct rss_event *event);

/* The oldest event, to be freed by queued_event_free(); NULL if the queue is empty. */
struct queued_event *event_queue_pop(struct event_queue *queue);

struct queued_event *queued_event_free(struct queued_event *event);
void event_queue_clear(struct event_queue *queue);

#endif
