/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers of other runtimes: see runtime.h. */
#include "runtime.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <json-c/json.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/pod.h"
#include "shared/text.h"
#include "view/status.h"

/* The length of an ID of podman, and the shortest beginning that is taken for one. */
#define ID_LENGTH 64
#define ID_MIN	  8
/* A pod or a container is not nested deeper than this. */
#define DEPTH_MAX 12
/* The files in which podman's storage keeps the names; one is of containers made with --rm. */
#define NAME_FILES "/var/lib/containers/storage/*-containers/*containers.json"

DEFINE_CLEANUP(struct json_object *, json_object_put);

void runtime_group_done(struct runtime_group *group)
{
	free(group->cgroup);
	*group = (struct runtime_group){ 0 };
}

/* --- the cgroup tree ----------------------------------------------------------- */

/* What is searched. The first two groups that match are kept: two are too many. */
struct search {
	bool (*matches)(const char *name, const char *wanted);
	const char *wanted;
	char *found[2];
	size_t count;
};

static void search_done(struct search *search)
{
	free(search->found[0]);
	free(search->found[1]);
}

/* Groups below one that matches are parts of it. */
static int walk(struct search *search, int dirfd, const char *path, unsigned int depth)
{
	cleanup_(closedir_ptr) DIR *dir = directory_list(dirfd);
	struct dirent *entry;

	while (dir && search->count < 2 && (entry = readdir(dir))) {
		cleanup_free char *inner = NULL;
		cleanup_close int fd = -1;
		int r;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (asprintf(&inner, "%s/%s", path, entry->d_name) < 0) {
			inner = NULL;
			return -ENOMEM;
		}
		if (search->matches(entry->d_name, search->wanted)) {
			search->found[search->count++] = take_ptr(inner);
			continue;
		}
		fd = depth < DEPTH_MAX ? openat(dirfd, entry->d_name,
						O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				       : -1;
		r = fd < 0 ? 0 : walk(search, fd, inner, depth + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The hierarchies that have the groups of runtimes: the unified one, systemd's, and that of memory. */
static bool is_searched(const struct mntent *mount)
{
	if (strcmp(mount->mnt_type, "cgroup2") == 0)
		return true;
	return strcmp(mount->mnt_type, "cgroup") == 0 &&
	       (hasmntopt(mount, "name=systemd") || hasmntopt(mount, "memory"));
}

/* Searches one hierarchy after the other, until there is a match. */
static int search_tree(struct search *search)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;
	int r = 0;

	if (!mounts)
		return -errno;
	while (r == 0 && search->count == 0 && (mount = getmntent(mounts))) {
		cleanup_close int fd = -1;

		if (!is_searched(mount))
			continue;
		fd = open(mount->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? 0 : walk(search, fd, "", 0);
	}
	(void)endmntent(mounts);
	return r;
}

static bool is_unit_name(const char *name)
{
	return text_ends_with(name, strlen(name), ".scope") ||
	       text_ends_with(name, strlen(name), ".slice");
}

/* @what, @name: for messages, "container of podman", "web" */
static int find_group(struct search *search, const char *what, const char *name,
		      struct runtime_group *ret)
{
	const char *last;
	int r = search_tree(search);

	if (r == -ENOMEM)
		return fail_memory();
	if (r < 0)
		return print_error(STATUS_FAILED, "The cgroups cannot be read: %s", strerror(-r));
	if (search->count == 0)
		return print_error(STATUS_NOT_FOUND, "No running %s: \"%.128s\"", what, name);
	if (search->count > 1)
		return print_error(
			STATUS_FAILED,
			"\"%.128s\" is more than one %s: %.128s and %.128s; give more of "
			"it, or use --unit or --cgroup",
			name, what, search->found[0], search->found[1]);
	ret->cgroup = take_ptr(search->found[0]);
	last = strrchr(ret->cgroup, '/') + 1;
	ret->unit = is_unit_name(last) ? last : NULL;
	return STATUS_DONE;
}

/* --- podman -------------------------------------------------------------------- */

/*
 * "libpod-ID.scope" with the cgroup driver systemd, "libpod-ID" with cgroupfs, and
 * "libpod-payload-ID" with --cgroups=split. "libpod-conmon-ID" is the monitor of the container.
 */
static bool is_podman_group(const char *name, const char *id)
{
	static const char *const prefixes[] = { "libpod-payload-", "libpod-" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t length = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], length) == 0 &&
		    strncmp(name + length, id, strlen(id)) == 0)
			return true;
	}
	return false;
}

static bool is_id(const char *text)
{
	size_t length = strlen(text);

	return length >= ID_MIN && length <= ID_LENGTH &&
	       strspn(text, "0123456789abcdef") == length;
}

static bool has_name(struct json_object *container, const char *name)
{
	struct json_object *names = NULL;

	if (!json_object_object_get_ex(container, "names", &names) ||
	    !json_object_is_type(names, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(names, i));

		if (text && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

/* Copies the ID of the container named @name to @id. Returns false if the file has none. */
static bool find_in_file(const char *path, const char *name, char id[ID_LENGTH + 1])
{
	cleanup_(json_object_put_ptr) struct json_object *list = json_object_from_file(path);

	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *container = json_object_array_get_idx(list, i), *value = NULL;

		if (!json_object_is_type(container, json_type_object) ||
		    !has_name(container, name) ||
		    !json_object_object_get_ex(container, "id", &value) ||
		    !is_id(json_object_get_string(value) ?: ""))
			continue;
		(void)snprintf(id, ID_LENGTH + 1, "%s", json_object_get_string(value));
		return true;
	}
	return false;
}

static bool find_by_name(const char *name, char id[ID_LENGTH + 1])
{
	glob_t files = { 0 };
	bool found = false;

	if (glob(NAME_FILES, GLOB_NOSORT, NULL, &files) == 0) {
		for (size_t i = 0; i < files.gl_pathc && !found; i++)
			found = find_in_file(files.gl_pathv[i], name, id);
	}
	globfree(&files);
	return found;
}

int runtime_find_podman(const char *container, struct runtime_group *ret)
{
	char id[ID_LENGTH + 1];
	cleanup_(search_done) struct search search = { .matches = is_podman_group, .wanted = id };

	/* A name may look like an ID. */
	if (!find_by_name(container, id)) {
		if (!is_id(container))
			return print_error(
				STATUS_NOT_FOUND,
				"No container of podman: \"%.128s\" (see podman ps); one "
				"of a user is found by its ID, of which at least %d "
				"digits are needed",
				container, ID_MIN);
		(void)snprintf(id, sizeof(id), "%s", container);
	}
	return find_group(&search, "container of podman", container, ret);
}

/* --- pods ---------------------------------------------------------------------- */

static bool is_pod_group(const char *name, const char *uid)
{
	return pod_owns_cgroup(uid, name);
}

static bool is_pod_uid(const char *text)
{
	size_t digits = 0;

	for (const char *at = text; *at; at++) {
		if (!isxdigit((unsigned char)*at) && *at != '-')
			return false;
		digits += *at != '-';
	}
	return digits == 32;
}

int runtime_find_pod(const char *uid, struct runtime_group *ret)
{
	cleanup_(search_done) struct search search = { .matches = is_pod_group, .wanted = uid };

	if (!is_pod_uid(uid))
		return print_error(
			STATUS_USAGE,
			"\"%.64s\" is not the UID of a pod: it has 32 hexadecimal digits, "
			"as in 8a1fc2b0-57ab-4a0e-9d0c-2f4b1c1f9a55",
			uid);
	return find_group(&search, "pod", uid, ret);
}
