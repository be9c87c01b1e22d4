/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Get and GetAll of org.freedesktop.DBus.Properties for what takes long to read. The
 * number of processes of a container includes those of everything below it, and a
 * walk over thousands of cgroups would block the loop: a worker makes it.
 */
#ifndef RSSD_BUS_PROPERTY_READS_H
#define RSSD_BUS_PROPERTY_READS_H

#include <systemd/sd-bus.h>

/* A filter for sd_bus_add_filter(), with the struct bus as its userdata. */
int bus_property_reads_filter(sd_bus_message *message, void *userdata, sd_bus_error *error);

#endif
