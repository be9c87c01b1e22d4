/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of attach and detach: the outcome for each process. */
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
 * Prints it and returns the status: STATUS_FAILED if a process was refused,
 * STATUS_NOT_FOUND if all had ended before they could be moved.
 */
int print_report(struct output *out, const struct report *report);

#endif
