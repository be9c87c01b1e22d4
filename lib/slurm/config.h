/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments of the plug-in in plugstack.conf, which the administrator writes. */
#ifndef SLURM_CONFIG_H
#define SLURM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct slurm_config {
	double mem_factor; /* limit of a job or step: this times its --mem; 0: none */
	bool refuse; /* a step that cannot be limited is refused; else it runs without a limit */
	uint64_t timeout;   /* microseconds that one hook waits for rssd */
	const char *bus;    /* address of the system bus, or NULL */
	const char *record; /* the file to which records of steps are appended, or NULL */
	bool comment;	    /* an OOM is written into the comment of its job */
};

/* Called for each argument that is not understood; the others are in force. */
typedef void (*config_problem_fn)(const char *argument, const char *problem);

/* Reads the @count arguments, to which *@config then points. */
void config_read(struct slurm_config *config, int count, char *const arguments[],
		 config_problem_fn problem);

#endif
