/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removes a container. Refused while it has processes or nested containers, unless
 * forced: then nested containers are removed first, the deepest first, and processes are
 * killed. A pending change is cancelled. The container stays listed until it is removed.
 */
#ifndef RSSD_REMOVE_H
#define RSSD_REMOVE_H

#include <stdbool.h>

struct container;
struct failure;
struct requester;

typedef void (*removal_done_fn)(int error, const struct failure *failure, void *userdata);

/* Return: 0 (then @done is called from the loop), or a failure at once. */
int removal_start(struct container *container, bool force, const struct requester *requester,
		  removal_done_fn done, void *userdata, struct failure *failure);

#endif
