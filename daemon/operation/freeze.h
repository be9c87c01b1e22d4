/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Freezes and thaws the processes of a container, on a worker: in cgroup v1 they may have to be moved. */
#ifndef RSSD_FREEZE_H
#define RSSD_FREEZE_H

#include <stdbool.h>

struct container;
struct failure;

typedef void (*freeze_done_fn)(int error, const struct failure *failure, void *userdata);

/* Return: 0 (then @done is called from the loop), or a failure at once. */
int freeze_start(struct container *container, bool freeze, freeze_done_fn done, void *userdata,
		 struct failure *failure);

#endif
