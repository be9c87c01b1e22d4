/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of a client: its connection, and the functions that all calls go
 * through, so that each failure is one documented errno and one message.
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

/* For calls that may reclaim or kill. They still fail if rssd dies. */
#define CALL_FOR_EVER UINT64_MAX
#define CALL_SHORT    0 /* the default of sd-bus */

struct rss_client {
	sd_bus *bus;
	char *message;	  /* that of the last failure */
	char *error_name; /* its D-Bus name, or NULL */
	uint64_t timeout; /* of each call, in microseconds: rss_open_within(); 0: none */
	bool bus_hangs;	  /* a call took longer: what is still to be sent is dropped */

	/* events.c */
	sd_bus_slot *signals;
	sd_bus_slot *owner_changed;
	char *owner; /* the unique name of rssd; NULL while there is none */
	bool owner_left;
	struct event_queue events;
	rss_event_fn event;
	void *userdata;

	/* resume.c */
	bool resumes; /* rss_subscribe_since() was called */
	bool has_gap; /* rssd's history has events that were not received */
	bool catching_up;
	uint64_t last; /* the number of the last event that was queued */
};

DEFINE_CLEANUP(sd_bus_message *, sd_bus_message_unref);
DEFINE_CLEANUP(sd_bus_slot *, sd_bus_slot_unref);

#define cleanup_message	  cleanup_(sd_bus_message_unref_ptr)
#define cleanup_slot	  cleanup_(sd_bus_slot_unref_ptr)
#define cleanup_bus_error cleanup_(sd_bus_error_free)

/* Stores the message and returns @error, a negative errno. */
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

/* Fails with the error reply to a call. @container: the subject of the call, or NULL. */
int client_fail_reply(struct rss_client *client, const char *container, const sd_bus_error *error);

/* The options of a method on members: @whom is RSS_NO_NESTED or 0. */
int client_append_whom(sd_bus_message *call, unsigned int whom);

/* Fails because a call could not be written or a reply not be read; @r: from sd-bus. */
int client_fail_message(struct rss_client *client, int r);

/* Creates a call of @member of a container, or of the manager if @container is NULL. */
int client_method(struct rss_client *client, const char *container, const char *member,
		  sd_bus_message **ret);

/*
 * Sends @call and waits for the reply, while events are queued. A signal does not
 * end it. @ret_reply may be NULL. @container is for the message.
 */
int client_call(struct rss_client *client, sd_bus_message *call, const char *container,
		uint64_t timeout, sd_bus_message **ret_reply);

/* All properties of @interface at @path, as an a{sv} to be read. */
int client_properties(struct rss_client *client, const char *path, const char *interface,
		      const char *container, sd_bus_message **ret_reply);

/* From its name on D-Bus; RSS_LIMIT_SET for one that a later rssd has added. */
enum rss_limit_outcome limit_outcome_from_name(const char *name);

/* The same; RSS_UNSURE for one that a later rssd has added. */
enum rss_verdict verdict_from_name(const char *name);

/* The names on D-Bus, by enum rss_limit_mode. */
extern const char *const limit_mode_names[];

/* Return: 0, or -EINVAL with a message if @mode is none of enum rss_limit_mode. */
int client_check_mode(struct rss_client *client, enum rss_limit_mode mode);

/* The unique bus name of rssd, which is the sender of its signals; to be freed. */
int client_get_owner(struct rss_client *client, char **ret);

#endif
