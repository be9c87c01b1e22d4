/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists trees of groups: see hierarchy.h and controller.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup/controller.h"
#include "cgroup/hierarchy.h"
#include "shared/array.h"
#include "shared/cleanup.h"
#include "shared/file.h"

struct paths {
	char **list; /* NULL-terminated */
	size_t count, allocated;
};

void hierarchy_list_free(char ***paths)
{
	for (char **path = *paths; path && *path; path++)
		free(*path);
	free(*paths);
}

static void paths_done(struct paths *paths)
{
	hierarchy_list_free(&paths->list);
}

/* Takes ownership of @path, even on failure. */
static int paths_add(struct paths *paths, char *path)
{
	cleanup_free char *owned = path;

	if (!owned)
		return -ENOMEM;
	/* One element more than the path, for the NULL. */
	if (array_reserve(&paths->list, paths->count + 1, &paths->allocated, sizeof(*paths->list)) <
	    0)
		return -ENOMEM;
	paths->list[paths->count++] = take_ptr(owned);
	paths->list[paths->count] = NULL;
	return 0;
}

static bool is_directory(DIR *dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* Adds the child groups of @parent ("" is @root). */
static int list_below(int root, const char *leaf, const char *parent, struct paths *paths)
{
	cleanup_(closedir_ptr) DIR *dir = NULL;
	cleanup_close int fd = openat(root, *parent ? parent : ".",
				      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;

	/* It may have been removed since it was listed. */
	if (fd < 0)
		return errno == ENOENT && *parent ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	(void)take_fd(&fd);
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		char *path;
		int r;

		if (entry->d_name[0] == '.' || !is_directory(dir, entry) ||
		    (leaf && !strcmp(entry->d_name, leaf)))
			continue;
		if (asprintf(&path, "%s%s%s", parent, *parent ? "/" : "", entry->d_name) < 0)
			return -ENOMEM;
		r = paths_add(paths, path);
		if (r < 0)
			return r;
	}
	return -errno;
}

int hierarchy_list(int dir, const char *leaf, char ***ret)
{
	cleanup_(paths_done) struct paths paths = { 0 };
	int r;

	/* Breadth first: list_below() appends to the list that this loop walks. */
	r = list_below(dir, leaf, "", &paths);
	for (size_t i = 0; r >= 0 && i < paths.count; i++)
		r = list_below(dir, leaf, paths.list[i], &paths);
	if (r < 0)
		return r;
	if (!paths.list && !(paths.list = calloc(1, sizeof(*paths.list))))
		return -ENOMEM;
	*ret = take_ptr(paths.list);
	return 0;
}

int controller_list_groups(struct controller *controller, char ***ret)
{
	return hierarchy_list(controller->fd, controller->leaf, ret);
}
