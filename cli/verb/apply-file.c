/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of settings: see settings-file.h. */
#include "verb/apply-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "librss/rss.h"
#include "shared/name.h"
#include "shared/size.h"
#include "view/json.h"
#include "view/output.h"
#include "view/status.h"

static int complain_of(const char *path, size_t i, const char *key, const char *problem)
{
	return print_error(STATUS_USAGE, "%s: container %zu: %s %s", path, i + 1, key, problem);
}

static const char *read_size_value(struct json_object *value, uint64_t *ret)
{
	int r;

	if (json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0) {
		*ret = json_object_get_uint64(value);
		return NULL;
	}
	if (!json_object_is_type(value, json_type_string))
		return "must be a number of bytes, or a size like \"512M\" or \"infinity\"";
	r = size_parse(json_object_get_string(value), ret);
	return r < 0 ? size_parse_reason(r) : NULL;
}

/* NULL where @key is one and @value is good, else what is wrong with it. */
static const char *read_key(const char *key, struct json_object *value, struct rss_change *change)
{
	struct rss_settings *settings = &change->settings;

	if (!strcmp(key, "name")) {
		if (!json_object_is_type(value, json_type_string))
			return "must be a string";
		change->name = json_object_get_string(value);
		return name_problem(change->name);
	}
	if (!strcmp(key, "limit")) {
		settings->set |= RSS_SET_LIMIT;
		return read_size_value(value, &settings->limit);
	}
	if (!strcmp(key, "high")) {
		settings->set |= RSS_SET_HIGH;
		return read_size_value(value, &settings->high);
	}
	if (!strcmp(key, "low")) {
		settings->set |= RSS_SET_LOW;
		return read_size_value(value, &settings->low);
	}
	if (!strcmp(key, "oom_group")) {
		if (!json_object_is_type(value, json_type_boolean))
			return "must be true or false";
		settings->set |= RSS_SET_OOM_GROUP;
		settings->oom_group = json_object_get_boolean(value);
		return NULL;
	}
	return "is not a key that is known here";
}

static int read_change(const char *path, size_t i, struct json_object *object,
		       struct rss_change *ret)
{
	if (!json_object_is_type(object, json_type_object))
		return print_error(STATUS_USAGE, "%s: container %zu: must be a JSON object", path,
				   i + 1);
	json_object_object_foreach(object, key, value)
	{
		const char *problem = read_key(key, value, ret);

		if (problem)
			return complain_of(path, i, key, problem);
	}
	if (!ret->name)
		return complain_of(path, i, "name", "is missing");
	if (!ret->settings.set)
		return print_error(STATUS_USAGE, "%s: %s: nothing is to be set", path, ret->name);
	return STATUS_DONE;
}

static int read_json(const char *path, struct json_object **ret)
{
	cleanup_close int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC)
						 : dup(STDIN_FILENO);

	if (fd < 0)
		return print_error(STATUS_FAILED, "%s cannot be read: %s", path, strerror(errno));
	*ret = json_object_from_fd(fd);
	if (!*ret) {
		cleanup_free char *why = strdup(json_util_get_last_err() ?: "");

		if (why)
			why[strcspn(why, "\n")] = '\0';
		return print_error(STATUS_USAGE, "%s is no JSON: %s", path, why ?: "");
	}
	return STATUS_DONE;
}

int settings_file_read(const char *path, struct settings_file *ret)
{
	struct settings_file file = { 0 };
	int status = read_json(path, &file.json);
	bool many;

	if (status != STATUS_DONE)
		return status;
	/* From here on it is the caller's, also where it is bad. */
	many = json_object_is_type(file.json, json_type_array);
	file.count = many ? json_object_array_length(file.json) : 1;
	file.changes = calloc(file.count ?: 1, sizeof(*file.changes));
	*ret = file;
	if (!file.changes)
		return fail_memory();
	if (!file.count)
		return print_error(STATUS_USAGE, "%s names no container", path);
	for (size_t i = 0; i < file.count && status == STATUS_DONE; i++)
		status = read_change(path, i,
				     many ? json_object_array_get_idx(file.json, i) : file.json,
				     &file.changes[i]);
	return status;
}

void settings_file_done(struct settings_file *file)
{
	free(file->changes);
	json_object_put(file->json);
}
