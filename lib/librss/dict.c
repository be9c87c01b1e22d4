/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading dictionaries: see dict.h. */
#include "librss/dict.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A key may come twice: the second string replaces the first. */
static int read_string(sd_bus_message *message, char **at)
{
	const char *text = NULL;
	char *copy;
	int r = sd_bus_message_read(message, "s", &text);

	if (r < 0)
		return r;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*at);
	*at = copy;
	return 0;
}

static int read_bool(sd_bus_message *message, bool *at)
{
	int value = 0;
	int r = sd_bus_message_read(message, "b", &value);

	if (r >= 0)
		*at = value;
	return r;
}

static int read_strings(sd_bus_message *message, char ***at)
{
	/* A key may come twice: the second list is skipped. */
	if (*at)
		return sd_bus_message_skip(message, "as");
	return sd_bus_message_read_strv(message, at);
}

static int read_value(sd_bus_message *message, const struct dict_field *field, void *at)
{
	if (field->read)
		return field->read(message, at);
	switch (field->type[0]) {
	case 's':
		return read_string(message, at);
	case 'b':
		return read_bool(message, at);
	case 'a':
		return read_strings(message, at);
	default:
		return sd_bus_message_read_basic(message, field->type[0], at);
	}
}

static const struct dict_field *find_field(const struct dict_field fields[], size_t n_fields,
					   const char *key, const char *type)
{
	for (size_t i = 0; i < n_fields; i++)
		if (!strcmp(fields[i].key, key))
			return strcmp(fields[i].type, type) ? NULL : &fields[i];
	return NULL;
}

static int read_entry(sd_bus_message *message, const struct dict_field fields[], size_t n_fields,
		      void *into, uint64_t *seen)
{
	const struct dict_field *field;
	const char *key = NULL, *type = NULL;
	int r;

	r = sd_bus_message_read(message, "s", &key);
	if (r < 0)
		return r;
	r = sd_bus_message_peek_type(message, NULL, &type);
	if (r < 0)
		return r;
	field = find_field(fields, n_fields, key, type);
	if (!field)
		return sd_bus_message_skip(message, "v");
	r = sd_bus_message_enter_container(message, 'v', type);
	if (r < 0)
		return r;
	r = read_value(message, field, (char *)into + field->offset);
	if (r < 0)
		return r;
	*seen |= UINT64_C(1) << (field - fields);
	return sd_bus_message_exit_container(message);
}

int dict_read(sd_bus_message *message, const struct dict_field fields[], size_t n_fields,
	      void *into)
{
	uint64_t seen;

	return dict_read_seen(message, fields, n_fields, into, &seen);
}

int dict_read_seen(sd_bus_message *message, const struct dict_field fields[], size_t n_fields,
		   void *into, uint64_t *seen)
{
	int r;

	assert(n_fields <= 64);
	*seen = 0;
	r = sd_bus_message_enter_container(message, 'a', "{sv}");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
		r = read_entry(message, fields, n_fields, into, seen);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}
