/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue of events in librss: ordered, bounded, and what is dropped is reported as lost. */
#include "shared/cleanup.h"
#include "librss/event-queue.h"
#include "unit.h"

DEFINE_CLEANUP(struct queued_event *, queued_event_free);

static int push(struct event_queue *queue, uint64_t sequence)
{
	struct rss_event event = {
		.kind = sequence ? RSS_EVENT_LIMIT_HIT : RSS_EVENT_CREATED,
		.sequence = sequence,
		.container = strdup("web"),
	};

	return event_queue_push(queue, &event);
}

TEST(first_in_first_out)
{
	cleanup_(event_queue_clear) struct event_queue queue = { 0 };

	CHECK(!event_queue_pop(&queue));
	for (int round = 0; round < 2; round++) {
		for (uint64_t i = 1; i <= 3; i++)
			CHECK_INT(push(&queue, i), 0);
		for (uint64_t i = 1; i <= 3; i++) {
			cleanup_(queued_event_free_ptr) struct queued_event *event =
				event_queue_pop(&queue);

			CHECK(event);
			CHECK_UINT(event->event.sequence, i);
			CHECK_STR(event->event.container, "web");
		}
		CHECK(!event_queue_pop(&queue));
	}
}

TEST(dropped_events_are_lost)
{
	cleanup_(event_queue_clear) struct event_queue queue = { 0 };
	cleanup_(queued_event_free_ptr) struct queued_event *lost = NULL;

	/* The first event that is dropped has no number. */
	for (uint64_t i = 1; i <= EVENT_QUEUE_MAX; i++)
		CHECK_INT(push(&queue, i), 0);
	CHECK_INT(push(&queue, 0), 0);
	for (uint64_t i = EVENT_QUEUE_MAX + 1; i <= EVENT_QUEUE_MAX + 10; i++)
		CHECK_INT(push(&queue, i), 0);
	CHECK_INT(push(&queue, 0), 0);
	CHECK_UINT(queue.count, EVENT_QUEUE_MAX + 1);
	for (uint64_t i = 1; i <= EVENT_QUEUE_MAX; i++) {
		cleanup_(queued_event_free_ptr) struct queued_event *event =
			event_queue_pop(&queue);

		CHECK_UINT(event->event.sequence, i);
	}
	lost = event_queue_pop(&queue);
	CHECK(lost);
	CHECK_INT(lost->event.kind, RSS_EVENT_LOST);
	CHECK_UINT(lost->event.sequence, EVENT_QUEUE_MAX + 1);
	CHECK_UINT(lost->event.last, EVENT_QUEUE_MAX + 10);
	CHECK_STR(lost->event.container, "");
	CHECK(!event_queue_pop(&queue));
}

TEST_MAIN({ "events keep their order", first_in_first_out },
	  { "dropped events are reported as lost", dropped_events_are_lost })
