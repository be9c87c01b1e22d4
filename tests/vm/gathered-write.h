/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included ahead of split_huge_page_test, which fills files of megabytes with a
 * system call for each byte: those are gathered, up to the close() that follows,
 * and the file is the same.
 */
#include <unistd.h>

static char gathered[65536];
static size_t gathered_size;

static ssize_t gathered_write(int fd, const void *data, size_t size)
{
	if (size != 1)
		return write(fd, data, size);
	gathered[gathered_size++] = *(const char *)data;
	if (gathered_size == sizeof(gathered)) {
		if (write(fd, gathered, gathered_size) != (ssize_t)gathered_size)
			return -1;
		gathered_size = 0;
	}
	return 1;
}

static int gathered_close(int fd)
{
	ssize_t written = gathered_size ? write(fd, gathered, gathered_size) : 0;
	int ret = close(fd);

	if (written != (ssize_t)gathered_size)
		ret = -1;
	gathered_size = 0;
	return ret;
}

#define write gathered_write
#define close gathered_close
