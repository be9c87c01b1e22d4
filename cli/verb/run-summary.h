/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the command of rssctl run ended, as systemd-run --wait prints it. */
#ifndef RSSCTL_RUN_SUMMARY_H
#define RSSCTL_RUN_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

struct run_end {
	int signal; /* that ended it; 0: it exited with @status */
	int status;
	uint64_t begin, at; /* microseconds, CLOCK_MONOTONIC */
	struct rusage usage;
};

/* On standard error, since standard output is the command's. */
void run_summary_print(const struct run_end *end, bool has_oom);

#endif
