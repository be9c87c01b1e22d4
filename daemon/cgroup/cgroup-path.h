/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of cgroups. A path of rssd is relative to rssd's root ("web/worker1"),
 * a path of the kernel begins at the root of the hierarchy
 * ("/rssd/web/worker1"). The caller frees each returned path.
 */
#ifndef RSSD_CGROUP_PATH_H
#define RSSD_CGROUP_PATH_H

#include <sys/types.h>

struct controller;
struct process;

/**
 * controller_path_of_process() - the group of a process
 * @ret: its path below rssd's root
 *
 * Return: 0, -ENOENT if the process is in no group of rssd, -ESRCH if it does not
 * exist, or another negative errno.
 */
int controller_path_of_process(struct controller *controller, pid_t pid, char **ret);
/* The same for a path of the kernel ("/rssd/web"). Pure. */
int controller_path_of_cgroup(const struct controller *controller, const char *cgroup, char **ret);

/* The path of a process in the controller's hierarchy, as the kernel writes it. 0 or -ESRCH. */
int controller_cgroup_of_process(struct controller *controller, pid_t pid, char **ret);
/* The same for a process that was just read. */
int controller_cgroup_of(struct controller *controller, const struct process *process, char **ret);
/*
 * The same from the @text of /proc/PID/cgroup. @hierarchy is a controller such as "memory", or ""
 * for v2. -ENOENT if @text does not list it. Pure.
 */
int controller_parse_proc_cgroup(const char *text, const char *hierarchy, char **ret);

/*
 * Moves a process to a cgroup outside rssd's root, for detach. -ENOENT if that
 * cgroup was removed or is outside rssd's cgroup namespace.
 */
int controller_move_to_cgroup(struct controller *controller, const char *cgroup, pid_t pid);

#endif
