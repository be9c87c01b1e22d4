/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fails one system call. The file named by FAULTS_CONTROL is shared with the test, which
 * writes @countdown: the call that brings it to zero fails. Calls are counted while it is
 * above zero, in all threads. @variant chooses between the errors that fit a call.
 *
 * Only what can happen is made to happen: reads and writes fail on files, not on event
 * descriptors and sockets, and epoll_ctl() when it adds a descriptor. Standard I/O and
 * malloc() make their system calls inside libc and are not counted.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
	_Atomic int32_t countdown;
	uint32_t variant;
	_Atomic uint32_t hits;
	char what[64]; /* the call that failed, and how */
};

static struct control *control;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void open_control(void)
{
	const char *path = getenv("FAULTS_CONTROL");
	int fd = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
	void *at;

	if (fd < 0)
		return;
	at = REAL(mmap)(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		control = at;
}

/* 0, or the error that this call fails with: the first or the second, by the variant. */
static int fault(const char *what, int first, int second)
{
	int error;

	if (!control || atomic_load(&control->countdown) <= 0 ||
	    atomic_fetch_sub(&control->countdown, 1) != 1)
		return 0;
	error = control->variant % 2 ? second : first;
	snprintf(control->what, sizeof(control->what), "%s: %s", what, strerrorname_np(error));
	atomic_fetch_add(&control->hits, 1);
	errno = error;
	return error;
}

#define FAIL_OR_CALL(name, first, second, ...) \
	(fault(#name, first, second) ? -1 : REAL(name)(__VA_ARGS__))

/* These stand in for the functions of libc. */
#pragma GCC visibility push(default)

static bool is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                                                      \
	int name(const char *path, int flags, ...)                                             \
	{                                                                                      \
		va_list args;                                                                  \
		mode_t mode;                                                                   \
                                                                                               \
		va_start(args, flags);                                                         \
		mode = mode_of(flags, args);                                                   \
		va_end(args);                                                                  \
		return FAIL_OR_CALL(name, EMFILE, flags & O_CREAT ? ENOSPC : EIO, path, flags, \
				    mode);                                                     \
	}
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name)                                                                    \
	int name(int dirfd, const char *path, int flags, ...)                                  \
	{                                                                                      \
		va_list args;                                                                  \
		mode_t mode;                                                                   \
                                                                                               \
		va_start(args, flags);                                                         \
		mode = mode_of(flags, args);                                                   \
		va_end(args);                                                                  \
		return FAIL_OR_CALL(name, EMFILE, flags & O_CREAT ? ENOSPC : EIO, dirfd, path, \
				    flags, mode);                                              \
	}
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

ssize_t read(int fd, void *buffer, size_t size)
{
	if (!is_file(fd))
		return REAL(read)(fd, buffer, size);
	return FAIL_OR_CALL(read, EIO, EIO, fd, buffer, size);
}

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
	return FAIL_OR_CALL(pread, EIO, EIO, fd, buffer, size, offset);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
	if (!is_file(fd))
		return REAL(write)(fd, buffer, size);
	return FAIL_OR_CALL(write, EIO, ENOSPC, fd, buffer, size);
}

ssize_t pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
	return FAIL_OR_CALL(pwrite, EIO, ENOSPC, fd, buffer, size, offset);
}

int fsync(int fd)
{
	return FAIL_OR_CALL(fsync, EIO, ENOSPC, fd);
}

int fdatasync(int fd)
{
	return FAIL_OR_CALL(fdatasync, EIO, ENOSPC, fd);
}

int rename(const char *from, const char *to)
{
	return FAIL_OR_CALL(rename, EIO, ENOSPC, from, to);
}

int renameat(int fromfd, const char *from, int tofd, const char *to)
{
	return FAIL_OR_CALL(renameat, EIO, ENOSPC, fromfd, from, tofd, to);
}

int unlink(const char *path)
{
	return FAIL_OR_CALL(unlink, EIO, EROFS, path);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	return FAIL_OR_CALL(unlinkat, EIO, EROFS, dirfd, path, flags);
}

int mkdir(const char *path, mode_t mode)
{
	return FAIL_OR_CALL(mkdir, ENOSPC, ENOMEM, path, mode);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	return FAIL_OR_CALL(mkdirat, ENOSPC, ENOMEM, dirfd, path, mode);
}

int rmdir(const char *path)
{
	return FAIL_OR_CALL(rmdir, EIO, ENOMEM, path);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (fault("mmap", ENOMEM, ENOMEM))
		return MAP_FAILED;
	return REAL(mmap)(address, size, protection, flags, fd, offset);
}

int memfd_create(const char *name, unsigned int flags)
{
	return FAIL_OR_CALL(memfd_create, EMFILE, ENOMEM, name, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *argument)
{
	int error = fault("pthread_create", EAGAIN, ENOMEM);

	return error ? error : REAL(pthread_create)(thread, attributes, run, argument);
}

int epoll_ctl(int fd, int operation, int target, struct epoll_event *event)
{
	if (operation != EPOLL_CTL_ADD)
		return REAL(epoll_ctl)(fd, operation, target, event);
	return FAIL_OR_CALL(epoll_ctl, ENOSPC, ENOMEM, fd, operation, target, event);
}

int timerfd_create(clockid_t clock, int flags)
{
	return FAIL_OR_CALL(timerfd_create, EMFILE, ENOMEM, clock, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return FAIL_OR_CALL(sendmsg, ENOMEM, ENOBUFS, fd, message, flags);
}

long syscall(long number, ...)
{
	long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long a, b, c, d, e, f;
	va_list args;

	va_start(args, number);
	a = va_arg(args, long);
	b = va_arg(args, long);
	c = va_arg(args, long);
	d = va_arg(args, long);
	e = va_arg(args, long);
	f = va_arg(args, long);
	va_end(args);
	if (number == SYS_pidfd_open && fault("pidfd_open", EMFILE, ENOMEM))
		return -1;
	return real(number, a, b, c, d, e, f);
}

int pidfd_open(pid_t pid, unsigned int flags)
{
	return FAIL_OR_CALL(pidfd_open, EMFILE, ENOMEM, pid, flags);
}
