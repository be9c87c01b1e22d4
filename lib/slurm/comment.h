/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The administrator's comment of a job, which scontrol and sacct show after the end of the job, too. */
#ifndef SLURM_COMMENT_H
#define SLURM_COMMENT_H

struct slurm_config;
struct step;

/*
 * Replaces the comment of the job of @step by @sentence, with scontrol, within the timeout of
 * @config. Return: 0; -ETIMEDOUT if scontrol was ended then; another negative errno if it cannot be
 * executed, or -EREMOTEIO if it fails.
 */
int comment_write(const struct slurm_config *config, const struct step *step, const char *sentence);

#endif
