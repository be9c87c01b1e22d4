/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record of the counters of each step, as one line of JSON in a file of the node. */
#ifndef SLURM_RECORD_H
#define SLURM_RECORD_H

struct slurm_config;
struct step;

/*
 * Appends the record of a step that has ended and whose container is there, to the file that
 * @config names. Return: 0; a negative errno if the counters cannot be read or the file not be written.
 */
int record_write(const struct slurm_config *config, const struct step *step);

#endif
