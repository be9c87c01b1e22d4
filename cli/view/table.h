/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table printer: columns as wide as their widest cell, an optional
 * legend, right alignment for figures. It knows UTF-8, and no containers.
 */
#ifndef RSSCTL_TABLE_H
#define RSSCTL_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "shared/cleanup.h"

struct table;

/*
 * A table whose columns are named by the @columns strings. A name that starts
 * with '>' or '<' is shown without it: '>' aligns the column to the right, and a
 * cell of '<' that is cut loses its beginning instead of its end.
 * NULL when out of memory.
 */
struct table *table_new(size_t n_columns, const char *const columns[]);
struct table *table_free(struct table *table);
DEFINE_CLEANUP(struct table *, table_free);

/* Adds the next cell; the last column is followed by a new row. NULL is shown as "-". */
int table_add(struct table *table, const char *cell);
int table_addf(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets the style of the cell added last: "1;31"; a constant, or NULL for none. */
void table_style(struct table *table, const char *style);

size_t table_rows(const struct table *table);

/*
 * Makes the table fit into @width columns of a terminal, if it can: cells that are
 * aligned to the left are cut, the widest first, and marked with an ellipsis, or
 * with ~ unless @utf8. If that is not enough, the last columns that are aligned to the
 * right are left out. Called when all cells are there; 0 leaves all as it is.
 */
void table_fit(struct table *table, size_t width, bool utf8);

/* Writes the table to @out, the column names first if @legend. 0 or a negative errno. */
int table_print(const struct table *table, FILE *out, bool legend);

#endif
