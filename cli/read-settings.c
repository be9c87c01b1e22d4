/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsing settings: see read-settings.h. */
#include "read-settings.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "settings.h"
#include "shared/pressure-trigger.h"
#include "shared/size.h"
#include "values.h"
#include "view/status.h"

static int read_value(const struct cli_setting *setting, const char *text,
		      struct rss_settings *settings)
{
	const struct client_setting *client = cli_setting_client(setting);
	uint64_t value = 0;
	bool flag = false;
	int status;

	if (client_setting_is_flag(client)) {
		status = read_yes_no(setting->what, text, &flag);
		value = flag;
	} else if (!client_setting_is_size(client)) {
		const char *problem = pressure_trigger_parse(text, &value);

		status = problem ? print_error(STATUS_USAGE, "%s \"%s\" %s", setting->what, text,
					       problem)
				 : STATUS_DONE;
	} else {
		status = read_size(setting->what, text, &value);
	}
	if (status == STATUS_DONE)
		client_setting_put(client, settings, value);
	return status;
}

/* "limit, wmark-high, wmark-low and oom-group" */
static int fail_unknown(const char *key, size_t length)
{
	char names[256] = "";
	size_t at = 0;

	for_each_cli_setting(setting) {
		const char *before = at == 0 ? "" : setting[1].bit ? ", " : " and ";

		if (at < sizeof(names))
			at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", before,
					       setting->option.name);
	}
	return print_error(STATUS_USAGE, "Unknown setting \"%.*s\"; the settings are %s",
			   (int)length, key, names);
}

int cli_settings_read_word(const char *word, struct rss_settings *settings)
{
	size_t length = strcspn(word, "=");

	if (!word[length])
		return print_error(STATUS_USAGE, "Invalid setting \"%s\"; write KEY=VALUE", word);
	for_each_cli_setting(setting) {
		const char *name = setting->option.name;

		if (strlen(name) == length && !strncmp(name, word, length))
			return read_value(setting, word + length + 1, settings);
	}
	return fail_unknown(word, length);
}

int cli_settings_read_options(const struct args *args, struct rss_settings *ret)
{
	struct rss_settings settings = { 0 };
	int status = STATUS_DONE;

	for_each_cli_setting(setting) {
		const char *text = args->settings[setting - cli_settings];

		if (!text || status != STATUS_DONE)
			continue;
		status = read_value(setting, setting->option.value ? text : "yes", &settings);
	}
	if (status == STATUS_DONE)
		*ret = settings;
	return status;
}

unsigned int cli_settings_given(const struct args *args)
{
	unsigned int given = 0;

	for_each_cli_setting(setting) {
		if (args->settings[setting - cli_settings])
			given |= setting->bit;
	}
	return given;
}

static const char *read_json_size(struct json_object *value, uint64_t *ret)
{
	static const char too_large[] =
		"is above the largest size, 2^63-1; write \"infinity\" for none";
	int r;

	/* json-c parses a number past 2^64 as 2^64-1, or as a double in newer versions. */
	if (json_object_is_type(value, json_type_double) && json_object_get_double(value) >= 0x1p63)
		return too_large;
	if (json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0) {
		*ret = json_object_get_uint64(value);
		return *ret > INT64_MAX ? too_large : NULL;
	}
	if (!json_object_is_type(value, json_type_string))
		return "must be a number of bytes, or a size like \"512M\" or \"infinity\"";
	r = size_parse(json_object_get_string(value), ret);
	return r < 0 ? size_parse_reason(r) : NULL;
}

const char *cli_settings_read_json(const char *key, struct json_object *value,
				   struct rss_settings *settings)
{
	for_each_client_setting(setting) {
		const char *problem = NULL;
		uint64_t number = 0;

		if (strcmp(setting->key, key))
			continue;
		/* As list --json has those that the kernel lacks. */
		if (!value && client_setting_is_optional(setting))
			return NULL;
		if (!client_setting_is_flag(setting) && !client_setting_is_size(setting))
			problem = json_object_is_type(value, json_type_string)
					  ? pressure_trigger_parse(json_object_get_string(value),
								   &number)
					  : "must be a string like \"some:150ms/2s\"";
		else if (!client_setting_is_flag(setting))
			problem = read_json_size(value, &number);
		else if (json_object_is_type(value, json_type_boolean))
			number = (uint64_t)json_object_get_boolean(value);
		else
			problem = "must be true or false";
		if (!problem)
			client_setting_put(setting, settings, number);
		return problem;
	}
	return "is not a known key";
}
