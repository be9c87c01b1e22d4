/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scans for the processes that match a rule and can join: outside of every container, not
 * detached by a user, and not refused by attach. Runs on a worker and touches only the scan, the
 * files of /proc and the origins.
 */
#ifndef RSSD_JOIN_SCAN_H
#define RSSD_JOIN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "policy/rule-match.h"
#include "policy/rule.h"
#include "base/job.h"
#include "shared/cleanup.h"

struct join_scheduler;
struct manager;
struct worker;

/* Processes that one scan finds, each with a descriptor; the next scan continues after them. */
#define FOUND_MAX 256

struct found {
	pid_t pid;
	int pidfd;
	size_t set; /* the index of the set whose rule it matches */
	const struct rule *rule;
	char command[64];
};

/* The members before @found are given, the others are the outcome. */
struct scan {
	struct manager *manager;
	struct join_scheduler *scheduler; /* started it; not used by the scan */
	struct job job;
	struct rule_set *sets; /* of containers that exist */
	size_t count;
	char **places; /* cgroups of containers at places: rules move no process out */
	size_t n_places;
	bool needs[RULE_CONDITIONS];
	bool all;    /* scan all processes, else those of @pids */
	pid_t from;  /* with @all: only those after this pid */
	pid_t *pids; /* the hints */
	size_t n_pids;
	pid_t *everyone; /* all processes, sorted; NULL: not listed yet */
	size_t n_everyone;

	struct found found[FOUND_MAX];
	size_t n_found;
	size_t in_units;	  /* processes that match a rule, but would leave their unit */
	pid_t next;		  /* the next scan of all starts after this pid; 0: done */
	const char *unknown_user; /* a user name in a rule, or NULL */
	int error;
};

/* For job_start(). */
void scan_run(struct worker *worker, void *data);

struct scan *scan_free(struct scan *scan);
DEFINE_CLEANUP(struct scan *, scan_free);

#endif
