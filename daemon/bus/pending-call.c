/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls whose reply is pending: see pending-call.h. */
#include "bus/pending-call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/failure.h"
#include "base/log.h"
#include "base/message-ids.h"
#include "bus/bus.h"
#include "bus/entries.h"
#include "bus/message.h"
#include "bus/peer.h"
#include "container/manager.h"
#include "store/config.h"

DEFINE_CLEANUP(struct bus_call *, bus_call_free);

static struct bus_call *find_call_of_peer(const struct bus_peer *peer)
{
	struct bus_call *call;

	list_for_each_entry(call, &peer->bus->calls, link) {
		if (call->peer == peer)
			return call;
	}
	return NULL;
}

/* From the start each time: the callback may free the call. */
void bus_calls_leave(const struct bus_peer *peer)
{
	struct bus_call *call;

	while ((call = find_call_of_peer(peer))) {
		call->peer = NULL;
		if (call->left)
			call->left(call);
	}
}

static unsigned int count_calls_of_uid(const struct bus *bus, uid_t uid)
{
	const struct bus_call *call;
	unsigned int n = 0;

	list_for_each_entry(call, &bus->calls, link)
		n += call->user == uid;
	return n;
}

int bus_call_check_pending(const struct bus *bus, uid_t uid, unsigned int others,
			   struct failure *failure)
{
	uint64_t max = bus->manager->config->pending_max;

	if (uid == 0 || count_calls_of_uid(bus, uid) + others < max)
		return 0;
	return fail(failure, RSS_ERROR_TOO_MANY,
		    "Too many pending calls of user %u (%" PRIu64 "); wait for replies, or raise "
		    "PendingCallsPerUser= in rssd.conf",
		    (unsigned int)uid, max);
}

/* Root has given such a user no more than memory: few of its calls may reclaim at a time. */
static int check_own_pending(const struct bus *bus, uid_t user, struct failure *failure)
{
	const struct bus_call *call;
	unsigned int n = 0;

	list_for_each_entry(call, &bus->calls, link) {
		n += call->own && call->user == user;
	}
	if (n < ACCESS_OWN_PENDING_MAX)
		return 0;
	return fail(failure, RSS_ERROR_TOO_MANY,
		    "User %u has %u pending calls as an owner, the most that it may have; wait for "
		    "replies",
		    (unsigned int)user, n);
}

int bus_call_new(struct bus *bus, sd_bus_message *message, const char *container,
		 void (*left)(struct bus_call *call), struct bus_call **ret,
		 struct failure *failure)
{
	cleanup_(bus_call_free_ptr) struct bus_call *call = calloc(1, sizeof(*call));
	struct bus_peer *peer;
	int r;

	if (!call)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = bus_peer_of(bus, message, &peer);
	if (r < 0)
		return fail(failure, RSS_ERROR_ACCESS_DENIED, "Cannot identify the caller: %s",
			    strerror(-r));
	call->uid = peer->uid;
	call->pid = peer->pid;
	call->own = bus->own_call;
	call->user = peer->user->uid;
	r = bus_call_check_pending(bus, call->user, 0, failure);
	if (r == 0 && call->own)
		r = check_own_pending(bus, call->user, failure);
	if (r < 0)
		return r;
	call->container = strdup(container);
	if (!call->container)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	call->message = sd_bus_message_ref(message);
	call->left = left;
	call->peer = peer;
	list_add(&bus->calls, &call->link);
	call->bus = bus;
	*ret = take_ptr(call);
	return 0;
}

uid_t bus_call_viewer(const struct bus_call *call)
{
	return call->bus->manager->hides_processes ? call->uid : VIEWER_ALL;
}

struct bus_call *bus_call_free(struct bus_call *call)
{
	if (!call)
		return NULL;
	list_remove(&call->link);
	sd_bus_message_unref(call->message);
	free(call->container);
	free(call->log_text);
	log_field_list_done(&call->log_fields);
	free(call);
	return NULL;
}

void bus_calls_free(struct bus *bus)
{
	struct bus_call *call;

	list_for_each_entry(call, &bus->calls, link)
		bus_call_free(call);
}

int bus_call_begun(struct bus_call *call, int r, const struct failure *failure)
{
	if (r >= 0)
		return 1;
	r = bus_answer_failure(call->message, r, failure);
	bus_call_free(call);
	return r;
}

int bus_refuse_join(const struct bus_call *call, struct failure *failure)
{
	return fail(failure, RSS_ERROR_ACCESS_DENIED, "User %u may not set Join; only root may",
		    (unsigned int)call->uid);
}

/* Replies with an error and frees the call. */
static void fail_call(struct bus_call *call, const struct failure *failure)
{
	bus_send_failure(call->message, *call->container ? call->container : NULL, failure);
	bus_call_free(call);
}

__attribute__((format(printf, 3, 0))) static void set_log(struct bus_call *call, const char *id,
							  const char *format, va_list args)
{
	free(call->log_text);
	if (vasprintf(&call->log_text, format, args) < 0)
		call->log_text = NULL;
	call->log_id = id;
}

void bus_call_log(struct bus_call *call, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_log(call, NULL, format, args);
	va_end(args);
}

void bus_call_log_id(struct bus_call *call, const char *id, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_log(call, id, format, args);
	va_end(args);
}

/* A line about the call, with its caller. */
static void log_call(struct bus_call *call, const char *id, const char *text)
{
	log_field_add(&call->log_fields, "RSSD_REQUESTER_UID=%u", (unsigned int)call->uid);
	log_field_add(&call->log_fields, "RSSD_REQUESTER_PID=%d", (int)call->pid);
	log_fields(LOG_INFO, id, *call->container ? call->container : NULL, call->log_fields.list,
		   "%s for user %u (process %d)", text, (unsigned int)call->uid, (int)call->pid);
}

void bus_call_log_refused(struct bus_call *call, const struct failure *failure)
{
	cleanup_free char *text = NULL;

	if (failure->error != RSS_ERROR_LIMIT_REFUSED && failure->error != RSS_ERROR_TIMED_OUT)
		return;
	if (!call->peer || !bus_user_may_log(call->peer->user, call->bus))
		return;
	log_field_add(&call->log_fields, "RSSD_ERROR=%s", rss_error_to_name(failure->error));
	if (asprintf(&text, "limit refused: %s", failure->text) < 0)
		text = NULL;
	log_call(call, MESSAGE_LIMIT_REFUSED, text ?: "limit refused");
}

void bus_call_reply(struct bus_call *call, sd_bus_message *reply, int r)
{
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	if (r < 0) {
		log_message(LOG_WARNING, call->container, "A reply could not be sent: %s",
			    strerror(-r));
		/* The operation was done: an errno alone would look like a failure of it. */
		(void)sd_bus_reply_method_errorf(
			call->message, rss_error_to_name(RSS_ERROR_CONTROLLER_FAILED),
			"The reply could not be sent: %s; the outcome is unknown, so check it "
			"before you repeat the call",
			strerror(-r));
	}
	if (call->log_text)
		log_call(call, call->log_id, call->log_text);
	bus_call_free(call);
}

bool bus_call_begin_reply(struct bus_call *call, int error, const struct failure *failure,
			  sd_bus_message **ret)
{
	int r;

	if (error < 0) {
		fail_call(call, failure);
		return false;
	}
	r = sd_bus_message_new_method_return(call->message, ret);
	if (r < 0) {
		bus_call_reply(call, NULL, r);
		return false;
	}
	return true;
}

void bus_call_reply_empty(struct bus_call *call, int error, const struct failure *failure)
{
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;

	if (bus_call_begin_reply(call, error, failure, &reply))
		bus_call_reply(call, reply, 0);
}

/* The number of rows whose process was moved. */
static size_t count_moved(const struct attach_row rows[], size_t count)
{
	size_t moved = 0;

	for (size_t i = 0; i < count; i++)
		moved += rows[i].outcome == ATTACH_MOVED;
	return moved;
}

void bus_call_reply_report(struct bus_call *call, const char *done, const struct attach_row rows[],
			   size_t count, const struct failure *failure)
{
	cleanup_(bus_message_unref_ptr) sd_bus_message *reply = NULL;

	bus_call_log(call, "%zu of %zu processes %s", count_moved(rows, count), count, done);
	if (bus_call_begin_reply(call, failure ? -EIO : 0, failure, &reply))
		bus_call_reply(call, reply, bus_append_report(reply, rows, count));
}
