/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Authorization filter: every call passes it before object look-up and dispatch.
 * A call that policy/access-policy.h leaves to polkit waits for polkit's reply
 * and is then dispatched again from the start, so that it uses the containers
 * that exist then.
 */
#ifndef RSSD_BUS_AUTHORIZE_H
#define RSSD_BUS_AUTHORIZE_H

#include <systemd/sd-bus.h>

#include "policy/access-policy.h"

struct bus;
struct bus_check;
struct bus_peer;

/* For sd_bus_add_filter(), with the struct bus as its userdata. */
int bus_authorize_filter(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* The kind of operation of the method @member; ACCESS_ROOT if no vtable names one. */
enum access_operation bus_operation_of(const char *member);

/* Drops the waiting calls of a client that has left the bus. */
void bus_authorize_forget(struct bus_peer *peer);

/* Drops all waiting calls, when the bus is closed. */
void bus_authorize_close(struct bus *bus);

#endif
