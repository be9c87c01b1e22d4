/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dictionaries of options, read: see options.h. */
#include "bus/options.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/failure.h"
#include "shared/array.h"
#include "shared/cleanup.h"

/* A day: a longer timeout is a mistake, and would overflow the clock. */
#define TIMEOUT_MAX (24ULL * 3600 * 1000000)

/* Reads an integer of the D-Bus type @type into *@ret, or into *@ret_negative if it is below 0. */
static int read_integer(sd_bus_message *message, char type, uint64_t *ret, int64_t *ret_negative)
{
	union {
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
	} value;
	int64_t number = 0;
	int r = sd_bus_message_read_basic(message, type, &value);

	if (r < 0)
		return r;
	switch (type) {
	case SD_BUS_TYPE_BYTE:
		number = value.y;
		break;
	case SD_BUS_TYPE_INT16:
		number = value.n;
		break;
	case SD_BUS_TYPE_UINT16:
		number = value.q;
		break;
	case SD_BUS_TYPE_INT32:
		number = value.i;
		break;
	case SD_BUS_TYPE_UINT32:
		number = value.u;
		break;
	case SD_BUS_TYPE_INT64:
		number = value.x;
		break;
	default:
		*ret = value.t;
		return 0;
	}
	*ret_negative = number < 0 ? number : 0;
	*ret = (uint64_t)number;
	return 0;
}

static int read_texts(sd_bus_message *message, const char ***ret)
{
	cleanup_free const char **texts = NULL;
	size_t count = 0, allocated = 0;
	const char *text;
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "s");

	while (r >= 0 && (r = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &text)) > 0) {
		if (array_reserve(&texts, count + 1, &allocated, sizeof(*texts)) < 0)
			return -ENOMEM;
		texts[count++] = text;
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r >= 0 && !texts)
		texts = calloc(1, sizeof(*texts));
	if (r < 0 || !texts)
		return r < 0 ? r : -ENOMEM;
	texts[count] = NULL;
	*ret = take_ptr(texts);
	return 0;
}

/* The type of its value, for messages. */
static const char *option_type(const struct bus_option *option)
{
	switch (option->type) {
	case SD_BUS_TYPE_UINT64:
		return "t or another integer";
	case SD_BUS_TYPE_BOOLEAN:
		return "b";
	case SD_BUS_TYPE_ARRAY:
		return "as";
	default:
		return "s";
	}
}

/* Many clients send a number as the type that their language prefers. */
static bool accepts(const struct bus_option *option, const char *contents)
{
	if (option->type == SD_BUS_TYPE_ARRAY)
		return strcmp(contents, "as") == 0;
	if (!contents[0] || contents[1])
		return false;
	return contents[0] == option->type ||
	       (option->type == SD_BUS_TYPE_UINT64 && strchr("ynqiux", contents[0]));
}

static int read_contents(sd_bus_message *message, struct bus_option *option, char type,
			 struct failure *failure)
{
	int64_t negative = 0;
	uint64_t number = 0;
	int r;

	if (option->type == SD_BUS_TYPE_ARRAY)
		return read_texts(message, option->value);
	if (option->type != SD_BUS_TYPE_UINT64)
		return sd_bus_message_read_basic(message, type, option->value);
	r = read_integer(message, type, &number, &negative);
	if (r < 0)
		return r;
	if (negative)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "%s must not be negative: %" PRIi64, option->key, negative);
	*(uint64_t *)option->value = number;
	return 0;
}

static int read_value(sd_bus_message *message, struct bus_option *option, struct failure *failure)
{
	const char *contents;
	char kind, type[3] = { 0 };
	int r;

	if (option->seen)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT, "%s is given twice", option->key);
	r = sd_bus_message_peek_type(message, &kind, &contents);
	if (r < 0)
		return r;
	if (kind != SD_BUS_TYPE_VARIANT || !accepts(option, contents))
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "%s must be of the D-Bus type %s, not %.16s", option->key,
			    option_type(option), contents);
	memcpy(type, contents, strlen(contents));
	r = sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, type);
	if (r >= 0)
		r = read_contents(message, option, type[0], failure);
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r < 0)
		return r;
	option->seen = true;
	return 0;
}

static struct bus_option *find_option(struct bus_option options[], const char *key)
{
	for (struct bus_option *option = options; option->key; option++) {
		if (strcmp(option->key, key) == 0)
			return option;
	}
	return NULL;
}

int bus_read_options(sd_bus_message *message, struct bus_option options[], struct failure *failure)
{
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
		struct bus_option *option;
		const char *key;

		r = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &key);
		if (r < 0)
			return r;
		option = find_option(options, key);
		if (!option)
			return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
				    "\"%.64s\" is not a known key", key);
		r = read_value(message, option, failure);
		if (r >= 0)
			r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

int bus_read_mode(const char *text, enum limit_mode *ret, struct failure *failure)
{
	if (text && limit_mode_parse(text, ret) < 0)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "\"%.32s\" is not a mode; use reclaim, refuse or force", text);
	return 0;
}

int bus_read_limit_options(sd_bus_message *message, enum limit_mode *ret_mode,
			   uint64_t *ret_timeout, int *ret_progress, struct failure *failure)
{
	const char *mode = NULL;
	struct bus_option options[] = {
		{ "mode", SD_BUS_TYPE_STRING, &mode, false },
		{ "timeout", SD_BUS_TYPE_UINT64, ret_timeout, false },
		{ ret_progress ? "progress" : NULL, SD_BUS_TYPE_BOOLEAN, ret_progress, false },
		{ 0 },
	};
	int r = bus_read_options(message, options, failure);

	if (r >= 0)
		r = bus_read_mode(mode, ret_mode, failure);
	if (r >= 0 && *ret_timeout > TIMEOUT_MAX)
		r = fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			 "A timeout of %" PRIu64 " microseconds is longer than a day",
			 *ret_timeout);
	return r;
}

int bus_read_fds(sd_bus_message *message, int **ret, size_t *ret_count, struct failure *failure)
{
	cleanup_free int *fds = NULL;
	size_t count = 0, allocated = 0;
	int fd, r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "h");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read_basic(message, SD_BUS_TYPE_UNIX_FD, &fd)) > 0) {
		if (array_reserve(&fds, count, &allocated, sizeof(*fds)) < 0)
			return -ENOMEM;
		fds[count++] = fd;
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(message);
	if (r < 0)
		return r;
	*ret = take_ptr(fds);
	*ret_count = count;
	return 0;
}
