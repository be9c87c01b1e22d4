/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of the steps of a transaction, and how a start finishes or undoes one: see
 * transaction.h. Pure.
 */
#include <stdlib.h>
#include <string.h>

#include "operation/transaction.h"

static bool goes_down(const struct transaction_log_entry *entry)
{
	return entry->to.limit < entry->from.limit;
}

/* Lowered limits first; then by name, so that the same steps always have the same order. */
static int compare_entries(const void *a, const void *b)
{
	const struct transaction_log_entry *one = a, *other = b;

	if (goes_down(one) != goes_down(other))
		return goes_down(one) ? -1 : 1;
	return strcmp(one->name, other->name);
}

size_t transaction_order(struct transaction_log *log)
{
	size_t risky = 0;

	if (log->count)
		qsort(log->entries, log->count, sizeof(*log->entries), compare_entries);
	while (risky < log->count && goes_down(&log->entries[risky]))
		risky++;
	return risky;
}

const struct settings *transaction_settle(const struct transaction_log *log, const char *name)
{
	for (size_t i = 0; i < log->count; i++) {
		const struct transaction_log_entry *entry = &log->entries[i];

		if (strcmp(entry->name, name) == 0)
			return log->phase == TRANSACTION_UNDO ? &entry->from : &entry->to;
	}
	return NULL;
}
