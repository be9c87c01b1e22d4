/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of processes that were to be moved: attach and detach. */
#ifndef RSSCTL_REPORT_H
#define RSSCTL_REPORT_H

#include <stddef.h>
#include <sys/types.h>

#include "librss/rss.h"
#include "shared/cleanup.h"

struct output;

struct report {
	struct rss_report *rows;
	size_t count;
};

static inline void report_done(struct report *report)
{
	report->rows = rss_report_free(report->rows, report->count);
	report->count = 0;
}

#define cleanup_report cleanup_(report_done)

/*
 * Prints it and returns the status: 1 where a process was refused, 3 where all
 * had vanished before they could be moved.
 */
int print_report(struct output *out, const struct report *report);

#endif
