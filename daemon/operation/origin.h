/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the processes of a container were before: see store/origins.h. For workers. */
#ifndef RSSD_ORIGIN_H
#define RSSD_ORIGIN_H

#include <sys/types.h>

struct controller;
struct group;
struct manager;
struct process;
struct worker;

/*
 * The origin of a process: the one recorded for it or for its nearest ancestor, which
 * forked it inside the container. If those have ended, the leaders of its process group
 * and session are used: they are ancestors, and their pids are not reused meanwhile.
 * To be freed; NULL if it is unknown.
 */
char *origin_of_process(struct manager *manager, const struct process *process);

/* Where a process goes if its origin is gone. */
enum origin_fallback {
	ORIGIN_ONLY,	/* nowhere: it stays */
	ORIGIN_PARENTS, /* to the nearest parent that is left, but not to the root of the hierarchy */
	ORIGIN_ROOT,	/* also to the root */
};

/*
 * Moves a process to @cgroup, which is cut to the one that was tried last. Only what came from the
 * root goes there without ORIGIN_ROOT. Return: 0, -ENOENT, or another negative errno.
 */
int origin_move(struct controller *controller, char *cgroup, pid_t pid,
		enum origin_fallback fallback);

/**
 * origin_return_members() - move all processes of a group to where they were
 *
 * A process whose origin is unknown or gone goes to the nearest parent that is left, at last to the
 * root of the hierarchy: only for a hierarchy in which systemd has no units. A rule may attach
 * them again.
 *
 * Return: 0 if it is empty, -EAGAIN if processes are left, or another negative errno.
 */
int origin_return_members(struct manager *manager, struct group *group, struct worker *worker);

#endif
