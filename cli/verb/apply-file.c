/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of settings: see apply-file.h. */
#include "verb/apply-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "librss/rss.h"
#include "read-settings.h"
#include "shared/name.h"
#include "view/json.h"
#include "view/output.h"
#include "view/status.h"

static int complain_of(const char *path, size_t i, const char *key, const char *problem)
{
	return print_error(STATUS_USAGE, "%s: container %zu: %s %s", path, i + 1, key, problem);
}

/* NULL if @key is known and @value is good, otherwise what is wrong. */
static const char *read_key(const char *key, struct json_object *value, struct rss_change *change)
{
	if (!strcmp(key, "name")) {
		if (!json_object_is_type(value, json_type_string))
			return "must be a string";
		change->name = json_object_get_string(value);
		return name_problem(change->name);
	}
	return cli_settings_read_json(key, value, &change->settings);
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
	/* From here on the caller frees it, also on failure. */
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
