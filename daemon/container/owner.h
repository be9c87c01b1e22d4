/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners of containers: what policy/access-policy.h decides by, read from the list of containers. */
#ifndef RSSD_CONTAINER_OWNER_H
#define RSSD_CONTAINER_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/access-policy.h"

struct container;
struct manager;

/* The role of @user for the container @name; ROLE_NONE if there is no such container. */
enum access_role owner_role(const struct manager *manager, const char *name, uid_t user);

/* The lowest limit of the ancestors of @name, which need not exist; LIMIT_INFINITY if none has one. */
uint64_t owner_limit_around(const struct manager *manager, const char *name);

/* Returns true if a container nested in it, at any depth, belongs to another user. */
bool owner_has_others(const struct container *container);

/* The containers of the list that @user has created. */
size_t owner_count(const struct manager *manager, uid_t user);

/* What a worker needs to know whether an owner may attach a process from where it is. */
struct owner_places {
	char **own;    /* names of containers in which the owner has a role */
	char **others; /* cgroups of units and other programs that are containers */
	size_t n_own, n_others;
};

/* Return: 0, or -ENOMEM. */
int owner_places_read(const struct manager *manager, uid_t user, struct owner_places *ret);
void owner_places_done(struct owner_places *places);
/*
 * Returns true if a process may be taken from there: not from a container of another user, whose
 * limit it would leave.
 * @path: its group below the root of rssd, or NULL: then @cgroup is its cgroup elsewhere
 */
bool owner_may_take_from(const struct owner_places *places, const char *path, const char *cgroup);

#endif
