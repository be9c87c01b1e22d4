/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The members of a container: read on a worker, since there may be thousands. */
#ifndef RSSD_PROCESSES_H
#define RSSD_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct container;
struct failure;

struct member_process {
	pid_t pid;
	uid_t uid;
	uint64_t resident;	   /* bytes */
	char command[64];	   /* UTF-8 without control characters */
	const char *container;	   /* the innermost that it is in */
	const char *control_group; /* as /proc/PID/cgroup spells it, without the leaf; UTF-8 */
};

/* The rows are the listener's only while it is called. */
typedef void (*processes_done_fn)(int error, const struct failure *failure,
				  const struct member_process rows[], size_t count, void *userdata);

/**
 * processes_start() - list the processes of a container
 * @with_nested: those of nested containers too; what is in control groups that
 *	others made inside is listed in any case
 *
 * Return: 0 (then @done is called from the loop), or a failure at once.
 */
int processes_start(struct container *container, bool with_nested, processes_done_fn done,
		    void *userdata, struct failure *failure);

#endif
