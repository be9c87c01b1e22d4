/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table printer. Cells are copied when they are added and made safe for a
 * terminal then: a control character or a broken UTF-8 sequence, which a
 * process can have in its name, is shown as a question mark.
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

struct table_cell {
	char *text;
	const char *style; /* of the terminal, "31"; NULL: none */
	size_t width;	   /* columns of a terminal */
};

struct table_column {
	char *name;
	size_t name_width;
	size_t width; /* of the widest, name or cell */
	bool right;
};

struct table {
	size_t n_columns;
	struct table_column *columns;
	struct table_cell *cells; /* row after row */
	size_t n_cells, allocated;
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
	}
	return take_ptr(table);
}

struct table *table_free(struct table *table)
{
	if (!table)
		return NULL;
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i].text);
	free(table->cells);
	for (size_t i = 0; i < table->n_columns; i++)
		free(table->columns[i].name);
	free(table->columns);
	free(table);
	return NULL;
}

/* Takes @text over, also on failure. */
static int table_take(struct table *table, char *text)
{
	cleanup_free char *owned = text;
	struct table_column *column;
	size_t width;

	if (!owned)
		return -ENOMEM;
	if (table->n_cells == table->allocated) {
		size_t wanted = table->allocated ? table->allocated * 2 : 8 * table->n_columns;
		struct table_cell *cells = realloc(table->cells, wanted * sizeof(*cells));

		if (!cells)
			return -ENOMEM;
		table->cells = cells;
		table->allocated = wanted;
	}
	width = text_make_safe(owned);
	column = &table->columns[table->n_cells % table->n_columns];
	if (width > column->width)
		column->width = width;
	table->cells[table->n_cells++] = (struct table_cell){
		.text = take_ptr(owned),
		.width = width,
	};
	return 0;
}

int table_add(struct table *table, const char *cell)
{
	return table_take(table, strdup(cell ?: "-"));
}

int table_addf(struct table *table, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	return table_take(table, r < 0 ? NULL : text);
}

void table_style(struct table *table, const char *style)
{
	if (table->n_cells)
		table->cells[table->n_cells - 1].style = style;
}

size_t table_rows(const struct table *table)
{
	return (table->n_cells + table->n_columns - 1) / table->n_columns;
}

static void print_blanks(FILE *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)putc_unlocked(' ', out);
}

/* One cell; the last one of a row leaves no blanks behind it. */
static void print_cell(const struct table *table, FILE *out, size_t column,
		       const struct table_cell *cell)
{
	size_t pad = table->columns[column].width - cell->width;
	bool last = column + 1 == table->n_columns;

	if (table->columns[column].right)
		print_blanks(out, pad);
	if (cell->style)
		fprintf(out, "\033[%sm%s\033[0m", cell->style, cell->text);
	else
		(void)fputs_unlocked(cell->text, out);
	if (!table->columns[column].right && !last)
		print_blanks(out, pad);
	if (last)
		(void)putc_unlocked('\n', out);
	else
		print_blanks(out, GAP);
}

int table_print(const struct table *table, FILE *out, bool legend)
{
	for (size_t i = 0; legend && i < table->n_columns; i++) {
		const struct table_column *column = &table->columns[i];
		const struct table_cell name = { column->name, NULL, column->name_width };

		print_cell(table, out, i, &name);
	}
	for (size_t i = 0; i < table->n_cells; i++)
		print_cell(table, out, i % table->n_columns, &table->cells[i]);
	/* A row that was begun and not filled still ends its line. */
	if (table->n_cells % table->n_columns)
		fputc('\n', out);
	return ferror(out) ? -EIO : 0;
}
