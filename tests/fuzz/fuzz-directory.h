/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory in memory for fuzzers of files; it is removed at the exit. */
#ifndef FUZZ_DIRECTORY_H
#define FUZZ_DIRECTORY_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char fuzz_directory[64];

static void fuzz_remove(void)
{
	char command[96];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", fuzz_directory);
	if (system(command) != 0)
		abort();
}

/* Writes @name in the directory, which is made at the first call. */
static void fuzz_write(const char *name, const uint8_t *data, size_t size)
{
	char path[128];
	int fd;

	if (!fuzz_directory[0]) {
		(void)snprintf(fuzz_directory, sizeof(fuzz_directory), "%s/rssd-fuzz-XXXXXX",
			       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (!mkdtemp(fuzz_directory))
			abort();
		(void)atexit(fuzz_remove);
	}
	(void)snprintf(path, sizeof(path), "%s/%s", fuzz_directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

#endif
