/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives a container to a user: see access_role(). */
#ifndef RSSD_DELEGATE_H
#define RSSD_DELEGATE_H

#include <sys/types.h>

struct container;
struct failure;

typedef void (*delegate_done_fn)(int error, const struct failure *failure,
				 struct container *container, void *userdata);

/**
 * delegate_start() - make @owner the owner of a container, and save that
 * @owner: a user, or 0 to take it back
 *
 * It is in force at once; if it cannot be saved, the owner of before is in force again. Containers
 * below keep their owners, who have no rights while the one above belongs to another user.
 *
 * Return: 0 (then @done is called), or a failure at once.
 */
int delegate_start(struct container *container, uid_t owner, delegate_done_fn done, void *userdata,
		   struct failure *failure);

#endif
