/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The delegation of cgroups to users: see delegation.h. */
#include "cgroup/delegation.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "cgroup/controller.h"

/* The extended attributes that systemd sets on a unit with Delegate=; the second since v251. */
static const char *const marks[] = { "trusted.delegate", "user.delegate" };

static bool is_marked(int dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		char value[2];

		if (fgetxattr(dir, marks[i], value, sizeof(value)) == 1 && value[0] == '1')
			return true;
	}
	return false;
}

/* The kernel writes "/../x" for a cgroup outside rssd's cgroup namespace. */
static int open_cgroup(const struct controller *controller, const char *cgroup)
{
	cleanup_close int mount = -1;

	if (*cgroup != '/' || strstr(cgroup, "/.."))
		return -1;
	cgroup += strspn(cgroup, "/");
	mount = open(controller->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return openat(mount, *cgroup ? cgroup : ".",
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool delegation_is_to(const struct controller *controller, const char *cgroup, size_t unit_length,
		      uid_t uid)
{
	cleanup_close int dir = open_cgroup(controller, cgroup);
	cleanup_free char *unit = NULL;
	cleanup_close int unit_dir = -1;
	struct stat directory, procs;

	if (dir < 0 || fstat(dir, &directory) < 0 ||
	    fstatat(dir, "cgroup.procs", &procs, AT_SYMLINK_NOFOLLOW) < 0 ||
	    directory.st_uid != uid || procs.st_uid != uid)
		return false;
	if (unit_length == 0)
		return true;
	unit = strndup(cgroup, unit_length);
	unit_dir = unit ? open_cgroup(controller, unit) : -1;
	return unit_dir >= 0 && is_marked(unit_dir);
}

bool delegation_to_a_user(const struct controller *controller, const char *cgroup)
{
	cleanup_free char *path = strdup(cgroup);

	while (path && *path) {
		cleanup_close int dir = open_cgroup(controller, path);
		struct stat st;

		if (dir >= 0 && fstat(dir, &st) == 0 && st.st_uid != 0)
			return true;
		*strrchr(path, '/') = '\0';
	}
	return false;
}
