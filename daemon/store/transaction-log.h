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

enum journal_phase {
	JOURNAL_UNDO, /* a step may still fail: a start restores the previous settings */
	JOURNAL_REDO, /* no step can fail any more: a start finishes the transaction */
	JOURNAL_DONE, /* all steps are durable: a start removes the log */
};

struct journal_entry {
	char *name;
	struct settings from, to;
};

struct journal {
	enum journal_phase phase;
	struct journal_entry *entries;
	size_t count, allocated;
};

struct journal *journal_new(enum journal_phase phase);
struct journal *journal_free(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_free);
/* Adds a container. Return: 0, or -ENOMEM. @name is copied. */
int journal_add(struct journal *journal, const char *name, const struct settings *from,
		const struct settings *to);

/* Formats the log as JSON, to be freed; NULL when out of memory. */
char *journal_format(const struct journal *journal);
int journal_parse(const char *text, size_t length, const char *file, struct journal **ret,
		  struct failure *failure);

/* The functions below block on the disk: call them on a worker, or at the start. */
int journal_write(struct state *state, const struct journal *journal);

/*
 * Ends the transaction on disk: removes the log, or else marks it as done. On failure
 * the next start may apply the log again.
 */
int journal_end(struct state *state, struct journal *journal);

/* Reads the log: -ENOENT if there is none, -EBADMSG if it is invalid, or another error. */
int journal_read(struct state *state, struct journal **ret, struct failure *failure);
/* Renames a log with invalid content; *ret is its new name, to be freed. */
int journal_set_aside(struct state *state, char **ret);

#endif
