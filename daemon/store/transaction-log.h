/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transaction that is on its way, written down before its first step, so
 * that a start after a crash in its middle knows whether to undo or to finish
 * it. There is one at a time. The text is pure, the files are state.h's.
 */
#ifndef RSSD_JOURNAL_H
#define RSSD_JOURNAL_H

#include <stddef.h>

#include "policy/settings.h"
#include "shared/cleanup.h"

struct failure;
struct state;

enum journal_phase {
	JOURNAL_UNDO, /* a step may still fail: a start goes back to the settings before */
	JOURNAL_REDO, /* no step can fail any more: a start finishes the rest */
	JOURNAL_DONE, /* all steps are durable, only the file is left: a start removes it */
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
/* 0 or -ENOMEM; @name is copied. */
int journal_add(struct journal *journal, const char *name, const struct settings *from,
		const struct settings *to);

/* JSON, to be freed; NULL when out of memory. */
char *journal_format(const struct journal *journal);
int journal_parse(const char *text, size_t length, const char *file, struct journal **ret,
		  struct failure *failure);

/* These block on the disk: on a worker, or at the start. */
int journal_write(struct state *state, const struct journal *journal);

/*
 * Ends the transaction on disk: removes the file, or else writes that it is done.
 * On failure the next start may apply the log once more.
 */
int journal_end(struct state *state, struct journal *journal);

/* -ENOENT if there is none, -EBADMSG if its content is wrong, or why it cannot be read now. */
int journal_read(struct state *state, struct journal **ret, struct failure *failure);
/* Renames a log whose content is wrong; *ret is its new name, to be freed. */
int journal_set_aside(struct state *state, char **ret);

#endif
