/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue of events: see event-queue.h. */
#include "librss/event-queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "librss/oom-dict.h"
#include "shared/cleanup.h"

void event_done(const struct rss_event *event)
{
	free((void *)event->container);
	free((void *)event->which);
	oom_dict_free((struct rss_oom *)event->oom);
}

struct queued_event *queued_event_free(struct queued_event *event)
{
	if (!event)
		return NULL;
	event_done(&event->event);
	free(event);
	return NULL;
}

static int queue_append(struct event_queue *queue, const struct rss_event *event)
{
	struct queued_event *queued = calloc(1, sizeof(*queued));

	if (!queued) {
		event_done(event);
		return -ENOMEM;
	}
	queued->event = *event;
	if (queue->last)
		queue->last->next = queued;
	else
		queue->first = queued;
	queue->last = queued;
	queue->count++;
	return 0;
}

/* The last event of a full queue; its range grows with each event that is dropped. */
static int queue_append_lost(struct event_queue *queue, uint64_t first, uint64_t last,
			     uint64_t time)
{
	struct rss_event lost = {
		.kind = RSS_EVENT_LOST,
		.sequence = first,
		.last = last,
		.usage = RSS_ABSENT,
		.limit = RSS_ABSENT,
		.container = strdup(""),
		.time = time,
	};

	return lost.container ? queue_append(queue, &lost) : -ENOMEM;
}

int event_queue_push(struct event_queue *queue, const struct rss_event *event)
{
	uint64_t sequence = event->kind == RSS_EVENT_LOST ? event->last : event->sequence;

	if (queue->count < EVENT_QUEUE_MAX)
		return queue_append(queue, event);
	event_done(event);
	if (queue->count == EVENT_QUEUE_MAX)
		return queue_append_lost(queue, event->sequence, sequence, event->time);
	assert(queue->count == EVENT_QUEUE_MAX + 1 && queue->last->event.kind == RSS_EVENT_LOST);
	/* An event without a number is dropped without a trace. */
	if (sequence)
		queue->last->event.last = sequence;
	if (!queue->last->event.sequence)
		queue->last->event.sequence = sequence;
	return 0;
}

struct queued_event *event_queue_pop(struct event_queue *queue)
{
	struct queued_event *event = queue->first;

	if (!event)
		return NULL;
	assert(queue->count > 0 && queue->last && !queue->last->next);
	queue->first = event->next;
	if (!queue->first)
		queue->last = NULL;
	queue->count--;
	event->next = NULL;
	return event;
}

void event_queue_clear(struct event_queue *queue)
{
	struct queued_event *event;

	while ((event = event_queue_pop(queue)))
		queued_event_free(event);
}
