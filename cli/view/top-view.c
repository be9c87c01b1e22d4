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
 * The columns, from left to right. The names are padded to the width of common values, so that the
 * columns do not move with each frame.
 */
enum column {
	COLUMN_NAME,
	COLUMN_USAGE,
	COLUMN_LIMIT,
	COLUMN_USED,
	COLUMN_BAR,
	COLUMN_RECLAIM,
	COLUMN_KILLS,
	COLUMN_SWAP,
	COLUMN_PRESSURE,
	COLUMN_HISTORY,
	COLUMN_PEAK,
	COLUMN_PROCESSES,
	COLUMN_FAILURES,
	COLUMNS,
};

static const struct {
	const char *title;
	size_t width; /* 0: flexible */
} columns[COLUMNS] = {
	[COLUMN_NAME] = { "NAME", 0 },		[COLUMN_USAGE] = { ">  USAGE", 7 },
	[COLUMN_LIMIT] = { ">   LIMIT", 8 },	[COLUMN_USED] = { ">  USED", 6 },
	[COLUMN_BAR] = { "OF LIMIT", 0 },	[COLUMN_RECLAIM] = { ">RECLAIM/s", 9 },
	[COLUMN_KILLS] = { ">KILLS", 5 },	[COLUMN_SWAP] = { ">   SWAP", 7 },
	[COLUMN_PRESSURE] = { ">  PSI", 5 },	[COLUMN_HISTORY] = { "HISTORY", 0 },
	[COLUMN_PEAK] = { ">   PEAK", 7 },	[COLUMN_PROCESSES] = { ">PROCS", 5 },
	[COLUMN_FAILURES] = { ">FAILURES", 8 },
};

#define ALWAYS                                                                             \
	(1U << COLUMN_NAME | 1U << COLUMN_USAGE | 1U << COLUMN_LIMIT | 1U << COLUMN_USED | \
	 1U << COLUMN_BAR | 1U << COLUMN_RECLAIM | 1U << COLUMN_KILLS)
#define DETAILS (1U << COLUMN_SWAP | 1U << COLUMN_PRESSURE)
/* On wide terminals only. */
#define WIDE (1U << COLUMN_PEAK | 1U << COLUMN_PROCESSES | 1U << COLUMN_FAILURES)

#define NAME_MIN    10
#define NAME_MAX_   40
#define PICTURE_MIN 10
#define PICTURE_MAX 40
/* The bar next to swap and pressure on 80 columns, where the history has no room. */
#define BAR_MIN 6
#define GAP	2

/* The columns that are shown, and the widths of the flexible ones. */
struct layout {
	unsigned int shown;
	size_t name, bar, history;
};

static bool shows(const struct layout *layout, enum column column)
{
	return layout->shown >> column & 1;
}

/* The width of all columns but the flexible ones, with all gaps. */
static size_t fixed_width(unsigned int shown)
{
	size_t width = 0;

	for (size_t i = 0; i < COLUMNS; i++)
		if (shown >> i & 1)
			width += columns[i].width + GAP;
	return width - GAP;
}

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
	struct layout layout = { .shown = ALWAYS | (screen->details ? DETAILS : 0) };
	unsigned int with_history = layout.shown | 1U << COLUMN_HISTORY;
	size_t pictures = 2, least = PICTURE_MIN, fixed, left;

	if (width >= fixed_width(with_history | WIDE) + NAME_MIN + 2 * PICTURE_MIN)
		layout.shown = with_history | WIDE;
	else if (!screen->details ||
		 width >= fixed_width(with_history) + NAME_MIN + 2 * PICTURE_MIN)
		layout.shown = with_history;
	else
		pictures = 1;
	if (pictures == 1)
		least = BAR_MIN;
	fixed = fixed_width(layout.shown);
	left = width > fixed ? width - fixed : 0;

	/* Pictures get their minimum, then names what they need, then pictures the rest. */
	layout.name = between(longest_name(list), NAME_MIN, NAME_MAX_);
	if (layout.name + pictures * least > left)
		layout.name = left > NAME_MIN + pictures * least ? left - pictures * least
								 : NAME_MIN;
	left = left > layout.name ? left - layout.name : 0;
	layout.bar = between(left / pictures, least, PICTURE_MAX);
	layout.history = between(left - left / pictures, PICTURE_MIN, PICTURE_MAX);
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

/* The time in which some processes waited for memory, of the last 10 seconds. */
static int add_pressure(struct table *table, uint64_t hundredths)
{
	if (hundredths == RSS_ABSENT)
		return table_add(table, NULL);
	if (hundredths >= 9995)
		return table_add(table, "100%");
	return table_addf(table, "%.1f%%", (double)hundredths / 100);
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
	if (shows(layout, COLUMN_SWAP))
		r = r < 0 ? r : add_usage(table, c->swap);
	if (shows(layout, COLUMN_PRESSURE))
		r = r < 0 ? r : add_pressure(table, c->pressure_some_avg10);
	if (shows(layout, COLUMN_HISTORY))
		r = r < 0 ? r : add_history(table, trace, layout->history, screen->utf8);
	return r < 0 || !shows(layout, COLUMN_PEAK) ? r : add_rest(table, c);
}

/* Pads a column name, so that its column has at least this width. */
static void pad_title(char *name, size_t size, const char *text, size_t width)
{
	snprintf(name, size, "%-*s", (int)between(width, 0, size - 1), text);
}

static struct table *new_table(const struct layout *layout)
{
	char name[NAME_MAX_ + 1], bar[PICTURE_MAX + 1], history[PICTURE_MAX + 1];
	const char *names[COLUMNS];
	size_t count = 0;

	pad_title(name, sizeof(name), columns[COLUMN_NAME].title, layout->name);
	pad_title(bar, sizeof(bar), columns[COLUMN_BAR].title, layout->bar);
	/* A short bar has a short title. */
	bar[layout->bar] = '\0';
	pad_title(history, sizeof(history), columns[COLUMN_HISTORY].title, layout->history);
	for (enum column i = 0; i < COLUMNS; i++) {
		if (!shows(layout, i))
			continue;
		names[count++] = i == COLUMN_NAME      ? name
				 : i == COLUMN_BAR     ? bar
				 : i == COLUMN_HISTORY ? history
						       : columns[i].title;
	}
	return table_new(count, names);
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
