/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of a container's settings, all of it or nothing: the new state is
 * written to disk beside the old one, the kernel is told, the new state is put
 * in place. Where a step fails the ones before it are undone. Killed at any
 * point, the next start finds the old state and brings the kernel back to it.
 */
#ifndef RSSD_CHANGE_H
#define RSSD_CHANGE_H

#include <stdint.h>

#include "base/failure.h"
#include "policy/limit-policy.h"
#include "policy/requester.h"
#include "policy/settings.h"

struct change;
struct container;
struct transaction;

enum change_outcome {
	CHANGE_UNCHANGED, /* it was so already */
	CHANGE_SET,	  /* nothing had to be reclaimed */
	CHANGE_RECLAIMED,
	CHANGE_KILLED, /* processes were killed for it */
};

const char *change_outcome_name(enum change_outcome outcome);

struct change_result {
	int error; /* 0, or a negative errno with failure */
	struct failure failure;
	enum change_outcome outcome;
	uint64_t usage; /* afterwards, bytes */
};

struct change_listener {
	void (*done)(struct container *container, const struct change_result *result,
		     void *userdata);
	/* Every tenth of a second while it lasts; may be NULL. */
	void (*progress)(struct container *container, uint64_t usage, uint64_t limit,
			 void *userdata);
	void *userdata;
	const struct transaction *holder; /* whose step this is, or NULL */
	struct requester requester;	  /* reported if processes are killed for the limit */
};

enum change_stop {
	CHANGE_GO_ON,
	CHANGE_DEADLINE,
	CHANGE_CALLER_LEFT,
	CHANGE_CONTAINER_REMOVED,
	CHANGE_SHUTDOWN,
};

/**
 * change_start() - begin to change settings
 * @mode: how a limit below usage is treated
 * @timeout: microseconds, 0: the configured one
 * @listener: copied
 *
 * The state is written down even where nothing differs, so that a new container
 * is remembered. One change at a time: InProgress where another one is on its way. The
 * settings are checked before anything is done.
 *
 * Return: 0 (then the listener hears the outcome), or a failure at once.
 */
int change_start(struct container *container, const struct settings_change *change,
		 enum limit_mode mode, uint64_t timeout, const struct change_listener *listener,
		 struct failure *failure);

/* Asks it to end with the old settings; the listener hears of it. */
void change_cancel(struct change *change, enum change_stop why);

/* The container has been saved: a change that waited for that begins. */
void change_resume(struct change *change);

#endif
