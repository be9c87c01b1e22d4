/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Delays what follows each signal by 100 ms: the process may be gone by then. */
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOW_USEC (100 * 1000)

__attribute__((visibility("default"))) long syscall(long number, ...)
{
	long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long a[6], ret;
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	ret = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_pidfd_send_signal)
		(void)usleep(SLOW_USEC);
	return ret;
}
