/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table printer. Cells are copied when they are added and made safe for a
 * terminal then: a control character or a broken UTF-8 sequence, which a
 * process can have in its name, is shown as a question mark.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "table.h"

/* What stands between two columns. */
#define GAP 2

struct table_cell {
	char *text;
	size_t width; /* columns of a terminal */
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

/* One UTF-8 sequence: its length and code point; 0 where there is no good one. */
static size_t utf8_decode(const char *text, uint32_t *ret)
{
	const unsigned char *s = (const unsigned char *)text;
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length;
	uint32_t c;

	if (s[0] < 0x80) {
		*ret = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] < 0xe0)
		length = 2, c = s[0] & 0x1f;
	else if (s[0] >= 0xe0 && s[0] < 0xf0)
		length = 3, c = s[0] & 0x0f;
	else if (s[0] >= 0xf0 && s[0] < 0xf5)
		length = 4, c = s[0] & 0x07;
	else
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return length;
}

/* wcwidth() knows nothing in the C locale: count 1 there. */
static size_t code_point_width(uint32_t c)
{
	int width = wcwidth((wchar_t)c);

	return width < 0 ? 1 : width;
}

/* Makes @text safe in place and returns how many columns it takes. */
static size_t make_safe(char *text)
{
	size_t width = 0;
	char *to = text;

	for (const char *from = text; *from;) {
		uint32_t c = 0;
		size_t length = utf8_decode(from, &c);

		if (!length || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
			*to++ = '?';
			width++;
			from += length ? length : 1;
			continue;
		}
		memmove(to, from, length);
		to += length;
		from += length;
		width += code_point_width(c);
	}
	*to = '\0';
	return width;
}

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
		column->width = column->name_width = make_safe(column->name);
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
	width = make_safe(owned);
	column = &table->columns[table->n_cells % table->n_columns];
	if (width > column->width)
		column->width = width;
	table->cells[table->n_cells++] = (struct table_cell){ take_ptr(owned), width };
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

size_t table_rows(const struct table *table)
{
	return (table->n_cells + table->n_columns - 1) / table->n_columns;
}

/* One cell; the last one of a row leaves no blanks behind it. */
static void print_cell(const struct table *table, FILE *out, size_t column, const char *text,
		       size_t width)
{
	int pad = (int)(table->columns[column].width - width);
	bool last = column + 1 == table->n_columns;

	if (table->columns[column].right)
		fprintf(out, "%*s%s", pad, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : pad, "");
	if (last)
		fputc('\n', out);
	else
		fprintf(out, "%*s", GAP, "");
}

int table_print(const struct table *table, FILE *out, bool legend)
{
	for (size_t i = 0; legend && i < table->n_columns; i++) {
		const struct table_column *column = &table->columns[i];

		print_cell(table, out, i, column->name, column->name_width);
	}
	for (size_t i = 0; i < table->n_cells; i++)
		print_cell(table, out, i % table->n_columns, table->cells[i].text,
			   table->cells[i].width);
	/* A row that was begun and not filled still ends its line. */
	if (table->n_cells % table->n_columns)
		fputc('\n', out);
	return ferror(out) ? -EIO : 0;
}
