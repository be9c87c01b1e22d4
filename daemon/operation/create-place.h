/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creates a container that is an existing unit or cgroup. What a removal restores is saved on disk
 * before the limit is set.
 */
#ifndef RSSD_CREATE_PLACE_H
#define RSSD_CREATE_PLACE_H

#include <stdbool.h>

struct container;
struct failure;
struct manager;
struct place;
struct settings_change;

typedef void (*create_place_done_fn)(int error, const struct failure *failure,
				     struct container *container, void *userdata);

/**
 * create_place_start() - create a container at a place
 * @name: checked by the caller
 * @place: the unit or the cgroup; copied
 *
 * As manager_create().
 */
int create_place_start(struct manager *manager, const char *name, const struct place *place,
		       const struct settings_change *settings, bool transient,
		       create_place_done_fn done, void *userdata, struct failure *failure);

/* Refuses a creation at @target, a unit or a cgroup that is the container @name already. */
int create_place_fail_taken(const char *target, const char *name, struct failure *failure);

/* Returns true if the creation of a container @name at a place is under way. */
bool create_place_is_pending(const struct manager *manager, const char *name);

#endif
