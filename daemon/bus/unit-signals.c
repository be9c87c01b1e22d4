/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals of systemd: see unit-signals.h. */
#include "bus/unit-signals.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "bus/bus.h"
#include "container/container.h"
#include "container/manager.h"
#include "operation/place-follow.h"

#define SYSTEMD_BUS	"org.freedesktop.systemd1"
#define SYSTEMD_PATH	"/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define UNIT_PATHS	SYSTEMD_PATH "/unit"

/*
 * One rule for all units, since a connection may have some hundred rules. systemd sends the signals
 * only while a client is subscribed.
 */
#define MATCH                                                                                 \
	"type='signal',sender='" SYSTEMD_BUS "',interface='org.freedesktop.DBus.Properties'," \
	"member='PropertiesChanged',path_namespace='" UNIT_PATHS "',"                         \
	"arg0='org.freedesktop.systemd1.Unit'"

static int on_unit_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *b = userdata;
	const struct manager *m = b->manager;
	cleanup_free char *unit = NULL;

	if (sd_bus_path_decode(sd_bus_message_get_path(message), UNIT_PATHS, &unit) <= 0)
		return 0;
	for (size_t i = 0; m->places > 0 && i < m->count; i++) {
		struct container *c = m->containers[i];

		if (container_is_unit(c) && strcmp(c->place->unit, unit) == 0)
			place_follow(c);
	}
	return 0;
}

static int call_manager(struct bus *b, const char *method)
{
	sd_bus_message *call = NULL;
	int r = sd_bus_message_new_method_call(b->bus, &call, SYSTEMD_BUS, SYSTEMD_PATH,
					       SYSTEMD_MANAGER, method);

	if (r >= 0)
		r = sd_bus_message_set_auto_start(call, false);
	if (r >= 0)
		r = sd_bus_send(b->bus, call, NULL);
	sd_bus_message_unref(call);
	return r;
}

void bus_units_added(struct bus *b, struct container *c)
{
	int r = 0;

	if (!container_is_unit(c))
		return;
	if (!b->unit_signals) {
		r = sd_bus_add_match_async(b->bus, &b->unit_signals, MATCH, on_unit_changed, NULL,
					   b);
		if (r >= 0)
			r = call_manager(b, "Subscribe");
	}
	if (r < 0)
		log_message(LOG_WARNING, c->name,
			    "signals of systemd cannot be received: %s; if %s changes its slice, "
			    "restart rssd",
			    strerror(-r), container_unit(c));
	/* It may have changed while rssd did not run. */
	place_follow(c);
}

void bus_units_removed(struct bus *b)
{
	if (!b->unit_signals || b->manager->places > 0)
		return;
	b->unit_signals = sd_bus_slot_unref(b->unit_signals);
	(void)call_manager(b, "Unsubscribe");
}
