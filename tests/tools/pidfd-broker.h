/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the broker of pidfds and its client say to each other. */
#ifndef PIDFD_BROKER_H
#define PIDFD_BROKER_H

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct broker_message {
	int pid;    /* to open, when there is no descriptor */
	int signal; /* to send to the descriptor */
	int result; /* 0 or a negative errno */
};

static inline ssize_t broker_send(int fd, struct broker_message *message, int passed)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { message, sizeof(*message) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (passed >= 0) {
		header.msg_control = control;
		header.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &passed, sizeof(int));
	}
	return sendmsg(fd, &header, MSG_NOSIGNAL);
}

static inline ssize_t broker_receive(int fd, struct broker_message *message, int *passed)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { message, sizeof(*message) };
	struct msghdr header = { .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = n > 0 ? CMSG_FIRSTHDR(&header) : NULL;

	*passed = -1;
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(passed, CMSG_DATA(cmsg), sizeof(int));
	return n;
}

#endif
