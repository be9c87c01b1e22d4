/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Uses libcgroup and corrects the results of version 2.0.2: it reports success
 * if a directory could not be removed, and its own error numbers instead of the
 * kernel's. Removal requests empty groups only, because libcgroup would
 * otherwise move the processes inside to the parent.
 */
#include "cgroup/hierarchy.h"

#include <errno.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "cgroup/control-file.h"
#include "shared/cleanup.h"

static void libcgroup_free_ptr(struct cgroup **group)
{
	cgroup_free(group);
}

/* @saved: errno after the call, because libcgroup does not always report the cause itself. */
static int errno_of(int error, int saved)
{
	switch (error) {
	case 0:
		return 0;
	case ECGOTHER:
		return -(cgroup_get_last_errno() ?: saved ?: EIO);
	case ECGROUPNOTCOMPILED:
	case ECGROUPNOTMOUNTED:
	case ECGROUPNOTEXIST:
	case ECGROUPSUBSYSNOTMOUNTED:
		return -ENOENT;
	case ECGROUPNOTOWNER:
	case ECGROUPNOTALLOWED:
		return -EPERM;
	case ECGNONEMPTY:
		return -EBUSY;
	case ECGINVAL:
		return -EINVAL;
	default:
		return -(saved ?: EIO);
	}
}

int hierarchy_find(const char *controller, char **ret_mount, int *ret_version)
{
	cleanup_free char *mount = NULL;
	struct statfs fs;
	int r;

	/* cgroup_init() reads /proc/mounts, so each call finds the current mounts. */
	errno = 0;
	r = cgroup_init();
	if (r)
		return errno_of(r, errno);
	errno = 0;
	r = cgroup_get_subsys_mount_point(controller, &mount);
	if (r)
		return errno_of(r, errno);
	if (statfs(mount, &fs) < 0)
		return -errno;
	*ret_version = fs.f_type == CGROUP2_SUPER_MAGIC ? 2 : 1;
	*ret_mount = take_ptr(mount);
	return 0;
}

int hierarchy_knows(const char *controller)
{
	size_t length = strlen(controller);
	cleanup_free char *text = NULL;
	int r = cgroup_read(AT_FDCWD, "/proc/cgroups", &text);

	/* The columns are name, hierarchy, groups, enabled. */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');

		if (!strncmp(line, controller, length) && line[length] == '\t')
			return end[-1] == '1';
		line = *end ? end + 1 : end;
	}
	return 0;
}

/*
 * Returns true if @path is a directory of the tmpfs in which v1 hierarchies are mounted. A v2 tree
 * must not be mounted over.
 */
static bool waits_for_mount(const char *path)
{
	struct statfs fs;

	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == TMPFS_MAGIC &&
	       statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static int make_directories(const char *path)
{
	cleanup_free char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *slash = strchr(copy + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		if (!slash)
			return 0;
		*slash = '/';
	}
}

/* Uses mount(2): libcgroup mounts what a configuration file lists, and reports no errno. */
int hierarchy_mount(const char *controllers, const char *name, const char *where)
{
	char usual[sizeof("/sys/fs/cgroup/") + NAME_MAX];
	int r;

	(void)snprintf(usual, sizeof(usual), "/sys/fs/cgroup/%s", name);
	if (waits_for_mount(usual)) {
		where = usual;
	} else {
		r = make_directories(where);
		if (r < 0)
			return r;
	}
	return mount("cgroup", where, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, controllers) < 0
		       ? -errno
		       : 0;
}

static int describe(const char *controller, const char *path, struct cgroup **ret)
{
	cleanup_(libcgroup_free_ptr) struct cgroup *group = cgroup_new_cgroup(path);

	if (!group || !cgroup_add_controller(group, controller))
		return -ENOMEM;
	*ret = take_ptr(group);
	return 0;
}

/*
 * Opens the mount before anything is created or removed, so that a lack of descriptors cannot hide
 * the result.
 */
static int open_mount(const char *mount)
{
	int dir = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -errno : dir;
}

/* Lets any user read the cgroup, independent of rssd's umask. */
static int make_readable(int dir, const char *path)
{
	return fchmodat(dir, path, 0755, 0) < 0 ? -errno : 0;
}

int hierarchy_create(const char *mount, const char *controller, const char *path)
{
	cleanup_(libcgroup_free_ptr) struct cgroup *group = NULL;
	cleanup_close int dir = -1;
	struct statvfs fs;
	int r;

	r = describe(controller, path, &group);
	if (r < 0)
		return r;
	/* libcgroup would report that rssd does not own the directory, or no error at all. */
	if (statvfs(mount, &fs) == 0 && fs.f_flag & ST_RDONLY)
		return -EROFS;
	dir = open_mount(mount);
	if (dir < 0)
		return dir;
	errno = 0;
	r = cgroup_create_cgroup(group, 1);
	r = r ? errno_of(r, errno) : make_readable(dir, path);
	/* libcgroup may fail after its mkdir(). The caller has checked that @path did not exist. */
	if (r < 0)
		(void)unlinkat(dir, path, AT_REMOVEDIR);
	return r;
}

/*
 * Asks the kernel, because libcgroup may report an error after its rmdir(), or none without one.
 * Asks again after an error that leaves open whether the directory exists.
 */
static bool is_removed(int dir, const char *path)
{
	struct stat st;

	if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return true;
	for (int i = 0; i < 2; i++) {
		if (unlinkat(dir, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return true;
		if (errno == EBUSY)
			return false;
	}
	return false;
}

int hierarchy_remove(const char *mount, const char *controller, const char *path)
{
	cleanup_(libcgroup_free_ptr) struct cgroup *group = NULL;
	cleanup_close int dir = open_mount(mount);
	int r, saved;

	if (dir < 0)
		return dir;
	r = describe(controller, path, &group);
	if (r < 0)
		return r;
	errno = 0;
	r = cgroup_delete_cgroup_ext(group, CGFLAG_DELETE_EMPTY_ONLY);
	saved = errno;
	if (is_removed(dir, path))
		return 0;
	return r ? errno_of(r, saved) : -(saved ?: EBUSY);
}

int hierarchy_create_leaf(int dir, const char *name)
{
	if (mkdirat(dir, name, 0755) < 0)
		return -errno;
	return make_readable(dir, name);
}

int hierarchy_remove_leaf(int dir, const char *name)
{
	return unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}
