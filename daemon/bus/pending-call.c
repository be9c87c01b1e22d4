/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls whose answer is on its way: see bus-call.h. */
#include "bus/pending-call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bus/message.h"
#include "bus/peer.h"
#include "bus/bus.h"
#include "store/config.h"
#include "base/failure.h"
#include "base/log.h"
#include "container/manager.h"

DEFINE_CLEANUP(struct bus_call *, bus_call_free);

static struct bus_call *call_of_peer(const struct bus_peer *peer)
{
	struct bus_call *call = peer->bus->calls;

	while (call && call->peer != peer)
		call = call->next;
	return call;
}

/* From the start each time: who is told that its caller is gone may end, and its call with it. */
void bus_calls_leave(const struct bus_peer *peer)
{
	struct bus_call *call;

	while ((call = call_of_peer(peer))) {
		call->peer = NULL;
		if (call->left)
			call->left(call);
	}
}

unsigned int bus_calls_of_uid(const struct bus *bus, uid_t uid)
{
	unsigned int n = 0;

	for (const struct bus_call *call = bus->calls; call; call = call->next)
		n += call->uid == uid;
	return n;
}

int bus_call_too_many(const struct bus *bus, uid_t uid, struct failure *failure)
{
	return fail(failure, RSS_ERROR_TOO_MANY,
		    "Too many calls of user %u are waiting (%" PRIu64
		    "); wait for some of them, or raise PendingCallsPerUser= in rssd.conf",
		    (unsigned int)uid, bus->manager->config->pending_max);
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
		return fail(failure, RSS_ERROR_ACCESS_DENIED, "Who calls cannot be found out: %s",
			    strerror(-r));
	call->uid = peer->uid;
	call->pid = peer->pid;
	if (bus_calls_of_uid(bus, call->uid) >= bus->manager->config->pending_max)
		return bus_call_too_many(bus, call->uid, failure);
	call->container = strdup(container);
	if (!call->container)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	call->message = sd_bus_message_ref(message);
	call->left = left;
	call->peer = peer;
	call->next = bus->calls;
	bus->calls = call;
	call->bus = bus;
	*ret = take_ptr(call);
	return 0;
}

struct bus_call *bus_call_free(struct bus_call *call)
{
	if (!call)
		return NULL;
	if (call->bus) {
		struct bus_call **at = &call->bus->calls;

		while (*at && *at != call)
			at = &(*at)->next;
		if (*at)
			*at = call->next;
	}
	sd_bus_message_unref(call->message);
	free(call->container);
	free(call->deed);
	free(call);
	return NULL;
}

int bus_call_begun(struct bus_call *call, int r, const struct failure *failure, sd_bus_error *error)
{
	if (r >= 0)
		return 1;
	bus_call_free(call);
	return bus_answer_failure(r, failure, error);
}

void bus_call_fail(struct bus_call *call, const struct failure *failure)
{
	(void)sd_bus_reply_method_errorf(call->message, rss_error_to_name(failure->error), "%s",
					 failure->text);
	bus_call_free(call);
}

void bus_call_log(struct bus_call *call, const char *format, ...)
{
	va_list args;

	free(call->deed);
	va_start(args, format);
	if (vasprintf(&call->deed, format, args) < 0)
		call->deed = NULL;
	va_end(args);
}

void bus_call_reply(struct bus_call *call, sd_bus_message *reply, int r)
{
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	if (r < 0) {
		log_message(LOG_WARNING, call->container, "An answer could not be sent: %s",
			    strerror(-r));
		(void)sd_bus_reply_method_errno(call->message, r, NULL);
	}
	if (call->deed)
		log_message(LOG_INFO, *call->container ? call->container : NULL,
			    "%s for user %u (process %d)", call->deed, (unsigned int)call->uid,
			    (int)call->pid);
	bus_call_free(call);
}
