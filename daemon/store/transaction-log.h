/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transaction log: the pending transaction, written before its first step, so
 * that after a crash the next start knows whether to undo or to finish it. There is
 * one transaction at a time. Formatting and parsing are pure; state.h writes the file.
 */
#ifndef RSSD_TRANSACTION_LOG_H
#define RSSD_TRANSACTION_LOG_H

#include <stddef.h>

#include "policy/settings.h"
#include "shared/cleanup.h"

struct failure;
struct state;

enum transaction_phase {
	TRANSACTION_UNDO, /* a step may still fail: a start restores the previous settings */
	TRANSACTION_REDO, /* no step can fail any more: a start finishes the transaction */
	TRANSACTION_DONE, /* all steps are durable: a start removes the log */
};

struct transaction_log_entry {
	char *name;
	struct settings from, to;
};

struct transaction_log {
	enum transaction_phase phase;
	struct transaction_log_entry *entries;
	size_t count, allocated;
};

struct transaction_log *transaction_log_new(enum transaction_phase phase);
struct transaction_log *transaction_log_free(struct transaction_log *log);
DEFINE_CLEANUP(struct transaction_log *, transaction_log_free);
/* Adds a container. Return: 0, or -ENOMEM. @name is copied. */
int transaction_log_add(struct transaction_log *log, const char *name, const struct settings *from,
			const struct settings *to);

/* Formats the log as JSON, to be freed; NULL when out of memory. */
char *transaction_log_format(const struct transaction_log *log);
int transaction_log_parse(const char *text, size_t length, const char *file,
			  struct transaction_log **ret, struct failure *failure);

/* The functions below block on the disk: call them on a worker, or at the start. */
int transaction_log_write(struct state *state, const struct transaction_log *log);

/*
 * Ends the transaction on disk: removes the log, or else marks it as done. On failure
 * the next start may apply the log again.
 */
int transaction_log_end(struct state *state, struct transaction_log *log);

/* Reads the log: -ENOENT if there is none, -EBADMSG if it is invalid, or another error. */
int transaction_log_read(struct state *state, struct transaction_log **ret,
			 struct failure *failure);
/* Renames a log with invalid content; *ret is its new name, to be freed. */
int transaction_log_set_aside(struct state *state, char **ret);

#endif
