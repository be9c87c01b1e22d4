/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of rssd's history: see resume.h. */
#include "librss/resume.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "librss/client.h"
#include "librss/dict.h"
#include "librss/oom-dict.h"

/* The most events of one call; a small part of the queue. */
#define EVENTS_AT_ONCE UINT64_C(1000)

bool resume_accepts(struct rss_client *client, const struct rss_event *event)
{
	assert(client->resumes);
	/* A signal that arrives before the reply of GetEvents is part of it. */
	if (client->catching_up || event->sequence <= client->last)
		return false;
	if (client->has_gap || event->sequence != client->last + 1 ||
	    client->events.count >= EVENT_QUEUE_MAX) {
		client->has_gap = true;
		return false;
	}
	client->last = event->kind == RSS_EVENT_LOST ? event->last : event->sequence;
	return true;
}

bool resume_is_due(const struct rss_client *client)
{
	return client->has_gap && client->owner && !client->owner_left;
}

/* --- one event of the history ------------------------------------------------- */

struct event_facts {
	uint64_t usage, limit, failures, bytes, killed, last;
	char *which;
	struct rss_oom *oom;
};

static void event_facts_done(struct event_facts *facts)
{
	free(facts->which);
	oom_dict_free(facts->oom);
}

static int read_record(sd_bus_message *message, void *at)
{
	struct rss_oom **oom = at;

	oom_dict_free(*oom);
	*oom = NULL;
	return oom_dict_read(message, oom);
}

#define FIELD(key, type, member, read)                                \
	{                                                             \
		key, type, offsetof(struct event_facts, member), read \
	}

static const struct dict_field fields[] = {
	FIELD("Usage", "t", usage, NULL),	FIELD("Limit", "t", limit, NULL),
	FIELD("Failures", "t", failures, NULL), FIELD("Bytes", "t", bytes, NULL),
	FIELD("Killed", "t", killed, NULL),	FIELD("Last", "t", last, NULL),
	FIELD("Which", "s", which, NULL),	FIELD("Record", "a{sv}", oom, read_record),
};

static int kind_from_name(const char *name, enum rss_event_kind *ret)
{
	for (int kind = RSS_EVENT_LIMIT_HIT; kind <= RSS_EVENT_THRESHOLD; kind++) {
		if (!strcmp(rss_event_kind_name((enum rss_event_kind)kind), name)) {
			*ret = (enum rss_event_kind)kind;
			return 1;
		}
	}
	return 0;
}

/* The caller owns the texts of *@ret. Returns 0 if its kind is one that a later rssd has added. */
static int read_event(sd_bus_message *reply, struct rss_event *ret)
{
	cleanup_(event_facts_done) struct event_facts facts = { .usage = RSS_ABSENT,
								.limit = RSS_ABSENT };
	struct rss_event event = { 0 };
	const char *kind, *container;
	int known, r;

	r = sd_bus_message_read(reply, "tsts", &event.sequence, &kind, &event.time, &container);
	if (r >= 0)
		r = dict_read(reply, fields, ARRAY_SIZE(fields), &facts);
	if (r < 0)
		return r;
	known = kind_from_name(kind, &event.kind);
	event.usage = facts.usage;
	event.limit = facts.limit;
	event.amount = event.kind == RSS_EVENT_RECLAIMED ? facts.bytes
		       : event.kind == RSS_EVENT_KILL	 ? facts.killed
							 : facts.failures;
	event.last = facts.last;
	event.container = strdup(container);
	if (!event.container)
		return -ENOMEM;
	event.which = take_ptr(facts.which);
	event.oom = take_ptr(facts.oom);
	*ret = event;
	return known;
}

static int queue_event(struct rss_client *client, sd_bus_message *reply)
{
	struct rss_event event;
	uint64_t end;
	int known = read_event(reply, &event);

	if (known < 0)
		return known;
	end = event.kind == RSS_EVENT_LOST ? event.last : event.sequence;
	/* A part of the lost range may have been reported before. */
	if (event.kind == RSS_EVENT_LOST && event.sequence <= client->last)
		event.sequence = client->last + 1;
	if (end <= client->last || !known) {
		event_done(&event);
		return 0;
	}
	client->last = end;
	return event_queue_push(&client->events, &event);
}

/* --- the history ------------------------------------------------------------------ */

static int get_events(struct rss_client *client, uint64_t since, uint64_t most,
		      sd_bus_message **ret, uint64_t *ret_next)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	int r = client_method(client, NULL, "GetEvents", &call);

	if (r < 0)
		return r;
	r = sd_bus_message_append(call, "tt", since, most);
	if (r < 0)
		return client_fail_message(client, r);
	client->catching_up = true;
	r = client_call(client, call, NULL, CALL_SHORT, &reply);
	client->catching_up = false;
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "t", ret_next);
	if (r < 0)
		return client_fail_message(client, r);
	*ret = take_ptr(reply);
	return 0;
}

static int queue_events(struct rss_client *client, sd_bus_message *reply, size_t *ret_count)
{
	size_t count = 0;
	int r = sd_bus_message_enter_container(reply, 'a', "(tstsa{sv})");

	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "tstsa{sv}")) > 0) {
		r = queue_event(client, reply);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
		count++;
	}
	*ret_count = count;
	return r;
}

int resume_catch_up(struct rss_client *client)
{
	cleanup_message sd_bus_message *reply = NULL;
	size_t count = 0;
	uint64_t next;
	int r = get_events(client, client->last, EVENTS_AT_ONCE, &reply, &next);

	/* rssd has lost its state, and the numbers start again. */
	if (r == -EINVAL && client->last) {
		client->last = 0;
		r = get_events(client, 0, EVENTS_AT_ONCE, &reply, &next);
	}
	/* rssd has left the bus, which rss_wait() reports; ask the next rssd. */
	if (r == -ENOTCONN && client->owner_left)
		return 0;
	if (r < 0)
		return r;
	r = queue_events(client, reply, &count);
	if (r < 0)
		return client_fail_message(client, r);
	client->has_gap = count >= EVENTS_AT_ONCE;
	/* rssd skips numbers after a crash. */
	if (!client->has_gap && client->last < next - 1)
		client->last = next - 1;
	return 0;
}

int resume_begin(struct rss_client *client, uint64_t since)
{
	cleanup_message sd_bus_message *reply = NULL;
	uint64_t next;
	int r;

	client->resumes = true;
	r = get_events(client, since, 0, &reply, &next);
	if (r < 0) {
		client->resumes = false;
		return r;
	}
	client->last = since == RSS_NOW ? next - 1 : since;
	client->has_gap = since != RSS_NOW;
	return 0;
}
