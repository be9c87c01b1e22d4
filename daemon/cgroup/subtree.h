/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container is a subtree: its group, the groups of containers nested in it,
 * and cgroups that other programs create below it (podman, systemd, a build
 * tool). These functions walk all of them through descriptors, so they work at
 * any depth and never leave the group. For a worker, or for the loop if the tree
 * is known to be small.
 */
#ifndef RSSD_SUBTREE_H
#define RSSD_SUBTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/cleanup.h"

struct group;
struct process;

/* Returns true if the container at @path (below the controller's root) is left out. */
typedef bool (*subtree_skip_fn)(const char *path, void *userdata);

/* A group's subtree, or a part of it. */
struct subtree {
	const struct group *group;
	subtree_skip_fn skip; /* called for each group below; NULL: none is left out */
	void *userdata;
};

/*
 * Returns true if @path is the group's path or below it, and not in a part that is left out. Pure
 * except for skip.
 */
bool subtree_has(const struct subtree *tree, const char *path);

/*
 * Returns 1 if a process that was just read is in it, 0 if not: its cgroup is read now. -ESRCH if it
 * has ended, or another negative errno if its cgroup cannot be read. *ret_path is the path of its
 * group, to be freed; @ret_path may be NULL.
 */
int subtree_has_process(const struct subtree *tree, const struct process *process, char **ret_path);

/* @dir is open during the call. A negative errno ends the walk. */
typedef int (*subtree_visit_fn)(int dir, const char *path, void *userdata);

/* Visits the group and those below it, parents first. Groups removed meanwhile are skipped. */
int subtree_walk(const struct subtree *tree, subtree_visit_fn visit, void *userdata);

/* A process, and its group as an index into subtree_members.paths. */
struct subtree_member {
	pid_t pid;
	size_t path;
};

struct subtree_members {
	struct subtree_member *list;
	size_t count, allocated;
	char **paths; /* below the controller's root, without the leaf of rssd's groups */
	size_t n_paths, paths_allocated;
};

void subtree_members_done(struct subtree_members *members);

/*
 * Lists all processes of the subtree. The caller zeroes @ret and passes it to
 * subtree_members_done() afterwards.
 */
int subtree_list(const struct subtree *tree, struct subtree_members *ret);

/*
 * Counts the processes below the group, without those of the group itself.
 * @nested: how many child directories of the group are left out. If there are no
 * others, which is usual, the directory's link count is enough and there is no
 * walk.
 */
int subtree_count_inner(const struct subtree *tree, size_t nested, uint32_t *ret);

/* Thaws all processes, also in groups that were frozen individually. */
void subtree_thaw(const struct subtree *tree);

/*
 * Removes the directories below the group, deepest first: -EBUSY if one of them
 * has processes or is left out by @tree.
 */
int subtree_remove(const struct subtree *tree);

#endif
