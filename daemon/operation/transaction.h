/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of several containers, all of them or none. They are checked before
 * anything is done. Limits that go down come first: they alone can fail, and
 * are undone by going up again. Once they are in force the rest cannot fail for
 * want of memory, and is finished. A journal says so to the start after a
 * crash. While it lasts, nobody else changes or removes its containers.
 */
#ifndef RSSD_TRANSACTION_H
#define RSSD_TRANSACTION_H

#include <stddef.h>
#include <stdint.h>

#include "operation/change.h"
#include "store/transaction-log.h"
#include "policy/limit-policy.h"
#include "policy/settings.h"

struct failure;
struct manager;
struct record;
struct requester;
struct transaction;

/* More at a time are refused. */
#define TRANSACTION_MAX 1000

struct transaction_step {
	const char *name;
	struct settings_change change;
	/* Once it is done. */
	enum change_outcome outcome;
	uint64_t usage;
};

/*
 * Sorts the entries into the order of their steps: how many of the first can
 * fail for want of memory. Pure.
 */
size_t transaction_order(struct journal *journal);

typedef void (*transaction_done_fn)(int error, const struct failure *failure,
				    const struct transaction_step steps[], size_t count,
				    void *userdata);

/**
 * transaction_start() - begin to change the settings of several containers
 * @steps: @count of them, copied
 * @mode, @timeout: of each limit
 * @ret: to cancel it, until @done is called
 *
 * Return: 0 (then @done is called), or a failure at once: nothing was changed.
 */
int transaction_start(struct manager *manager, const struct transaction_step steps[], size_t count,
		      enum limit_mode mode, uint64_t timeout, const struct requester *requester,
		      transaction_done_fn done, void *userdata, struct transaction **ret,
		      struct failure *failure);

/* Could it begin? Checks all of them, and leaves them as they are. */
int transaction_check(struct manager *manager, const struct transaction_step steps[], size_t count,
		      struct failure *failure);

/* Asks it to undo what was done; too late once nothing can fail any more. */
void transaction_cancel(struct transaction *transaction);

/*
 * What a start makes of a journal that a crash left: the settings that the
 * container @name is to have, or NULL where it was not part of it. Pure.
 */
const struct settings *transaction_settle(const struct journal *journal, const char *name);

#endif
