/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of a client: its connection, and the few functions that every
 * call of the library goes through, so that a failure always comes out as one
 * documented errno and one sentence.
 */
#ifndef RSS_CLIENT_H
#define RSS_CLIENT_H

#include <systemd/sd-bus.h>

#include "librss/event-queue.h"
#include "librss/rss.h"
#include "shared/array.h"
#include "shared/cleanup.h"

#define RSSD_NAME      "org.rssd1"
#define RSSD_PATH      "/org/rssd1"
#define RSSD_MANAGER   "org.rssd1.Manager"
#define RSSD_CONTAINER "org.rssd1.Container"
#define BUS_PROPERTIES "org.freedesktop.DBus.Properties"

/* For calls that may reclaim or kill; a daemon that dies is noticed all the same. */
#define CALL_FOR_EVER UINT64_MAX
#define CALL_SHORT    0 /* the default of sd-bus */

struct rss_client {
	sd_bus *bus;
	char *message;	  /* of the last failure */
	char *error_name; /* its D-Bus name, or NULL */

	/* events.c */
	sd_bus_slot *signals;
	sd_bus_slot *owner_changed;
	char *owner; /* the unique name of rssd; NULL while there is none */
	bool owner_left;
	struct event_queue events;
	rss_event_fn event;
	void *userdata;

	/* resume.c */
	bool resumes; /* without a gap and without a repeat */
	bool behind;  /* there is more in rssd's history than was heard */
	bool catching_up;
	uint64_t last; /* the number of the last event that was queued */
};

DEFINE_CLEANUP(sd_bus_message *, sd_bus_message_unref);
DEFINE_CLEANUP(sd_bus_slot *, sd_bus_slot_unref);

#define cleanup_message	  cleanup_(sd_bus_message_unref_ptr)
#define cleanup_slot	  cleanup_(sd_bus_slot_unref_ptr)
#define cleanup_bus_error cleanup_(sd_bus_error_free)

/* Keeps the sentence and returns @error, a negative errno. */
int client_fail(struct rss_client *client, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A public function was called with NULL for an argument that it needs; @client may be NULL. */
int client_fail_argument(struct rss_client *client, const char *function);

/* The first line of a public function: leaves it with -EINVAL unless @condition holds. */
#define REQUIRE(client, condition)                                     \
	do {                                                           \
		if (!(client) || !(condition))                         \
			return client_fail_argument(client, __func__); \
	} while (0)

/* What rssd, the bus or sd-bus said about a call; @container: whom it was about, or NULL. */
int client_fail_reply(struct rss_client *client, const char *container, const sd_bus_error *error);

/* A message could not be written (@r of sd-bus), or an answer could not be read. */
int client_fail_message(struct rss_client *client, int r);

/* A call of @member on a container, or on the manager where @container is NULL. */
int client_method(struct rss_client *client, const char *container, const char *member,
		  sd_bus_message **ret);

/*
 * Sends @call and waits, serving the bus; signals of the process do not end it.
 * @ret_reply may be NULL. @container is for the sentence.
 */
int client_call(struct rss_client *client, sd_bus_message *call, const char *container,
		uint64_t timeout, sd_bus_message **ret_reply);

/* All properties of @interface at @path, as an a{sv} to be read. */
int client_properties(struct rss_client *client, const char *path, const char *interface,
		      const char *container, sd_bus_message **ret_reply);

/* As the bus spells it; RSS_LIMIT_SET for one that is newer than we are. */
enum rss_limit_outcome limit_outcome_from_name(const char *name);

/* The same; RSS_UNSURE for one that is newer: it is none that we could vouch for. */
enum rss_verdict verdict_from_name(const char *name);

/* As the bus spells them, by enum rss_limit_mode. */
extern const char *const limit_mode_names[];

/* The unique name of rssd, which its signals carry; to be freed. */
int client_get_owner(struct rss_client *client, char **ret);

#endif
