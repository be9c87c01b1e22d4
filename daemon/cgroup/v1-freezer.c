/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The freezer hierarchy of cgroup v1: see v1-freezer.h. Only a group that is frozen has its path in
 * the list; the others need no system call. The kernel has the state: see v1_freezer_has().
 */
#include "cgroup/v1-freezer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/cgroup-path.h"
#include "cgroup/control-file.h"
#include "cgroup/group.h"
#include "cgroup/hierarchy.h"
#include "cgroup/subtree.h"
#include "host/process.h"
#include "shared/array.h"
#include "shared/file.h"
#include "shared/name.h"

#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Processes that are forked meanwhile are found by the next pass. */
#define PASSES_MAX 100

struct v1_freezer {
	char *root;	      /* rssd's: "rssd" */
	int fd;		      /* the mount point */
	pthread_mutex_t turn; /* held while a group is frozen or thawed */
	pthread_mutex_t lock; /* protects the list */
	char **frozen;	      /* paths of groups, below the root */
	size_t count, allocated;
};

/* --- the list ----------------------------------------------------------------------- */

static size_t find(const struct v1_freezer *f, const char *path)
{
	size_t at = 0;

	while (at < f->count && strcmp(f->frozen[at], path) != 0)
		at++;
	return at;
}

static int list_path(struct v1_freezer *f, const char *path)
{
	int r = 0;

	(void)pthread_mutex_lock(&f->lock);
	if (find(f, path) == f->count) {
		char *copy = strdup(path);

		if (!copy ||
		    array_reserve(&f->frozen, f->count, &f->allocated, sizeof(*f->frozen)) < 0) {
			free(copy);
			r = -ENOMEM;
		} else {
			f->frozen[f->count++] = copy;
		}
	}
	(void)pthread_mutex_unlock(&f->lock);
	return r;
}

static void unlist(struct v1_freezer *f, const char *path)
{
	size_t at;

	(void)pthread_mutex_lock(&f->lock);
	at = find(f, path);
	if (at < f->count) {
		free(f->frozen[at]);
		f->frozen[at] = f->frozen[--f->count];
	}
	(void)pthread_mutex_unlock(&f->lock);
}

static bool is_listed(struct v1_freezer *f, const char *path)
{
	bool listed;

	(void)pthread_mutex_lock(&f->lock);
	listed = find(f, path) < f->count;
	(void)pthread_mutex_unlock(&f->lock);
	return listed;
}

static bool is_empty(struct v1_freezer *f)
{
	bool empty;

	(void)pthread_mutex_lock(&f->lock);
	empty = f->count == 0;
	(void)pthread_mutex_unlock(&f->lock);
	return empty;
}

/* --- cgroups ------------------------------------------------------------------------- */

/* The cgroup of a group, below the mount point: "rssd/web". @path may be "" or NULL: rssd's root. */
static char *full_path(const struct v1_freezer *f, const char *path)
{
	char *full;

	return asprintf(&full, "%s%s%s", f->root, path && *path ? "/" : "", path ?: "") < 0 ? NULL
											    : full;
}

static int open_group(const struct v1_freezer *f, const char *path)
{
	cleanup_free char *full = full_path(f, path);
	int fd = full ? openat(f->fd, full, OPEN_DIRECTORY) : -1;

	return fd < 0 ? (full ? -errno : -ENOMEM) : fd;
}

static bool freezes(int dir)
{
	uint64_t value = 0;

	return cgroup_read_u64(dir, "freezer.self_freezing", &value) == 0 && value;
}

/* Creates the cgroup and its parents. Returns its descriptor. */
static int create_group(const struct v1_freezer *f, const char *path)
{
	cleanup_free char *full = full_path(f, path);
	cleanup_close int dir = openat(f->fd, ".", OPEN_DIRECTORY);
	char *rest = full;

	if (!full)
		return -ENOMEM;
	for (char *part; (part = strsep(&rest, "/"));) {
		int next, r = dir < 0 ? -errno : hierarchy_create_leaf(dir, part);

		if (r < 0 && r != -EEXIST)
			return r;
		next = openat(dir, part, OPEN_DIRECTORY);
		if (next < 0)
			return -errno;
		close(dir);
		dir = next;
	}
	return take_fd(&dir);
}

/* Removes the cgroup, and its parents as far as they are empty. */
static void remove_group(const struct v1_freezer *f, const char *path)
{
	cleanup_free char *full = full_path(f, path);
	char *slash;

	while (full && hierarchy_remove_leaf(f->fd, full) == 0 && (slash = strrchr(full, '/')))
		*slash = '\0';
}

/* The path of a process in the freezer's hierarchy: "/" or "/rssd/web". 0 or -ESRCH. */
static int read_place(pid_t pid, char **ret)
{
	cleanup_free char *text = NULL;
	struct process p;

	if (process_read(pid, &p) < 0 || p.ended || process_read_cgroups_of(&p, &text) < 0)
		return -ESRCH;
	return controller_parse_proc_cgroup(text, "freezer", ret);
}

/* Returns true if a path of the kernel is that of @full ("rssd/web") or below it. */
static bool is_inside(const char *place, const char *full)
{
	return *place == '/' && (strcmp(place + 1, full) == 0 || name_is_inside(place + 1, full));
}

/* The cgroup of the innermost frozen group around @path, itself included; the mount if there is none. */
static int open_frozen(const struct v1_freezer *f, const char *path, char **ret_full)
{
	cleanup_free char *at = path ? strdup(path) : NULL;

	while (at) {
		cleanup_close int dir = open_group(f, at);
		char *slash = strrchr(at, '/');

		if (dir >= 0 && freezes(dir)) {
			*ret_full = full_path(f, at);
			return *ret_full ? take_fd(&dir) : -ENOMEM;
		}
		if (!slash)
			break;
		*slash = '\0';
	}
	*ret_full = NULL;
	return openat(f->fd, ".", OPEN_DIRECTORY);
}

void v1_freezer_moved(struct v1_freezer *f, const char *path, pid_t pid)
{
	cleanup_free char *place = NULL, *full = NULL;
	cleanup_close int dir = -1;

	if (is_empty(f) || read_place(pid, &place) < 0)
		return;
	dir = open_frozen(f, path, &full);
	/* Neither frozen now nor to be, or in a freezer of another program. */
	if (dir < 0 || (full ? strcmp(place, "/") != 0 && !is_inside(place, f->root)
			     : !is_inside(place, f->root)))
		return;
	(void)cgroup_write_u64(dir, "cgroup.procs", (uint64_t)pid);
}

/* --- freezing and thawing ----------------------------------------------------------------- */

/*
 * Moves a process to the freezer of its group. Returns 1, 0 if it is there, or a negative errno. Also
 * 1 if it has ended: it may have forked another one after it was listed.
 */
static int freeze_one(struct v1_freezer *f, const struct subtree *tree, int dir, const char *full,
		      pid_t pid)
{
	cleanup_free char *place = NULL;
	struct process p;
	int r;

	if (read_place(pid, &place) < 0)
		return 1;
	if (is_inside(place, full))
		return 0;
	if (strcmp(place, "/") != 0 && !is_inside(place, f->root))
		return -EXDEV;
	r = cgroup_write_u64(dir, "cgroup.procs", (uint64_t)pid);
	if (r < 0)
		return r == -ESRCH ? 1 : r;
	/* It may have left the group meanwhile, or be another process with that pid. */
	if (process_read(pid, &p) == 0 && subtree_has_process(tree, &p, NULL) == 0)
		v1_freezer_moved(f, NULL, pid);
	return 1;
}

static int thaw(struct v1_freezer *f, const char *path);

static int freeze_members(struct v1_freezer *f, struct group *group, int dir)
{
	cleanup_free char *full = full_path(f, group->path);
	const struct subtree tree = { .group = group };

	if (!full)
		return -ENOMEM;
	for (unsigned int pass = 0; pass < PASSES_MAX; pass++) {
		cleanup_(subtree_members_done) struct subtree_members members = { 0 };
		int r = subtree_list(&tree, &members), moved = 0;

		for (size_t i = 0; i < members.count && r >= 0; i++) {
			r = freeze_one(f, &tree, dir, full, members.list[i].pid);
			moved += r == 1;
		}
		if (r < 0 || moved == 0)
			return r < 0 ? r : 0;
	}
	return -EAGAIN;
}

static int freeze(struct v1_freezer *f, struct group *group)
{
	cleanup_close int dir = -1;
	int r = list_path(f, group->path);

	if (r < 0)
		return r;
	dir = create_group(f, group->path);
	r = dir < 0 ? dir : cgroup_write(dir, "freezer.state", "FROZEN");
	if (r == 0)
		r = freeze_members(f, group, dir);
	if (r < 0)
		(void)thaw(f, group->path);
	return r;
}

int v1_freezer_freeze(struct v1_freezer *f, struct group *group)
{
	int r;

	(void)pthread_mutex_lock(&f->turn);
	r = freeze(f, group);
	(void)pthread_mutex_unlock(&f->turn);
	return r;
}

/* Moves the processes of the cgroup itself. Returns their number, or a negative errno. */
static int move_all(int from, int to)
{
	cleanup_free pid_t *pids = NULL;
	size_t count = 0;
	int r = cgroup_read_pids(from, "cgroup.procs", &pids, &count);

	for (size_t i = 0; i < count && r >= 0; i++) {
		r = cgroup_write_u64(to, "cgroup.procs", (uint64_t)pids[i]);
		if (r == -ESRCH)
			r = 0;
	}
	return r < 0 ? r : (int)count;
}

static int thaw(struct v1_freezer *f, const char *path)
{
	cleanup_free char *parent = NULL, *full = NULL;
	cleanup_close int dir = open_group(f, path), to = -1;
	int r = 1;

	if (dir < 0) {
		unlist(f, path);
		return dir == -ENOENT ? 0 : dir;
	}
	parent = name_parent(path);
	to = open_frozen(f, parent, &full);
	if (to < 0)
		return to;
	/* Out of a frozen parent's cgroup no process may slip while it runs. */
	for (unsigned int pass = 0; r > 0 && pass < PASSES_MAX; pass++)
		r = move_all(dir, to);
	if (r == 0)
		r = cgroup_write(dir, "freezer.state", "THAWED");
	/* One may have been moved in by an attach at the same time. */
	if (r == 0)
		r = move_all(dir, to);
	if (r < 0)
		return cgroup_is_gone(r) ? 0 : r;
	unlist(f, path);
	remove_group(f, path);
	return 0;
}

int v1_freezer_thaw(struct v1_freezer *f, const char *path)
{
	int r = 0;

	(void)pthread_mutex_lock(&f->turn);
	if (is_listed(f, path))
		r = thaw(f, path);
	(void)pthread_mutex_unlock(&f->turn);
	return r;
}

bool v1_freezer_has(struct v1_freezer *f, const char *path)
{
	cleanup_close int dir = is_listed(f, path) ? open_group(f, path) : -ENOENT;

	return dir >= 0 && freezes(dir);
}

/* --- opening ------------------------------------------------------------------------------ */

/* Lists the groups that are frozen already. */
static int find_frozen(struct v1_freezer *f)
{
	cleanup_close int root = open_group(f, "");
	cleanup_(hierarchy_list_free) char **paths = NULL;
	int r;

	if (root < 0)
		return root == -ENOENT ? 0 : root;
	r = hierarchy_list(root, NULL, &paths);
	for (char **path = paths; r == 0 && path && *path; path++) {
		cleanup_close int dir = open_group(f, *path);

		if (dir >= 0 && freezes(dir))
			r = list_path(f, *path);
	}
	return r;
}

int v1_freezer_open(const char *root, struct v1_freezer **ret)
{
	cleanup_(v1_freezer_free_ptr) struct v1_freezer *f = calloc(1, sizeof(*f));
	cleanup_free char *mount = NULL;
	int version = 0, r;

	if (!f)
		return -ENOMEM;
	f->fd = -1;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_mutex_init(&f->turn, NULL);
	r = hierarchy_find("freezer", &mount, &version);
	if (r < 0 || version != 1)
		return r < 0 ? r : -ENOENT;
	f->root = strdup(root);
	f->fd = open(mount, OPEN_DIRECTORY);
	if (!f->root || f->fd < 0)
		return f->root ? -errno : -ENOMEM;
	/* A mount that is read-only cannot be used. */
	if (faccessat(f->fd, ".", W_OK, 0) < 0)
		return -ENOENT;
	r = find_frozen(f);
	if (r < 0)
		return r;
	*ret = take_ptr(f);
	return 0;
}

struct v1_freezer *v1_freezer_free(struct v1_freezer *f)
{
	if (!f)
		return NULL;
	for (size_t i = 0; i < f->count; i++)
		free(f->frozen[i]);
	free(f->frozen);
	free(f->root);
	if (f->fd >= 0)
		close(f->fd);
	(void)pthread_mutex_destroy(&f->lock);
	(void)pthread_mutex_destroy(&f->turn);
	free(f);
	return NULL;
}
