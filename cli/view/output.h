/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where and how a verb prints: table or JSON, in colour or not, through a pager or not. */
#ifndef RSSCTL_OUTPUT_H
#define RSSCTL_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "view/table.h"

struct pager;

enum json_mode {
	JSON_OFF,
	JSON_SHORT,
	JSON_PRETTY,
};

struct output {
	enum json_mode json;
	bool legend;	     /* column names above a table */
	bool paging;	     /* long output may go through a pager */
	bool full;	     /* nothing is cut to the width of the terminal */
	bool utf8;	     /* the locale has more than ASCII */
	bool colour;	     /* on standard output */
	struct pager *pager; /* NULL: none was started */
};

#define cleanup_table cleanup_(table_free_ptr)

/* Styles of the terminal. */
#define STYLE_RED    "1;31"
#define STYLE_YELLOW "33"
#define STYLE_GREEN  "32"
#define STYLE_DIM    "2"

/* Cells. A limit of RSS_INFINITY is "infinity"; a usage or count of RSS_ABSENT is "-". */
int add_limit(struct table *table, uint64_t bytes);
int add_usage(struct table *table, uint64_t bytes);
int add_count(struct table *table, uint64_t count);

/* A list of keys and values: "          Name: ". Further lines of a value begin at VALUE_COLUMN. */
#define KEY_WIDTH    14
#define VALUE_COLUMN (KEY_WIDTH + 2)
void print_key(const char *key);

/*
 * Prints @table and returns the status. A NULL @table, or a negative @r of the
 * calls that filled it, is reported as out of memory. On a terminal the
 * table is cut to its width. @paged: it goes through a pager if it is longer
 * than the screen.
 */
int print_table(struct output *out, struct table *table, int r, bool paged);

/* Starts the pager, if one is wanted and standard output is a terminal. */
void output_start_pager(struct output *out);

#define TIME_TEXT_MAX 64

/* Local time to the second; @usec: microseconds since the epoch. */
const char *format_time(uint64_t usec, char buf[static TIME_TEXT_MAX]);

#endif
