/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files: see file.h. */
#include "shared/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/cleanup.h"

#define FILE_MAX (1024 * 1024)

int read_file_at(int dirfd, const char *name, char **ret, size_t *ret_length)
{
	cleanup_close int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	cleanup_free char *text = NULL;
	size_t length = 0, room = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n;

		if (room - length < 2) {
			char *more;

			if (room >= FILE_MAX)
				return -EFBIG;
			room = room ? room * 2 : 4096;
			more = realloc(text, room);
			if (!more)
				return -ENOMEM;
			text = more;
		}
		n = read(fd, text + length, room - length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	text[length] = '\0';
	*ret = take_ptr(text);
	*ret_length = length;
	return 0;
}
