/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A step of a job on this node, and its containers: slurm/NODE-JOB for the job, and
 * slurm/NODE-JOB/STEP in it. The node is part of the name because several nodes may be one machine.
 */
#ifndef SLURM_STEP_H
#define SLURM_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STEP_ROOT     "slurm"
#define STEP_NAME_MAX 256

struct step {
	uint32_t job, id;
	uid_t uid;
	uint64_t job_memory,
		memory; /* what Slurm has allocated on this node, in bytes; 0: no amount */
	uint32_t tasks; /* on this node */
	char job_container[STEP_NAME_MAX];
	char container[STEP_NAME_MAX];
};

/* Sets the names of @step, whose numbers are set. Return: 0, or -EINVAL if @node is empty. */
int step_set_names(struct step *step, const char *node);

/* Returns true for the steps that have a name instead of a number, such as batch. */
bool step_is_special(const struct step *step);
/* Returns true for the step that has no program of the user: see extern.h. */
bool step_is_extern(const struct step *step);

/* The limit for @memory bytes: *@ret, or -ENOENT if it has none. */
int step_limit(uint64_t memory, double factor, uint64_t *ret);

#endif
