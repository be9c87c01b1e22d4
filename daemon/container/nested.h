/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot of the names of the containers inside a container. A worker needs it to
 * distinguish the processes of a container from those of a nested one.
 */
#ifndef RSSD_NESTED_H
#define RSSD_NESTED_H

#include <stdbool.h>
#include <stddef.h>

#include "cgroup/subtree.h"

struct container;
struct manager;

struct nested {
	char **names; /* sorted, at every depth */
	size_t count;
};

void nested_done(struct nested *nested);

/* Those of the container @name: 0, or -ENOMEM. */
int nested_of(const struct manager *manager, const char *name, struct nested *ret);

/* A subtree_skip_fn: returns true for one of them. @userdata is a struct nested. */
bool nested_skip(const char *path, void *userdata);

/*
 * The container that a group belongs to, @name or one that is nested in it: the
 * innermost whose group is @path or above it. The name is @nested's or @name.
 */
const char *nested_container_of(const struct nested *nested, const char *name, const char *path);

/* The subtree of a container, with nested containers or without. @nested must outlive it. */
struct subtree nested_subtree(const struct group *group, const struct nested *nested,
			      bool with_nested);

#endif
