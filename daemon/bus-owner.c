/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients that own a transient container: see bus-owner.h. */
#include "bus-owner.h"

#include <errno.h>
#include <string.h>

#include "bus.h"
#include "manager.h"
#include "transient.h"

struct bus_owner {
	struct bus *bus;
	char *container;
	sd_bus_track *track;
	struct bus_owner *next;
};

DEFINE_CLEANUP(struct bus_owner *, bus_owner_free);

static int owner_left(sd_bus_track *track, void *userdata)
{
	struct bus_owner *owner = userdata;
	struct container *c = manager_find(owner->bus->manager, owner->container);

	if (c)
		transient_disown(c);
	bus_owner_free(owner);
	return 0;
}

int bus_owner_new(struct bus *bus, sd_bus_message *message, const char *container)
{
	cleanup_(bus_owner_free_ptr) struct bus_owner *owner = calloc(1, sizeof(*owner));
	int r;

	if (!owner)
		return -ENOMEM;
	owner->container = strdup(container);
	if (!owner->container)
		return -ENOMEM;
	r = sd_bus_track_new(bus->bus, &owner->track, owner_left, owner);
	if (r >= 0)
		r = sd_bus_track_add_sender(owner->track, message);
	if (r < 0)
		return r;
	owner->bus = bus;
	owner->next = bus->owners;
	bus->owners = owner;
	(void)take_ptr(owner);
	return 0;
}

struct bus_owner *bus_owner_free(struct bus_owner *owner)
{
	if (!owner)
		return NULL;
	if (owner->bus) {
		struct bus_owner **at = &owner->bus->owners;

		while (*at && *at != owner)
			at = &(*at)->next;
		if (*at)
			*at = owner->next;
	}
	sd_bus_track_unref(owner->track);
	free(owner->container);
	free(owner);
	return NULL;
}
