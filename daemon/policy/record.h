/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A container as it is written down: in rssd's state, and in the declarations
 * under containers.d. One JSON reader and one writer for both. Reading is
 * strict: whatever is truncated, no JSON, of a wrong type, or not a key that
 * we know is refused with file, line and what is wrong. Pure: texts, no files.
 */
#ifndef RSSD_RECORD_H
#define RSSD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/cleanup.h"
#include "policy/settings.h"

struct failure;
struct oom_record;
struct rules;

struct record {
	char *name;
	struct settings settings; /* canonical, as all settings that are read */
	bool transient;
	bool declared;		     /* a declaration was applied to it... */
	struct settings declaration; /* ...and this is what it said then */
	uint64_t oom_events;	     /* counted before the present watch began */
	uint64_t inner_oom_kills;    /* in cgroups inside that are no containers */
	struct oom_record *last_oom;

	/* Of a declaration: what brings processes in, or NULL, and where it stands. */
	struct rules *join;
	char *oom_hook; /* of a declaration: a command by its path, or NULL */
	char *file;
};

enum record_kind {
	RECORD_STATE,	    /* written by rssd */
	RECORD_DECLARATION, /* written by people: sizes may be "512M"; fewer keys */
};

/**
 * record_parse() - read one record
 * @text: the whole file, NUL-terminated
 * @length: its length; bytes behind an embedded NUL are rubbish
 * @file: its name for messages
 */
int record_parse(const char *text, size_t length, const char *file, enum record_kind kind,
		 struct record **ret, struct failure *failure);

/* The state's text, with a newline at its end, to be freed; NULL when out of memory. */
char *record_format(const struct record *record);

struct record *record_free(struct record *record);
DEFINE_CLEANUP(struct record *, record_free);

#endif
