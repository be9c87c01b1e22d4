// SPDX-License-Identifier: GPL-2.0
/* Small files, as text.h says. */
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	err = n < 0 ? -errno : 0;
	close(fd);
	return err;
}

int text_writef(const char *path, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return text_write(path, text);
}

int text_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (have < size - 1 && (n = read(fd, buf + have, size - 1 - have)) > 0)
		have += n;
	n = errno;
	close(fd);
	buf[have] = '\0';
	return have;
}

long text_number(const char *path)
{
	char buf[64];
	int n = text_read(path, buf, sizeof(buf));

	if (n < 0)
		return n;
	if (!strncmp(buf, "max", 3))
		return LONG_MAX;
	return strtol(buf, NULL, 10);
}

long text_key(const char *path, const char *key)
{
	static char buf[65536];
	size_t len = strlen(key);
	int n = text_read(path, buf, sizeof(buf));
	char *line, *next;

	if (n < 0)
		return n;
	for (line = buf; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!strncmp(line, key, len) &&
		    (line[len] == ' ' || line[len] == ':' || line[len] == '\t'))
			return strtol(line + len + 1, NULL, 10);
	}
	return -ENOENT;
}

long proc_status_kb(pid_t pid, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return text_key(path, key);
}

long vmstat(const char *key)
{
	return text_key("/proc/vmstat", key);
}
