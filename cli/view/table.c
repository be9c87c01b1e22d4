/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table printer: see table.h. A cell is copied when it is added, and made
 * safe for a terminal: names of processes may contain control characters and
 * broken UTF-8, which are shown as question marks. The texts of all cells are
 * in one allocation.
 */
#include "view/table.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/array.h"
#include "shared/text.h"

/* Blanks between two columns. */
#define GAP 2
/* The most bytes of the mark of a cell that is cut. */
#define MARK_SIZE sizeof("…")
/* The most bytes of a cell. */
#define TEXT_MAX (1 << 20)
/* The most styles in one table. */
#define STYLES_MAX 16
/* The escape sequences of a style. */
#define STYLE_BEGIN "\033[%sm"
#define STYLE_END   "\033[0m"

/* Kept small: a list has tens of thousands of cells. */
struct table_cell {
	uint32_t text;	      /* its offset in the texts */
	uint32_t length : 24; /* bytes */
	uint32_t style : 8;   /* index in the styles of the table plus 1; 0: none */
	uint32_t width;	      /* columns of a terminal */
};

struct table_column {
	char *name;
	size_t name_width;
	size_t width; /* of the widest, name or cell */
	size_t bytes; /* of the longest text */
	size_t style; /* of the longest escape sequences around it */
	bool right;
	bool cut_front;
	bool hidden; /* it does not fit */
};

struct table {
	size_t n_columns, column; /* @column: that of the next cell */
	size_t last;		  /* the last column that is shown */
	struct table_column *columns;
	struct table_cell *cells; /* row after row */
	size_t n_cells, allocated;
	char *texts;
	size_t texts_used, texts_allocated;
	const char *styles[STYLES_MAX];
	const char *mark; /* of a cell that was cut; NULL: none is cut */
};

struct table *table_new(size_t n_columns, const char *const columns[])
{
	cleanup_(table_free_ptr) struct table *table = calloc(1, sizeof(*table));

	assert(n_columns > 0);
	if (!table)
		return NULL;
	table->columns = calloc(n_columns, sizeof(*table->columns));
	if (!table->columns)
		return NULL;
	table->n_columns = n_columns;
	table->last = n_columns - 1;
	for (size_t i = 0; i < n_columns; i++) {
		struct table_column *column = &table->columns[i];

		column->right = columns[i][0] == '>';
		column->cut_front = columns[i][0] == '<';
		column->name = strdup(columns[i] + (column->right || column->cut_front));
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

/* Makes room for one more cell with a text of @size bytes. */
static int reserve_cell(struct table *table, size_t size)
{
	int r = array_reserve(&table->cells, table->n_cells, &table->allocated,
			      sizeof(*table->cells));

	if (r < 0)
		return r;
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

/* Copies @text of @length bytes and makes it safe. Returns its width. */
static size_t copy_safe(char *to, const char *text, size_t length)
{
	size_t n = 0;

	/* The fast path: nearly every text is plain ASCII. */
	while (n < length && text[n] >= 0x20 && text[n] < 0x7f) {
		to[n] = text[n];
		n++;
	}
	to[length] = '\0';
	if (n == length)
		return n;
	memcpy(to + n, text + n, length - n);
	return n + text_make_safe(to + n);
}

/* Adds a cell with @length bytes of @text. */
static int add_cell(struct table *table, const char *text, size_t length)
{
	struct table_column *column;
	size_t width;
	char *copy;

	assert(table->column < table->n_columns);
	if (length > TEXT_MAX || table->texts_used > UINT32_MAX - TEXT_MAX)
		return -E2BIG;
	if (table->n_cells == table->allocated ||
	    table->texts_allocated - table->texts_used <= length) {
		int r = reserve_cell(table, length + 1);

		if (r < 0)
			return r;
	}
	copy = table->texts + table->texts_used;
	width = copy_safe(copy, text, length);
	if (width != length)
		length = strlen(copy);
	column = &table->columns[table->column];
	if (++table->column == table->n_columns)
		table->column = 0;
	if (width > column->width)
		column->width = width;
	if (length > column->bytes)
		column->bytes = length;
	table->cells[table->n_cells++] = (struct table_cell){
		.text = (uint32_t)table->texts_used,
		.length = (uint32_t)length,
		.width = (uint32_t)width,
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
	unsigned int i = 0;
	size_t size;

	if (!table->n_cells || !style)
		return;
	while (i < STYLES_MAX && table->styles[i] && strcmp(table->styles[i], style) != 0)
		i++;
	if (i == STYLES_MAX)
		return;
	table->styles[i] = style;
	table->cells[table->n_cells - 1].style = i + 1;
	size = sizeof(STYLE_BEGIN STYLE_END) + strlen(style);
	column = &table->columns[(table->n_cells - 1) % table->n_columns];
	if (size > column->style)
		column->style = size;
}

size_t table_rows(const struct table *table)
{
	return (table->n_cells + table->n_columns - 1) / table->n_columns;
}

/* No column is cut to less than its name, or this. */
#define CUT_WIDTH_MIN 8

static size_t smallest_width(const struct table_column *column)
{
	size_t least = column->name_width > CUT_WIDTH_MIN ? column->name_width : CUT_WIDTH_MIN;

	return column->right || column->width < least ? column->width : least;
}

/* Hides figures from the right on until the smallest widths fit. */
static void hide_columns(struct table *table, size_t width)
{
	size_t total = (table->n_columns - 1) * GAP;

	for (size_t i = 0; i < table->n_columns; i++)
		total += smallest_width(&table->columns[i]);
	for (size_t i = table->n_columns - 1; i > 0 && total > width; i--) {
		struct table_column *column = &table->columns[i];

		column->hidden = column->right;
		total -= column->hidden ? column->width + GAP : 0;
	}
	while (table->columns[table->last].hidden)
		table->last--;
}

static struct table_column *widest_to_cut(const struct table *table)
{
	struct table_column *widest = NULL;

	for (size_t i = 0; i < table->n_columns; i++) {
		struct table_column *column = &table->columns[i];

		if (column->hidden || column->width <= smallest_width(column))
			continue;
		if (!widest || column->width > widest->width)
			widest = column;
	}
	return widest;
}

void table_fit(struct table *table, size_t width, bool utf8)
{
	struct table_column *column;
	size_t total = 0;

	if (width)
		hide_columns(table, width);
	for (size_t i = 0; i <= table->last; i++) {
		if (!table->columns[i].hidden)
			total += table->columns[i].width + (i < table->last ? GAP : 0);
	}
	while (width && total > width && (column = widest_to_cut(table))) {
		column->width--;
		total--;
	}
	table->mark = utf8 ? "…" : "~";
}

/* --- printing: a row is put together and written at once ------------------------ */

/* Puts a cell that is too wide for its column, cut and marked. Returns where it ends. */
static char *put_cut_text(char *at, const struct table *table, const struct table_column *c,
			  const char *text)
{
	const char *start = text;
	size_t length;

	if (c->cut_front) {
		at = stpcpy(at, table->mark);
		start = text + text_suffix(text, c->width - 1);
		length = strlen(start);
	} else {
		length = text_prefix(text, c->width - 1);
	}
	memcpy(at, start, length);
	at += length;
	return c->cut_front ? at : stpcpy(at, table->mark);
}

/* Puts a text that is styled, cut or both. */
static char *put_special_text(char *at, const struct table *table, const struct table_column *c,
			      const char *text, size_t length, size_t width, const char *style)
{
	if (style)
		at += sprintf(at, STYLE_BEGIN, style);
	at = width > c->width ? put_cut_text(at, table, c, text) : mempcpy(at, text, length);
	if (style)
		at = stpcpy(at, STYLE_END);
	/* The NUL that a copied string ends with. */
	*at = ' ';
	return at;
}

/*
 * Puts one cell into a row that is blank from @at on; returns where the next cell
 * begins. No blanks follow the last cell of a row.
 */
static inline char *put_cell(char *at, const struct table *table, size_t column, const char *text,
			     size_t length, size_t width, const char *style)
{
	const struct table_column *c = &table->columns[column];
	size_t pad = width < c->width ? c->width - width : 0;

	if (c->hidden)
		return at;
	if (c->right)
		at += pad;
	/* The fast path: nearly every text is plain and fits. */
	if (style || width > c->width)
		at = put_special_text(at, table, c, text, length, width, style);
	else
		at = mempcpy(at, text, length);
	if (column != table->last)
		return at + GAP + (c->right ? 0 : pad);
	*at = '\n';
	return at + 1;
}

/* The most bytes of a row. */
static size_t row_size(const struct table *table)
{
	size_t size = sizeof("\n");

	for (size_t i = 0; i < table->n_columns; i++)
		size += table->columns[i].bytes + table->columns[i].style +
			table->columns[i].width + MARK_SIZE + GAP;
	return size;
}

/* Writes @row and fills it with blanks again. */
static void write_row(char *row, const char *end, FILE *out)
{
	assert(end > row);
	fwrite(row, 1, (size_t)(end - row), out);
	memset(row, ' ', (size_t)(end - row));
}

static void print_legend(const struct table *table, char *row, FILE *out)
{
	char *at = row;

	for (size_t i = 0; i < table->n_columns; i++) {
		const struct table_column *column = &table->columns[i];

		at = put_cell(at, table, i, column->name, strlen(column->name), column->name_width,
			      NULL);
	}
	write_row(row, at, out);
}

int table_print(const struct table *table, FILE *out, bool legend)
{
	cleanup_free char *row = malloc(row_size(table));
	size_t column = 0;
	char *at = row;

	if (!row)
		return -ENOMEM;
	memset(row, ' ', row_size(table));
	if (legend)
		print_legend(table, row, out);
	for (size_t i = 0; i < table->n_cells; i++) {
		const struct table_cell *cell = &table->cells[i];

		at = put_cell(at, table, column, table->texts + cell->text, cell->length,
			      cell->width, cell->style ? table->styles[cell->style - 1] : NULL);
		if (++column < table->n_columns)
			continue;
		write_row(row, at, out);
		column = 0;
		at = row;
	}
	/* A row that is not complete still ends its line. */
	if (column) {
		*at++ = '\n';
		write_row(row, at, out);
	}
	return ferror(out) ? -EIO : 0;
}
