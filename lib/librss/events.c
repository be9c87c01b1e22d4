/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events: the signals of rssd, read into one struct and passed to the callback by
 * rss_wait(). Only signals of the owner of the name org.rssd1 are accepted: any
 * client of the bus may send signals.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "librss/client.h"
#include "librss/oom-dict.h"
#include "librss/resume.h"
#include "shared/clock.h"
#include "shared/name.h"

#define RSSD_MATCH "type='signal',sender='" RSSD_NAME "',path_namespace='" RSSD_PATH "'"
#define OWNER_MATCH                                                                 \
	"type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus'," \
	"interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" RSSD_NAME "'"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

DEFINE_CLEANUP(struct queued_event *, queued_event_free);

static int read_limit_hit(sd_bus_message *message, struct rss_event *event)
{
	return sd_bus_message_read(message, "tttt", &event->sequence, &event->usage, &event->limit,
				   &event->amount);
}

static int read_reclaimed(sd_bus_message *message, struct rss_event *event)
{
	return sd_bus_message_read(message, "tttt", &event->sequence, &event->amount, &event->usage,
				   &event->limit);
}

static int read_oom(sd_bus_message *message, struct rss_event *event)
{
	struct rss_oom *oom = NULL;
	int r;

	r = sd_bus_message_read(message, "t", &event->sequence);
	if (r < 0)
		return r;
	r = oom_dict_read(message, &oom);
	if (r < 0)
		return r;
	event->oom = oom;
	if (oom) {
		event->usage = oom->usage;
		event->limit = oom->limit;
		event->time = oom->time;
		event->amount = oom->killed;
	}
	return 1;
}

static int read_watermark(sd_bus_message *message, struct rss_event *event)
{
	const char *which;
	int r;

	r = sd_bus_message_read(message, "tst", &event->sequence, &which, &event->usage);
	if (r < 0)
		return r;
	event->which = strdup(which);
	return event->which ? 0 : -ENOMEM;
}

static int read_drift(sd_bus_message *message, struct rss_event *event)
{
	const char *which;
	int r = sd_bus_message_read(message, "ts", &event->sequence, &which);

	if (r < 0)
		return r;
	event->which = strdup(which);
	return event->which ? 0 : -ENOMEM;
}

static int read_lost(sd_bus_message *message, struct rss_event *event)
{
	return sd_bus_message_read(message, "tt", &event->sequence, &event->last);
}

/* Where the container of a signal is found. */
enum subject {
	OF_PATH,
	OF_ARGUMENT, /* the first */
	OF_RSSD,     /* the signal is about rssd */
};

static const struct {
	const char *interface, *member;
	enum rss_event_kind kind;
	int (*read)(sd_bus_message *message, struct rss_event *event);
	enum subject subject;
} kinds[] = {
	{ RSSD_CONTAINER, "LimitHit", RSS_EVENT_LIMIT_HIT, read_limit_hit, OF_PATH },
	{ RSSD_CONTAINER, "Reclaimed", RSS_EVENT_RECLAIMED, read_reclaimed, OF_PATH },
	{ RSSD_CONTAINER, "OOM", RSS_EVENT_OOM, read_oom, OF_PATH },
	{ RSSD_CONTAINER, "Killed", RSS_EVENT_KILL, read_oom, OF_PATH },
	{ RSSD_CONTAINER, "Watermark", RSS_EVENT_WATERMARK, read_watermark, OF_PATH },
	{ RSSD_CONTAINER, "Threshold", RSS_EVENT_THRESHOLD, read_watermark, OF_PATH },
	{ RSSD_CONTAINER, "Drift", RSS_EVENT_DRIFT, read_drift, OF_PATH },
	{ RSSD_MANAGER, "EventsLost", RSS_EVENT_LOST, read_lost, OF_RSSD },
	{ OBJECT_MANAGER, "InterfacesAdded", RSS_EVENT_CREATED, NULL, OF_ARGUMENT },
	{ OBJECT_MANAGER, "InterfacesRemoved", RSS_EVENT_REMOVED, NULL, OF_ARGUMENT },
};

/* The name of the container of a signal, "" if it is about rssd. */
static int read_container(sd_bus_message *message, enum subject subject, char **ret)
{
	const char *path = sd_bus_message_get_path(message);
	int r;

	if (subject == OF_RSSD) {
		*ret = strdup("");
		return *ret ? 0 : -ENOMEM;
	}
	if (subject == OF_ARGUMENT) {
		r = sd_bus_message_read(message, "o", &path);
		if (r < 0)
			return r;
	}
	return name_from_object_path(path, ret);
}

/*
 * The time of the event, which is the last argument of its signal. The record of an OOM has it,
 * the signals of the object manager and of an older rssd have none.
 */
static int read_time(sd_bus_message *message, struct rss_event *event)
{
	if (!event->sequence || event->oom || sd_bus_message_at_end(message, true) != 0)
		return 0;
	return sd_bus_message_read(message, "t", &event->time);
}

/* The caller owns the texts and the record of *@ret. 0 or a negative errno. */
static int read_event(sd_bus_message *message, size_t kind, struct rss_event *ret)
{
	cleanup_free char *container = NULL;
	struct rss_event event = {
		.kind = kinds[kind].kind,
		.usage = RSS_ABSENT,
		.limit = RSS_ABSENT,
	};
	int r;

	r = read_container(message, kinds[kind].subject, &container);
	if (r >= 0 && kinds[kind].read)
		r = kinds[kind].read(message, &event);
	if (r >= 0)
		r = read_time(message, &event);
	if (r < 0) {
		event_done(&event);
		return r;
	}
	if (!event.time)
		event.time = clock_usec(CLOCK_REALTIME);
	event.container = take_ptr(container);
	*ret = event;
	return 0;
}

/* A signal that is unknown or cannot be read is of a later rssd, and is ignored. */
static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct rss_client *client = userdata;
	struct rss_event event;

	if (!client->owner || strcmp(sd_bus_message_get_sender(message) ?: "", client->owner))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!sd_bus_message_is_signal(message, kinds[i].interface, kinds[i].member))
			continue;
		if (read_event(message, i, &event) < 0)
			return 0;
		if (client->resumes && event.sequence && !resume_accepts(client, &event))
			event_done(&event);
		else
			(void)event_queue_push(&client->events, &event);
		return 0;
	}
	return 0;
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct rss_client *client = userdata;
	const char *name, *old, *new;

	if (sd_bus_message_read(message, "sss", &name, &old, &new) < 0)
		return 0;
	if (*old)
		client->owner_left = true;
	free(client->owner);
	client->owner = *new ? strdup(new) : NULL;
	/* Events before this signal are in the history of the new rssd. */
	client->has_gap = client->resumes;
	return 0;
}

int rss_subscribe(struct rss_client *client, rss_event_fn event, void *userdata)
{
	cleanup_slot sd_bus_slot *signals = NULL, *owner_changed = NULL;
	int r;

	REQUIRE(client, event);
	if (!client->signals) {
		r = sd_bus_add_match(client->bus, &owner_changed, OWNER_MATCH, on_owner_changed,
				     client);
		if (r >= 0)
			r = sd_bus_add_match(client->bus, &signals, RSSD_MATCH, on_signal, client);
		if (r < 0)
			return client_fail_message(client, r);
		free(client->owner);
		client->owner = NULL;
		r = client_get_owner(client, &client->owner);
		if (r < 0)
			return r;
		client->owner_changed = take_ptr(owner_changed);
		client->signals = take_ptr(signals);
	}
	client->event = event;
	client->userdata = userdata;
	client->resumes = false;
	return 0;
}

int rss_subscribe_since(struct rss_client *client, uint64_t since, rss_event_fn event,
			void *userdata)
{
	int r;

	REQUIRE(client, event);
	/* No signal is missed after this; those that arrive before the reply are in the history. */
	r = rss_subscribe(client, event, userdata);
	return r < 0 ? r : resume_begin(client, since);
}

/* Processes all messages that have arrived. The connection may end meanwhile. */
static int process_all(struct rss_client *client)
{
	int r;

	while ((r = sd_bus_process(client->bus, NULL)) > 0)
		;
	return r;
}

static void dispatch_events(struct rss_client *client)
{
	for (;;) {
		cleanup_(queued_event_free_ptr) struct queued_event *queued =
			event_queue_pop(&client->events);

		if (!queued)
			return;
		client->event(&queued->event, client->userdata);
	}
}

int rss_wait(struct rss_client *client, uint64_t timeout)
{
	int r;

	REQUIRE(client, true);
	r = process_all(client);
	if (r >= 0 && timeout && !client->events.first && !client->owner_left &&
	    !resume_is_due(client)) {
		r = sd_bus_wait(client->bus, timeout);
		if (r > 0)
			r = process_all(client);
	}
	dispatch_events(client);
	while (r >= 0 && resume_is_due(client)) {
		int error = resume_catch_up(client);

		dispatch_events(client);
		if (error < 0)
			return error;
	}
	if (r == -EINTR)
		return client_fail(client, r, "Interrupted by a signal");
	if (r == -EBUSY)
		return client_fail_message(client, r);
	if (r < 0)
		return client_fail(client, -ENOTCONN, "The connection to the bus is gone");
	if (client->owner_left) {
		client->owner_left = false;
		return client_fail(client, -ENOTCONN, "rssd has left the bus");
	}
	return 0;
}

int rss_get_fd(struct rss_client *client)
{
	int fd;

	REQUIRE(client, true);
	fd = sd_bus_get_fd(client->bus);
	return fd < 0 ? client_fail(client, -ENOTCONN, "The connection to the bus is gone") : fd;
}
