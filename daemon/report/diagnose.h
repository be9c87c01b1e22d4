/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The findings of rssctl doctor: what this rssd can and cannot do on this kernel. A pure
 * function turns facts into sentences.
 */
#ifndef RSSD_DIAGNOSE_H
#define RSSD_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "operation/join.h"

struct manager;
struct problems;

enum severity { SEVERITY_OK, SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct finding {
	enum severity severity;
	const char *subject;
	char text[320];
	const char *advice; /* "" if there is nothing to do */
};

const char *severity_name(enum severity severity);

struct diagnosis {
	const char *controller;
	const char *mount, *root; /* where its groups are; NULL: not reported */
	unsigned int features;
	bool kills_groups;		    /* FEATURE_OOM_GROUP is carried out by rssd */
	bool leaves_units;		    /* an attach takes a process out of its unit */
	bool reports_facts;		    /* the kernel reports the victims of an OOM with it */
	const char *events_problem;	    /* NULL: events can be received */
	const char *kmsg_problem;	    /* NULL: available */
	const char *process_events_problem; /* NULL: available */
	struct join_counts join;
	uint64_t swap; /* bytes of swap on this machine */
	size_t containers;
	const struct problems *problems; /* declarations that are not in force; may be NULL */
	const char *drifted; /* a container whose cgroup another program changed, or NULL */
	unsigned int drift;  /* one bit of it: see policy/drift.h */
};

#define FINDINGS_MAX 48

/* Fills @findings and returns their number. A pure function. */
size_t diagnose(const struct diagnosis *found, struct finding findings[static FINDINGS_MAX]);

/* Collects the facts of this machine and calls diagnose(). */
size_t diagnose_manager(struct manager *manager, struct finding findings[static FINDINGS_MAX]);

#endif
