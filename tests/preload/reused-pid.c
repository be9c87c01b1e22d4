/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a program use a pid that was reused. The file $REUSE/when names a moment and a
 * pid, as "move 123". At that moment tests/tools/pid-reuse.c is asked by the fifo
 * $REUSE/ask to give that pid to another process, and the program waits for the reply in
 * $REUSE/reply. Each file is used once.
 *
 *   stat   before /proc/PID/stat is opened
 *   open   before a pidfd of it is opened
 *   move   before it is written into a cgroup.procs
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptor.h"
#include "mode.h"

#define EXPORT __attribute__((visibility("default")))

static FILE *open_file(const char *name, const char *mode, char path[256])
{
	const char *directory = getenv("REUSE");

	if (!directory)
		return NULL;
	(void)snprintf(path, 256, "%s/%s", directory, name);
	return fopen(path, mode);
}

static void moment(const char *what, int pid)
{
	char path[256], line[64], wanted[64];
	FILE *when = open_file("when", "r", path), *reuser;
	int is_it;

	if (!when)
		return;
	(void)snprintf(wanted, sizeof(wanted), "%s %d\n", what, pid);
	is_it = fgets(line, sizeof(line), when) && strcmp(line, wanted) == 0;
	(void)fclose(when);
	if (!is_it)
		return;
	(void)unlink(path);
	reuser = open_file("ask", "w", path);
	if (!reuser)
		return;
	(void)fprintf(reuser, "%d\n", pid);
	(void)fclose(reuser);
	reuser = open_file("reply", "r", path);
	if (!reuser)
		return;
	(void)!fgets(line, sizeof(line), reuser);
	(void)fclose(reuser);
}

EXPORT int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) =
		(int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	va_list args;
	mode_t mode;
	int pid, end = 0;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	if (sscanf(path, "/proc/%d/stat%n", &pid, &end) == 1 && end && !path[end])
		moment("stat", pid);
	return real(path, flags, mode);
}

EXPORT long syscall(long number, ...)
{
	long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_pidfd_open)
		moment("open", (int)a[0]);
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

EXPORT ssize_t write(int fd, const void *data, size_t length)
{
	ssize_t (*real)(int, const void *, size_t) =
		(ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
	char text[32] = "";

	if (is_procs(fd) && length < sizeof(text)) {
		memcpy(text, data, length);
		moment("move", atoi(text));
	}
	return real(fd, data, length);
}
