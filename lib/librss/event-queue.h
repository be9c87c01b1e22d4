/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events between their arrival and rss_wait(). They come in while a call waits
 * for its answer, too, and are told later, outside of the bus's own loop, so
 * that whoever hears one may call the library.
 */
#ifndef RSS_EVENT_QUEUE_H
#define RSS_EVENT_QUEUE_H

#include <stddef.h>

#include "librss/rss.h"

/* More than this wait for nobody: the rest becomes one RSS_EVENT_LOST. */
#define EVENT_QUEUE_MAX 16384

struct queued_event {
	struct rss_event event; /* its texts and record are owned by it */
	struct queued_event *next;
};

struct event_queue {
	struct queued_event *first, *last;
	size_t count;
};

/* Takes the texts and the record of @event over, also on failure: 0 or -ENOMEM. */
int event_queue_push(struct event_queue *queue, const struct rss_event *event);

/* Frees what @event owns, not itself. */
void event_done(const struct rss_event *event);

/* The oldest, to be freed by queued_event_free(); NULL where there is none. */
struct queued_event *event_queue_pop(struct event_queue *queue);

struct queued_event *queued_event_free(struct queued_event *event);
void event_queue_clear(struct event_queue *queue);

#endif
