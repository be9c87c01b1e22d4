/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pidfd_open(2) and pidfd_send_signal(2) for a program under valgrind, which
 * does not know them: tests/tools/pidfd-broker.c makes the calls outside.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "../tools/pidfd-broker.h"

static int connect_broker(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("PIDFD_BROKER");
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (!path || fd < 0)
		return -1;
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static long ask(struct broker_message message, int pidfd)
{
	int broker = connect_broker(), passed = -1;

	if (broker < 0 || broker_send(broker, &message, pidfd) < 0 ||
	    broker_receive(broker, &message, &passed) <= 0)
		message.result = -ENOSYS;
	if (broker >= 0)
		close(broker);
	if (message.result < 0) {
		errno = -message.result;
		return -1;
	}
	return passed >= 0 ? passed : message.result;
}

__attribute__((visibility("default"))) long syscall(long number, ...)
{
	long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_pidfd_open)
		return ask((struct broker_message){ .pid = (int)a[0] }, -1);
	if (number == SYS_pidfd_send_signal)
		return ask((struct broker_message){ .signal = (int)a[1] }, (int)a[0]);
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
