/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OOM detection, the dispatch of group events: see detection.h. */
#include "monitor/detection.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/log.h"
#include "base/message-ids.h"
#include "container/manager.h"
#include "monitor/detection-state.h"

/* At most this many event numbers are used up for lost messages of the kernel. */
#define LOST_MAX 256

uint64_t detection_now(const struct manager *m)
{
	uint64_t usec = 0;

	(void)sd_event_now(m->event, CLOCK_MONOTONIC, &usec);
	return usec;
}

void detection_schedule(struct manager *m, sd_event_source **timer, uint64_t usec,
			sd_event_time_handler_t fn)
{
	int r;

	if (!*timer) {
		r = sd_event_add_time_relative(m->event, timer, CLOCK_MONOTONIC, usec, 1000, fn, m);
		if (r < 0)
			log_warning("Cannot create a timer: %s", strerror(-r));
		return;
	}
	if (sd_event_source_get_enabled(*timer, NULL) > 0)
		return;
	(void)sd_event_source_set_time_relative(*timer, usec);
	(void)sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
}

/* --- group events -------------------------------------------------------------------- */

static void emit_watermark(struct container *c, const struct group_event *fact, const char *which)
{
	struct event event = {
		.kind = EVENT_WATERMARK,
		.container = c,
		.usage = fact->usage,
		.limit = fact->limit,
		.which = which,
	};

	manager_emit(c->manager, &event);
}

/*
 * Handles lost events: uses up their numbers, so that subscribers can explain the gap,
 * and reports the sum from the counters.
 */
static void emit_lost(struct container *c, const struct group_event *fact)
{
	struct event event = {
		.kind = EVENT_LOST,
		.amount = fact->lost < LOST_MAX ? fact->lost : LOST_MAX,
	};
	struct log_field_list fields = { 0 };

	log_field_add(&fields, "RSSD_EVENTS_LOST=%" PRIu64, fact->lost);
	log_fields(LOG_WARNING, MESSAGE_EVENTS_LOST, c->name, fields.list,
		   "%" PRIu64 " events of the kernel were lost; its counters are read again",
		   fact->lost);
	log_field_list_done(&fields);
	c->manager->events_lost += fact->lost;
	manager_emit(c->manager, &event);
	c->detection->events_next = 0;
	poll_counters(c);
	/* The victims of the lost events are not known; the counters have their number. */
	c->detection->kills_reported = c->seen.oom_kills;
}

static void on_group_event(struct group *group, const struct group_event *event, void *userdata)
{
	struct container *c = userdata;

	/* Events keep the order in which they happened. */
	if (event->kind != GROUP_LIMIT)
		emit_limit_hit(c);
	switch (event->kind) {
	case GROUP_CHANGED:
		poll_counters(c);
		break;
	case GROUP_LOST:
		emit_lost(c, event);
		break;
	case GROUP_LIMIT:
		defer_limit_hit(c, event);
		break;
	case GROUP_RECLAIMED:
		emit_reclaimed(c, event);
		break;
	case GROUP_WMARK_HIGH:
		emit_watermark(c, event, "wmark_high");
		break;
	case GROUP_WMARK_LOW:
		emit_watermark(c, event, "wmark_low");
		break;
	case GROUP_OOM:
		attribution_on_oom(c, event);
		break;
	case GROUP_OOM_KILL:
		attribution_on_kill(c, event);
		break;
	}
}

/* --- open and close -------------------------------------------------------------------- */

static void container_detection_free(struct container_detection *detection)
{
	free(detection->last_oom.snapshot);
	free(detection);
}

static int watch_group(struct container *c)
{
	int r = group_is_bound(c->group)
			? group_watch(c->group, c->manager->event, on_group_event, c)
			: 0;

	/* systemd gives a unit no memory controller if it has nothing to count or limit. */
	return r == -ENOENT && c->place ? 0 : r;
}

int detection_watch(struct container *c)
{
	int r;

	if (!c->detection)
		c->detection = calloc(1, sizeof(*c->detection));
	if (!c->detection)
		return -ENOMEM;
	c->detection_free = container_detection_free;
	r = watch_group(c);
	if (r < 0)
		return r;
	r = container_read_counters(c, &c->seen);
	if (r < 0)
		return r;
	/* Earlier kills were reported when they happened, or rssd was not running. */
	c->detection->kills_reported = c->seen.oom_kills == COUNTER_ABSENT ? 0 : c->seen.oom_kills;
	c->detection->at_oom.failures = c->seen.failures;
	c->detection->at_oom.reclaimed = c->seen.reclaimed;
	c->detection->at_oom.scanned = c->seen.scanned;
	return 0;
}

int detection_watch_again(struct container *c)
{
	int r = watch_group(c);

	/* The counters go on where those of the earlier cgroups ended. */
	poll_counters(c);
	return r;
}

uint64_t detection_kills_reported(const struct container *c)
{
	return c->detection->kills_reported;
}

int detection_open(struct manager *m)
{
	m->detection = calloc(1, sizeof(*m->detection));
	return m->detection ? 0 : -ENOMEM;
}

void detection_close(struct manager *m)
{
	if (!m->detection)
		return;
	sd_event_source_disable_unref(m->detection->pending_kills);
	sd_event_source_disable_unref(m->detection->deferred);
	sd_event_source_disable_unref(m->detection->limit_hits);
	free(m->detection);
	m->detection = NULL;
}
