/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One group: its directory, its processes, and its controller's operations. All
 * access uses the directory's descriptor; only creation and removal use a path.
 */
#include "cgroup/group.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup/control-file-cache.h"
#include "cgroup/control-file.h"
#include "cgroup/hierarchy.h"

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

DEFINE_CLEANUP(DIR *, closedir);

/* Returns 1 if the directory contains others than the leaf, 0 if not, or a negative errno. */
static int has_groups(const struct group *g)
{
	cleanup_close int fd = openat(g->fd, ".", OPEN_DIRECTORY);
	cleanup_(closedir_ptr) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!dir)
		return -errno;
	(void)take_fd(&fd);
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
	if (group->fd >= 0)
		close(group->fd);
	free(group->path);
	free(group);
	return NULL;
}

int group_open(struct controller *controller, const char *path, struct group **ret)
{
	cleanup_(group_free_ptr) struct group *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return -ENOMEM;
	g->controller = controller;
	g->fd = g->procs_fd = -1;
	g->path = strdup(path);
	if (!g->path)
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
	if (controller->ops->group_open) {
		r = controller->ops->group_open(g);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(g);
	return 0;
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
	cleanup_(group_free_ptr) struct group *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return -ENOMEM;
	g->controller = controller;
	g->foreign = true;
	g->fd = g->procs_fd = -1;
	g->path = strdup(cgroup);
	if (!g->path)
		return -ENOMEM;
	r = open_foreign(g, &g->fd);
	if (r < 0 && r != -ENOENT)
		return r;
	g->absent = r < 0;
	if (g->absent)
		g->fd = open(NOWHERE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->fd < 0)
		return -errno;
	g->procs_fd = g->fd;
	if (controller->ops->group_open) {
		r = controller->ops->group_open(g);
		if (r < 0)
			return r;
	}
	*ret = take_ptr(g);
	return 0;
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

/* Opens the directory in which the new one will be created. */
static int open_parent(struct controller *c, const char *path, int *ret)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *parent = slash ? strndup(path, slash - path) : strdup(".");
	int fd;

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
	cleanup_close int parent = -1;
	struct stat st;
	int r;

	if (!full)
		return -ENOMEM;
	/* If nothing is mounted, libcgroup would create the directory in the mount point. */
	r = controller_check_mount(controller);
	if (r < 0)
		return r;
	r = open_parent(controller, path, &parent);
	if (r < 0)
		return r;
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

int group_read_counters(struct group *group, struct counters *ret)
{
	struct counters counters = {
		COUNTER_ABSENT, COUNTER_ABSENT, COUNTER_ABSENT, COUNTER_ABSENT,
		COUNTER_ABSENT, COUNTER_ABSENT, COUNTER_ABSENT,
	};
	int r = group->controller->ops->read_counters(group, &counters);

	if (r < 0)
		return r;
	*ret = counters;
	return 0;
}

int group_read_usage(struct group *group, uint64_t *ret)
{
	return kept_read_u64(group->kept, group->fd, group->controller->ops->usage_file(group),
			     ret);
}

void group_keep_files(struct group *group, bool keep)
{
	/* The directory of a foreign group may be another one at any time. */
	if (group->foreign)
		return;
	/* If the allocation fails, the files are opened for each read. */
	if (keep && !group->kept)
		group->kept = kept_files_new();
	else if (!keep)
		group->kept = kept_files_free(group->kept);
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a == COUNTER_ABSENT || b == COUNTER_ABSENT ? COUNTER_ABSENT : a + b;
}

void group_read_parts(struct group *group, struct memory_parts *ret)
{
	const struct controller_ops *ops = group->controller->ops;
	const char *const names[] = {
		ops->parts.anon,   ops->parts.file, ops->parts.shmem, ops->parts.kernel,
		ops->parts.mapped, "unevictable",   "inactive_anon",  "active_anon",
		"inactive_file",   "active_file",   ops->parts.dirty, ops->parts.writeback,
	};
	char keys[ARRAY_SIZE(names)][32];
	struct cgroup_key v[ARRAY_SIZE(names)];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		/* No line of the file has an empty key. */
		(void)snprintf(keys[i], sizeof(keys[i]), "%s%s", names[i] ? ops->lists_prefix : "",
			       names[i] ?: "");
		v[i] = (struct cgroup_key){ keys[i], COUNTER_ABSENT };
	}
	(void)cgroup_read_keys(group->fd, ops->lists_file, v, ARRAY_SIZE(v));
	*ret = (struct memory_parts){
		.anon = v[0].value,
		.file = v[1].value,
		.shmem = v[2].value,
		.kernel = v[3].value,
		.mapped = v[4].value,
		.locked = v[5].value,
		.anon_list = sum(v[6].value, v[7].value),
		.file_list = sum(v[8].value, v[9].value),
		.dirty = sum(v[10].value, v[11].value),
	};
	/* Only mapped pages are charged. */
	if (controller_can(group->controller, FEATURE_MAPPED_ONLY))
		ret->mapped = ret->file;
	if (ops->kernel_file)
		(void)cgroup_read_u64(group->fd, ops->kernel_file, &ret->kernel);
}

int group_read_refaults(struct group *group, uint64_t *ret)
{
	if (!controller_can(group->controller, FEATURE_REFAULTS))
		return -EOPNOTSUPP;
	return controller_read_refaults(group->controller, group->fd, ret);
}

/* Returns NULL if this controller does not have the setting on this kernel. */
static const char *setting_file(const struct group *g, unsigned int setting)
{
	const struct controller *c = g->controller;

	return c->settings & setting ? c->ops->setting_file(c, setting) : NULL;
}

int group_read_setting(struct group *group, unsigned int setting, uint64_t *ret)
{
	const char *file = setting_file(group, setting);
	uint64_t value;
	int r;

	if (!file)
		return -EOPNOTSUPP;
	r = cgroup_read_u64(group->fd, file, &value);
	if (r < 0)
		return r;
	/* v1 reports no limit as the largest number of pages that a long can hold. */
	*ret = setting_canonical(setting_by_bit(setting), value);
	return 0;
}

int group_write_setting(struct group *group, unsigned int setting, uint64_t value)
{
	const char *file = setting_file(group, setting);

	if (!file)
		return -EOPNOTSUPP;
	if (setting_by_bit(setting)->type == SETTING_SIZE && value == LIMIT_INFINITY)
		return cgroup_write(group->fd, file, group->controller->infinity);
	return cgroup_write_u64(group->fd, file, value);
}

int group_read_settings(struct group *group, struct settings *settings)
{
	int error = 0;

	for_each_setting(setting) {
		uint64_t value;
		int r = group_read_setting(group, setting->bit, &value);

		if (r == 0)
			setting_put(setting, settings, value);
		else if (r != -EOPNOTSUPP && r != -ENOENT)
			error = r;
	}
	return error;
}

int group_write_settings(struct group *group, unsigned int which, const struct settings *settings)
{
	int r = 0;

	/* Each write must keep low at or below high; an unset low is never above it. */
	if (which & (SETTING_WMARK_HIGH | SETTING_WMARK_LOW)) {
		which |= SETTING_WMARK_HIGH | SETTING_WMARK_LOW;
		r = group_write_setting(group, SETTING_WMARK_LOW, LIMIT_INFINITY);
		if (settings->wmark_low == LIMIT_INFINITY)
			which &= ~(unsigned int)SETTING_WMARK_LOW;
	}
	for_each_setting(setting) {
		if (r >= 0 && (which & setting->bit & ~(unsigned int)SETTING_LIMIT))
			r = group_write_setting(group, setting->bit,
						setting_get(setting, settings));
	}
	return r;
}

int group_read_limit(struct group *group, uint64_t *ret)
{
	return group_read_setting(group, SETTING_LIMIT, ret);
}

int group_write_limit(struct group *group, uint64_t limit)
{
	return group_write_setting(group, SETTING_LIMIT, limit);
}

int group_reclaim(struct group *group, uint64_t bytes, uint64_t *ret_freed)
{
	if (!controller_can(group->controller, FEATURE_RECLAIM))
		return -EOPNOTSUPP;
	return group->controller->ops->reclaim(group, bytes, ret_freed);
}

int group_reset_peak(struct group *group)
{
	if (!controller_can(group->controller, FEATURE_PEAK_RESET))
		return -EOPNOTSUPP;
	return group->controller->ops->reset_peak(group);
}

int group_freeze(struct group *group, bool freeze)
{
	if (!controller_can(group->controller, FEATURE_FREEZE))
		return -EOPNOTSUPP;
	return group->controller->ops->freeze(group, freeze);
}

int group_read_frozen(struct group *group, bool *ret)
{
	if (!controller_can(group->controller, FEATURE_FREEZE))
		return -EOPNOTSUPP;
	return group->controller->ops->read_frozen(group, ret);
}

int group_switch_oom_killer(struct group *group, bool on)
{
	if (!group->controller->ops->switch_oom_killer)
		return -EOPNOTSUPP;
	return group->controller->ops->switch_oom_killer(group, on);
}

int group_read_oom_killer(struct group *group, bool *ret)
{
	if (!group->controller->ops->read_oom_killer)
		return -EOPNOTSUPP;
	return group->controller->ops->read_oom_killer(group, ret);
}

bool group_exists(const struct group *group)
{
	return group->foreign ? group_is_bound(group) : is_same_directory(group) != -ENOENT;
}

bool group_has_setting_in(const struct group *group, const char *file)
{
	static const char *const others[] = { "memory.oom_control", "cgroup.freeze",
					      "freezer.state" };

	for_each_setting(setting) {
		const char *of_setting = setting_file(group, setting->bit);

		if (of_setting && strcmp(of_setting, file) == 0)
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (strcmp(others[i], file) == 0)
			return true;
	}
	return false;
}

void group_wake(struct group *group)
{
	struct group_event event = { .kind = GROUP_CHANGED };

	group->event(group, &event, group->userdata);
}

int group_watch(struct group *group, sd_event *event, group_event_fn fn, void *userdata)
{
	group->event = fn;
	group->userdata = userdata;
	return group->controller->ops->watch(group, event);
}

static void ignore_event(struct group *group, const struct group_event *event, void *userdata)
{
}

void group_unwatch(struct group *group)
{
	group->event = ignore_event;
}

int group_add_process(struct group *group, pid_t pid)
{
	/* 0 would move rssd itself. */
	if (pid <= 0 || group->foreign)
		return -EINVAL;
	return cgroup_write_u64(group->procs_fd, "cgroup.procs", (uint64_t)pid);
}

int group_list_processes(struct group *group, pid_t **ret, size_t *ret_count)
{
	return cgroup_read_pids(group->procs_fd, "cgroup.procs", ret, ret_count);
}

int group_count_processes(struct group *group, uint32_t *ret)
{
	/*
	 * On v1, an open cgroup.procs repeats the contents of the first read for as
	 * long as it is read at least once a second.
	 */
	bool v1 = *group->controller->hierarchy;

	return kept_count_pids(v1 ? NULL : group->kept, group->procs_fd, "cgroup.procs", ret);
}

char *group_control_group(const struct group *group)
{
	char *path;

	if (group->foreign)
		return strdup(group->path);
	if (asprintf(&path, "/%s%s%s", group->controller->root, *group->path ? "/" : "",
		     group->path) < 0)
		return NULL;
	return path;
}
