/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Delays each move of a process into a cgroup, so that processes fork faster than they are moved. */
#include <dlfcn.h>
#include <unistd.h>

#include "descriptor.h"

#define SLOW_USEC (100 * 1000)

__attribute__((visibility("default"))) ssize_t write(int fd, const void *data, size_t length)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

	if (is_procs(fd))
		(void)usleep(SLOW_USEC);
	return real(fd, data, length);
}
