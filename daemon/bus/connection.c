/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to the bus, its objects and signals: see connection.h. */
#include "bus/connection.h"

#include <errno.h>
#include <string.h>

#include "base/failure.h"
#include "base/log.h"
#include "bus/authorize.h"
#include "bus/list-methods.h"
#include "bus/oom-entries.h"
#include "bus/owner.h"
#include "bus/peer.h"
#include "bus/pending-call.h"
#include "bus/property-reads.h"
#include "bus/settings-properties.h"
#include "bus/unit-signals.h"
#include "container/container.h"
#include "container/manager.h"
#include "policy/drift.h"
#include "policy/threshold.h"
#include "shared/name.h"

static void free_path(char **path)
{
	free(*path);
}

/* Logs a signal that could not be sent. */
static void log_unsent(int r, const char *what, const char *name)
{
	if (r < 0)
		log_message(LOG_WARNING, name, "Cannot send the signal %s: %s", what, strerror(-r));
}

/* --- changes and events of the manager become signals ----------------------------- */

static void on_added(struct container *c, void *userdata)
{
	struct bus *bus = userdata;
	cleanup_(free_path) char *path = name_to_object_path(c->name);

	/* Its counters were read a moment ago, when it was created. */
	bus->seen.of = c;
	bus->seen.counters = c->seen;
	(void)sd_event_get_iteration(bus->event, &bus->seen.iteration);
	if (c->fresh) {
		bus->seen_parts.of = c;
		bus->seen_parts.parts = c->group->controller->idle_parts;
		bus->seen_parts.iteration = bus->seen.iteration;
	}
	log_unsent(path ? sd_bus_emit_object_added(bus->bus, path) : -ENOMEM, "InterfacesAdded",
		   c->name);
	bus_units_added(bus, c);
}

static void on_removed(const char *name, void *userdata)
{
	struct bus *bus = userdata;
	cleanup_(free_path) char *path = name_to_object_path(name);

	bus_owners_forget(bus, name);
	bus_units_removed(bus);
	/*
	 * sd_bus_emit_object_removed() looks up the interfaces of the object, which no
	 * longer exists, so the signal is built here.
	 */
	log_unsent(path ? sd_bus_emit_signal(bus->bus, BUS_PATH,
					     "org.freedesktop.DBus.ObjectManager",
					     "InterfacesRemoved", "oas", path, 1, BUS_CONTAINER)
			: -ENOMEM,
		   "InterfacesRemoved", name);
}

static void on_changed(struct container *c, unsigned int mask, void *userdata)
{
	struct bus *bus = userdata;
	cleanup_(free_path) char *path = name_to_object_path(c->name);
	char *names[SETTINGS_MAX + 5] = { NULL };
	size_t n = 0;

	for_each_setting(setting) {
		if (mask & setting->bit)
			names[n++] = (char *)setting->property;
	}
	if (n > 0) {
		names[n++] = (char *)"Unlimited";
	} else {
		names[n++] = (char *)"Declared";
		names[n++] = (char *)"Owner";
		names[n++] = (char *)"Delegated";
		if (c->place) {
			names[n++] = (char *)"Running";
			names[n++] = (char *)"ControlGroup";
		}
	}
	log_unsent(path ? sd_bus_emit_properties_changed_strv(bus->bus, path, BUS_CONTAINER, names)
			: -ENOMEM,
		   "PropertiesChanged", c->name);
}

static int emit_record(struct bus *bus, const char *path, const char *member,
		       const struct event *event)
{
	sd_bus_message *signal = NULL;
	int r = sd_bus_message_new_signal(bus->bus, &signal, path, BUS_CONTAINER, member);

	if (r >= 0)
		r = sd_bus_message_append(signal, "t", event->sequence);
	if (r >= 0)
		r = bus_append_oom(signal, event->oom, bus_viewer(bus, NULL));
	if (r >= 0)
		r = sd_bus_send(bus->bus, signal, NULL);
	sd_bus_message_unref(signal);
	return r;
}

static void on_event(const struct event *event, void *userdata)
{
	struct bus *bus = userdata;
	const char *name = event->container ? event->container->name : NULL;
	cleanup_(free_path) char *path = name ? name_to_object_path(name) : NULL;

	if (name && !path) {
		log_unsent(-ENOMEM, "of an event", name);
		return;
	}
	switch (event->kind) {
	case EVENT_LIMIT_HIT:
		log_unsent(sd_bus_emit_signal(bus->bus, path, BUS_CONTAINER, "LimitHit", "ttttt",
					      event->sequence, event->usage, event->limit,
					      event->amount, event->time),
			   "LimitHit", name);
		break;
	case EVENT_RECLAIMED:
		log_unsent(sd_bus_emit_signal(bus->bus, path, BUS_CONTAINER, "Reclaimed", "ttttt",
					      event->sequence, event->amount, event->usage,
					      event->limit, event->time),
			   "Reclaimed", name);
		break;
	case EVENT_OOM:
		log_unsent(emit_record(bus, path, "OOM", event), "OOM", name);
		break;
	case EVENT_KILL:
		log_unsent(emit_record(bus, path, "Killed", event), "Killed", name);
		break;
	case EVENT_WATERMARK:
		log_unsent(sd_bus_emit_signal(bus->bus, path, BUS_CONTAINER, "Watermark", "tstt",
					      event->sequence, event->which, event->usage,
					      event->time),
			   "Watermark", name);
		break;
	case EVENT_DRIFT:
		log_unsent(sd_bus_emit_signal(bus->bus, path, BUS_CONTAINER, "Drift", "tst",
					      event->sequence,
					      drift_name((unsigned int)event->amount), event->time),
			   "Drift", name);
		break;
	case EVENT_THRESHOLD:
		log_unsent(sd_bus_emit_signal(bus->bus, path, BUS_CONTAINER, "Threshold", "tstt",
					      event->sequence,
					      threshold_name((enum threshold)event->amount),
					      event->usage, event->time),
			   "Threshold", name);
		break;
	case EVENT_LOST:
		log_unsent(sd_bus_emit_signal(bus->bus, BUS_PATH, BUS_MANAGER, "EventsLost", "ttt",
					      event->sequence, event->last, event->time),
			   "EventsLost", NULL);
		break;
	}
}

static const struct manager_listener listener = {
	.added = on_added,
	.removed = on_removed,
	.changed = on_changed,
	.event = on_event,
};

/* --- objects ----------------------------------------------------------------------- */

int bus_container_find(sd_bus *bus, const char *path, const char *interface, void *userdata,
		       void **ret_found, sd_bus_error *error)
{
	struct bus *b = userdata;
	cleanup_free char *name = NULL;
	struct container *c;

	if (name_from_object_path(path, &name) < 0)
		return 0;
	c = manager_find(b->manager, name);
	if (!c)
		return 0;
	*ret_found = c;
	return 1;
}

static int enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
		     sd_bus_error *error)
{
	struct bus *b = userdata;
	struct manager *m = b->manager;
	char **nodes = calloc(m->count + 1, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	for (size_t i = 0; i < m->count; i++) {
		nodes[i] = name_to_object_path(m->containers[i]->name);
		if (!nodes[i]) {
			while (i-- > 0)
				free(nodes[i]);
			free(nodes);
			return -ENOMEM;
		}
	}
	*ret_nodes = nodes;
	return 1;
}

static int serve(struct bus *b)
{
	/* The filter that was added last runs first. */
	int r = sd_bus_add_filter(b->bus, NULL, bus_managed_objects_filter, b);

	if (r >= 0)
		r = sd_bus_add_filter(b->bus, NULL, bus_property_reads_filter, b);

	if (r >= 0)
		r = sd_bus_add_filter(b->bus, NULL, bus_authorize_filter, b);
	b->settings_properties = bus_settings_properties();
	if (!b->settings_properties)
		return -ENOMEM;
	if (r >= 0)
		r = sd_bus_add_object_vtable(b->bus, NULL, BUS_PATH, BUS_MANAGER,
					     bus_manager_vtable, b);
	if (r >= 0)
		r = sd_bus_add_object_vtable(b->bus, NULL, BUS_PATH, BUS_MANAGER,
					     bus_settings_vtable, b);
	if (r >= 0)
		r = sd_bus_add_object_vtable(b->bus, NULL, BUS_PATH, BUS_MANAGER,
					     bus_history_vtable, b);
	if (r >= 0)
		r = sd_bus_add_fallback_vtable(b->bus, NULL, NAME_OBJECT_ROOT, BUS_CONTAINER,
					       bus_container_vtable, bus_container_find, b);
	if (r >= 0)
		r = sd_bus_add_fallback_vtable(b->bus, NULL, NAME_OBJECT_ROOT, BUS_CONTAINER,
					       bus_process_vtable, bus_container_find, b);
	if (r >= 0)
		r = sd_bus_add_fallback_vtable(b->bus, NULL, NAME_OBJECT_ROOT, BUS_CONTAINER,
					       bus_container_properties, bus_container_find, b);
	if (r >= 0)
		r = sd_bus_add_fallback_vtable(b->bus, NULL, NAME_OBJECT_ROOT, BUS_CONTAINER,
					       b->settings_properties, bus_container_find, b);
	if (r >= 0)
		r = sd_bus_add_node_enumerator(b->bus, NULL, NAME_OBJECT_ROOT, enumerate, b);
	if (r >= 0)
		r = sd_bus_add_object_manager(b->bus, NULL, BUS_PATH);
	return r;
}

/* The bus closed the connection. No client can reach rssd, so the supervisor should restart it. */
static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *b = userdata;

	log_error("The bus has closed the connection; stopping, containers and their limits stay");
	return sd_event_exit(b->event, EXIT_FAILURE);
}

/* Drops its authorization checks, its calls and its transient containers. */
static void peer_left(struct bus_peer *peer)
{
	bus_authorize_forget(peer);
	bus_calls_leave(peer);
	bus_owners_leave(peer);
}

static int end_of_turn(sd_event_source *source, void *userdata)
{
	bus_peer_served(userdata);
	return 0;
}

/* --- connection ---------------------------------------------------------------------- */

static int connect_bus(struct bus *b, struct failure *failure)
{
	int r = sd_bus_open_system(&b->bus);

	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The system bus cannot be reached: %s; start dbus.service, or set "
			    "DBUS_SYSTEM_BUS_ADDRESS to another bus",
			    strerror(-r));
	r = serve(b);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot register the D-Bus objects: %s", strerror(-r));
	r = sd_bus_match_signal_async(b->bus, NULL, "org.freedesktop.DBus.Local",
				      "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
				      "Disconnected", on_disconnected, NULL, b);
	if (r >= 0)
		r = sd_bus_attach_event(b->bus, b->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_event_add_post(b->event, &b->turn, end_of_turn, b);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot use the bus: %s",
			    strerror(-r));
	return 0;
}

static int take_name(struct bus *b, struct failure *failure)
{
	int r = sd_bus_request_name(b->bus, BUS_NAME, 0);

	if (r == -EEXIST)
		return fail(failure, RSS_ERROR_IN_PROGRESS,
			    "Another rssd has the name " BUS_NAME " on this bus; stop it first");
	if (r == -EACCES || r == -EPERM)
		return fail(failure, RSS_ERROR_ACCESS_DENIED,
			    "The bus does not allow the name " BUS_NAME
			    "; install its policy file, org.rssd1.conf");
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot acquire the name " BUS_NAME ": %s", strerror(-r));
	return 0;
}

int bus_new(sd_event *event, struct manager *manager, bus_reload_fn reload, void *userdata,
	    struct bus **ret, struct failure *failure)
{
	cleanup_(bus_free_ptr) struct bus *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	b->event = sd_event_ref(event);
	b->manager = manager;
	b->all_users = (struct rate){ .burst = ALL_USERS_BURST_USEC, .share = ALL_USERS_SHARE };
	b->peer_left = peer_left;
	b->reload = reload;
	b->userdata = userdata;
	r = connect_bus(b, failure);
	if (r == 0)
		r = take_name(b, failure);
	if (r < 0)
		return r;
	if (manager_listen(manager, &listener, b) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	for (size_t i = 0; i < manager->count; i++)
		bus_units_added(b, manager->containers[i]);
	*ret = take_ptr(b);
	return 0;
}

struct bus *bus_free(struct bus *b)
{
	if (!b)
		return NULL;
	manager_ignore(b->manager, &listener, b);
	sd_event_source_disable_unref(b->turn);
	bus_authorize_close(b);
	bus_calls_free(b);
	bus_owners_free(b);
	bus_peers_free(b);
	sd_bus_slot_unref(b->unit_signals);
	sd_bus_flush_close_unref(b->bus);
	free(b->settings_properties);
	sd_event_unref(b->event);
	free(b);
	return NULL;
}
