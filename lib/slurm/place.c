/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroups of a job and a step: see place.h. */
#include "slurm/place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "slurm/step.h"

#define UNIFIED "0::"

/* Returns the end of the component @name in @path, or NULL. */
static const char *after_component(const char *path, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = strstr(path, name); at; at = strstr(at + 1, name)) {
		if (at > path && at[-1] == '/' && strchr("/\n", at[length]))
			return at + length;
	}
	return NULL;
}

/*
 * Writes the cgroup of the job of @step. slurmstepd is in /slurm_NODE/uid_UID/job_JOB in the hierarchy of the
 * freezer, or in job_JOB/step_STEP/slurm in the unified one.
 */
static int find_job(const struct step *step, char path[static STEP_PLACE_MAX], bool *ret_unified)
{
	cleanup_fclose FILE *file = fopen("/proc/self/cgroup", "re");
	cleanup_free char *line = NULL;
	size_t size = 0;
	char job[32];

	if (!file)
		return -errno;
	snprintf(job, sizeof(job), "job_%u", step->job);
	while (getline(&line, &size, file) > 0) {
		const char *start = strchr(line, '/');
		const char *end = start ? after_component(start, job) : NULL;

		if (!end)
			continue;
		if (snprintf(path, STEP_PLACE_MAX, "%.*s", (int)(end - start), start) >=
		    STEP_PLACE_MAX)
			return -ENAMETOOLONG;
		*ret_unified = strncmp(line, UNIFIED, strlen(UNIFIED)) == 0;
		return 0;
	}
	return -ENOENT;
}

int place_find(struct step *step)
{
	char job[STEP_PLACE_MAX], place[STEP_PLACE_MAX];
	bool unified;
	int r = find_job(step, job, &unified);

	if (r < 0 || !unified)
		return r == -ENOENT ? 0 : r;
	/* slurmstepd is beside this cgroup of the tasks, in step_STEP/slurm. */
	if (snprintf(place, sizeof(place), "%s/step_%s/user", job, step_name(step)) >=
	    STEP_PLACE_MAX)
		return -ENAMETOOLONG;
	strcpy(step->job_place, job);
	strcpy(step->place, place);
	step_flatten_names(step);
	return 0;
}

int place_extern_rule(const struct step *step, char rule[static PLACE_RULE_MAX])
{
	char job[STEP_PLACE_MAX];
	bool unified;
	int r = find_job(step, job, &unified);

	if (r < 0)
		return r;
	return snprintf(rule, PLACE_RULE_MAX, "user=%u cgroup=%s/step_extern", step->uid, job) <
			       PLACE_RULE_MAX
		       ? 0
		       : -ENAMETOOLONG;
}
