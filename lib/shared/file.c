/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files: see file.h. */
#include "shared/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/cleanup.h"

/* Most files fit. */
#define READ_FIRST 4096

int close_text(FILE *out, char *const *text)
{
	/* Without memory for the first bytes fclose() succeeds, and the text is NULL. */
	bool failed = fflush(out) != 0 || ferror(out);

	return fclose(out) != 0 || failed || !*text ? -ENOMEM : 0;
}

int read_file(int fd, size_t max, char **ret, size_t *ret_length)
{
	cleanup_free char *text = NULL;
	size_t length = 0, allocated = 0;

	for (;;) {
		ssize_t n;

		if (allocated - length < 2) {
			char *grown;

			allocated = allocated ? allocated * 2 : READ_FIRST;
			grown = realloc(text, allocated);
			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		n = read(fd, text + length, allocated - length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
		if (length > max)
			return -EFBIG;
	}
	text[length] = '\0';
	*ret = take_ptr(text);
	if (ret_length)
		*ret_length = length;
	return 0;
}

static int open_to_read(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int read_file_at(int dirfd, const char *name, size_t max, char **ret, size_t *ret_length)
{
	cleanup_close int fd = open_to_read(dirfd, name);

	return fd < 0 ? -errno : read_file(fd, max, ret, ret_length);
}

int read_own_file_at(int dirfd, const char *name, char **ret, size_t *ret_length)
{
	cleanup_close int fd = open_to_read(dirfd, name);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? read_file(fd, FILE_OWN_MAX, ret, ret_length) : -EINVAL;
}

DIR *directory_list(int dirfd)
{
	cleanup_close int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir)
		(void)take_fd(&fd);
	return dir;
}

int is_declaration_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".json") == 0;
}
