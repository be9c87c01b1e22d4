/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of org.rssd1.Manager that read the history. The vtable is at the bottom. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/failure.h"
#include "bus/bus.h"
#include "bus/entries.h"
#include "bus/message.h"
#include "bus/oom-entries.h"
#include "bus/peer.h"
#include "container/manager.h"
#include "monitor/oom-history.h"
#include "policy/drift.h"
#include "policy/threshold.h"
#include "shared/name.h"
#include "store/event-history.h"
#include "store/sequence.h"

/* The most rows in one reply; a client calls again for more. */
#define EVENTS_AT_ONCE 1000

/* --- OOMs -------------------------------------------------------------------------- */

static int method_list_ooms(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	const struct oom_record *record;
	uid_t viewer = bus_viewer(bus, message);
	struct failure failure = { 0 };
	const char *container;
	int r = sd_bus_message_read(message, "s", &container);

	/* It may have been removed since. */
	if (r >= 0 && *container && name_problem(container))
		r = fail(&failure, RSS_ERROR_INVALID_NAME, "Invalid name \"%.200s\": it %s",
			 container, name_problem(container));
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
	for (size_t i = 0; r >= 0 && (record = oom_history_at(bus->manager->ooms, i)); i++) {
		if (!*container || oom_concerns(record, container))
			r = bus_append_oom(reply, record, viewer);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* --- events --------------------------------------------------------------------------- */

static int append_facts(sd_bus_message *reply, const struct bus *bus, uid_t viewer,
			const struct past_event *e)
{
	const struct oom_record *oom = NULL;
	int r = 0;

	switch (e->kind) {
	case EVENT_LIMIT_HIT:
		r = bus_append_number(reply, "Failures", e->amount);
		break;
	case EVENT_RECLAIMED:
		r = bus_append_number(reply, "Bytes", e->amount);
		break;
	case EVENT_OOM:
	case EVENT_KILL:
		if (e->kind == EVENT_KILL)
			r = bus_append_number(reply, "Killed", e->amount);
		oom = oom_history_find(e->kind == EVENT_OOM ? bus->manager->ooms
							    : bus->manager->kills,
				       e->sequence);
		if (r >= 0 && oom)
			r = bus_append_oom_entry(reply, "Record", oom, viewer);
		break;
	case EVENT_WATERMARK:
		r = sd_bus_message_append(reply, "{sv}", "Which", "s",
					  e->wmark_high ? "wmark_high" : "wmark_low");
		break;
	case EVENT_DRIFT:
		return sd_bus_message_append(reply, "{sv}", "Which", "s",
					     drift_name((unsigned int)e->amount));
	case EVENT_THRESHOLD:
		r = sd_bus_message_append(reply, "{sv}", "Which", "s",
					  threshold_name((enum threshold)e->amount));
		break;
	case EVENT_LOST:
		return bus_append_number(reply, "Last", e->last);
	}
	if (r >= 0)
		r = bus_append_number(reply, "Usage", e->usage);
	/* An infinite limit is known, unlike an absent one. */
	return r < 0 ? r : sd_bus_message_append(reply, "{sv}", "Limit", "t", e->limit);
}

static int append_event(sd_bus_message *reply, const struct bus *bus, uid_t viewer,
			const struct past_event *e)
{
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "tstsa{sv}");

	if (r >= 0)
		r = sd_bus_message_append(reply, "tsts", e->sequence, event_kind_name(e->kind),
					  e->time, e->container);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r >= 0)
		r = append_facts(reply, bus, viewer, e);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The events after @since that the history no longer has. */
static int append_forgotten(sd_bus_message *reply, const struct bus *bus, uint64_t since)
{
	uint64_t begin = event_history_begin(bus->manager->events);
	struct past_event lost = {
		.kind = EVENT_LOST,
		.sequence = since + 1,
		.last = begin - 1,
		.container = (char *)"",
	};

	return since + 1 < begin ? append_event(reply, bus, VIEWER_NONE, &lost) : 0;
}

static int append_events(sd_bus_message *reply, const struct bus *bus, uid_t viewer, uint64_t since,
			 uint64_t most)
{
	const struct event_history *history = bus->manager->events;
	const struct past_event *e;
	size_t index;
	int r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(tstsa{sv})");

	if (r >= 0 && most > 0)
		r = append_forgotten(reply, bus, since);
	e = event_history_find(history, since, &index);
	for (; r >= 0 && e && most > 0; e = event_history_at(history, ++index), most--)
		r = append_event(reply, bus, viewer, e);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_get_events(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;
	struct failure failure = { 0 };
	uint64_t since, most, next = sequence_next(bus->manager->sequence);
	int r = sd_bus_message_read(message, "tt", &since, &most);

	if (r >= 0 && since == UINT64_MAX)
		since = next - 1;
	if (r >= 0 && since >= next)
		r = fail(&failure, RSS_ERROR_INVALID_ARGUMENT,
			 "No event has the number %" PRIu64 " yet; the next one has %" PRIu64,
			 since, next);
	if (r < 0)
		return bus_answer_failure(message, r, &failure);
	r = sd_bus_message_new_method_return(message, &reply);
	if (r >= 0)
		r = sd_bus_message_append(reply, "t", next);
	if (r >= 0)
		r = append_events(reply, bus, bus_viewer(bus, message), since,
				  most < EVENTS_AT_ONCE ? most : EVENTS_AT_ONCE);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

const sd_bus_vtable bus_history_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("GetEvents", SD_BUS_ARGS("t", since, "t", most),
				SD_BUS_RESULT("t", next, "a(tstsa{sv})", events), method_get_events,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_METHOD_WITH_ARGS("ListOOMs", SD_BUS_ARGS("s", container),
				SD_BUS_RESULT("aa{sv}", records), method_list_ooms,
				BUS_FOR(ACCESS_QUERY)),
	SD_BUS_VTABLE_END,
};
