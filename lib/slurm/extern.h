/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The extern step of a job, which Slurm starts with PrologFlags=contain. It runs no program of the user.
 * pam_slurm_adopt puts the sessions of users into its cgroup, from where they join its container by a rule.
 */
#ifndef SLURM_EXTERN_H
#define SLURM_EXTERN_H

struct step;

/* Room for a rule. */
#define EXTERN_RULE_MAX 4096

/*
 * Writes the rule for the processes of the job's user in the cgroup of the extern step @step. slurmstepd, which
 * calls this, and the sshd of root are also in it.
 * Return: 0; -ENOENT if Slurm does not track it by a cgroup; another negative errno.
 */
int extern_rule(const struct step *step, char rule[static EXTERN_RULE_MAX]);

#endif
