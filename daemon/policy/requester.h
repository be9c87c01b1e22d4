/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The requester of an operation: a client on the bus, or rssd itself (all zero). */
#ifndef RSSD_REQUESTER_H
#define RSSD_REQUESTER_H

#include <stdbool.h>
#include <sys/types.h>

struct requester {
	pid_t pid; /* 0: rssd itself */
	uid_t uid;
};

static inline bool requester_is_client(const struct requester *requester)
{
	return requester->pid > 0;
}

#endif
