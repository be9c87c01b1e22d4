/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counters of all containers, read together. Ten thousand containers are
 * tens of thousands of control files, which take longer than the loop may stand
 * still: a few workers share them. Whoever asks while a survey is on its way
 * waits for the next one, so that no answer is older than its question, and
 * many who ask cost no more than two. While surveys follow each other the
 * control files stay open, where there are descriptors for that.
 */
#ifndef RSSD_SURVEY_H
#define RSSD_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup/controller.h"

struct container;
struct failure;
struct manager;
struct survey;

struct survey_row {
	struct container *container;
	struct counters counters;  /* all absent where the group was removed behind our back */
	uint32_t processes;	   /* all members, those of nested containers too */
	uint32_t nested;	   /* containers right inside it */
	struct survey_row *parent; /* or NULL */
	bool frozen;
	bool takes_totals; /* for the usage history: see container_note() */
	uint64_t refaults; /* where they are wanted for that, else absent */
};

/* @rows: sorted by name. */
typedef void (*survey_done_fn)(int error, const struct failure *failure,
			       const struct survey_row rows[], size_t count, void *userdata);

/* Return: 0 (then @done is called from the loop), or a failure at once. */
int survey_start(struct manager *manager, survey_done_fn done, void *userdata,
		 struct failure *failure);

void survey_close(struct manager *manager);

#endif
