/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * org.rssd1 on the system bus. Methods unmarshal, call the manager and reply;
 * they decide nothing. connection.c connects and emits signals, authorize.c
 * checks permission, manager-object.c and container-object.c hold the two
 * interfaces, message.c reads and appends common types, pending-call.c keeps the
 * calls whose reply is pending, peer.c knows the clients.
 */
#ifndef RSSD_BUS_H
#define RSSD_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "cgroup/controller.h"
#include "policy/access-policy.h"
#include "policy/ratelimit.h"
#include "shared/cleanup.h"
#include "shared/list.h"

#define BUS_NAME      "org.rssd1"
#define BUS_PATH      "/org/rssd1"
#define BUS_MANAGER   "org.rssd1.Manager"
#define BUS_CONTAINER "org.rssd1.Container"

struct bus_peer;
struct bus_user;
struct container;
struct failure;
struct manager;

typedef int (*bus_reload_fn)(void *userdata, struct failure *failure);

struct bus {
	sd_bus *bus;
	sd_event *event;
	struct manager *manager;
	void (*peer_left)(struct bus_peer *peer);
	struct list peers;	    /* of struct bus_peer: the clients */
	struct list users;	    /* of struct bus_user: their users */
	struct rate all_users;	    /* the share of all users together, except root */
	sd_event_source *log_timer; /* armed while log lines of a user are suppressed */
	struct bus_user
		*served; /* the sender of the message that this iteration of the loop handles... */
	uint64_t served_since; /* ...and when it began */
	sd_event_source *turn; /* runs at the end of an iteration */
	/* The message that is dispatched now is a call by the rights of an owner. */
	bool own_call;
	struct list checks;	      /* of struct bus_check: calls that wait for polkit */
	struct log_window polkit_log; /* of calls that polkit did not answer */
	bool polkit_missed;	      /* polkit was absent when it was last asked */
	struct list calls;	      /* of struct bus_call: calls whose reply is pending */
	struct list owners; /* of struct bus_owner: clients that made a transient container */
	/* Getters of one message, or of one InterfacesAdded, read the files of a container once. */
	struct {
		const struct container *of;
		uint64_t iteration; /* of the loop: it handles one message each */
		struct counters counters;
	} seen;
	struct {
		const struct container *of;
		uint64_t iteration;
		struct memory_parts parts;
	} seen_parts;
	sd_bus_vtable *settings_properties; /* of containers */
	sd_bus_slot *unit_signals; /* of bus/unit-signals.c; NULL: no container is a unit */
	bus_reload_fn reload;
	void *userdata;
};

/*
 * The flags of a method, by who may call it (see policy/access-policy.h). sd-bus
 * lets every caller call such a method: the filter of authorize.h has decided. The
 * operation is stored in the bits of sd-bus's capability, which sd-bus ignores for an
 * unprivileged method. A method without these flags is for root only.
 */
#define BUS_FOR(operation) (SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_CAPABILITY(operation))

static inline enum access_operation bus_row_operation(const sd_bus_vtable *row)
{
	unsigned int field = (row->flags >> 40) & 0xffff;

	if (row->type != _SD_BUS_VTABLE_METHOD || !(row->flags & SD_BUS_VTABLE_UNPRIVILEGED) ||
	    field == 0)
		return ACCESS_ROOT;
	return (enum access_operation)(field - 1);
}

/* The vtables. */
extern const sd_bus_vtable bus_manager_vtable[];
extern const sd_bus_vtable bus_settings_vtable[], bus_history_vtable[]; /* more of the manager's */
extern const sd_bus_vtable bus_container_vtable[];
extern const sd_bus_vtable bus_process_vtable[],
	bus_container_properties[]; /* more of containers */

/* The struct bus of the method or getter that runs: their userdata is a container. */
static inline struct bus *bus_from_slot(sd_bus *bus)
{
	return sd_bus_slot_get_userdata(sd_bus_get_current_slot(bus));
}

static inline struct bus *bus_from_message(sd_bus_message *message)
{
	return bus_from_slot(sd_bus_message_get_bus(message));
}

/* For sd_bus_add_fallback_vtable(): the container of an object path. */
int bus_container_find(sd_bus *bus, const char *path, const char *interface, void *userdata,
		       void **ret_found, sd_bus_error *error);

#endif
