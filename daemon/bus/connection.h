/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection to the system bus. */
#ifndef RSSD_BUS_CONNECTION_H
#define RSSD_BUS_CONNECTION_H

#include "bus/bus.h"

/**
 * bus_new() - connect, serve the objects, take the name
 * @reload: called when a client asks for a reload
 */
int bus_new(sd_event *event, struct manager *manager, bus_reload_fn reload, void *userdata,
	    struct bus **ret, struct failure *failure);
/* Releases the name and closes the connection; pending calls get no reply. Returns NULL. */
struct bus *bus_free(struct bus *bus);
DEFINE_CLEANUP(struct bus *, bus_free);

#endif
