/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The containers inside a container, by name, as they are at one moment: what a
 * worker needs to tell a container's own processes from those of a nested one.
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

/* A subtree_skip_fn: is this one of them? @userdata is a struct nested. */
bool nested_skip(const char *path, void *userdata);

/*
 * The container that a group belongs to, @name or one that is nested in it: the
 * innermost whose group is @path or above it. The name is @nested's or @name.
 */
const char *nested_container_of(const struct nested *nested, const char *name, const char *path);

/* The subtree of a container, with what is nested in it or without. @nested must stay. */
struct subtree nested_subtree(const struct group *group, const struct nested *nested,
			      bool with_nested);

#endif
