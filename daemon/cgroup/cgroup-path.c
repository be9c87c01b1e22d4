/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths of cgroups, of rssd and of the kernel: see cgroup-path.h. */
#include "cgroup/cgroup-path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "cgroup/control-file.h"
#include "cgroup/controller.h"
#include "host/process.h"
#include "shared/cleanup.h"

int controller_path_of_cgroup(const struct controller *controller, const char *cgroup, char **ret)
{
	size_t root = strlen(controller->root), length;
	char *path;

	if (*cgroup != '/' || strncmp(cgroup + 1, controller->root, root))
		return -ENOENT;
	cgroup += 1 + root;
	if (*cgroup && *cgroup != '/')
		return -ENOENT;
	cgroup += *cgroup == '/';
	length = strlen(cgroup);
	if (controller->leaf) {
		size_t leaf = strlen(controller->leaf);

		if (length >= leaf && !strcmp(cgroup + length - leaf, controller->leaf) &&
		    (length == leaf || cgroup[length - leaf - 1] == '/'))
			length -= leaf + (length > leaf);
	}
	path = strndup(cgroup, length);
	if (!path)
		return -ENOMEM;
	*ret = path;
	return 0;
}

/* Returns true if @list, the "memory,hugetlb" of "4:memory,hugetlb:/path", contains @name. */
static bool has_controller(const char *list, size_t length, const char *name)
{
	const char *end = list + length;

	if (!*name)
		return length == 0;
	while (list < end) {
		size_t part = strcspn(list, ",:");

		if (part == strlen(name) && !strncmp(list, name, part))
			return true;
		list += part + 1;
	}
	return false;
}

int controller_parse_proc_cgroup(const char *text, const char *hierarchy, char **ret)
{
	static const char deleted[] = " (deleted)";

	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *list = memchr(line, ':', end - line);
		const char *path = list ? memchr(list + 1, ':', end - list - 1) : NULL;

		if (path && has_controller(list + 1, path - list - 1, hierarchy) &&
		    (*hierarchy || !strncmp(line, "0:", 2))) {
			size_t length = end - ++path, tail = strlen(deleted);

			if (length >= tail && !strncmp(end - tail, deleted, tail))
				length -= tail;
			*ret = strndup(path, length);
			return *ret ? 0 : -ENOMEM;
		}
		line = *end ? end + 1 : end;
	}
	return -ENOENT;
}

int controller_cgroup_of_process(struct controller *controller, pid_t pid, char **ret)
{
	struct process p;
	int r = process_read(pid, &p);

	return r < 0 ? r : controller_cgroup_of(controller, &p, ret);
}

int controller_cgroup_of(struct controller *controller, const struct process *process, char **ret)
{
	cleanup_free char *text = NULL;
	int r = process_read_cgroups_of(process, &text);

	return r < 0 ? r : controller_parse_proc_cgroup(text, controller->hierarchy, ret);
}

int controller_path_of_process(struct controller *controller, pid_t pid, char **ret)
{
	cleanup_free char *cgroup = NULL;
	int r = controller_cgroup_of_process(controller, pid, &cgroup);

	return r < 0 ? r : controller_path_of_cgroup(controller, cgroup, ret);
}

/* The kernel writes "/../x" for a cgroup outside rssd's cgroup namespace. */
static bool has_dotdot(const char *path)
{
	for (const char *part = path; *part;) {
		size_t length = strcspn(part, "/");

		if (length == 2 && !strncmp(part, "..", 2))
			return true;
		part += length;
		part += *part == '/';
	}
	return false;
}

int controller_move_to_cgroup(struct controller *controller, const char *cgroup, pid_t pid)
{
	cleanup_close int mount = -1, dir = -1;
	const char *whole = cgroup;
	int r;

	if (*cgroup != '/' || has_dotdot(cgroup))
		return -ENOENT;
	cgroup += strspn(cgroup, "/");
	mount = open(controller->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0)
		return -errno;
	dir = openat(mount, *cgroup ? cgroup : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	r = cgroup_write_u64(dir, "cgroup.procs", (uint64_t)pid);
	if (r == 0 && controller->ops->moved) {
		cleanup_free char *path = NULL;

		(void)controller_path_of_cgroup(controller, whole, &path);
		controller->ops->moved(controller, path, pid);
	}
	return r;
}
