/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks a group and all groups below it: see subtree.h. */
#include "cgroup/subtree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup/cgroup-path.h"
#include "cgroup/control-file.h"
#include "cgroup/group.h"
#include "cgroup/hierarchy.h"
#include "host/process.h"
#include "shared/array.h"
#include "shared/file.h"

#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

bool subtree_has(const struct subtree *tree, const char *path)
{
	const char *root = tree->group->path;
	size_t length = strlen(root);
	cleanup_free char *at = NULL;

	if (strncmp(path, root, length) != 0 || (length > 0 && path[length] && path[length] != '/'))
		return false;
	at = tree->skip ? strdup(path) : NULL;
	if (tree->skip && !at)
		return false;
	while (at && strlen(at) > length) {
		char *slash = strrchr(at, '/');

		if (tree->skip(at, tree->userdata))
			return false;
		if (!slash)
			break;
		*slash = '\0';
	}
	return true;
}

static int has_process(const struct subtree *tree, const struct process *process, char **ret_path)
{
	struct controller *controller = tree->group->controller;
	cleanup_free char *cgroup = NULL, *path = NULL;
	int r = controller_cgroup_of(controller, process, &cgroup);

	if (r == 0 && tree->group->foreign)
		path = take_ptr(cgroup);
	else if (r == 0)
		r = controller_path_of_cgroup(controller, cgroup, &path);
	if (r == -ENOENT)
		return 0; /* outside of rssd's cgroups */
	if (r < 0 || !subtree_has(tree, path))
		return r;
	if (ret_path)
		*ret_path = take_ptr(path);
	return 1;
}

int subtree_has_process(const struct subtree *tree, const struct process *process, char **ret_path)
{
	int r = has_process(tree, process, ret_path);
	struct process now;

	if (r != 0)
		return r;
	/* If it, or its main thread, has ended since it was read, the kernel shows "/". */
	r = process_read(process->pid, &now);
	if (r < 0)
		return r;
	if (now.ended)
		return -ESRCH;
	return now.state == 'Z' && process->state != 'Z' ? has_process(tree, &now, ret_path) : 0;
}

/* Counts the child directories by the link count; SIZE_MAX if the file system has none. */
static int count_directories(int dir, size_t *ret)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return -errno;
	*ret = st.st_nlink < 2 ? SIZE_MAX : st.st_nlink - 2;
	return 0;
}

/* A directory on the current path. Its child directories are visited one after the other. */
struct level {
	int dir;
	size_t length; /* of the path of this directory */
	char *names;   /* of the child directories, each ended by a NUL */
	size_t size, at;
};

struct walk {
	const struct subtree *tree;
	subtree_visit_fn visit;
	subtree_visit_fn leave; /* called after the groups below were visited; may be NULL */
	void *userdata;
	struct level *levels;
	size_t depth, allocated;
	char *path;
	size_t path_size;
};

static void walk_done(struct walk *walk)
{
	for (size_t i = 0; i < walk->depth; i++) {
		close(walk->levels[i].dir);
		free(walk->levels[i].names);
	}
	free(walk->levels);
	free(walk->path);
}

/* Reads the names of the child directories of @dir, one after the other. */
static int read_names(int dir, char **ret, size_t *ret_size)
{
	cleanup_(closedir_ptr) DIR *stream = directory_list(dir);
	cleanup_free char *names = NULL;
	size_t size = 0, allocated = 0;
	struct dirent *entry;

	if (!stream)
		return -errno;
	for (errno = 0; (entry = readdir(stream)); errno = 0) {
		size_t length = strlen(entry->d_name) + 1;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		if (size + length > allocated) {
			size_t room = (allocated + length) * 2;
			char *more = realloc(names, room);

			if (!more)
				return -ENOMEM;
			names = more;
			allocated = room;
		}
		memcpy(names + size, entry->d_name, length);
		size += length;
	}
	if (errno)
		return -errno;
	*ret = take_ptr(names);
	*ret_size = size;
	return 0;
}

/* Appends @name to the first @length bytes of the path. */
static int extend_path(struct walk *walk, size_t length, const char *name)
{
	size_t more = strlen(name);

	if (length + more + 2 > walk->path_size) {
		size_t room = (length + more + 2) * 2;
		char *path = realloc(walk->path, room);

		if (!path)
			return -ENOMEM;
		walk->path = path;
		walk->path_size = room;
	}
	if (length > 0 && more > 0)
		walk->path[length++] = '/';
	memcpy(walk->path + length, name, more + 1);
	return 0;
}

/* Visits a directory and makes it the deepest level. Takes ownership of @dir. */
static int enter(struct walk *walk, int dir)
{
	cleanup_close int owned = dir;
	struct level *level;
	size_t directories = 0;
	int r = walk->visit ? walk->visit(dir, walk->path, walk->userdata) : 0;

	if (r == 0)
		r = count_directories(dir, &directories);
	if (r < 0)
		return cgroup_is_gone(r) ? 0 : r;
	r = array_reserve(&walk->levels, walk->depth, &walk->allocated, sizeof(*walk->levels));
	if (r < 0)
		return r;
	level = &walk->levels[walk->depth];
	*level = (struct level){ .length = strlen(walk->path) };
	/* To list the control files takes longer than all else here. */
	r = directories > 0 ? read_names(dir, &level->names, &level->size) : 0;
	if (r < 0)
		return cgroup_is_gone(r) ? 0 : r;
	level->dir = take_fd(&owned);
	walk->depth++;
	return 0;
}

/* Enters the next child directory of the deepest level. */
static int enter_next(struct walk *walk)
{
	struct level *level = &walk->levels[walk->depth - 1];
	const char *name = level->names + level->at;
	int dir, r = extend_path(walk, level->length, name);

	level->at += strlen(name) + 1;
	if (r < 0)
		return r;
	if (walk->tree->skip && walk->tree->skip(walk->path, walk->tree->userdata))
		return 0;
	dir = openat(level->dir, name, OPEN_DIRECTORY);
	if (dir < 0)
		return cgroup_is_gone(-errno) ? 0 : -errno;
	return enter(walk, dir);
}

/* Leaves the deepest level after all its children were visited. */
static int leave(struct walk *walk)
{
	struct level *level = &walk->levels[walk->depth - 1];
	int r = 0;

	walk->path[level->length] = '\0';
	if (walk->leave && walk->depth > 1)
		r = walk->leave(walk->levels[walk->depth - 2].dir,
				walk->path + walk->levels[walk->depth - 2].length, walk->userdata);
	close(level->dir);
	free(level->names);
	walk->depth--;
	return r;
}

static int run(struct walk *walk)
{
	int group = walk->tree->group->fd;
	size_t directories;
	int dir, r = extend_path(walk, 0, walk->tree->group->path);

	if (r == 0)
		r = count_directories(group, &directories);
	if (r < 0)
		return r;
	if (directories == 0)
		return walk->visit ? walk->visit(group, walk->path, walk->userdata) : 0;
	dir = openat(group, ".", OPEN_DIRECTORY);
	if (dir < 0)
		return -errno;
	r = enter(walk, dir);
	while (r == 0 && walk->depth > 0) {
		struct level *level = &walk->levels[walk->depth - 1];

		r = level->at < level->size ? enter_next(walk) : leave(walk);
	}
	return r;
}

int subtree_walk(const struct subtree *tree, subtree_visit_fn visit, void *userdata)
{
	cleanup_(walk_done) struct walk walk = {
		.tree = tree,
		.visit = visit,
		.userdata = userdata,
	};

	return run(&walk);
}

/* --- processes ----------------------------------------------------------------- */

struct listing {
	const struct group *group;
	struct subtree_members *members;
};

void subtree_members_done(struct subtree_members *members)
{
	for (size_t i = 0; i < members->n_paths; i++)
		free(members->paths[i]);
	free(members->paths);
	free(members->list);
}

/* The processes of an rssd group are in its leaf, but belong to the group. */
static char *path_without_leaf(const struct controller *c, const char *path)
{
	size_t length = strlen(path), leaf = c->leaf ? strlen(c->leaf) : 0;

	if (leaf && length > leaf && !strcmp(path + length - leaf, c->leaf) &&
	    path[length - leaf - 1] == '/')
		length -= leaf + 1;
	return strndup(path, length);
}

static int add_path(struct listing *listing, const char *path)
{
	struct subtree_members *members = listing->members;
	int r = array_reserve(&members->paths, members->n_paths, &members->paths_allocated,
			      sizeof(*members->paths));

	if (r < 0)
		return r;
	members->paths[members->n_paths] = path_without_leaf(listing->group->controller, path);
	if (!members->paths[members->n_paths])
		return -ENOMEM;
	members->n_paths++;
	return 0;
}

static int list_directory(int dir, const char *path, void *userdata)
{
	struct listing *listing = userdata;
	struct subtree_members *members = listing->members;
	cleanup_free pid_t *pids = NULL;
	size_t count;
	int r = cgroup_read_pids(dir, "cgroup.procs", &pids, &count);

	/* A threaded cgroup of v2 lists its processes in the domain above it. */
	if (r == -EOPNOTSUPP)
		return 0;
	if (r < 0 || count == 0)
		return r;
	r = add_path(listing, path);
	for (size_t i = 0; i < count && r == 0; i++) {
		r = array_reserve(&members->list, members->count, &members->allocated,
				  sizeof(*members->list));
		if (r == 0)
			members->list[members->count++] =
				(struct subtree_member){ pids[i], members->n_paths - 1 };
	}
	return r;
}

int subtree_list(const struct subtree *tree, struct subtree_members *ret)
{
	struct listing listing = { .group = tree->group, .members = ret };

	return subtree_walk(tree, list_directory, &listing);
}

struct counting {
	const struct group *group;
	dev_t device;
	ino_t own; /* directory of the group's own processes, which are not counted */
	uint32_t count;
};

static int count_directory(int dir, const char *path, void *userdata)
{
	struct counting *counting = userdata;
	struct stat st;
	uint32_t count = 0;
	int r;

	if (fstat(dir, &st) < 0)
		return -errno;
	if (st.st_ino == counting->own && st.st_dev == counting->device)
		return 0;
	r = cgroup_count_pids(dir, "cgroup.procs", &count);
	if (r < 0)
		return r == -EOPNOTSUPP ? 0 : r;
	counting->count += count;
	return 0;
}

int subtree_count_inner(const struct subtree *tree, size_t nested, uint32_t *ret)
{
	const struct group *group = tree->group;
	bool has_leaf = group->procs_fd != group->fd;
	struct counting counting = { .group = group };
	size_t directories = 0, in_leaf = 0;
	struct stat st;
	int r = count_directories(group->fd, &directories);

	if (r == 0 && has_leaf)
		r = count_directories(group->procs_fd, &in_leaf);
	if (r < 0)
		return r;
	*ret = 0;
	if (directories <= nested + has_leaf && in_leaf == 0)
		return 0;
	if (fstat(group->procs_fd, &st) < 0)
		return -errno;
	counting.device = st.st_dev;
	counting.own = st.st_ino;
	r = subtree_walk(tree, count_directory, &counting);
	*ret = counting.count;
	return r;
}

/* --- freezer, removal -------------------------------------------------------------- */

static int thaw_directory(int dir, const char *path, void *userdata)
{
	const struct controller *controller = userdata;

	(void)cgroup_write(dir, controller->freezer,
			   strcmp(controller->freezer, "freezer.state") ? "0" : "THAWED");
	return 0;
}

static int thaw_path(int dir, const char *path, void *userdata)
{
	struct controller *controller = userdata;

	(void)controller->ops->thaw(controller, path);
	return 0;
}

void subtree_thaw(const struct subtree *tree)
{
	struct controller *controller = tree->group->controller;

	if (controller->freezer)
		(void)subtree_walk(tree, thaw_directory, controller);
	else if (controller->ops->thaw && !tree->group->foreign)
		(void)subtree_walk(tree, thaw_path, controller);
}

static int remove_directory(int parent, const char *name, void *userdata)
{
	const struct group *group = userdata;
	int r;

	name += *name == '/';
	/* The group's own leaf is removed with the group: see group_remove(). */
	if (group->controller->leaf && !strcmp(name, group->controller->leaf)) {
		struct stat leaf, own;

		if (fstatat(parent, name, &leaf, AT_SYMLINK_NOFOLLOW) == 0 &&
		    fstat(group->procs_fd, &own) == 0 && leaf.st_ino == own.st_ino &&
		    leaf.st_dev == own.st_dev)
			return 0;
	}
	r = hierarchy_remove_leaf(parent, name);
	return cgroup_is_gone(r) ? 0 : r;
}

int subtree_remove(const struct subtree *tree)
{
	cleanup_(walk_done) struct walk walk = {
		.tree = tree,
		.leave = remove_directory,
		.userdata = (void *)tree->group,
	};

	return run(&walk);
}
