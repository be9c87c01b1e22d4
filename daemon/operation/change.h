/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes the settings of a container, fully or not at all: the new state is written to
 * disk next to the old one, the settings are written to the kernel, the new state
 * replaces the old one. If a step fails, the steps before it are undone. If rssd is
 * killed in between, the next start finds the old state and restores the kernel to it.
 */
#ifndef RSSD_CHANGE_H
#define RSSD_CHANGE_H

#include <stdint.h>

#include "base/failure.h"
#include "operation/change-result.h"
#include "policy/limit-policy.h"
#include "policy/requester.h"
#include "policy/settings.h"

struct change;
struct container;
struct transaction;

const char *change_outcome_name(enum change_outcome outcome);

struct change_listener {
	void (*done)(struct container *container, const struct change_result *result,
		     void *userdata);
	/* Called every 100 ms during the change; may be NULL. */
	void (*progress)(struct container *container, uint64_t usage, uint64_t limit,
			 void *userdata);
	void *userdata;
	const struct transaction *holder; /* the transaction that this is a step of, or NULL */
	struct requester requester;	  /* reported if processes are killed for the limit */
};

/**
 * change_start() - start a change of settings
 * @mode: how a limit below usage is treated
 * @timeout: in microseconds; 0: the configured one
 * @listener: copied
 *
 * The state is saved even if no setting differs, so that a new container is saved.
 * A container has one change at a time: InProgress if another one is pending. The
 * settings are checked before anything is done.
 *
 * Return: 0 (then the listener is called with the outcome), or a failure at once.
 */
int change_start(struct container *container, const struct settings_change *change,
		 enum limit_mode mode, uint64_t timeout, const struct change_listener *listener,
		 struct failure *failure);

/* Asks the change to end with the old settings. The listener is called as usual. */
void change_cancel(struct change *change, enum change_stop why);

/* The container has been saved: starts a change that waited for it. */
void change_resume(struct change *change);

#endif
