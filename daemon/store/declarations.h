/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of containers, and the folder of those that are declared. */
#ifndef RSSD_DECLARATIONS_H
#define RSSD_DECLARATIONS_H

#include <stdbool.h>
#include <stddef.h>

struct record;

/* Declarations that are not in force, each with its file and the reason. */
struct problem {
	char *file, *text;
};

struct problems {
	struct problem *list;
	size_t count, allocated;
};

/* Adds one. Without memory it is left out: it has been logged. */
void problems_add(struct problems *problems, const char *file, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void problems_clear(struct problems *problems);

struct records {
	struct record **list;
	size_t count, allocated;
	char **bad; /* declarations that could not be read, by the path of their file */
	size_t n_bad;
	struct problems problems; /* why, and duplicates */
};

void records_free(struct records *records);
/* Takes *record: for state_load(). */
int records_add(struct record **record, void *records);
void records_sort(struct records *records);

/*
 * Adds all declarations of @folder to @records, sorted by name. One that cannot be read
 * is logged, left out, and added to its problems. Blocks on the disk.
 */
int records_read_declared(const char *folder, struct records *records);

/* Returns true if the record before the @i-th has the same name: only the first counts. */
bool records_is_duplicate(const struct records *records, size_t i);

#endif
