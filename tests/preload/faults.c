/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fails one system call. The file named by FAULTS_CONTROL is shared with the test, which
 * writes @countdown: the call that brings it to zero fails. Calls are counted while it is
 * above zero, in all threads. @variant chooses between the errors that fit a call. While
 * the test only counts, @choices gets the number of those errors for each call.
 *
 * Only errors that can happen are injected: reads and writes fail on files, not on event
 * descriptors and sockets, epoll_ctl() when it adds a descriptor, and fcntl() when it
 * duplicates one. What libc calls inside one of its functions is not counted; fopen(),
 * opendir() and readdir() are.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mode.h"

#define COUNT_ALL   (1 << 30)
#define CHOICES_MAX 16384
/* In a list of errors: the call succeeds with half of the requested bytes. */
#define SHORT (-1)

struct control {
	_Atomic int32_t countdown;
	uint32_t variant;
	_Atomic uint32_t hits;
	char what[64]; /* the call that failed, and how */
	uint8_t choices[CHOICES_MAX];
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

/* 0, or the error that this call fails with: one of @errors, which ends with 0. */
static int fault(const char *what, const int errors[])
{
	int count = 0, before, error;

	if (!control || atomic_load(&control->countdown) <= 0)
		return 0;
	while (errors[count])
		count++;
	before = atomic_fetch_sub(&control->countdown, 1);
	if (before > COUNT_ALL - CHOICES_MAX)
		control->choices[COUNT_ALL - before] = (uint8_t)count;
	if (before != 1)
		return 0;
	error = errors[control->variant % (uint32_t)count];
	snprintf(control->what, sizeof(control->what), "%s: %s", what,
		 error == SHORT ? "short" : strerrorname_np(error));
	atomic_fetch_add(&control->hits, 1);
	if (error != SHORT)
		errno = error;
	return error;
}

#define ERRORS(...)			((const int[]){ __VA_ARGS__, 0 })
#define FAIL_OR_CALL(name, errors, ...) (fault(#name, errors) ? -1 : REAL(name)(__VA_ARGS__))
#define NULL_OR_CALL(name, errors, ...) (fault(#name, errors) ? NULL : REAL(name)(__VA_ARGS__))

/* These replace the functions of libc. */
#pragma GCC visibility push(default)

/* --- files ---------------------------------------------------------------------------- */

static bool is_file(int fd)
{
	struct stat st;

	return REAL(fstat)(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

/* A file on a disk, unlike one that the kernel makes: a write to it can be short. */
static bool is_stored(int fd)
{
	struct statfs fs;

	return REAL(fstatfs)(fd, &fs) == 0 && fs.f_type != CGROUP_SUPER_MAGIC &&
	       fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != PROC_SUPER_MAGIC &&
	       fs.f_type != SYSFS_MAGIC;
}

static const int *open_errors(int flags)
{
	static const int existing[] = { EMFILE, ENFILE, ENOMEM, EIO, 0 };
	static const int created[] = { EMFILE, ENFILE, ENOMEM, EIO, ENOSPC, EROFS, 0 };

	return flags & O_CREAT ? created : existing;
}

#define DEFINE_OPEN(name)                                                         \
	int name(const char *path, int flags, ...)                                \
	{                                                                         \
		va_list args;                                                     \
		mode_t mode;                                                      \
                                                                                  \
		va_start(args, flags);                                            \
		mode = mode_of(flags, args);                                      \
		va_end(args);                                                     \
		return FAIL_OR_CALL(name, open_errors(flags), path, flags, mode); \
	}
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name)                                                              \
	int name(int dirfd, const char *path, int flags, ...)                            \
	{                                                                                \
		va_list args;                                                            \
		mode_t mode;                                                             \
                                                                                         \
		va_start(args, flags);                                                   \
		mode = mode_of(flags, args);                                             \
		va_end(args);                                                            \
		return FAIL_OR_CALL(name, open_errors(flags), dirfd, path, flags, mode); \
	}
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

FILE *fopen(const char *path, const char *mode)
{
	return NULL_OR_CALL(fopen, open_errors(0), path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return NULL_OR_CALL(fopen64, open_errors(0), path, mode);
}

FILE *fdopen(int fd, const char *mode)
{
	return NULL_OR_CALL(fdopen, ERRORS(ENOMEM), fd, mode);
}

DIR *opendir(const char *path)
{
	return NULL_OR_CALL(opendir, open_errors(0), path);
}

DIR *fdopendir(int fd)
{
	return NULL_OR_CALL(fdopendir, ERRORS(ENOMEM), fd);
}

struct dirent *readdir(DIR *dir)
{
	return NULL_OR_CALL(readdir, ERRORS(EIO, ENOMEM), dir);
}

struct dirent64 *readdir64(DIR *dir)
{
	return NULL_OR_CALL(readdir64, ERRORS(EIO, ENOMEM), dir);
}

ssize_t read(int fd, void *buffer, size_t size)
{
	if (!is_file(fd))
		return REAL(read)(fd, buffer, size);
	return FAIL_OR_CALL(read, ERRORS(EIO, ENOMEM, EINTR), fd, buffer, size);
}

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
	return FAIL_OR_CALL(pread, ERRORS(EIO, ENOMEM, EINTR), fd, buffer, size, offset);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
	int error;

	if (!is_file(fd))
		return REAL(write)(fd, buffer, size);
	error = is_stored(fd) ? fault("write", ERRORS(EIO, ENOSPC, EDQUOT, EINTR, SHORT))
			      : fault("write to the kernel", ERRORS(EIO, ENOMEM, EINTR, EAGAIN));
	if (error == SHORT)
		return REAL(write)(fd, buffer, size / 2);
	return error ? -1 : REAL(write)(fd, buffer, size);
}

ssize_t pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
	return FAIL_OR_CALL(pwrite, ERRORS(EIO, ENOSPC, EINTR), fd, buffer, size, offset);
}

int fsync(int fd)
{
	return FAIL_OR_CALL(fsync, ERRORS(EIO, ENOSPC, EDQUOT), fd);
}

int fdatasync(int fd)
{
	return FAIL_OR_CALL(fdatasync, ERRORS(EIO, ENOSPC, EDQUOT), fd);
}

int ftruncate(int fd, off_t length)
{
	return FAIL_OR_CALL(ftruncate, ERRORS(EIO, ENOSPC), fd, length);
}

int fchmod(int fd, mode_t mode)
{
	return FAIL_OR_CALL(fchmod, ERRORS(EIO, EROFS), fd, mode);
}

int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	return FAIL_OR_CALL(fchmodat, ERRORS(EIO, EROFS), dirfd, path, mode, flags);
}

int flock(int fd, int operation)
{
	return FAIL_OR_CALL(flock, ERRORS(ENOLCK, EINTR), fd, operation);
}

int rename(const char *from, const char *to)
{
	return FAIL_OR_CALL(rename, ERRORS(EIO, ENOSPC, ENOMEM), from, to);
}

int renameat(int fromfd, const char *from, int tofd, const char *to)
{
	return FAIL_OR_CALL(renameat, ERRORS(EIO, ENOSPC, ENOMEM), fromfd, from, tofd, to);
}

int linkat(int fromfd, const char *from, int tofd, const char *to, int flags)
{
	return FAIL_OR_CALL(linkat, ERRORS(EIO, ENOSPC, EMLINK), fromfd, from, tofd, to, flags);
}

int unlink(const char *path)
{
	return FAIL_OR_CALL(unlink, ERRORS(EIO, EROFS, ENOMEM), path);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	return FAIL_OR_CALL(unlinkat, ERRORS(EIO, EROFS, ENOMEM), dirfd, path, flags);
}

int mkdir(const char *path, mode_t mode)
{
	return FAIL_OR_CALL(mkdir, ERRORS(ENOSPC, ENOMEM, EIO), path, mode);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	return FAIL_OR_CALL(mkdirat, ERRORS(ENOSPC, ENOMEM, EIO), dirfd, path, mode);
}

int rmdir(const char *path)
{
	return FAIL_OR_CALL(rmdir, ERRORS(EIO, ENOMEM, EBUSY), path);
}

int stat(const char *path, struct stat *ret)
{
	return FAIL_OR_CALL(stat, ERRORS(EIO, ENOMEM), path, ret);
}

int fstat(int fd, struct stat *ret)
{
	return FAIL_OR_CALL(fstat, ERRORS(EIO, ENOMEM), fd, ret);
}

int fstatat(int dirfd, const char *path, struct stat *ret, int flags)
{
	return FAIL_OR_CALL(fstatat, ERRORS(EIO, ENOMEM), dirfd, path, ret, flags);
}

int faccessat(int dirfd, const char *path, int mode, int flags)
{
	return FAIL_OR_CALL(faccessat, ERRORS(EIO, ENOMEM), dirfd, path, mode, flags);
}

int statfs(const char *path, struct statfs *ret)
{
	return FAIL_OR_CALL(statfs, ERRORS(EIO, ENOMEM), path, ret);
}

ssize_t readlink(const char *path, char *buffer, size_t size)
{
	return FAIL_OR_CALL(readlink, ERRORS(EIO, ENOMEM), path, buffer, size);
}

ssize_t fgetxattr(int fd, const char *name, void *value, size_t size);
ssize_t fgetxattr(int fd, const char *name, void *value, size_t size)
{
	return FAIL_OR_CALL(fgetxattr, ERRORS(EIO, ENOMEM), fd, name, value, size);
}

/* --- memory, processes, threads --------------------------------------------------------- */

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (fault("mmap", ERRORS(ENOMEM, EAGAIN)))
		return MAP_FAILED;
	return REAL(mmap)(address, size, protection, flags, fd, offset);
}

int memfd_create(const char *name, unsigned int flags)
{
	return FAIL_OR_CALL(memfd_create, ERRORS(EMFILE, ENFILE, ENOMEM), name, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *argument)
{
	int error = fault("pthread_create", ERRORS(EAGAIN, ENOMEM));

	return error ? error : REAL(pthread_create)(thread, attributes, run, argument);
}

pid_t fork(void)
{
	return fault("fork", ERRORS(EAGAIN, ENOMEM)) ? -1 : REAL(fork)();
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
	if (number == SYS_pidfd_open && fault("pidfd_open", ERRORS(EMFILE, ENFILE, ENOMEM)))
		return -1;
	return real(number, a, b, c, d, e, f);
}

int pidfd_open(pid_t pid, unsigned int flags)
{
	return FAIL_OR_CALL(pidfd_open, ERRORS(EMFILE, ENFILE, ENOMEM), pid, flags);
}

/* --- descriptors and sockets ------------------------------------------------------------ */

int fcntl(int fd, int command, ...)
{
	va_list args;
	void *argument;

	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	if (command == F_DUPFD_CLOEXEC && fault("fcntl", ERRORS(EMFILE)))
		return -1;
	return REAL(fcntl)(fd, command, argument);
}

int eventfd(unsigned int value, int flags)
{
	return FAIL_OR_CALL(eventfd, ERRORS(EMFILE, ENFILE, ENOMEM), value, flags);
}

int epoll_create1(int flags)
{
	return FAIL_OR_CALL(epoll_create1, ERRORS(EMFILE, ENFILE, ENOMEM), flags);
}

int epoll_ctl(int fd, int operation, int target, struct epoll_event *event)
{
	if (operation != EPOLL_CTL_ADD)
		return REAL(epoll_ctl)(fd, operation, target, event);
	return FAIL_OR_CALL(epoll_ctl, ERRORS(ENOSPC, ENOMEM), fd, operation, target, event);
}

int epoll_wait(int fd, struct epoll_event *events, int count, int timeout)
{
	return FAIL_OR_CALL(epoll_wait, ERRORS(EINTR), fd, events, count, timeout);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	return FAIL_OR_CALL(poll, ERRORS(EINTR, ENOMEM), fds, count, timeout);
}

int timerfd_create(clockid_t clock, int flags)
{
	return FAIL_OR_CALL(timerfd_create, ERRORS(EMFILE, ENFILE, ENOMEM), clock, flags);
}

int inotify_init1(int flags)
{
	return FAIL_OR_CALL(inotify_init1, ERRORS(EMFILE, ENFILE, ENOMEM), flags);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	return FAIL_OR_CALL(inotify_add_watch, ERRORS(ENOSPC, ENOMEM), fd, path, mask);
}

int socket(int domain, int type, int protocol)
{
	return FAIL_OR_CALL(socket, ERRORS(EMFILE, ENFILE, ENOMEM), domain, type, protocol);
}

int pipe2(int fds[2], int flags)
{
	return FAIL_OR_CALL(pipe2, ERRORS(EMFILE, ENFILE, ENOMEM), fds, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	return FAIL_OR_CALL(sendmsg, ERRORS(ENOMEM, ENOBUFS, EAGAIN, EINTR), fd, message, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	return FAIL_OR_CALL(recvmsg, ERRORS(EAGAIN, EINTR), fd, message, flags);
}
