/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The methods that list all containers: as dictionaries, which can grow, as columns,
 * for thousands of containers, and as the managed objects of D-Bus.
 */
#ifndef RSSD_BUS_LIST_H
#define RSSD_BUS_LIST_H

#include <systemd/sd-bus.h>

struct collect_row;

int bus_list_containers(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_list_counters(sd_bus_message *message, void *userdata, sd_bus_error *error);

/*
 * GetManagedObjects, as a filter for sd_bus_add_filter() with the struct bus as its
 * userdata. sd-bus would read the control files of every container in the loop, which
 * takes a second for ten thousand; here workers read them, except for refaults.
 */
int bus_managed_objects_filter(sd_bus_message *message, void *userdata, sd_bus_error *error);

/*
 * Appends all properties of a container, the entries of an a{sv}. The value of a counter
 * that the kernel does not have is COUNTER_ABSENT. @viewer: see bus_viewer().
 */
int bus_append_properties(sd_bus_message *reply, const struct collect_row *row, uid_t viewer);

#endif
