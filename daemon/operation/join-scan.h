/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at processes, for those that rules want: outside of every container,
 * not detached by hand, and none that attach refuses. Runs on a worker and
 * touches nothing but the scan, the files of /proc and the origins.
 */
#ifndef RSSD_SCAN_H
#define RSSD_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "policy/rule-match.h"
#include "policy/rule.h"
#include "base/job.h"
#include "shared/cleanup.h"

struct manager;
struct worker;

/* Processes that one look finds, each with a descriptor; the next goes on behind them. */
#define FOUND_MAX 256

struct found {
	pid_t pid;
	int pidfd;
	size_t set; /* whose rule it meets */
	const struct rule *rule;
	char command[64];
};

/* The first members are given, those from @found on are the outcome. */
struct scan {
	struct manager *manager;
	struct job job;
	struct rule_set *sets; /* of containers that are there */
	size_t count;
	bool needs[RULE_CONDITIONS];
	bool all;
	pid_t from;
	pid_t *pids; /* the hints */
	size_t n_pids;
	pid_t *everyone; /* all processes, sorted; NULL: to be listed */
	size_t n_everyone;

	struct found found[FOUND_MAX];
	size_t n_found;
	size_t in_units; /* a rule wants them, but they are in a unit, which they would leave */
	pid_t next;	 /* where a look at all goes on, or 0 */
	const char *unknown_user; /* a name in a rule, or NULL */
	int error;
};

/* For job_start(). */
void scan_run(struct worker *worker, void *data);

struct scan *scan_free(struct scan *scan);
DEFINE_CLEANUP(struct scan *, scan_free);

#endif
