/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May a process be taken out of its cgroup? Where a controller works in the
 * unified tree, an attach takes it out of its unit as well: policy/unit.h
 * decides, this reads the facts. For a worker.
 */
#ifndef RSSD_LEAVE_H
#define RSSD_LEAVE_H

#include <stdbool.h>
#include <sys/types.h>

struct controller;
struct failure;
struct process;

/* Who asks. */
struct attach_caller {
	uid_t uid;
	pid_t pid; /* 0: rssd itself */
};

/**
 * leave_check() - refuse what would be a way out of a unit
 * @cgroup: where the process is, outside of all containers
 * @leave: the caller said that it may leave its unit
 *
 * Return: 0, or the negative errno of a failure (InUnit, AccessDenied).
 */
int leave_check(const struct controller *controller, const struct process *process,
		const char *cgroup, const struct attach_caller *caller, bool leave,
		struct failure *failure);

/* Do rules leave what is in this cgroup where it is? */
bool leave_keeps_from_rules(const struct controller *controller, const char *cgroup);

#endif
