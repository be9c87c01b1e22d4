/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a call gives, read: dictionaries of options, and descriptors. */
#ifndef RSSD_BUS_OPTIONS_H
#define RSSD_BUS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "policy/limit-policy.h"

struct failure;

/*
 * One key of an a{sv}: the type of its value and where the value is stored. @seen is
 * set if the key was present.
 */
struct bus_option {
	const char *key;
	/*
	 * SD_BUS_TYPE_UINT64, _BOOLEAN (into an int), _STRING, or _ARRAY: an "as" into a const char **,
	 * which ends with NULL and is freed by the caller; its strings are the message's.
	 */
	char type;
	void *value;
	bool seen;
};

/*
 * Reads an a{sv} whose keys are those of @options, which ends with an entry without
 * a key. Unknown keys, duplicate keys and wrong types are refused. For _UINT64 any type of
 * integer is accepted, and a negative value is refused.
 */
int bus_read_options(sd_bus_message *message, struct bus_option options[], struct failure *failure);

/* Parses a limit mode. If @text is NULL, *ret is unchanged. */
int bus_read_mode(const char *text, enum limit_mode *ret, struct failure *failure);

/* Reads the options mode, timeout and progress (may be NULL). Those not given are unchanged. */
int bus_read_limit_options(sd_bus_message *message, enum limit_mode *ret_mode,
			   uint64_t *ret_timeout, int *ret_progress, struct failure *failure);

/* Reads an "ah". The message keeps owning the descriptors; the caller frees *ret. */
int bus_read_fds(sd_bus_message *message, int **ret, size_t *ret_count, struct failure *failure);

#endif
