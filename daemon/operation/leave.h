/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks whether a process may leave its cgroup. With a controller of the unified
 * hierarchy, an attach takes the process out of its unit as well. policy/unit.h
 * decides, this file reads the facts. For a worker.
 */
#ifndef RSSD_LEAVE_H
#define RSSD_LEAVE_H

#include <stdbool.h>
#include <sys/types.h>

struct controller;
struct failure;
struct process;

/* The caller of an attach or a detach. */
struct attach_caller {
	uid_t uid;
	pid_t pid; /* 0: rssd itself */
	bool own; /* by the rights of an owner: only from containers of its own, or outside of all */
};

/**
 * leave_check() - refuse a move that would let a process escape from its unit
 * @cgroup: the cgroup of the process, outside of all containers
 * @leave: the caller allowed it to leave its unit
 *
 * Return: 0, or the negative errno of a failure (InUnit, AccessDenied).
 */
int leave_check(const struct controller *controller, const struct process *process,
		const char *cgroup, const struct attach_caller *caller, bool leave,
		struct failure *failure);

/* Returns true if rules must not move processes out of @cgroup. */
bool leave_keeps_from_rules(const struct controller *controller, const char *cgroup);

#endif
