/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd reports about units that are containers. */
#ifndef RSSD_UNIT_SIGNALS_H
#define RSSD_UNIT_SIGNALS_H

struct bus;
struct container;

/* A container was listed: subscribes to signals of systemd if it is the first that is a unit. */
void bus_units_added(struct bus *bus, struct container *container);
/* Containers were removed: ends the subscription if none is a unit. */
void bus_units_removed(struct bus *bus);

#endif
