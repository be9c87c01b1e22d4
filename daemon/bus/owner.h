/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client that made a transient container means to attach to it: while it
 * is on the bus the container stays, though empty. It is known by its peer: one
 * watch of the bus for each client, however many containers it makes.
 */
#ifndef RSSD_BUS_OWNER_H
#define RSSD_BUS_OWNER_H

#include <systemd/sd-bus.h>

struct bus;
struct bus_owner;
struct bus_peer;

int bus_owner_new(struct bus *bus, sd_bus_message *message, const char *container);

/* @peer has left: its transient containers go as soon as they are empty. */
void bus_owners_leave(const struct bus_peer *peer);

/* The container is gone: nobody owns it any more. */
void bus_owners_forget(struct bus *bus, const char *container);

struct bus_owner *bus_owner_free(struct bus_owner *owner);

#endif
