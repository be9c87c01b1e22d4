/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * org.rssd1 on the system bus. Methods unmarshal, call the manager and reply;
 * nothing is decided here. bus.c connects and sends signals, bus-access.c lets
 * in who may, bus-manager.c and bus-container.c hold the two interfaces,
 * bus-codec.c translates what both need, bus-call.c keeps the calls whose
 * answer is on its way, bus-peer.c knows who calls.
 */
#ifndef RSSD_BUS_H
#define RSSD_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "shared/cleanup.h"
#include "cgroup/controller.h"

#define BUS_NAME      "org.rssd1"
#define BUS_PATH      "/org/rssd1"
#define BUS_MANAGER   "org.rssd1.Manager"
#define BUS_CONTAINER "org.rssd1.Container"

struct bus_call;
struct bus_check;
struct bus_owner;
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
	struct bus_peer *peers;	  /* who talks to us */
	struct bus_user *users;	  /* who they are */
	struct bus_user *served;  /* for whom something is done in this turn of the loop... */
	uint64_t served_since;	  /* ...since then */
	sd_event_source *turn;	  /* its end */
	struct bus_check *checks; /* calls that wait for polkit */
	bool polkit_missed;	  /* it was not there when it was last asked */
	struct bus_call *calls;	  /* whose answer is on its way */
	struct bus_owner *owners; /* clients that made a transient container */
	/* For GetAll: what one message asks of one container is read once. */
	struct {
		const struct container *of;
		uint64_t iteration; /* of the loop: it handles one message each */
		struct counters counters;
	} seen;
	sd_bus_vtable *settings_properties; /* of containers */
	bus_reload_fn reload;
	void *userdata;
};

/* sd-bus is to let all callers through to a method: bus-access.c has let in who may. */
#define BUS_GUARDED SD_BUS_VTABLE_UNPRIVILEGED

/* The vtables. */
extern const sd_bus_vtable bus_manager_vtable[];
extern const sd_bus_vtable bus_settings_vtable[], bus_history_vtable[]; /* more of the manager's */
extern const sd_bus_vtable bus_container_vtable[];
/* For sd_bus_add_fallback_vtable(): the container behind a path. */
int bus_container_find(sd_bus *bus, const char *path, const char *interface, void *userdata,
		       void **ret_found, sd_bus_error *error);

#endif
