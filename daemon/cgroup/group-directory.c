/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory of a group: open, create, bind, remove. Only creation and removal use
 * a path.
 */
#include "cgroup/group.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup/control-file-cache.h"
#include "cgroup/hierarchy.h"
#include "shared/file.h"

#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Returns the directory's path below the mount: "rssd/web". The caller frees it. */
static char *path_below_mount(const struct controller *c, const char *path)
{
	char *full;

	if (asprintf(&full, "%s%s%s", c->root, *path ? "/" : "", path) < 0)
		return NULL;
	return full;
}

/* Checks that the group's path still leads to its open directory: 0, -ENOENT, or another errno. */
static int is_same_directory(const struct group *g)
{
	struct stat ours, there;

	if (fstat(g->fd, &ours) < 0 ||
	    fstatat(g->controller->fd, *g->path ? g->path : ".", &there, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino ? 0 : -ENOENT;
}

/*
 * Returns 1 if the directory contains cgroups other than the leaf, 0 if not, or a negative errno.
 */
static int has_groups(const struct group *g)
{
	cleanup_(closedir_ptr) DIR *dir = directory_list(g->fd);
	struct dirent *entry;

	if (!dir)
		return -errno;
	for (errno = 0; (entry = readdir(dir)); errno = 0)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    strcmp(entry->d_name, g->controller->leaf))
			return 1;
	return -errno;
}

/* Opens the leaf. Creates it in a new group, or if another program created the group. */
static int open_leaf(struct group *g)
{
	const char *leaf = g->controller->leaf;
	int r;

	g->procs_fd = openat(g->fd, leaf, OPEN_DIRECTORY);
	if (g->procs_fd < 0 && errno == ENOENT) {
		r = hierarchy_create_leaf(g->fd, leaf);
		if (r < 0 && r != -EEXIST)
			return r;
		g->procs_fd = openat(g->fd, leaf, OPEN_DIRECTORY);
	}
	return g->procs_fd < 0 ? -errno : 0;
}

struct group *group_free(struct group *group)
{
	if (!group)
		return NULL;
	if (group->controller->ops->group_close)
		group->controller->ops->group_close(group);
	kept_files_free(group->kept);
	if (group->procs_fd >= 0 && group->procs_fd != group->fd)
		close(group->procs_fd);
	if (group->peak_fd >= 0)
		close(group->peak_fd);
	if (group->fd >= 0)
		close(group->fd);
	free(group->path);
	free(group);
	return NULL;
}

/* A group without its directory; NULL if there is no memory. */
static struct group *group_new(struct controller *controller, const char *path)
{
	struct group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->controller = controller;
	g->fd = g->procs_fd = g->peak_fd = -1;
	g->path = strdup(path);
	return g->path ? g : group_free(g);
}

/* Lets the controller prepare the group. */
static int open_for_controller(struct group *g)
{
	const struct controller *c = g->controller;

	return c->ops->group_open ? c->ops->group_open(g) : 0;
}

int group_open(struct controller *controller, const char *path, struct group **ret)
{
	cleanup_(group_free_ptr) struct group *g = group_new(controller, path);
	int r;

	if (!g)
		return -ENOMEM;
	g->fd = openat(controller->fd, *path ? path : ".", OPEN_DIRECTORY);
	if (g->fd < 0)
		return -errno;
	/* The root holds groups, never processes, so it needs no leaf. */
	if (controller->leaf && *path) {
		r = open_leaf(g);
		if (r < 0)
			return r;
	} else {
		g->procs_fd = g->fd;
	}
	r = open_for_controller(g);
	if (r == 0)
		*ret = take_ptr(g);
	return r;
}

/* A directory that has no control file, for a group that is not bound. */
#define NOWHERE "/proc/self/ns"

static int open_foreign(const struct group *g, int *ret)
{
	cleanup_close int mount = open(g->controller->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (mount < 0)
		return -errno;
	fd = openat(mount, g->path + strspn(g->path, "/"), OPEN_DIRECTORY);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

int group_open_foreign(struct controller *controller, const char *cgroup, struct group **ret)
{
	cleanup_(group_free_ptr) struct group *g = group_new(controller, cgroup);
	int r;

	if (!g)
		return -ENOMEM;
	g->foreign = true;
	r = open_foreign(g, &g->fd);
	if (r < 0 && r != -ENOENT)
		return r;
	g->absent = r < 0;
	if (g->absent)
		g->fd = open(NOWHERE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->fd < 0)
		return -errno;
	g->procs_fd = g->fd;
	r = open_for_controller(g);
	if (r == 0)
		*ret = take_ptr(g);
	return r;
}

int group_bind(struct group *g)
{
	cleanup_close int fd = -1;
	struct stat ours, there;
	bool was_bound = !g->absent, bound;
	int r = open_foreign(g, &fd);

	if (r < 0 && r != -ENOENT)
		return r;
	bound = r == 0;
	if (!bound && !was_bound)
		return 0;
	if (!bound)
		fd = open(NOWHERE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &there) < 0 || fstat(g->fd, &ours) < 0)
		return -errno;
	if (ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		return 0;
	/* dup3() replaces the descriptor atomically: a worker may be reading it. */
	if (dup3(fd, g->fd, O_CLOEXEC) < 0)
		return -errno;
	__atomic_store_n(&g->absent, !bound, __ATOMIC_RELAXED);
	return 1;
}

/* Opens the directory in which the new one will be created, if it is not the root. */
static int open_parent(struct controller *c, const char *path, int *ret)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *parent = slash ? strndup(path, slash - path) : NULL;
	int fd;

	if (!slash)
		return 0;
	if (!parent)
		return -ENOMEM;
	fd = openat(c->fd, parent, OPEN_DIRECTORY);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

int group_create(struct controller *controller, const char *path, struct group **ret)
{
	cleanup_free char *full = path_below_mount(controller, path);
	const char *slash = strrchr(path, '/');
	cleanup_close int opened = -1;
	struct stat st;
	int parent, r;

	if (!full)
		return -ENOMEM;
	/* If nothing is mounted, libcgroup would create the directory in the mount point. */
	r = controller_check_mount(controller);
	if (r < 0)
		return r;
	r = open_parent(controller, path, &opened);
	if (r < 0)
		return r;
	parent = opened >= 0 ? opened : controller->fd;
	if (fstatat(parent, slash ? slash + 1 : path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	if (errno != ENOENT)
		return -errno;
	if (controller->ops->prepare_parent) {
		r = controller->ops->prepare_parent(controller, parent);
		if (r < 0)
			return r;
	}
	r = hierarchy_create(controller->mount, controller->kernel_name, full);
	if (r < 0)
		return r;
	r = group_open(controller, path, ret);
	if (r < 0) {
		/* Leave no directory if the group could not be opened. */
		if (controller->leaf) {
			cleanup_close int made = openat(controller->fd, path, OPEN_DIRECTORY);

			if (made >= 0)
				(void)hierarchy_remove_leaf(made, controller->leaf);
		}
		(void)hierarchy_remove(controller->mount, controller->kernel_name, full);
	}
	return r;
}

int group_remove(struct group *group)
{
	struct controller *c = group->controller;
	cleanup_free char *full = path_below_mount(c, group->path);
	bool own_leaf = group->procs_fd != group->fd;
	int r;

	assert(!group->foreign);
	if (!full)
		return -ENOMEM;
	r = is_same_directory(group);
	if (r < 0)
		return r;
	/* If nothing is mounted, hierarchy_remove() would report the directory as removed. */
	r = controller_check_mount(c);
	if (r < 0)
		return r;
	if (own_leaf) {
		/* Removal loses the leaf's counters: first check that the group can be removed. */
		r = has_groups(group);
		if (r != 0)
			return r < 0 ? r : -EBUSY;
		r = hierarchy_remove_leaf(group->fd, c->leaf);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	r = hierarchy_remove(c->mount, c->kernel_name, full);
	if (r == 0 && c->ops->thaw)
		(void)c->ops->thaw(c, group->path);
	if (r < 0 && own_leaf) {
		/* The directory stays, so it needs a leaf again, and procs_fd must lead to it. */
		cleanup_close int again = -1;

		(void)hierarchy_create_leaf(group->fd, c->leaf);
		again = openat(group->fd, c->leaf, OPEN_DIRECTORY);
		/* dup3() replaces the descriptor atomically: a worker may be reading it. */
		if (again >= 0)
			(void)dup3(again, group->procs_fd, O_CLOEXEC);
	}
	return r;
}

bool group_exists(const struct group *group)
{
	return group->foreign ? group_is_bound(group) : is_same_directory(group) != -ENOENT;
}
