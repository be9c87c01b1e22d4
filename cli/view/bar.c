/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bars and sparklines: see bar.h. */
#include "view/bar.h"

#include <string.h>

#include "shared/cleanup.h"

/* From one eighth to a full block. */
static const char *const eighths[] = { "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█" };
#define EIGHTHS 8
/* Of a sparkline, from low to high. */
static const char *const levels[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const ascii_levels[] = { "_", ".", "-", "=", "+", "*", "%", "#" };
#define LEVELS 8

static char *append(char *to, const char *text)
{
	return stpcpy(to, text);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* @value of @whole in @steps: 0 only if @value is 0, @steps only if it reaches @whole. */
static size_t scale(uint64_t value, uint64_t whole, size_t steps)
{
	size_t step;

	if (value == 0)
		return 0;
	if (value >= whole)
		return steps;
	step = (size_t)((double)value / (double)whole * (double)steps);
	if (step == 0)
		return 1;
	return step < steps ? step : steps - 1;
}

/* The column of a mark; @columns if there is none. */
static size_t mark_at(uint64_t mark, uint64_t whole, size_t columns)
{
	if (mark == BAR_NO_MARK || mark > whole)
		return columns;
	return smaller((size_t)((double)mark / (double)whole * (double)columns), columns - 1);
}

void bar_draw(uint64_t part, uint64_t whole, uint64_t low, uint64_t high, size_t columns, bool utf8,
	      char buf[static BAR_TEXT_MAX])
{
	size_t filled, rest, at_low, at_high;
	char *to = buf;

	*buf = '\0';
	columns = smaller(columns, BAR_COLUMNS_MAX);
	if (!columns || !whole)
		return;
	filled = scale(part, whole, columns * EIGHTHS);
	at_low = mark_at(low, whole, columns);
	at_high = mark_at(high, whole, columns);
	for (size_t i = 0; i < columns; i++, filled -= rest) {
		rest = smaller(filled, EIGHTHS);
		if (i == at_high)
			to = append(to, ">");
		else if (i == at_low)
			to = append(to, "<");
		else if (!rest)
			to = append(to, utf8 ? "·" : ".");
		else
			to = append(to, utf8 ? eighths[rest - 1] : "#");
	}
}

void sparkline_draw(const uint64_t values[], size_t count, size_t columns, bool utf8,
		    char buf[static BAR_TEXT_MAX])
{
	const char *const *marks = utf8 ? levels : ascii_levels;
	uint64_t highest = 1;
	size_t shown;
	char *to = buf;

	columns = smaller(columns, BAR_COLUMNS_MAX);
	shown = smaller(count, columns);
	values += count - shown;
	for (size_t i = 0; i < shown; i++) {
		if (values[i] != UINT64_MAX && values[i] > highest)
			highest = values[i];
	}
	for (size_t i = shown; i < columns; i++)
		*to++ = ' ';
	*to = '\0';
	for (size_t i = 0; i < shown; i++) {
		size_t level = scale(values[i], highest, LEVELS);

		to = append(to, values[i] == UINT64_MAX ? " " : marks[level ? level - 1 : 0]);
	}
}
