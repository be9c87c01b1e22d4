/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door: each call passes here before its object is looked up and its method
 * runs. What access.h lets polkit decide waits for polkit's answer, and then
 * comes in again from the beginning, so that it meets what is there by then.
 */
#ifndef RSSD_BUS_ACCESS_H
#define RSSD_BUS_ACCESS_H

#include <systemd/sd-bus.h>

struct bus;
struct bus_check;
struct bus_peer;

/* For sd_bus_add_filter(), with the struct bus as its userdata. */
int bus_access_filter(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* The peer has left: what it asked for is done no more. */
void bus_access_forget(struct bus_peer *peer);

/* Takes back all questions, when the bus is closed. */
void bus_access_close(struct bus *bus);

#endif
