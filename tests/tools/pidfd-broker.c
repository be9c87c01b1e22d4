/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pidfd-broker SOCKET: opens pidfds and signals through them for a program
 * that runs under valgrind, until it is killed. See tests/preload/pidfd.c.
 */
#include "pidfd-broker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void serve(int client)
{
	struct broker_message message;
	int pidfd, opened = -1;

	if (broker_receive(client, &message, &pidfd) <= 0)
		return;
	if (pidfd >= 0) {
		message.result = syscall(SYS_pidfd_send_signal, pidfd, message.signal, NULL, 0) < 0
					 ? -errno
					 : 0;
		close(pidfd);
	} else {
		opened = (int)syscall(SYS_pidfd_open, message.pid, 0);
		message.result = opened < 0 ? -errno : 0;
	}
	(void)broker_send(client, &message, opened);
	if (opened >= 0)
		close(opened);
}

int main(int argc, char *argv[])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fputs("pidfd-broker SOCKET\n", stderr);
		return 2;
	}
	strcpy(address.sun_path, argv[1]);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 16) < 0) {
		perror(argv[1]);
		return EXIT_FAILURE;
	}
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client < 0)
			continue;
		serve(client);
		close(client);
	}
}
