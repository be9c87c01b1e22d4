/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A temporary directory with files, for one test: FOLDER declares f, which is removed at the end. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/cleanup.h"

struct folder {
	char path[64];
	int fd;
};

static void folder_end(struct folder *f)
{
	char command[128];

	close(f->fd);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", f->path);
	if (system(command) != 0)
		abort();
}

static struct folder folder_begin(void)
{
	struct folder f = { .path = "/tmp/rssd-unit-XXXXXX" };

	if (!mkdtemp(f.path))
		abort();
	f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f;
}

#define FOLDER __attribute__((cleanup(folder_end))) struct folder f = folder_begin()

static void put(struct folder *f, const char *name, const char *text)
{
	cleanup_close int fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
}

#endif
