/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames of top: see top-view.h. */
#include "view/top-view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/size.h"
#include "view/bar.h"
#include "view/history.h"
#include "view/output.h"

/* Lines that are not containers: head, blank, legend, keys. */
#define FRAME_LINES 4

/*
 * What stands above the columns, from left to right, as wide as what stands below
 * them in general, so that nothing jumps to and fro.
 */
static const char *const titles[] = {
	"NAME",
	">  USAGE",
	">   LIMIT",
	">  USED",
	NULL,
	">RECLAIM/s",
	">KILLS",
	NULL,
	/* Where there is room. */
	">   PEAK",
	">PROCS",
	">FAILURES",
};
#define COLUMN_BAR     4
#define COLUMN_HISTORY 7
#define COLUMNS_NARROW 8
#define COLUMNS_WIDE   11

#define NAME_MIN    10
#define NAME_MAX_   40
#define PICTURE_MIN 10
#define PICTURE_MAX 40
/* What the other columns take, with the gaps between all. */
#define FIXED_NARROW (7 + 8 + 6 + 9 + 5 + 7 * 2)
#define FIXED_WIDE   (FIXED_NARROW + 7 + 5 + 8 + 3 * 2)

/* How the width of the terminal is shared out. */
struct layout {
	bool wide;
	size_t name, bar, history;
};

static size_t between(size_t value, size_t least, size_t most)
{
	if (value < least)
		return least;
	return value < most ? value : most;
}

static size_t longest_name(const struct list *list)
{
	size_t longest = 0;

	for (size_t i = 0; i < list->count; i++) {
		size_t length = strlen(list->containers[i]->name);

		if (length > longest)
			longest = length;
	}
	return longest;
}

static struct layout lay_out(const struct list *list, const struct top_look *look)
{
	/* The last column stays free: what wipes the rest of a line would take it along. */
	size_t width = look->columns ? look->columns - 1 : 0;
	struct layout layout = { .wide = width >= FIXED_WIDE + NAME_MIN + 2 * PICTURE_MIN };
	size_t fixed = layout.wide ? FIXED_WIDE : FIXED_NARROW;
	size_t left = width > fixed ? width - fixed : 0;

	/* Pictures first have what they need, then names, and then pictures again. */
	layout.name = between(longest_name(list), NAME_MIN, NAME_MAX_);
	if (layout.name + 2 * PICTURE_MIN > left)
		layout.name = left > NAME_MIN + 2 * PICTURE_MIN ? left - 2 * PICTURE_MIN : NAME_MIN;
	left = left > layout.name ? left - layout.name : 0;
	layout.bar = between(left / 2, PICTURE_MIN, PICTURE_MAX);
	layout.history = between(left - left / 2, PICTURE_MIN, PICTURE_MAX);
	return layout;
}

/* The end of a name says more than its beginning. */
static int add_name(struct table *table, const char *name, size_t width, bool utf8)
{
	size_t length = strlen(name);

	if (length <= width)
		return table_add(table, name);
	return table_addf(table, "%s%s", utf8 ? "…" : "~", name + length - width + 1);
}

static const char *style_of(uint64_t tenths)
{
	if (tenths == RSS_ABSENT)
		return NULL;
	if (tenths >= 900)
		return tenths >= 990 ? STYLE_RED : STYLE_YELLOW;
	return STYLE_GREEN;
}

static int add_used(struct table *table, uint64_t tenths)
{
	return tenths == RSS_ABSENT
		       ? table_add(table, NULL)
		       : table_addf(table, "%" PRIu64 ".%" PRIu64 "%%", tenths / 10, tenths % 10);
}

/* Against the limit, or the watermark where there is no limit. */
static int add_bar(struct table *table, const struct rss_container *c, size_t width, bool utf8)
{
	uint64_t whole = c->limit != RSS_INFINITY ? c->limit : c->high;
	char bar[BAR_TEXT_MAX];

	if (whole == RSS_INFINITY || c->usage == RSS_ABSENT)
		return table_add(table, "");
	bar_draw(c->usage, whole, c->low, c->high, width, utf8, bar);
	return table_add(table, bar);
}

static int add_history(struct table *table, const struct trace *trace, size_t width, bool utf8)
{
	char line[BAR_TEXT_MAX];

	if (!trace)
		return table_add(table, "");
	sparkline_draw(trace->usage, trace->count, width, utf8, line);
	return table_add(table, line);
}

static int add_rest(struct table *table, const struct rss_container *c)
{
	int r = add_usage(table, c->peak);

	r = r < 0 ? r : add_count(table, c->processes);
	return r < 0 ? r : add_count(table, c->failures);
}

static int add_row(struct table *table, const struct rss_container *c, const struct trace *trace,
		   const struct layout *layout, const struct top_look *look)
{
	uint64_t tenths = top_used(c);
	int r = add_name(table, c->name, layout->name, look->utf8);

	r = r < 0 ? r : add_usage(table, c->usage);
	r = r < 0 ? r : add_limit(table, c->limit);
	r = r < 0 ? r : add_used(table, tenths);
	if (look->colour)
		table_style(table, style_of(tenths));
	r = r < 0 ? r : add_bar(table, c, layout->bar, look->utf8);
	if (look->colour)
		table_style(table, style_of(tenths));
	r = r < 0 ? r : add_usage(table, trace ? trace->reclaim_rate : RSS_ABSENT);
	r = r < 0 ? r : add_count(table, c->oom_kills);
	if (look->colour && trace && trace->kills_seen)
		table_style(table, STYLE_RED);
	r = r < 0 ? r : add_history(table, trace, layout->history, look->utf8);
	return r < 0 || !layout->wide ? r : add_rest(table, c);
}

/* A name with so many blanks that its column has this width at least. */
static void pad(char *name, size_t size, const char *text, size_t width)
{
	snprintf(name, size, "%-*s", (int)between(width, 0, size - 1), text);
}

static struct table *new_table(const struct layout *layout)
{
	char name[NAME_MAX_ + 1], bar[PICTURE_MAX + 1], history[PICTURE_MAX + 1];
	const char *names[COLUMNS_WIDE];

	memcpy(names, titles, sizeof(names));
	pad(name, sizeof(name), titles[0], layout->name);
	pad(bar, sizeof(bar), "OF LIMIT", layout->bar);
	pad(history, sizeof(history), "HISTORY", layout->history);
	names[0] = name;
	names[COLUMN_BAR] = bar;
	names[COLUMN_HISTORY] = history;
	return table_new(layout->wide ? COLUMNS_WIDE : COLUMNS_NARROW, names);
}

static struct table *to_table(const struct list *list, const struct history *history,
			      const struct top_look *look)
{
	struct layout layout = lay_out(list, look);
	cleanup_table struct table *table = new_table(&layout);
	size_t end = look->first + top_rows(look);
	int r = 0;

	for (size_t i = look->first; table && i < list->count && i < end && r >= 0; i++) {
		const struct rss_container *c = list->containers[i];

		r = add_row(table, c, history_find(history, c->name), &layout, look);
	}
	return table && r >= 0 ? take_ptr(table) : NULL;
}

size_t top_rows(const struct top_look *look)
{
	return look->rows > FRAME_LINES ? look->rows - FRAME_LINES : 0;
}

/* "rows 21 to 40 of 1000 containers": which, where not all of them fit. */
static void print_head(FILE *out, const struct list *list, const struct top_look *look)
{
	size_t last = look->first + top_rows(look);

	fprintf(out, "rssctl top  %s  ", look->when);
	if (look->first > 0 || last < list->count)
		fprintf(out, "%zu-%zu of ", look->first + 1,
			last < list->count ? last : list->count);
	fprintf(out, "%zu container%s by %s\n\n", list->count, list->count == 1 ? "" : "s",
		top_order_name(look->order));
}

char *top_view(const struct list *list, const struct history *history, const struct top_look *look)
{
	cleanup_table struct table *table = to_table(list, history, look);
	char *text = NULL;
	size_t size = 0;
	FILE *out = table ? open_memstream(&text, &size) : NULL;

	if (!out)
		return NULL;
	print_head(out, list, look);
	(void)table_print(table, out, true);
	fputs("q quit, arrows move; by u usage % used l limit r reclaim k kills p peak n name\n",
	      out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
