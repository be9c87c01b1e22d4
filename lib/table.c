/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table printer. Cells are copied when they are added and made safe for a
 * terminal then: a control character or a broken UTF-8 sequence, which a
 * process can have in its name, is shown as a question mark. The texts of all
 * cells lie one after the other in one piece of memory.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#include "text.h"

/* What stands between two columns. */
#define GAP 2
/* A style, in the language of terminals. */
#define STYLE_BEGIN "\033[%sm"
#define STYLE_END   "\033[0m"

struct table_cell {
	size_t text;	   /* where it begins */
	const char *style; /* of the terminal, "31"; NULL: none */
	size_t width;	   /* columns of a terminal */
};

struct table_column {
	char *name;
	size_t name_width;
	size_t width; /* of the widest, name or cell */
	size_t bytes; /* of the longest text... */
	size_t style; /* ...and of what the longest style puts around it */
	bool right;
};

struct table {
	size_t n_columns;
	struct table_column *columns;
	struct table_cell *cells; /* row after row */
	size_t n_cells, allocated;
	char *texts;
	size_t texts_used, texts_allocated;
};

struct table *table_new(size_t n_columns, const char *const columns[])
{
	cleanup_(table_free_ptr) struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = calloc(n_columns, sizeof(*table->columns));
	if (!table->columns)
		return NULL;
	table->n_columns = n_columns;
	for (size_t i = 0; i < n_columns; i++) {
		struct table_column *column = &table->columns[i];

		column->right = columns[i][0] == '>';
		column->name = strdup(columns[i] + column->right);
		if (!column->name)
			return NULL;
		column->width = column->name_width = text_make_safe(column->name);
		column->bytes = strlen(column->name);
	}
	return take_ptr(table);
}

struct table *table_free(struct table *table)
{
	if (!table)
		return NULL;
	free(table->texts);
	free(table->cells);
	for (size_t i = 0; i < table->n_columns; i++)
		free(table->columns[i].name);
	free(table->columns);
	free(table);
	return NULL;
}

/* Room for one more cell with a text of @size bytes. */
static int make_room(struct table *table, size_t size)
{
	if (table->n_cells == table->allocated) {
		size_t wanted = table->allocated ? table->allocated * 2 : 8 * table->n_columns;
		struct table_cell *cells = realloc(table->cells, wanted * sizeof(*cells));

		if (!cells)
			return -ENOMEM;
		table->cells = cells;
		table->allocated = wanted;
	}
	if (table->texts_allocated - table->texts_used < size) {
		size_t wanted = 2 * table->texts_allocated + size;
		char *texts = realloc(table->texts, wanted);

		if (!texts)
			return -ENOMEM;
		table->texts = texts;
		table->texts_allocated = wanted;
	}
	return 0;
}

/* A cell of @length bytes of @text. */
static int add_cell(struct table *table, const char *text, size_t length)
{
	int r = make_room(table, length + 1);
	struct table_column *column;
	size_t width;
	char *copy;

	if (r < 0)
		return r;
	copy = memcpy(table->texts + table->texts_used, text, length);
	copy[length] = '\0';
	width = text_make_safe(copy);
	column = &table->columns[table->n_cells % table->n_columns];
	if (width > column->width)
		column->width = width;
	if (length > column->bytes)
		column->bytes = length;
	table->cells[table->n_cells++] = (struct table_cell){
		.text = table->texts_used,
		.width = width,
	};
	table->texts_used += length + 1;
	return 0;
}

int table_add(struct table *table, const char *cell)
{
	if (!cell)
		cell = "-";
	return add_cell(table, cell, strlen(cell));
}

int table_addf(struct table *table, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	if (r < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return add_cell(table, text, (size_t)r);
}

void table_style(struct table *table, const char *style)
{
	struct table_column *column;
	size_t size;

	if (!table->n_cells || !style)
		return;
	size = sizeof(STYLE_BEGIN STYLE_END) + strlen(style);
	table->cells[table->n_cells - 1].style = style;
	column = &table->columns[(table->n_cells - 1) % table->n_columns];
	if (size > column->style)
		column->style = size;
}

size_t table_rows(const struct table *table)
{
	return (table->n_cells + table->n_columns - 1) / table->n_columns;
}

/* --- printing: a row is put together, and then written at once ---------------- */

static char *put_blanks(char *at, size_t count)
{
	memset(at, ' ', count);
	return at + count;
}

/* One cell; the last one of a row leaves no blanks behind it. */
static char *put_cell(char *at, const struct table *table, size_t column, const char *text,
		      size_t width, const char *style)
{
	size_t pad = table->columns[column].width - width;
	bool last = column + 1 == table->n_columns;

	if (table->columns[column].right)
		at = put_blanks(at, pad);
	if (style)
		at += sprintf(at, STYLE_BEGIN "%s" STYLE_END, style, text);
	else
		at = stpcpy(at, text);
	if (last)
		return stpcpy(at, "\n");
	return put_blanks(at, GAP + (table->columns[column].right ? 0 : pad));
}

/* What the longest row may need. */
static size_t row_size(const struct table *table)
{
	size_t size = sizeof("\n");

	for (size_t i = 0; i < table->n_columns; i++)
		size += table->columns[i].bytes + table->columns[i].style +
			table->columns[i].width + GAP;
	return size;
}

int table_print(const struct table *table, FILE *out, bool legend)
{
	cleanup_free char *row = malloc(row_size(table));
	char *at = row;

	if (!row)
		return -ENOMEM;
	for (size_t i = 0; legend && i < table->n_columns; i++) {
		const struct table_column *column = &table->columns[i];

		at = put_cell(at, table, i, column->name, column->name_width, NULL);
	}
	fwrite(row, 1, (size_t)(at - row), out);
	at = row;
	for (size_t i = 0; i < table->n_cells; i++) {
		const struct table_cell *cell = &table->cells[i];

		at = put_cell(at, table, i % table->n_columns, table->texts + cell->text,
			      cell->width, cell->style);
		if ((i + 1) % table->n_columns && i + 1 < table->n_cells)
			continue;
		/* A row that was begun and not filled still ends its line. */
		if ((i + 1) % table->n_columns)
			at = stpcpy(at, "\n");
		fwrite(row, 1, (size_t)(at - row), out);
		at = row;
	}
	return ferror(out) ? -EIO : 0;
}
