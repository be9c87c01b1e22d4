/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rssd itself uses. */
#ifndef RSSD_SELF_H
#define RSSD_SELF_H

#include <stdint.h>

/* COUNTER_ABSENT where the kernel does not report it. */
struct self_usage {
	uint64_t cpu;			 /* microseconds, user and system */
	uint64_t resident, virtual_size; /* bytes */
	uint64_t open_fds, max_fds;
	uint64_t start; /* microseconds since the epoch */
};

/* Reads small files of /proc, so it runs on a worker. */
void self_read(struct self_usage *ret);

#endif
