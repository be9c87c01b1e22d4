/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two methods of org.rssd1.Manager that tell of all containers: as
 * dictionaries that can grow, and as columns that thousands of containers fit in.
 */
#ifndef RSSD_BUS_LIST_H
#define RSSD_BUS_LIST_H

#include <systemd/sd-bus.h>

int bus_list_containers(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_list_counters(sd_bus_message *message, void *userdata, sd_bus_error *error);

#endif
