/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Declarations: see declaration.h. */
#include "declaration.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "connect.h"
#include "librss/rss.h"
#include "shared/file.h"
#include "verb.h"
#include "view/json.h"
#include "view/status.h"

DEFINE_CLEANUP(struct rss_daemon_info *, rss_daemon_info_free);

void declaration_done(struct declaration *declaration)
{
	free(declaration->path);
	free(declaration->text);
	*declaration = (struct declaration){ 0 };
}

static bool declares(const char *text, const char *name)
{
	cleanup_json struct json_object *object = json_tokener_parse(text);
	struct json_object *value;

	return json_object_is_type(object, json_type_object) &&
	       json_object_object_get_ex(object, "name", &value) &&
	       json_object_is_type(value, json_type_string) &&
	       !strcmp(json_object_get_string(value), name);
}

static int set_path(struct declaration *declaration, const char *directory, const char *file)
{
	free(declaration->path);
	if (asprintf(&declaration->path, "%s/%s", directory, file) >= 0)
		return STATUS_DONE;
	declaration->path = NULL;
	return fail_memory();
}

/* A name may have slashes, which a file may not. */
static int set_new_path(struct declaration *declaration, const char *directory, const char *name)
{
	cleanup_free char *file = NULL;

	if (asprintf(&file, "%s.json", name) < 0) {
		file = NULL;
		return fail_memory();
	}
	for (char *slash = strchr(file, '/'); slash; slash = strchr(slash, '/'))
		*slash = '-';
	return set_path(declaration, directory, file);
}

/* Of two files that declare it, rssd takes the first by name. */
static int look_into(const char *directory, int dirfd, struct dirent **entries, int count,
		     const char *name, struct declaration *ret)
{
	for (int i = 0; i < count; i++) {
		cleanup_free char *text = NULL;
		int r = read_file_at(dirfd, entries[i]->d_name, FILE_FOREIGN_MAX, &text, NULL);

		if (r == -EACCES || r == -EPERM)
			return print_error(STATUS_DENIED, "Cannot read \"%s/%s\": %s", directory,
					   entries[i]->d_name, strerror(-r));
		if (r < 0 || !declares(text, name))
			continue;
		ret->text = take_ptr(text);
		return set_path(ret, directory, entries[i]->d_name);
	}
	return set_new_path(ret, directory, name);
}

static int search(const char *directory, const char *name, struct declaration *ret)
{
	cleanup_close int dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries = NULL;
	int count, status;

	if (dirfd < 0 && errno == ENOENT)
		return set_new_path(ret, directory, name);
	count = dirfd < 0 ? -1 : scandir(directory, &entries, is_declaration_file, alphasort);
	if (count < 0)
		return print_error(status_from_errno(-errno), "Cannot read \"%s\": %s", directory,
				   strerror(errno));
	status = look_into(directory, dirfd, entries, count, name, ret);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return status;
}

int declaration_find(struct cli *cli, const char *name, struct declaration *ret)
{
	cleanup_(rss_daemon_info_free_ptr) struct rss_daemon_info *info = NULL;
	int r = rss_daemon_info(cli->client, &info);

	if (r < 0)
		return fail_call(cli, r);
	return search(info->containers_directory, name, ret);
}
