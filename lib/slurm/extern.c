/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroup of the extern step: see extern.h. */
#include "slurm/extern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "slurm/step.h"

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
 * slurmstepd is in /slurm_NODE/uid_UID/job_JOB in the hierarchy of the freezer, or in
 * job_JOB/step_extern/slurm in the unified one.
 */
int extern_rule(const struct step *step, char rule[static EXTERN_RULE_MAX])
{
	cleanup_fclose FILE *file = fopen("/proc/self/cgroup", "re");
	cleanup_free char *line = NULL;
	size_t size = 0;
	char job[32];

	if (!file)
		return -errno;
	snprintf(job, sizeof(job), "job_%u", step->job);
	while (getline(&line, &size, file) > 0) {
		const char *path = strchr(line, '/');
		const char *end = path ? after_component(path, job) : NULL;

		if (!end)
			continue;
		if (snprintf(rule, EXTERN_RULE_MAX, "user=%u cgroup=%.*s/step_extern", step->uid,
			     (int)(end - path), path) >= EXTERN_RULE_MAX)
			return -ENAMETOOLONG;
		return 0;
	}
	return -ENOENT;
}
