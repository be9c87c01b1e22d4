/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds if a descriptor is that of a cgroup.procs, to which a write moves a process. */
#ifndef TESTS_PROCS_H
#define TESTS_PROCS_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static inline int is_procs(int fd)
{
	char link[64], path[4096];
	ssize_t length;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return 0;
	path[length] = '\0';
	return strstr(path, "/cgroup.procs") != NULL;
}

#endif
