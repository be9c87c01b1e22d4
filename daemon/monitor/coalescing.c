/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OOM detection, coalescing: limits how often events are emitted. A container that
 * hits its limit continuously is reported a few times a second, each time with the
 * sum. See detection.h.
 */
#include <systemd/sd-event.h>

#include "container/manager.h"
#include "container/usage.h"
#include "monitor/detection-state.h"
#include "shared/name.h"

static int flush_deferred(sd_event_source *source, uint64_t usec, void *userdata);

static void schedule_flush(struct manager *m)
{
	detection_schedule(m, &m->detection->deferred, LIMIT_HIT_USEC, flush_deferred);
}

/* --- limit hits that the kernel reports ------------------------------------------------- */

/* Does nothing without a limit hit; schedules flush_deferred() if the last event is too recent. */
void emit_limit_hit(struct container *c)
{
	struct container_detection *d = c->detection;
	struct event event = {
		.kind = EVENT_LIMIT_HIT,
		.container = c,
		.usage = d->limit_hit.usage,
		.limit = d->limit_hit.limit,
		.amount = d->limit_hit.count,
	};
	uint64_t usec;

	if (event.amount == 0)
		return;
	usec = detection_now(c->manager);
	if (usec < d->limit_hit.next) {
		schedule_flush(c->manager);
		return;
	}
	d->limit_hit.count = 0;
	/* Already reported, when the counters were polled after messages were lost. */
	if (!has_increased(c->seen.failures, event.amount))
		return;
	d->limit_hit.next = usec + LIMIT_HIT_USEC;
	c->seen.failures = event.amount;
	manager_emit(c->manager, &event);
}

static int flush_limit_hits(sd_event_source *source, void *userdata)
{
	struct manager *m = userdata;

	for (size_t i = 0; i < m->count; i++)
		emit_limit_hit(m->containers[i]);
	return 0;
}

/*
 * Reports only the last of the messages of a container that arrived together, with the
 * count of all. So in a flood rssd reports less often, instead of ever later.
 */
void defer_limit_hit(struct container *c, const struct group_event *fact)
{
	struct detection *detection = c->manager->detection;
	int r;

	c->detection->limit_hit.count = fact->count;
	c->detection->limit_hit.usage = fact->usage;
	c->detection->limit_hit.limit = fact->limit;
	r = detection->limit_hits
		    ? sd_event_source_set_enabled(detection->limit_hits, SD_EVENT_ONESHOT)
		    : sd_event_add_defer(c->manager->event, &detection->limit_hits,
					 flush_limit_hits, c->manager);
	if (r < 0)
		emit_limit_hit(c);
}

/* --- counters ---------------------------------------------------------------------------- */

static void emit_counters(struct container *c, const struct counters *now, uint64_t usec)
{
	struct event event = { .container = c, .usage = now->usage, .limit = c->settings.limit };

	if (has_increased(c->seen.reclaimed, now->reclaimed)) {
		event.kind = EVENT_RECLAIMED;
		event.amount = now->reclaimed - c->seen.reclaimed;
		manager_emit(c->manager, &event);
	}
	if (has_increased(c->seen.failures, now->failures)) {
		event.kind = EVENT_LIMIT_HIT;
		event.amount = now->failures;
		manager_emit(c->manager, &event);
	}
	c->detection->events_next = usec + LIMIT_HIT_USEC;
}

/* The changes are reported in sum, at the next poll or after a moment. */
static void defer_counters(struct container *c, struct counters *now)
{
	if (has_increased(c->seen.reclaimed, now->reclaimed) ||
	    has_increased(c->seen.failures, now->failures)) {
		c->detection->deferred = true;
		schedule_flush(c->manager);
	}
	now->reclaimed = c->seen.reclaimed;
	now->failures = c->seen.failures;
}

void poll_counters(struct container *c)
{
	struct container_detection *d = c->detection;
	struct counters now;
	uint64_t usec;

	if (container_read_counters(c, &now) < 0)
		return;
	usec = detection_now(c->manager);
	d->deferred = false;
	attribution_count(c, &now);
	if (usec >= d->events_next)
		emit_counters(c, &now, usec);
	else
		defer_counters(c, &now);
	c->seen = now;
	container_note_look(c, &now);
	attribution_check(c);
}

static int flush_deferred(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;

	for (size_t i = 0; i < m->count; i++) {
		emit_limit_hit(m->containers[i]);
		if (m->containers[i]->detection->deferred)
			poll_counters(m->containers[i]);
	}
	return 0;
}

void schedule_scan(struct container *container)
{
	struct manager *m = container->manager;

	for (size_t i = manager_index(m, container->name); i < m->count; i++) {
		struct container *c = m->containers[i];

		if (c == container || name_is_inside(c->name, container->name))
			c->detection->deferred = true;
	}
	schedule_flush(m);
}

/*
 * The message has the bytes of one reclaim; the counter has the bytes of all since the
 * last event. In a burst the counter is read a few times a second instead of for each
 * message, so that the queue of messages is processed quickly.
 */
void emit_reclaimed(struct container *c, const struct group_event *fact)
{
	struct event event = {
		.kind = EVENT_RECLAIMED,
		.container = c,
		.usage = fact->usage,
		.limit = fact->limit,
	};
	uint64_t usec = detection_now(c->manager);
	struct counters now;

	if (usec < c->detection->events_next) {
		c->detection->deferred = true;
		schedule_flush(c->manager);
		return;
	}
	if (container_read_counters(c, &now) < 0 ||
	    !has_increased(c->seen.reclaimed, now.reclaimed))
		return;
	event.amount = now.reclaimed - c->seen.reclaimed;
	c->seen.reclaimed = now.reclaimed;
	c->detection->events_next = usec + LIMIT_HIT_USEC;
	manager_emit(c->manager, &event);
}
