/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a program lose messages: sockets get the smallest receive buffer. */
#include <dlfcn.h>
#include <sys/socket.h>

__attribute__((visibility("default"))) int setsockopt(int fd, int level, int name,
						      const void *value, socklen_t length)
{
	int (*real)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
	const int least = 0;

	if (level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_RCVBUFFORCE))
		return real(fd, level, SO_RCVBUF, &least, sizeof(least));
	return real(fd, level, name, value, length);
}
