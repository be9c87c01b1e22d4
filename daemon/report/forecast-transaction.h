/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Predicts the outcome of a transaction: each limit with those before it in force. */
#ifndef RSSD_FORECAST_TRANSACTION_H
#define RSSD_FORECAST_TRANSACTION_H

#include <stddef.h>

#include "operation/transaction.h"
#include "report/forecast.h"

/**
 * forecast_transaction() - forecast the limits of steps that transaction_check() accepts
 * @steps: @count of them; one that sets no limit is forecast with its present one
 * @ret: a forecast for each step, to be freed
 *
 * Reads control files. Return: 0 or a failure.
 */
int forecast_transaction(struct manager *manager, const struct transaction_step steps[],
			 size_t count, enum limit_mode mode, struct forecast **ret,
			 struct failure *failure);

#endif
