/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings on D-Bus, by the rows of settings_table: read from and appended to
 * messages, shown as properties of org.rssd1.Container.
 */
#ifndef RSSD_BUS_SETTINGS_PROPERTIES_H
#define RSSD_BUS_SETTINGS_PROPERTIES_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

struct failure;
struct place;
struct rules;
struct settings;
struct settings_change;

/* What is given for a container besides its settings. */
struct bus_creation {
	bool transient;
	struct place *place; /* to be freed; NULL if there is none */
	bool has_owner;
	uid_t owner;
};

/*
 * Reads an a{sv} of settings. @ret_creation: NULL if Transient, Unit, ControlGroup and Owner are no
 * keys here. @ret_join: NULL if Join is none; if it is given, ret->join borrows *ret_join.
 */
int bus_read_settings(sd_bus_message *message, struct settings_change *ret,
		      struct bus_creation *ret_creation, struct rules **ret_join,
		      struct failure *failure);

/* Appends the entries of an a{sv}, one for each setting in the mask @which. */
int bus_append_settings(sd_bus_message *message, unsigned int which,
			const struct settings *settings);
/*
 * Appends the entry Unlimited of an a{sv}: the names of those in the mask @which that are infinite.
 * Not each client can receive the number that means infinity, or send it.
 */
int bus_append_unlimited(sd_bus_message *message, unsigned int which,
			 const struct settings *settings);

/* Appends the names of the settings in the mask @supported, or an entry of an a{sv} of them. */
int bus_append_supported(sd_bus_message *message, unsigned int supported);
int bus_append_supported_entry(sd_bus_message *message, unsigned int supported);

/*
 * The vtable of the properties, for sd_bus_add_fallback_vtable() with
 * bus_container_find(); freed by the caller after the bus is closed. NULL if
 * out of memory.
 */
sd_bus_vtable *bus_settings_properties(void);

#endif
