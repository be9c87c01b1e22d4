/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collects the counters of all containers. Ten thousand containers have tens of
 * thousands of control files, which would block the loop: a few workers share
 * them. A request that arrives during a collection waits for the next one, so no
 * reply is older than its request, and any number of requests costs at most two
 * collections. While collections follow each other the control files stay open,
 * if there are enough descriptors.
 */
#ifndef RSSD_COLLECT_H
#define RSSD_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup/controller.h"

struct container;
struct failure;
struct manager;

struct collect_row {
	struct container *container;
	struct counters counters;   /* all absent if another program removed the cgroup */
	uint32_t processes;	    /* all members, including those of nested containers */
	uint32_t nested;	    /* containers directly inside it */
	struct collect_row *parent; /* or NULL */
	bool frozen;
	bool takes_totals;	    /* for the usage history: see container_note() */
	uint64_t refaults;	    /* if takes_totals is set, else absent */
	struct memory_parts *parts; /* of COLLECT_PARTS, else NULL */
};

/* @rows: sorted by name. */
typedef void (*collect_done_fn)(int error, const struct failure *failure,
				const struct collect_row rows[], size_t count, void *userdata);

enum collect_what {
	COLLECT_COUNTERS,
	COLLECT_PARTS, /* and the parts of the usage, which takes another file per container */
};

/* Return: 0, and @done is called from the event loop; or a failure, and it is not called. */
int collect_start(struct manager *manager, enum collect_what what, collect_done_fn done,
		  void *userdata, struct failure *failure);

int collect_open(struct manager *manager);
/* Must be called after the last collection has ended. */
void collect_close(struct manager *manager);

#endif
