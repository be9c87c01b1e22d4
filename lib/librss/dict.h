/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads an a{sv} of D-Bus into a struct, by a table of its fields. A key that is
 * not in the table, or has another type, is skipped: later versions may add keys.
 */
#ifndef RSS_DICT_H
#define RSS_DICT_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

struct dict_field {
	const char *key;
	const char
		*type; /* "s" (char *), "t", "u", "b" (bool), "as" (char **), or what @read takes */
	size_t offset;
	int (*read)(sd_bus_message *message, void *at); /* for other types, otherwise NULL */
};

/*
 * Fills the fields that were found; the caller owns them, also on failure. 0 or a
 * negative errno of sd-bus.
 */
int dict_read(sd_bus_message *message, const struct dict_field fields[], size_t n_fields,
	      void *into);

/* The same for at most 64 fields; bit i of *@seen is set if field i was there. */
int dict_read_seen(sd_bus_message *message, const struct dict_field fields[], size_t n_fields,
		   void *into, uint64_t *seen);

#endif
