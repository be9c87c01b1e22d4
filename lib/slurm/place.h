/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cgroups that Slurm has made for a job and a step. Those of its plug-in cgroup/v2 are the places of the
 * containers: rssd limits them as they are, since it moves no process out of them.
 */
#ifndef SLURM_PLACE_H
#define SLURM_PLACE_H

struct step;

/* Room for a rule. */
#define PLACE_RULE_MAX 4096

/*
 * Sets the places of @step, and its names for them. slurmstepd, which calls this, must be in the cgroup of the
 * job, as it is when the tasks have been forked.
 * Return: 0, also if tasks are to be attached, without places; or a negative errno.
 */
int place_find(struct step *step);

/*
 * Writes the rule for the processes of the job's user in the cgroup of the extern step @step, without a place.
 * slurmstepd, which calls this, and the sshd of root are also in it.
 * Return: 0; -ENOENT if Slurm does not track it by a cgroup; another negative errno.
 */
int place_extern_rule(const struct step *step, char rule[static PLACE_RULE_MAX]);

#endif
