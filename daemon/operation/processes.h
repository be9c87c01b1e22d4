/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists the processes of a container, on a worker, since there may be thousands. */
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
	const char *container;	   /* the innermost container of the process */
	const char *control_group; /* as in /proc/PID/cgroup, without the leaf; UTF-8 */
};

/* @rows are valid only during the call. */
typedef void (*processes_done_fn)(int error, const struct failure *failure,
				  const struct member_process rows[], size_t count, void *userdata);

/**
 * processes_start() - list the processes of a container
 * @with_nested: also those of nested containers; processes in cgroups that other
 *	programs created inside are always listed
 * @urgent: before other queries that wait
 *
 * Return: 0 (then @done is called from the loop), or a failure at once.
 */
int processes_start(struct container *container, bool with_nested, bool urgent,
		    processes_done_fn done, void *userdata, struct failure *failure);

#endif
