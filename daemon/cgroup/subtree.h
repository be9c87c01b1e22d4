/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container is a subtree: its group, the groups of containers nested in it,
 * and control groups that something else made below (podman, systemd, a build
 * tool). This walks all of them through descriptors, so it works at any depth
 * and is never led out of the group. For a worker, or for the loop where the tree is known to
 * be small.
 */
#ifndef RSSD_SUBTREE_H
#define RSSD_SUBTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/cleanup.h"

struct group;

/* Is this the path (below the controller's root) of a container that is left out? */
typedef bool (*subtree_skip_fn)(const char *path, void *userdata);

/* Which part of a group's subtree is meant. */
struct subtree {
	const struct group *group;
	subtree_skip_fn skip; /* asked for each group below; NULL: all are taken in */
	void *userdata;
};

/* Is this path the group's or below it, and in nothing that is left out? Pure but for skip. */
bool subtree_has(const struct subtree *tree, const char *path);

/* @dir is open while this runs; a negative errno ends the walk. */
typedef int (*subtree_visit_fn)(int dir, const char *path, void *userdata);

/* Visits the group itself and those below it, parents first. What goes away meanwhile is passed. */
int subtree_walk(const struct subtree *tree, subtree_visit_fn visit, void *userdata);

/* A process, and the group that it is in: an index into subtree_members.paths. */
struct subtree_member {
	pid_t pid;
	size_t path;
};

struct subtree_members {
	struct subtree_member *list;
	size_t count, allocated;
	char **paths; /* below the controller's root, without the leaf of its groups */
	size_t n_paths, paths_allocated;
};

void subtree_members_done(struct subtree_members *members);

/* All processes of the subtree. @ret is zero before, and to be given to subtree_members_done(). */
int subtree_list(const struct subtree *tree, struct subtree_members *ret);

/*
 * How many there are below the group, without those of the group itself.
 * @nested: how many of the folders right below it are left out; where there are
 * no others, which is the rule, that is one look at the folder.
 */
int subtree_count_inner(const struct subtree *tree, size_t nested, uint32_t *ret);

/* Lets all processes go on, also in groups that were frozen by themselves. */
void subtree_thaw(const struct subtree *tree);

/*
 * Removes the folders below the group, the deepest first: -EBUSY if one of them
 * has processes, or @tree leaves one out.
 */
int subtree_remove(const struct subtree *tree);

#endif
