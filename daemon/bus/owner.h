/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client that creates a transient container is its owner: while the owner is on
 * the bus, the container stays even if it is empty. Owners share the peer's one bus
 * match, however many containers a client creates.
 */
#ifndef RSSD_BUS_OWNER_H
#define RSSD_BUS_OWNER_H

#include <systemd/sd-bus.h>

struct bus;
struct bus_owner;
struct bus_peer;

int bus_owner_new(struct bus *bus, sd_bus_message *message, const char *container);

/* Called when @peer has disconnected: removes its transient containers as soon as they are empty. */
void bus_owners_leave(const struct bus_peer *peer);

/* Called when a container was removed: drops its owner. */
void bus_owners_forget(struct bus *bus, const char *container);

struct bus_owner *bus_owner_free(struct bus_owner *owner);
/* Frees all of them, when the bus is closed. */
void bus_owners_free(struct bus *bus);

#endif
