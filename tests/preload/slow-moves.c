/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For a program that is to be outrun: each move of a process into a cgroup takes its time. */
#include <dlfcn.h>
#include <unistd.h>

#include "procs.h"

#define SLOW_USEC (30 * 1000)

__attribute__((visibility("default"))) ssize_t write(int fd, const void *data, size_t length)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

	if (is_procs(fd))
		(void)usleep(SLOW_USEC);
	return real(fd, data, length);
}
