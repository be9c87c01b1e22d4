/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Just before the first SIGKILL of a program that kills listed processes, moves the
 * process $LATE_PID, which was not in the list, to the cgroup.procs $LATE_PROCS.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void come_in(void)
{
	const char *pid = getenv("LATE_PID"), *procs = getenv("LATE_PROCS");
	int saved = errno, fd = pid && procs ? open(procs, O_WRONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)!write(fd, pid, strlen(pid));
		close(fd);
	}
	errno = saved;
}

__attribute__((visibility("default"))) long syscall(long number, ...)
{
	static long (*real)(long, ...);
	static int killed;
	long a[6];
	va_list args;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_pidfd_send_signal && a[1] == SIGKILL &&
	    !__atomic_exchange_n(&killed, 1, __ATOMIC_SEQ_CST))
		come_in();
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
