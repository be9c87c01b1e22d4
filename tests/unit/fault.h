/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls of this test program that fail when a test says so: the program's
 * own definitions come before those of the C library. A file that includes this
 * has them all; it is for one .c of a program.
 */
#ifndef FAULT_H
#define FAULT_H

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* The next @count calls after the first @after fail with @error; for openat, those of @path. */
struct fault {
	unsigned int after, count;
	int error;
	const char *path;
};

static struct fault fault_fsync, fault_openat, fault_unlinkat, fault_readdir;

static int fault_hits(struct fault *fault)
{
	if (fault->after > 0) {
		fault->after--;
		return 0;
	}
	if (fault->count == 0)
		return 0;
	fault->count--;
	errno = fault->error;
	return 1;
}

int fsync(int fd)
{
	return fault_hits(&fault_fsync) ? -1 : (int)syscall(SYS_fsync, fd);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (fault_openat.path && strcmp(path, fault_openat.path) == 0 && fault_hits(&fault_openat))
		return -1;
	return (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	return fault_hits(&fault_unlinkat) ? -1 : (int)syscall(SYS_unlinkat, dirfd, path, flags);
}

/* A listing that fails looks like its end, except for errno. */
struct dirent *readdir(DIR *dir)
{
	struct dirent *(*real)(DIR *) = (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir");

	return fault_hits(&fault_readdir) ? NULL : real(dir);
}

#endif
