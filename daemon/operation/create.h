/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creates a container. */
#ifndef RSSD_CREATE_H
#define RSSD_CREATE_H

#include <stdbool.h>

#include "policy/access-policy.h"

struct container;
struct failure;
struct manager;
struct place;
struct settings_change;

typedef void (*manager_done_fn)(int error, const struct failure *failure,
				struct container *container, void *userdata);

/**
 * manager_create() - create a container
 * @place: the unit or the existing cgroup that it is; NULL: a new cgroup
 * @owner: root, whom it is delegated to, or the owner of its parent, who creates it
 * @done: called with the outcome; the container is listed only after a success
 *
 * Return: 0 (then @done is called), or a failure at once.
 */
int manager_create(struct manager *manager, const char *name, const struct place *place,
		   const struct settings_change *settings, bool transient,
		   const struct access_owner *owner, manager_done_fn done, void *userdata,
		   struct failure *failure);

#endif
