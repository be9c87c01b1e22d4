/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of settings: see apply-file.h. */
#include "verb/apply-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "librss/rss.h"
#include "librss/settings.h"
#include "read-json.h"
#include "read-settings.h"
#include "shared/file.h"
#include "shared/name.h"
#include "view/container-json.h"
#include "view/json.h"
#include "view/output.h"
#include "view/status.h"

static int fail_key(const char *path, size_t i, const char *key, const char *problem)
{
	return print_error(STATUS_USAGE, "%s: container %zu: %s %s", path, i + 1, key, problem);
}

static bool is_setting(const char *key)
{
	for_each_client_setting(setting) {
		if (!strcmp(setting->key, key))
			return true;
	}
	return false;
}

/*
 * NULL if @key is known and @value is good, otherwise what is wrong. What list and show print is
 * known: of @shown only the settings are read.
 */
static const char *read_key(const char *key, struct json_object *value, struct json_object *shown,
			    struct rss_change *change)
{
	if (!strcmp(key, "name")) {
		if (!json_object_is_type(value, json_type_string))
			return "must be a string";
		change->name = json_object_get_string(value);
		if (strlen(change->name) != (size_t)json_object_get_string_len(value))
			return "contains a NUL byte";
		return name_problem(change->name);
	}
	if (!is_setting(key) && json_object_object_get_ex(shown, key, NULL))
		return NULL;
	return cli_settings_read_json(key, value, &change->settings);
}

static int read_change(const char *path, size_t i, struct json_object *object,
		       struct json_object *shown, struct rss_change *ret)
{
	if (!json_object_is_type(object, json_type_object))
		return print_error(STATUS_USAGE, "%s: container %zu: must be a JSON object", path,
				   i + 1);
	json_object_object_foreach(object, key, value)
	{
		const char *problem = read_key(key, value, shown, ret);

		if (problem)
			return fail_key(path, i, key, problem);
	}
	if (!ret->name)
		return fail_key(path, i, "name", "is missing");
	if (!ret->settings.set)
		return print_error(STATUS_USAGE, "%s: %s: no setting given", path, ret->name);
	return STATUS_DONE;
}

/* Not read_file_at(), which does not wait for the writer of a pipe. */
static int read_text(const char *path, char **ret, size_t *ret_length)
{
	cleanup_close int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC)
						 : dup(STDIN_FILENO);
	/* The size is not limited: it is the user's own file. */
	int r = fd < 0 ? -errno : read_file(fd, FILE_OWN_MAX, ret, ret_length);

	return r < 0 ? print_error(STATUS_FAILED, "Cannot read \"%s\": %s", path, strerror(-r))
		     : STATUS_DONE;
}

static int read_document(const char *path, struct json_object **ret)
{
	cleanup_free char *text = NULL;
	const char *problem = "";
	size_t length = 0;
	int status = read_text(path, &text, &length), r;

	if (status != STATUS_DONE)
		return status;
	r = json_read(text, length, ret, &problem);
	if (r == -ENOMEM)
		return fail_memory();
	return r < 0 ? print_error(STATUS_USAGE, "%s: invalid JSON: %s", path, problem)
		     : STATUS_DONE;
}

int settings_file_read(const char *path, struct settings_file *ret)
{
	cleanup_json struct json_object *shown = container_json_keys();
	struct settings_file file = { 0 };
	int status = read_document(path, &file.json);
	bool many;

	if (status != STATUS_DONE)
		return status;
	/* From here on the caller frees it, also on failure. */
	many = json_object_is_type(file.json, json_type_array);
	file.count = many ? json_object_array_length(file.json) : 1;
	file.changes = calloc(file.count ?: 1, sizeof(*file.changes));
	*ret = file;
	if (!file.changes || !shown)
		return fail_memory();
	for (size_t i = 0; i < file.count && status == STATUS_DONE; i++)
		status = read_change(path, i,
				     many ? json_object_array_get_idx(file.json, i) : file.json,
				     shown, &file.changes[i]);
	return status;
}

void settings_file_done(struct settings_file *file)
{
	free(file->changes);
	json_object_put(file->json);
}
