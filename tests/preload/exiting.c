/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows the process $EXITING/pid, if there is that file, as the kernel shows one whose exit has begun and
 * is not over: the flag of that in its stat, and "/" as its cgroup in the hierarchies of v1.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mode.h"

#define EXPORT	   __attribute__((visibility("default")))
#define PF_EXITING 4u

static int exiting_pid(void)
{
	const char *directory = getenv("EXITING");
	char path[256];
	FILE *file;
	int pid = 0;

	if (!directory)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/pid", directory);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%d", &pid) != 1)
		pid = 0;
	(void)fclose(file);
	return pid;
}

/* The ninth field; the second one ends with the last parenthesis. */
static void set_flag(const char *stat, FILE *out)
{
	const char *rest = strrchr(stat, ')');
	unsigned int flags;
	int before = 0, after = 0;

	if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %n%u%n", &before, &flags, &after) != 1)
		abort();
	(void)fprintf(out, "%.*s%u%s", (int)(rest - stat) + before, stat, flags | PF_EXITING,
		      rest + after);
}

/* "4:memory:/a" becomes "4:memory:/"; the line of v2, "0::/a", stays. */
static void clear_paths(char *cgroups, FILE *out)
{
	for (char *line = strtok(cgroups, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "0::", 3) == 0)
			(void)fprintf(out, "%s\n", line);
		else
			(void)fprintf(out, "%.*s:/\n", (int)(strrchr(line, ':') - line), line);
	}
}

/* Replaces a descriptor of one of the two files. */
static int replace(int fd, const char *path)
{
	int pid, end = 0, copy;
	char what[16], text[4096];
	ssize_t length;
	FILE *out;

	if (fd < 0 || sscanf(path, "/proc/%d/%15[a-z]%n", &pid, what, &end) != 2 || path[end] ||
	    pid != exiting_pid() || (strcmp(what, "stat") != 0 && strcmp(what, "cgroup") != 0))
		return fd;
	length = read(fd, text, sizeof(text) - 1);
	copy = memfd_create(what, MFD_CLOEXEC);
	out = length > 0 && copy >= 0 ? fdopen(dup(copy), "w") : NULL;
	if (!out)
		abort();
	text[length] = '\0';
	if (what[0] == 's')
		set_flag(text, out);
	else
		clear_paths(text, out);
	(void)fclose(out);
	(void)lseek(copy, 0, SEEK_SET);
	(void)close(fd);
	return copy;
}

EXPORT int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) =
		(int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return replace(real(path, flags, mode), path);
}

EXPORT int openat(int directory, const char *path, int flags, ...)
{
	int (*real)(int, const char *, int, ...) =
		(int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return replace(real(directory, path, flags, mode), path);
}
