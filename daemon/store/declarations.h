/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of containers, and the folder of those that are declared. */
#ifndef RSSD_DECLARATIONS_H
#define RSSD_DECLARATIONS_H

#include <stddef.h>

struct record;

struct records {
	struct record **list;
	size_t count, allocated;
	char **bad; /* declarations that could not be read, by the path of their file */
	size_t n_bad;
};

void records_free(struct records *records);
/* Takes *record: for state_load(). */
int records_add(struct record **record, void *records);
void records_sort(struct records *records);

/*
 * All that is declared in @folder, sorted by name, added to @records; what cannot be
 * read is logged and left out. Blocks on the disk.
 */
int records_read_declared(const char *folder, struct records *records);

#endif
