/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a user asks for: the values of --rss-limit and --rss-wmark. */
#ifndef SLURM_REQUEST_H
#define SLURM_REQUEST_H

#include "librss/rss.h"

struct request {
	struct rss_settings settings; /* those that were given */
	/* The value that could not be read, or NULL: srun and sbatch refuse it, another client may not. */
	const char *invalid;
};

/* Read the value of an option. Return: NULL, or what is wrong with it. */
const char *request_read_limit(struct request *request, const char *value);
const char *request_read_wmark(struct request *request, const char *value);

#endif
