/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The predicted outcome of a transaction: see forecast-transaction.h. */
#include "report/forecast-transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "container/container.h"
#include "container/manager.h"

/* Lists the limits in the order in which a transaction sets them. */
static struct transaction_log *order_steps(struct manager *m, const struct transaction_step steps[],
					   size_t count)
{
	cleanup_(transaction_log_free_ptr) struct transaction_log *log =
		transaction_log_new(TRANSACTION_UNDO);

	for (size_t i = 0; log && i < count; i++) {
		const struct container *c = manager_find(m, steps[i].name);
		struct settings to = settings_with(&c->settings, &steps[i].change);

		if (transaction_log_add(log, c->name, &c->settings, &to) < 0)
			return NULL;
	}
	if (log)
		(void)transaction_order(log);
	return take_ptr(log);
}

static size_t index_of(const char *name, const struct transaction_step steps[], size_t count)
{
	size_t i = 0;

	while (i + 1 < count && strcmp(steps[i].name, name) != 0)
		i++;
	return i;
}

int forecast_transaction(struct manager *m, const struct transaction_step steps[], size_t count,
			 enum limit_mode mode, struct forecast **ret, struct failure *failure)
{
	cleanup_(transaction_log_free_ptr) struct transaction_log *log =
		order_steps(m, steps, count);
	cleanup_free struct forecast_step *ordered = calloc(count + 1, sizeof(*ordered));
	cleanup_free struct forecast *forecasts = calloc(count + 1, sizeof(*forecasts));

	if (!log || !ordered || !forecasts)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	for (size_t i = 0; i < count; i++) {
		const struct transaction_log_entry *entry = &log->entries[i];
		int r = forecast_read(manager_find(m, entry->name), entry->to.limit, mode,
				      &ordered[i].in, failure);

		if (r < 0)
			return r;
		ordered[i].name = entry->name;
	}
	forecast_steps(ordered, count);
	for (size_t i = 0; i < count; i++)
		forecasts[index_of(ordered[i].name, steps, count)] = ordered[i].forecast;
	*ret = take_ptr(forecasts);
	return 0;
}
