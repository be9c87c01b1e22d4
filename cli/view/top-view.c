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
#include "shared/file.h"

/* Lines without a container: head, blank, legend, keys. */
#define FRAME_LINES 4

/*
 * The column names, from left to right. They are padded to the width of common
 * values, so that the columns do not move with each frame.
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
	/* On wide terminals only. */
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
/* The width of the other columns, with all gaps. */
#define FIXED_NARROW (7 + 8 + 6 + 9 + 5 + 7 * 2)
#define FIXED_WIDE   (FIXED_NARROW + 7 + 5 + 8 + 3 * 2)

/* The widths of the flexible columns. */
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

static size_t longest_name(const struct container_list *list)
{
	size_t longest = 0;

	for (size_t i = 0; i < list->count; i++) {
		size_t length = strlen(list->containers[i]->name);

		if (length > longest)
			longest = length;
	}
	return longest;
}

static struct layout top_layout(const struct container_list *list, const struct top_screen *screen)
{
	/* The last column stays free: clearing the rest of a full line would clear its last character. */
	size_t width = screen->columns ? screen->columns - 1 : 0;
	struct layout layout = { .wide = width >= FIXED_WIDE + NAME_MIN + 2 * PICTURE_MIN };
	size_t fixed = layout.wide ? FIXED_WIDE : FIXED_NARROW;
	size_t left = width > fixed ? width - fixed : 0;

	/* Pictures get their minimum, then names what they need, then pictures the rest. */
	layout.name = between(longest_name(list), NAME_MIN, NAME_MAX_);
	if (layout.name + 2 * PICTURE_MIN > left)
		layout.name = left > NAME_MIN + 2 * PICTURE_MIN ? left - 2 * PICTURE_MIN : NAME_MIN;
	left = left > layout.name ? left - layout.name : 0;
	layout.bar = between(left / 2, PICTURE_MIN, PICTURE_MAX);
	layout.history = between(left - left / 2, PICTURE_MIN, PICTURE_MAX);
	return layout;
}

/* A long name loses its beginning: the end says more. */
static int add_name(struct table *table, const char *name, size_t width, bool utf8)
{
	size_t length = strlen(name);

	if (length <= width)
		return table_add(table, name);
	return table_addf(table, "%s%s", utf8 ? "…" : "~", name + length - width + 1);
}

static int add_used(struct table *table, uint64_t tenths)
{
	return tenths == RSS_ABSENT
		       ? table_add(table, NULL)
		       : table_addf(table, "%" PRIu64 ".%" PRIu64 "%%", tenths / 10, tenths % 10);
}

/* Of the limit, or of the high watermark if there is no limit. */
static int add_bar(struct table *table, const struct rss_container *c, size_t width, bool utf8)
{
	uint64_t whole = c->limit != RSS_INFINITY ? c->limit : c->wmark_high;
	char bar[BAR_TEXT_MAX];

	if (whole == RSS_INFINITY || c->usage == RSS_ABSENT)
		return table_add(table, "");
	bar_draw(c->usage, whole, c->wmark_low, c->wmark_high, width, utf8, bar);
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
		   const struct layout *layout, const struct top_screen *screen)
{
	uint64_t tenths = top_used(c);
	int r = add_name(table, c->name, layout->name, screen->utf8);

	r = r < 0 ? r : add_usage(table, c->usage);
	r = r < 0 ? r : add_limit(table, c->limit);
	r = r < 0 ? r : add_used(table, tenths);
	if (screen->colour)
		table_style(table, usage_style(tenths));
	r = r < 0 ? r : add_bar(table, c, layout->bar, screen->utf8);
	if (screen->colour)
		table_style(table, usage_style(tenths));
	r = r < 0 ? r : add_usage(table, trace ? trace->reclaim_rate : RSS_ABSENT);
	r = r < 0 ? r : add_count(table, c->oom_kills);
	if (screen->colour && trace && trace->kills_seen)
		table_style(table, STYLE_RED);
	r = r < 0 ? r : add_history(table, trace, layout->history, screen->utf8);
	return r < 0 || !layout->wide ? r : add_rest(table, c);
}

/* Pads a column name, so that its column has at least this width. */
static void pad_title(char *name, size_t size, const char *text, size_t width)
{
	snprintf(name, size, "%-*s", (int)between(width, 0, size - 1), text);
}

static struct table *new_table(const struct layout *layout)
{
	char name[NAME_MAX_ + 1], bar[PICTURE_MAX + 1], history[PICTURE_MAX + 1];
	const char *names[COLUMNS_WIDE];

	memcpy(names, titles, sizeof(names));
	pad_title(name, sizeof(name), titles[0], layout->name);
	pad_title(bar, sizeof(bar), "OF LIMIT", layout->bar);
	pad_title(history, sizeof(history), "HISTORY", layout->history);
	names[0] = name;
	names[COLUMN_BAR] = bar;
	names[COLUMN_HISTORY] = history;
	return table_new(layout->wide ? COLUMNS_WIDE : COLUMNS_NARROW, names);
}

static struct table *make_table(const struct container_list *list, const struct history *history,
				const struct top_screen *screen)
{
	struct layout layout = top_layout(list, screen);
	cleanup_table struct table *table = new_table(&layout);
	size_t end = screen->first + top_rows(screen);
	int r = 0;

	for (size_t i = screen->first; table && i < list->count && i < end && r >= 0; i++) {
		const struct rss_container *c = list->containers[i];

		r = add_row(table, c, history_find(history, c->name), &layout, screen);
	}
	return table && r >= 0 ? take_ptr(table) : NULL;
}

size_t top_rows(const struct top_screen *screen)
{
	return screen->rows > FRAME_LINES ? screen->rows - FRAME_LINES : 0;
}

/* "21-40 of 1000 containers" if not all fit. */
static void print_head(FILE *out, const struct container_list *list,
		       const struct top_screen *screen)
{
	size_t last = screen->first + top_rows(screen);

	fprintf(out, "rssctl top  %s  ", screen->when);
	if (screen->first > 0 || last < list->count)
		fprintf(out, "%zu-%zu of ", screen->first + 1,
			last < list->count ? last : list->count);
	fprintf(out, "%zu container%s by %s\n\n", list->count, list->count == 1 ? "" : "s",
		top_order_name(screen->order));
}

char *top_view(const struct container_list *list, const struct history *history,
	       const struct top_screen *screen)
{
	cleanup_table struct table *table = make_table(list, history, screen);
	char *text = NULL;
	size_t size = 0;
	FILE *out = table ? open_memstream(&text, &size) : NULL;

	if (!out)
		return NULL;
	print_head(out, list, screen);
	(void)table_print(table, out, true);
	fputs("q quit, arrows move; by u usage % used l limit r reclaim k kills p peak n name\n",
	      out);
	if (close_text(out, &text) < 0) {
		free(text);
		return NULL;
	}
	return text;
}
