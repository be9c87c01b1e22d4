/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this rssd on this kernel can and cannot do, in sentences: the findings
 * that rssctl doctor prints. The judgement is a pure function of what was found.
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
	const char *advice; /* "" where there is nothing to do */
};

const char *severity_name(enum severity severity);

struct diagnosis {
	const char *controller;
	const char *mount, *root; /* where its groups are; NULL: not told */
	unsigned int features;
	bool leaves_units;		    /* an attach takes a process out of its unit */
	bool tells_facts;		    /* OOMs come with their victims */
	const char *events_problem;	    /* NULL: events can be heard */
	const char *kmsg_problem;	    /* NULL: it is there */
	const char *process_events_problem; /* NULL: it is there */
	struct join_counts join;
	uint64_t swap; /* bytes of swap on this machine */
	size_t containers;
	const struct problems *problems; /* declarations that are not in force; may be NULL */
	const char *drifted; /* a container of which the kernel holds another setting, or NULL */
	const char *drifted_setting; /* the key of that setting */
};

#define FINDINGS_MAX 32

/* Fills @findings (FINDINGS_MAX of them): how many. Pure. */
size_t diagnose(const struct diagnosis *found, struct finding findings[static FINDINGS_MAX]);

/* Looks at the machine and judges. */
size_t diagnose_manager(struct manager *manager, struct finding findings[static FINDINGS_MAX]);

#endif
