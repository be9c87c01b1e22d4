/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes control files: see control-file.h. */
#include "cgroup/control-file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/counters.h"
#include "shared/array.h"
#include "shared/cleanup.h"
#include "shared/file.h"

/* For files with a number or a few lines, which the kernel returns in one read. */
#define READ_SMALL 4096

int cgroup_read(int dir, const char *file, char **ret)
{
	return read_file_at(dir, file, FILE_OWN_MAX, ret, NULL);
}

/*
 * For files that are read for thousands of groups at a time: allocates nothing,
 * and makes no second read to find the end of a file that did not fill the
 * buffer. -EFBIG if the file filled it.
 */
static int read_small(int dir, const char *file, char text[static READ_SMALL])
{
	cleanup_close int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, READ_SMALL - 1);
	if (n < 0)
		return -errno;
	if (n == READ_SMALL - 1)
		return -EFBIG;
	text[n] = '\0';
	return 0;
}

int cgroup_parse_u64(const char *text, uint64_t *ret)
{
	uint64_t value = 0;
	const char *p = text;

	if (!strncmp(p, "max", 3)) {
		value = UINT64_MAX;
		p += 3;
	} else {
		if (*p < '0' || *p > '9')
			return -EBADMSG;
		for (; *p >= '0' && *p <= '9'; p++)
			if (__builtin_mul_overflow(value, 10, &value) ||
			    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
				return -EBADMSG;
	}
	if (*p && *p != '\n')
		return -EBADMSG;
	*ret = value;
	return 0;
}

int cgroup_read_u64(int dir, const char *file, uint64_t *ret)
{
	char text[READ_SMALL];
	int r = read_small(dir, file, text);

	if (r == -EFBIG)
		return -EBADMSG;
	return r < 0 ? r : cgroup_parse_u64(text, ret);
}

int cgroup_write(int dir, const char *file, const char *text)
{
	cleanup_close int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, length);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

int cgroup_write_u64(int dir, const char *file, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	return cgroup_write(dir, file, text);
}

int cgroup_write_reclaim(int dir, const char *file, uint64_t bytes, int swappiness)
{
	char text[64];

	if (swappiness == SWAPPINESS_DEFAULT)
		return cgroup_write_u64(dir, file, bytes);
	(void)snprintf(text, sizeof(text), "%" PRIu64 " swappiness=%d", bytes, swappiness);
	return cgroup_write(dir, file, text);
}

static void parse_key_line(const char *line, struct cgroup_key keys[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(keys[i].key);
		uint64_t value;

		if (strncmp(line, keys[i].key, length) || line[length] != ' ')
			continue;
		if (cgroup_parse_u64(line + length + 1, &value) == 0)
			keys[i].value = value;
		return;
	}
}

void cgroup_parse_keys(const char *text, struct cgroup_key keys[], size_t count)
{
	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');

		parse_key_line(line, keys, count);
		line = *end ? end + 1 : end;
	}
}

int cgroup_read_keys(int dir, const char *file, struct cgroup_key keys[], size_t count)
{
	cleanup_free char *whole = NULL;
	char text[READ_SMALL];
	int r = read_small(dir, file, text);

	if (r == -EFBIG)
		r = cgroup_read(dir, file, &whole);
	if (r < 0)
		return r;
	cgroup_parse_keys(whole ?: text, keys, count);
	return 0;
}

int cgroup_parse_pids(const char *text, pid_t **ret, size_t *ret_count)
{
	cleanup_free pid_t *pids = NULL;
	size_t count = 0, allocated = 0;

	for (const char *line = text; *line;) {
		const char *end = strchrnul(line, '\n');
		uint64_t pid;

		if (cgroup_parse_u64(line, &pid) < 0 || pid > INT32_MAX)
			return -EBADMSG;
		line = *end ? end + 1 : end;
		/* The kernel writes 0 for a process outside rssd's PID namespace. */
		if (pid == 0)
			continue;
		if (array_reserve(&pids, count, &allocated, sizeof(*pids)) < 0)
			return -ENOMEM;
		pids[count++] = (pid_t)pid;
	}
	*ret = take_ptr(pids);
	*ret_count = count;
	return 0;
}

int cgroup_read_pids(int dir, const char *file, pid_t **ret, size_t *ret_count)
{
	cleanup_free char *text = NULL;
	int r = cgroup_read(dir, file, &text);

	return r < 0 ? r : cgroup_parse_pids(text, ret, ret_count);
}

/*
 * Counts the lines that end in the next @length bytes. @other: the current line has a character
 * except 0. A line of only 0 is a process outside rssd's PID namespace and is not counted.
 */
static uint32_t count_lines(const char *text, size_t length, bool *other)
{
	uint32_t count = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\n') {
			*other |= text[i] != '0';
			continue;
		}
		count += *other;
		*other = false;
	}
	return count;
}

uint32_t cgroup_parse_pid_count(const char *text)
{
	bool other = false;
	uint32_t count = count_lines(text, strlen(text), &other);

	return count + other;
}

int cgroup_count_pids(int dir, const char *file, uint32_t *ret)
{
	cleanup_close int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[READ_SMALL];
	bool other = false;
	uint32_t count = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, text, sizeof(text))) > 0)
		count += count_lines(text, (size_t)n, &other);
	if (n < 0)
		return -errno;
	*ret = count + other;
	return 0;
}
