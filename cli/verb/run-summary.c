/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a command: see run-summary.h. */
#include "verb/run-summary.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "shared/size.h"

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* The words of systemd's property Result. */
static const char *result_name(const struct run_end *end, bool has_oom)
{
	if (has_oom)
		return "oom-kill";
	if (end->signal)
		return "signal";
	return end->status ? "exit-code" : "success";
}

void run_summary_print(const struct run_end *end, bool has_oom)
{
	char peak[SIZE_TEXT_MAX];

	fprintf(stderr, "Finished with result: %s\n", result_name(end, has_oom));
	if (end->signal)
		fprintf(stderr, "Command terminated with: code=killed/status=%s\n",
			sigabbrev_np(end->signal) ?: "?");
	else
		fprintf(stderr, "Command terminated with: code=exited/status=%d\n", end->status);
	fprintf(stderr, "Runtime: %.3fs\n", (double)(end->at - end->begin) / 1e6);
	fprintf(stderr, "CPU time consumed: %.3fs\n",
		seconds(end->usage.ru_utime) + seconds(end->usage.ru_stime));
	/* ru_maxrss is in KiB. */
	fprintf(stderr, "Peak of its largest process: %s\n",
		size_format((uint64_t)end->usage.ru_maxrss * 1024, peak));
}
