/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and limits of a step: see step.h. */
#include "slurm/step.h"

#include <errno.h>
#include <slurm/slurm.h>
#include <stdio.h>
#include <string.h>

/* The steps that have a name instead of a number. */
static const char *special_name(uint32_t id)
{
	switch (id) {
	case SLURM_BATCH_SCRIPT:
		return "batch";
	case SLURM_EXTERN_CONT:
		return "extern";
	case SLURM_INTERACTIVE_STEP:
		return "interactive";
	default:
		return NULL;
	}
}

bool step_is_special(const struct step *step)
{
	return special_name(step->id);
}

bool step_is_extern(const struct step *step)
{
	return step->id == SLURM_EXTERN_CONT;
}

const char *step_name(const struct step *step)
{
	static char number[16];

	snprintf(number, sizeof(number), "%u", step->id);
	return special_name(step->id) ?: number;
}

int step_set_names(struct step *step, const char *node)
{
	snprintf(step->job_container, sizeof(step->job_container), STEP_ROOT "/%s-%u", node,
		 step->job);
	snprintf(step->container, sizeof(step->container), STEP_ROOT "/%s-%u/%s", node, step->job,
		 step_name(step));
	return *node ? 0 : -EINVAL;
}

void step_flatten_names(struct step *step)
{
	step->job_container[strlen(STEP_ROOT)] = '-';
	step->container[strlen(STEP_ROOT)] = '-';
	*strrchr(step->container, '/') = '.';
}

int step_limit(uint64_t memory, double factor, uint64_t *ret)
{
	double limit = (double)memory * factor;

	/* 2^63 and more is no limit. */
	if (limit < 1 || limit >= 0x1p63)
		return -ENOENT;
	*ret = (uint64_t)limit;
	return 0;
}
