/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds which file a descriptor is of. */
#ifndef TESTS_DESCRIPTOR_H
#define TESTS_DESCRIPTOR_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static inline int descriptor_path(int fd, char *path, size_t size)
{
	char link[64];
	ssize_t length;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, size - 1);
	if (length < 0)
		return 0;
	path[length] = '\0';
	return 1;
}

/* A write to a cgroup.procs moves a process. */
static inline int is_procs(int fd)
{
	char path[4096];

	return descriptor_path(fd, path, sizeof(path)) && strstr(path, "/cgroup.procs") != NULL;
}

#endif
