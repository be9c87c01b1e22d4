/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection to rssd, and the one way of calling it: see client.h. No
 * sd_bus_error leaves this file.
 */
#include "librss/client.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/errors.h"
#include "shared/name.h"

DEFINE_CLEANUP(struct rss_client *, rss_close);

__attribute__((format(printf, 3, 0))) static void
keep_message(struct rss_client *client, const char *name, const char *format, va_list args)
{
	char *message = NULL;

	free(client->message);
	free(client->error_name);
	client->error_name = name ? strdup(name) : NULL;
	/* rss_error_message() has a sentence for NULL. */
	client->message = vasprintf(&message, format, args) < 0 ? NULL : message;
}

int client_fail_argument(struct rss_client *client, const char *function)
{
	if (!client)
		return -EINVAL;
	return client_fail(client, -EINVAL, "%s() was called with NULL for a required argument",
			   function);
}

int client_fail(struct rss_client *client, int error, const char *format, ...)
{
	va_list args;

	assert(error < 0);
	va_start(args, format);
	keep_message(client, NULL, format, args);
	va_end(args);
	return error;
}

__attribute__((format(printf, 4, 5))) static int
fail_named(struct rss_client *client, const char *name, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	keep_message(client, name, format, args);
	va_end(args);
	return error;
}

/* There was no reply of rssd, so there is no message of it either. */
static int fail_unreachable(struct rss_client *client, const char *name)
{
	if (!strcmp(name, "org.freedesktop.DBus.Error.NoReply") ||
	    !strcmp(name, "org.freedesktop.DBus.Error.Timeout"))
		return fail_named(
			client, name, -ENOTCONN,
			"rssd left the bus before it replied; see: systemctl status rssd");
	return fail_named(client, name, -ENOTCONN,
			  "rssd is not running on this bus; start it with: systemctl start rssd");
}

/* There is no object at the path: either the name is bad, or there is no such container. */
static int fail_unknown_object(struct rss_client *client, const char *container)
{
	const char *problem = name_problem(container);

	if (problem)
		return fail_named(client, rss_error_to_name(RSS_ERROR_INVALID_NAME), -EINVAL,
				  "Invalid name \"%s\": it %s", container, problem);
	return fail_named(client, rss_error_to_name(RSS_ERROR_NO_SUCH_CONTAINER), -ENOENT,
			  "No such container: \"%s\"; rssctl list shows all", container);
}

int client_fail_reply(struct rss_client *client, const char *container, const sd_bus_error *error)
{
	const char *name = error->name ?: "";
	const char *text = error->message && *error->message ? error->message : name;
	int number = rss_errno_from_name(name);

	if (number == ENOTCONN)
		return fail_unreachable(client, name);
	if (!strcmp(name, SD_BUS_ERROR_UNKNOWN_OBJECT) && container)
		return fail_unknown_object(client, container);
	if (!strncmp(name, RSS_ERROR_PREFIX, strlen(RSS_ERROR_PREFIX)))
		return fail_named(client, name, -number, "%s", text);
	if (!strcmp(name, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
		return fail_named(client, name, -number, "%s", text);
	if (number == EACCES)
		return fail_named(client, name, -number, "Not permitted: only root may do this");
	if (number == EOPNOTSUPP)
		return fail_named(
			client, name, -number,
			"rssd does not support this call; it may be older than librss (%s)", text);
	if (number == ENOMEM)
		return fail_named(client, name, -number, "Out of memory");
	return fail_named(client, name, -number, "%s", text);
}

int client_append_whom(sd_bus_message *call, unsigned int whom)
{
	int r = sd_bus_message_open_container(call, 'a', "{sv}");

	if (r >= 0 && (whom & RSS_NO_NESTED))
		r = sd_bus_message_append(call, "{sv}", "nested", "b", 0);
	return r < 0 ? r : sd_bus_message_close_container(call);
}

int client_fail_message(struct rss_client *client, int r)
{
	if (r == -ENOMEM)
		return client_fail(client, r, "Out of memory");
	if (r == -EINVAL)
		return client_fail(client, r, "An argument is not valid UTF-8");
	if (r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE || r == -ESHUTDOWN)
		return client_fail(client, -ENOTCONN, "The connection to the bus is gone");
	if (r == -EBUSY)
		return client_fail(client, -EINVAL, "Called from within its own callback");
	return client_fail(client, -EIO,
			   "The reply of rssd cannot be parsed; check that rssd and "
			   "librss have the same version");
}

int client_method(struct rss_client *client, const char *container, const char *member,
		  sd_bus_message **ret)
{
	cleanup_free char *path = container ? name_to_object_path(container) : NULL;
	int r;

	if (container && !path)
		return client_fail_message(client, -ENOMEM);
	r = sd_bus_message_new_method_call(client->bus, ret, RSSD_NAME, path ?: RSSD_PATH,
					   container ? RSSD_CONTAINER : RSSD_MANAGER, member);
	return r < 0 ? client_fail_message(client, r) : 0;
}

/*
 * Whether the deadline of a call has passed. A call to a daemon that left the
 * bus fails with NoReply as well, but sooner.
 */
static bool is_overdue(struct rss_client *client, sd_bus_message *reply, uint64_t start,
		       uint64_t timeout)
{
	if (!sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY) &&
	    !sd_bus_message_is_method_error(reply, SD_BUS_ERROR_TIMEOUT))
		return false;
	if (timeout == CALL_SHORT && sd_bus_get_method_call_timeout(client->bus, &timeout) < 0)
		return false;
	return timeout != CALL_FOR_EVER && clock_usec(CLOCK_MONOTONIC) - start >= timeout;
}

static int on_reply(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	sd_bus_message **reply = userdata;

	*reply = sd_bus_message_ref(message);
	return 1;
}

/*
 * How much of client->timeout is left for a call that began at @start. sd-bus has a timeout as well, but
 * it begins only after the bus has answered the authentication.
 */
static uint64_t time_left(const struct rss_client *client, uint64_t start)
{
	uint64_t passed = clock_usec(CLOCK_MONOTONIC) - start;

	if (!client->timeout)
		return UINT64_MAX;
	return passed < client->timeout ? client->timeout - passed : 0;
}

static int fail_overdue(struct rss_client *client, const char *name)
{
	return fail_named(client, name, -ETIME,
			  "rssd is running and does not answer; see: systemctl status rssd");
}

/*
 * Not sd_bus_call(), which returns -EINTR after a signal handler of the caller
 * while the call continues in rssd.
 */
int client_call(struct rss_client *client, sd_bus_message *call, const char *container,
		uint64_t timeout, sd_bus_message **ret_reply)
{
	cleanup_message sd_bus_message *reply = NULL;
	cleanup_slot sd_bus_slot *slot = NULL;
	uint64_t start = clock_usec(CLOCK_MONOTONIC);
	int r;

	r = sd_bus_call_async(client->bus, &slot, call, on_reply, &reply, timeout);
	while (r >= 0 && !reply) {
		uint64_t left = time_left(client, start);

		if (left == 0) {
			client->bus_hangs = true;
			return fail_overdue(client, NULL);
		}
		r = sd_bus_process(client->bus, NULL);
		if (r == 0 && !reply)
			r = sd_bus_wait(client->bus, left);
		if (r == -EINTR)
			r = 0;
	}
	if (r < 0)
		return client_fail_message(client, r);
	if (is_overdue(client, reply, start, timeout))
		return fail_overdue(client, sd_bus_message_get_error(reply)->name);
	if (sd_bus_message_is_method_error(reply, NULL))
		return client_fail_reply(client, container, sd_bus_message_get_error(reply));
	if (ret_reply)
		*ret_reply = take_ptr(reply);
	return 0;
}

int client_properties(struct rss_client *client, const char *path, const char *interface,
		      const char *container, sd_bus_message **ret_reply)
{
	cleanup_message sd_bus_message *call = NULL;
	int r;

	r = sd_bus_message_new_method_call(client->bus, &call, RSSD_NAME, path, BUS_PROPERTIES,
					   "GetAll");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", interface);
	if (r < 0)
		return client_fail_message(client, r);
	return client_call(client, call, container, CALL_SHORT, ret_reply);
}

int client_get_owner(struct rss_client *client, char **ret)
{
	cleanup_message sd_bus_message *call = NULL, *reply = NULL;
	const char *owner = NULL;
	int r;

	r = sd_bus_message_new_method_call(client->bus, &call, "org.freedesktop.DBus",
					   "/org/freedesktop/DBus", "org.freedesktop.DBus",
					   "GetNameOwner");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", RSSD_NAME);
	if (r < 0)
		return client_fail_message(client, r);
	r = client_call(client, call, NULL, CALL_SHORT, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "s", &owner);
	if (r < 0)
		return client_fail_message(client, r);
	*ret = strdup(owner);
	return *ret ? 0 : client_fail_message(client, -ENOMEM);
}

/*
 * Connects to the bus of @host, or of this machine if it is NULL, and to rssd there. @timeout is that of
 * each call, or 0.
 */
static int open_on(const char *host, uint64_t timeout, struct rss_client **ret)
{
	cleanup_(rss_close_ptr) struct rss_client *client = calloc(1, sizeof(*client));
	cleanup_message sd_bus_message *reply = NULL;
	int r;

	if (!client)
		return -ENOMEM;
	client->timeout = timeout;
	r = host ? sd_bus_open_system_remote(&client->bus, host) : sd_bus_open_system(&client->bus);
	/* A host that is no name of one. */
	if (r == -ENOMEM || r == -EINVAL)
		return r;
	if (r < 0)
		return r == -EACCES || r == -EPERM ? -EACCES : -ENOTCONN;
	/* Any call makes the bus start rssd, if it is to be started on demand. */
	r = client_properties(client, RSSD_PATH, RSSD_MANAGER, NULL, &reply);
	if (r < 0)
		return r;
	*ret = take_ptr(client);
	return 0;
}

int rss_open(struct rss_client **ret)
{
	return ret ? open_on(NULL, 0, ret) : -EINVAL;
}

int rss_open_within(uint64_t timeout, struct rss_client **ret)
{
	return ret && timeout ? open_on(NULL, timeout, ret) : -EINVAL;
}

int rss_set_timeout(struct rss_client *client, uint64_t timeout)
{
	REQUIRE(client, true);
	if (!timeout)
		return client_fail(client, -EINVAL, "rss_set_timeout() was called with 0");
	client->timeout = timeout;
	return 0;
}

int rss_open_host(const char *host, struct rss_client **ret)
{
	return host && *host && ret ? open_on(host, 0, ret) : -EINVAL;
}

void rss_allow_interaction(struct rss_client *client, bool allow)
{
	if (client)
		(void)sd_bus_set_allow_interactive_authorization(client->bus, allow);
}

struct rss_client *rss_close(struct rss_client *client)
{
	if (!client)
		return NULL;
	sd_bus_slot_unref(client->signals);
	sd_bus_slot_unref(client->owner_changed);
	event_queue_clear(&client->events);
	/* A flush waits for a bus that hangs. */
	if (client->bus_hangs)
		sd_bus_close_unref(client->bus);
	else
		sd_bus_flush_close_unref(client->bus);
	free(client->owner);
	free(client->message);
	free(client->error_name);
	free(client);
	return NULL;
}

const char *rss_error_message(const struct rss_client *client)
{
	if (!client)
		return "rssd cannot be reached on the system bus; start it with: systemctl start rssd";
	return client->message ?: "No call has failed, or there was no memory to say why";
}

const char *rss_error_name(const struct rss_client *client)
{
	return client && client->error_name ? client->error_name : "";
}
