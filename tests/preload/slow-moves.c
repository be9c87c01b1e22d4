/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For a program that is to be outrun: each move of a process into a cgroup takes its time. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SLOW_USEC (30 * 1000)

static int is_procs(int fd)
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

__attribute__((visibility("default"))) ssize_t write(int fd, const void *data, size_t length)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

	if (is_procs(fd))
		(void)usleep(SLOW_USEC);
	return real(fd, data, length);
}
