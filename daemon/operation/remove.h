/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removes a container. Without force, a container with processes or nested containers is
 * refused. With force, processes are killed and nested containers are removed, the deepest
 * first. A pending change is cancelled. The container stays listed until it is removed.
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
