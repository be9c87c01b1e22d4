/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the plug-in asks of rssd, bounded by the timeout of the configuration. There is no call that
 * removes a container: those of a step and a job are transient.
 */
#ifndef SLURM_CONTAIN_H
#define SLURM_CONTAIN_H

#include <stddef.h>
#include <sys/types.h>

#include "slurm/config.h"
#include "slurm/request.h"
#include "slurm/step.h"

/* Room for a sentence about what failed. */
#define CONTAIN_MESSAGE_MAX 512

/*
 * Makes the containers of a step with their limits, and moves @pids into that of the step, unless it is a
 * cgroup of Slurm, which has them.
 * Return: 0; 1 if the step is limited but not as @request has it, with a sentence in @message; or a
 * negative errno with a sentence: nothing is limited.
 */
int contain_step(const struct slurm_config *config, const struct step *step,
		 const struct request *request, const pid_t pids[], size_t count,
		 char message[static CONTAIN_MESSAGE_MAX]);

#endif
