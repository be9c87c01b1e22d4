/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Predicts the outcome of a limit before it is set, from usage, the LRU lists and free
 * swap. It is an estimate: whether pages are in use, dirty or being mapped shows only
 * when the kernel reclaims.
 */
#ifndef RSSD_FORECAST_H
#define RSSD_FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/limit-policy.h"

struct container;
struct failure;

/* Sizes are in bytes; COUNTER_ABSENT if this kernel does not report it. */
struct forecast_input {
	enum limit_mode mode;
	uint64_t target;
	uint64_t usage;
	uint64_t anon;	 /* on LRU lists: can only be swapped out; shmem included */
	uint64_t shmem;	 /* tmpfs and shared memory, which stay when their processes end */
	uint64_t file;	 /* on LRU lists: can be dropped or written back */
	uint64_t locked; /* mlocked or otherwise unevictable: on no list */
	uint64_t dirty;	 /* part of file that has to be written first */
	uint64_t swap;	 /* free */
	/* As vm.swappiness. With 0 reclaim for a limit swaps nothing; absent: not known. */
	uint64_t swappiness;
	bool can_reclaim; /* the kernel or rssd reclaims before the limit is in force */
};

enum forecast_verdict {
	FORECAST_FITS,	   /* nothing has to be reclaimed */
	FORECAST_RECLAIMS, /* reclaim is enough */
	FORECAST_UNSURE,   /* it may be enough: nearly everything must be reclaimed */
	FORECAST_REFUSED,  /* the old limit would stay */
	FORECAST_KILLS,	   /* OOM: processes inside would be killed */
};

/* "fits", "reclaims", "unsure", "refused", "kills" */
const char *forecast_verdict_name(enum forecast_verdict verdict);

struct forecast {
	struct forecast_input of;
	enum forecast_verdict verdict;
	uint64_t to_free;     /* usage above the target */
	uint64_t reclaimable; /* at most */
	char reason[300];
};

void forecast_limit(const struct forecast_input *input, struct forecast *ret);

/* One of the limits of a transaction. */
struct forecast_step {
	const char *name;
	struct forecast_input in;
	struct forecast forecast; /* set by forecast_steps() */
	uint64_t freed_file; /* what reclaim takes for this limit: private to forecast_steps() */
	uint64_t freed_anon;
};

/*
 * Forecasts limits that are set in this order, each with those before it in force: they share
 * the free swap, and reclaim for a container may take pages of those nested in it. A pure
 * function.
 */
void forecast_steps(struct forecast_step steps[], size_t count);

/* Checks the change and reads the input of a forecast from control files. */
int forecast_read(struct container *container, uint64_t limit, enum limit_mode mode,
		  struct forecast_input *ret, struct failure *failure);
/* The forecast for the current state of a container. Reads control files. */
int forecast_container(struct container *container, uint64_t limit, enum limit_mode mode,
		       struct forecast *ret, struct failure *failure);

#endif
