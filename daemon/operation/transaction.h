/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes the settings of several containers, all of them or none. All are checked before
 * the first step. Limits that are lowered come first: only they can fail for lack of
 * memory, and raising them again undoes them. After them the transaction is finished in
 * any case. A transaction log tells a start after a crash whether to undo or to finish.
 * Until it ends, no other operation changes or removes its containers.
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

/* The most steps of a transaction. */
#define TRANSACTION_MAX 1000

struct transaction_step {
	const char *name;
	struct settings_change change;
	/* Set when it is done. */
	enum change_outcome outcome;
	uint64_t usage;
};

/*
 * Sorts the entries into the order of their steps. Returns how many of the first ones
 * can fail for lack of memory. A pure function.
 */
size_t transaction_order(struct transaction_log *log);

typedef void (*transaction_done_fn)(int error, const struct failure *failure,
				    const struct transaction_step steps[], size_t count,
				    void *userdata);

/**
 * transaction_start() - start to change the settings of several containers
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

/* Makes the checks of transaction_start() and changes nothing. */
int transaction_check(struct manager *manager, const struct transaction_step steps[], size_t count,
		      struct failure *failure);

/* Asks it to undo its steps; does nothing once no step can fail any more. */
void transaction_cancel(struct transaction *transaction);

/*
 * The settings that a start after a crash gives to the container @name by @log, or NULL if
 * it was not part of the transaction. A pure function.
 */
const struct settings *transaction_settle(const struct transaction_log *log, const char *name);

#endif
