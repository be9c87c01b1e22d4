/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients that own a transient container: see owner.h. */
#include "bus/owner.h"

#include <errno.h>
#include <string.h>

#include "bus/bus.h"
#include "bus/peer.h"
#include "container/manager.h"
#include "operation/transient.h"

struct bus_owner {
	const struct bus_peer *peer;
	char *container;
	struct list_link link; /* in bus->owners */
};

DEFINE_CLEANUP(struct bus_owner *, bus_owner_free);

int bus_owner_new(struct bus *bus, sd_bus_message *message, const char *container)
{
	cleanup_(bus_owner_free_ptr) struct bus_owner *owner = calloc(1, sizeof(*owner));
	struct bus_peer *peer;
	int r;

	if (!owner)
		return -ENOMEM;
	owner->container = strdup(container);
	if (!owner->container)
		return -ENOMEM;
	r = bus_peer_of(bus, message, &peer);
	if (r < 0)
		return r;
	owner->peer = peer;
	list_add(&bus->owners, &owner->link);
	(void)take_ptr(owner);
	return 0;
}

static struct bus_owner *find_owner_of_peer(const struct bus_peer *peer)
{
	struct bus_owner *owner;

	list_for_each_entry(owner, &peer->bus->owners, link) {
		if (owner->peer == peer)
			return owner;
	}
	return NULL;
}

/* Start again each time, because removing a container removes its owner from the list. */
void bus_owners_leave(const struct bus_peer *peer)
{
	struct bus_owner *owner;

	while ((owner = find_owner_of_peer(peer))) {
		struct container *c = manager_find(peer->bus->manager, owner->container);

		bus_owner_free(owner);
		if (c)
			transient_disown(c);
	}
}

void bus_owners_forget(struct bus *bus, const char *container)
{
	struct bus_owner *owner;

	list_for_each_entry(owner, &bus->owners, link) {
		if (strcmp(owner->container, container) == 0) {
			bus_owner_free(owner);
			return;
		}
	}
}

struct bus_owner *bus_owner_free(struct bus_owner *owner)
{
	if (!owner)
		return NULL;
	list_remove(&owner->link);
	free(owner->container);
	free(owner);
	return NULL;
}

void bus_owners_free(struct bus *bus)
{
	struct bus_owner *owner;

	list_for_each_entry(owner, &bus->owners, link)
		bus_owner_free(owner);
}
