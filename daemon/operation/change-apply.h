/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of a change that runs on a worker: the new state is written next to the old one, the
 * settings are written to the kernel, the new state replaces the old one. If a step fails, the
 * steps before it are undone. It knows no container: it is given paths, groups and the state.
 */
#ifndef RSSD_CHANGE_APPLY_H
#define RSSD_CHANGE_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/obstacle.h"
#include "operation/change-result.h"
#include "policy/limit-policy.h"
#include "policy/settings.h"

struct group;
struct kill_tally;
struct place;
struct record;
struct state;
struct worker;

struct change_apply {
	/* Given. */
	struct state *state;
	const char *name;	   /* of the container, for messages */
	const struct place *place; /* of the container; NULL: a cgroup made by rssd */
	struct record *record;	   /* the new state */
	struct settings from, to;
	enum limit_mode mode;
	bool fresh;	       /* the container is being created: it is empty */
	enum change_stop stop; /* set before the worker is cancelled, which reads it after that */
	struct group **groups; /* the container's, then those nested in it: force may kill there */
	size_t n_groups;

	/* The outcome. */
	struct kill_tally *tallies;    /* given all zero: the kills in each of the groups */
	struct change_result result;   /* -EINTR: see @stop; -ENOMEM has no message yet */
	char stuck[OBSTACLE_TEXT_MAX]; /* why the last killed process does not end, or "" */
	bool empty;		       /* when stopped: no process is inside that could be killed */
	bool state_unknown;	       /* the file has the old or the new settings */
};

/* Blocks: for a worker. */
void change_apply_run(struct change_apply *apply, struct worker *worker);

/* Bytes; COUNTER_ABSENT if the control files cannot be read. */
uint64_t change_apply_read_usage(const struct change_apply *apply);

#endif
