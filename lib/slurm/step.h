/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A step of a job on this node, and its containers: slurm/NODE-JOB for the job, and slurm/NODE-JOB/STEP for
 * the step. The node is part of the name because several nodes may be one machine. Containers that are cgroups
 * of Slurm are nested there, not by name: slurm-NODE-JOB and slurm-NODE-JOB.STEP.
 */
#ifndef SLURM_STEP_H
#define SLURM_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STEP_ROOT      "slurm"
#define STEP_NAME_MAX  256
#define STEP_PLACE_MAX 2048

struct step {
	uint32_t job, id;
	uid_t uid;
	uint64_t job_memory,
		memory; /* what Slurm has allocated on this node, in bytes; 0: no amount */
	uint32_t tasks; /* on this node */
	char job_container[STEP_NAME_MAX];
	char container[STEP_NAME_MAX];
	/* The cgroups of Slurm that the containers are, or "": see place.h. */
	char job_place[STEP_PLACE_MAX];
	char place[STEP_PLACE_MAX];
};

/* Sets the names of @step, whose numbers are set. Return: 0, or -EINVAL if @node is empty. */
int step_set_names(struct step *step, const char *node);

/* Makes the names those of cgroups of Slurm. */
void step_flatten_names(struct step *step);

/* Returns true for the steps that have a name instead of a number, such as batch. */
bool step_is_special(const struct step *step);
/*
 * Returns true for the step that has no program of the user, which Slurm starts with PrologFlags=contain.
 * pam_slurm_adopt puts the sessions of users into its cgroup.
 */
bool step_is_extern(const struct step *step);
/* The name or number of the step, until the next call. */
const char *step_name(const struct step *step);

/* The limit for @memory bytes: *@ret, or -ENOENT if it has none. */
int step_limit(uint64_t memory, double factor, uint64_t *ret);

#endif
