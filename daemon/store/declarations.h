/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of records, and the reader of the directory of declarations. */
#ifndef RSSD_DECLARATIONS_H
#define RSSD_DECLARATIONS_H

#include <stdbool.h>
#include <stddef.h>

struct record;

/* A declaration that is not in force: its file, and the reason. */
struct problem {
	char *file, *text;
};

struct problems {
	struct problem *list;
	size_t count, allocated;
};

/* Adds a problem. When out of memory it is dropped; the caller has logged it. */
void problems_add(struct problems *problems, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void problems_clear(struct problems *problems);

struct records {
	struct record **list;
	size_t count, allocated;
	char **bad; /* paths of declarations that could not be read */
	size_t n_bad;
	struct problems problems; /* the reasons, and duplicates */
};

void records_free(struct records *records);
/* Adds *record and sets it to NULL. A record_found_fn for state_load(). */
int records_add(struct record **record, void *records);
void records_sort(struct records *records);

/*
 * Adds all declarations of @directory to @records, sorted by name. A declaration that
 * cannot be read is logged, left out, and added to @records->problems. Blocks on the disk.
 */
int records_read_declared(const char *directory, struct records *records);

/* Returns true if the record before the @i-th has the same name; only the first counts. */
bool records_is_duplicate(const struct records *records, size_t i);

#endif
