/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table printer: columns as wide as their widest cell, a legend above
 * (also in a pipe), right alignment for figures. UTF-8 aware. Nothing about
 * containers here.
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

/* Adds a cell to the row at hand (rows fill by themselves); NULL is shown as "-". */
int table_add(struct table *table, const char *cell);
int table_addf(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The cell added last is printed in this style of the terminal: "1;31"; a constant, or NULL. */
void table_style(struct table *table, const char *style);

size_t table_rows(const struct table *table);

/*
 * Makes the table fit into @width columns of a terminal, if it can: cells that are
 * aligned to the left are cut, the widest first, and marked with an ellipsis, or
 * with ~ unless @utf8. Called when all cells are there; 0 leaves all as it is.
 */
void table_fit(struct table *table, size_t width, bool utf8);

/* Writes all to @out; @legend says whether the column names come first. */
int table_print(const struct table *table, FILE *out, bool legend);

#endif
