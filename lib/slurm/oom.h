/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a process of a step was killed, as sentences for the output of its job. */
#ifndef SLURM_OOM_H
#define SLURM_OOM_H

#include <stdint.h>

struct rss_oom;
struct slurm_config;
struct step;

/* The OOMs of a step that are reported. */
struct oom_progress {
	uint64_t since; /* when the step began, in microseconds since the epoch */
	uint64_t last;	/* the number of the last event that was reported */
};

/* Room for a sentence about an OOM. */
#define OOM_TEXT_MAX 512

typedef void (*oom_report_fn)(const char *sentence);

/*
 * Calls @report for each OOM of the step that is new. If the kernel has killed a process, this waits a
 * moment for rssd's record of it. What cannot be read is not reported.
 */
void oom_report(const struct slurm_config *config, const struct step *step,
		struct oom_progress *progress, oom_report_fn report);

/* Writes the sentence. */
void oom_describe(const struct rss_oom *oom, char text[static OOM_TEXT_MAX]);

#endif
