/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A temporary directory for one test: DIRECTORY declares f, which is removed at the end. */
#ifndef TESTS_DIRECTORY_H
#define TESTS_DIRECTORY_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/cleanup.h"

struct directory {
	char path[64];
	int fd;
};

static void directory_end(struct directory *f)
{
	char command[128];

	close(f->fd);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", f->path);
	if (system(command) != 0)
		abort();
}

static struct directory directory_begin(void)
{
	struct directory f = { .path = "/tmp/rssd-unit-XXXXXX" };

	if (!mkdtemp(f.path))
		abort();
	f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f;
}

#define DIRECTORY __attribute__((cleanup(directory_end))) struct directory f = directory_begin()

__attribute__((unused)) static void put(struct directory *f, const char *name, const char *text)
{
	cleanup_close int fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
}

#endif
