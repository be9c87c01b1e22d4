/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process that keeps a container as long as slurmstepd lives. The containers of a step are transient:
 * rssd removes them when they are empty, without a call. Between two tasks, and until slurmstepd has
 * read the counters, the keeper is in it. It ends with slurmstepd, however that ends.
 */
#ifndef SLURM_KEEPER_H
#define SLURM_KEEPER_H

#include <sys/types.h>

struct keeper {
	pid_t pid;
	int fd; /* the keeper ends when it is closed */
};

/* Starts one, which is no child of the caller. Return: 0 or a negative errno. */
int keeper_start(struct keeper *keeper);
/* Ends it, if there is one, and waits for its end. */
void keeper_end(struct keeper *keeper);

#endif
