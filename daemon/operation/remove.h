/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing a container: refused while something is inside, unless forced. Then
 * what is nested in it goes first, deepest first, and its processes are killed.
 * A change that is on its way is cancelled. Until it is gone, it stays listed.
 */
#ifndef RSSD_REMOVAL_H
#define RSSD_REMOVAL_H

#include <stdbool.h>

struct container;
struct failure;
struct requester;

typedef void (*removal_done_fn)(int error, const struct failure *failure, void *userdata);

/* Return: 0 (then @done is called from the loop), or a failure at once. */
int removal_start(struct container *container, bool force, const struct requester *requester,
		  removal_done_fn done, void *userdata, struct failure *failure);

#endif
