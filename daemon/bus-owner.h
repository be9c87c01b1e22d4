/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client that made a transient container means to attach to it: while it
 * is on the bus the container stays, though empty.
 */
#ifndef RSSD_BUS_OWNER_H
#define RSSD_BUS_OWNER_H

#include <systemd/sd-bus.h>

struct bus;
struct bus_owner;

int bus_owner_new(struct bus *bus, sd_bus_message *message, const char *container);
struct bus_owner *bus_owner_free(struct bus_owner *owner);

#endif
