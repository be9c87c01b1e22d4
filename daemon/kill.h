/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals to all processes of a container, each named by a pidfd before it is hit. */
#ifndef RSSD_KILL_H
#define RSSD_KILL_H

#include <stdint.h>

struct container;
struct failure;

/**
 * kill_container() - send a signal to every process of the container itself
 * @signal: 1 to SIGRTMAX; SIGKILL goes on until a pass finds nobody new
 * @ret_count: how many processes it was sent to
 */
int kill_container(struct container *container, int signal, uint32_t *ret_count,
		   struct failure *failure);

#endif
