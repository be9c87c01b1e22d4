/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pure parts of rssctl top: bars, sparklines, history, order and frames. */
#include <string.h>

#include "shared/cleanup.h"
#include "unit.h"
#include "view/bar.h"
#include "view/history.h"
#include "view/output.h"
#include "view/top-order.h"
#include "view/top-view.h"

TEST(bars_show_how_full)
{
	static const struct {
		uint64_t part, whole, low, high;
		const char *ascii, *utf8;
	} cases[] = {
		{ 0, 100, BAR_NO_MARK, BAR_NO_MARK, "..........", "··········" },
		{ 1, 1000000, BAR_NO_MARK, BAR_NO_MARK, "#.........", "▏·········" },
		{ 50, 100, BAR_NO_MARK, BAR_NO_MARK, "#####.....", "█████·····" },
		{ 55, 100, BAR_NO_MARK, BAR_NO_MARK, "######....", "█████▌····" },
		{ 999999, 1000000, BAR_NO_MARK, BAR_NO_MARK, "##########", "█████████▉" },
		{ UINT64_MAX - 1, UINT64_MAX, BAR_NO_MARK, BAR_NO_MARK, "##########",
		  "█████████▉" },
		{ 100, 100, BAR_NO_MARK, BAR_NO_MARK, "##########", "██████████" },
		{ 500, 100, BAR_NO_MARK, BAR_NO_MARK, "##########", "██████████" },
		{ 50, 100, 30, 80, "###<#...>.", "███<█···>·" },
		{ 0, 100, 0, 100, "<........>", "<········>" },
		/* If both marks are in one column, the high one is shown. */
		{ 0, 100, 80, 81, "........>.", "········>·" },
		/* A watermark above the limit never acts. */
		{ 0, 100, BAR_NO_MARK, 200, "..........", "··········" },
		{ 5, 0, BAR_NO_MARK, BAR_NO_MARK, "", "" },
	};
	char buf[BAR_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bar_draw(cases[i].part, cases[i].whole, cases[i].low, cases[i].high, 10, false,
			 buf);
		CHECK_STR(buf, cases[i].ascii);
		bar_draw(cases[i].part, cases[i].whole, cases[i].low, cases[i].high, 10, true, buf);
		CHECK_STR(buf, cases[i].utf8);
	}
	bar_draw(UINT64_MAX, UINT64_MAX, 0, UINT64_MAX - 1, 1000, true, buf);
	CHECK(strlen(buf) < sizeof(buf));
}

TEST(sparklines_show_a_history)
{
	static const uint64_t values[] = { 800, 0, 100, UINT64_MAX, 400, 799, 800 };
	char buf[BAR_TEXT_MAX];

	sparkline_draw(values, ARRAY_SIZE(values), 7, true, buf);
	CHECK_STR(buf, "█▁▁ ▄▇█");
	sparkline_draw(values, ARRAY_SIZE(values), 7, false, buf);
	CHECK_STR(buf, "#__ =%#");
	/* The newest value is at the right; the scale is that of the values shown. */
	sparkline_draw(values, 5, 3, false, buf);
	CHECK_STR(buf, ". #");
	sparkline_draw(values, 1, 4, false, buf);
	CHECK_STR(buf, "   #");
	sparkline_draw(values, 0, 3, true, buf);
	CHECK_STR(buf, "   ");
	sparkline_draw(values, 7, 1000, true, buf);
	CHECK(strlen(buf) < sizeof(buf));
}

static struct rss_container container(const char *name, uint64_t usage)
{
	return (struct rss_container){
		.name = name,
		.limit = RSS_INFINITY,
		.wmark_high = RSS_INFINITY,
		.wmark_low = RSS_INFINITY,
		.usage = usage,
		.peak = RSS_ABSENT,
		.failures = RSS_ABSENT,
		.reclaimed = 0,
		.oom_kills = 0,
	};
}

TEST(history_follows_names)
{
	__attribute__((cleanup(history_done))) struct history history = { 0 };
	struct rss_container a = container("a", 1), b = container("b", 2), c = container("c", 3);
	struct rss_container *first[] = { &a, &c }, *second[] = { &a, &b }, *third[] = { &b };

	CHECK_INT(history_add(&history, first, 2, 1000000), 0);
	CHECK_UINT(history_find(&history, "a")->reclaim_rate, RSS_ABSENT);
	a.usage = 10;
	a.reclaimed = 4096;
	a.oom_kills = 2;
	b.reclaimed = 77777;
	CHECK_INT(history_add(&history, second, 2, 3000000), 0);
	CHECK_UINT(history_find(&history, "a")->reclaim_rate, 2048);
	CHECK_UINT(history_find(&history, "a")->kills_seen, 2);
	CHECK_UINT(history_find(&history, "a")->count, 2);
	CHECK_UINT(history_find(&history, "a")->usage[0], 1);
	CHECK_UINT(history_find(&history, "a")->usage[1], 10);
	/* What was reclaimed from b before the first sample is not in its rate. */
	CHECK_UINT(history_find(&history, "b")->reclaim_rate, RSS_ABSENT);
	CHECK(!history_find(&history, "c"));
	/* A counter that fell belongs to a new container. */
	b.reclaimed = 5;
	CHECK_INT(history_add(&history, third, 1, 4000000), 0);
	CHECK_UINT(history_find(&history, "b")->reclaim_rate, 0);
	for (unsigned int i = 0; i < HISTORY_MAX + 5; i++) {
		b.usage = i;
		CHECK_INT(history_add(&history, third, 1, 5000000 + i), 0);
	}
	CHECK_UINT(history_find(&history, "b")->count, HISTORY_MAX);
	CHECK_UINT(history_find(&history, "b")->usage[HISTORY_MAX - 1], HISTORY_MAX + 4);
	CHECK_INT(history_add(&history, NULL, 0, 9000000), 0);
	CHECK(!history_find(&history, "b"));
}

TEST(order)
{
	struct rss_container a = container("a", 5), b = container("b", RSS_ABSENT),
			     c = container("c", 50), d = container("d", 5);
	struct rss_container *all[] = { &d, &c, &b, &a };
	struct container_list list = { all, ARRAY_SIZE(all) };
	enum top_order order;

	a.limit = 5;
	c.limit = 1000;
	top_sort(&list, ORDER_USAGE, NULL);
	CHECK(all[0] == &c && all[1] == &a && all[2] == &d && all[3] == &b);
	top_sort(&list, ORDER_PERCENT, NULL);
	CHECK(all[0] == &a && all[1] == &c);
	top_sort(&list, ORDER_NAME, NULL);
	CHECK(all[0] == &a && all[3] == &d);
	top_sort(&list, ORDER_LIMIT, NULL);
	CHECK(all[0] == &b && all[3] == &a);
	CHECK(top_order_from_name("reclaim", &order) && order == ORDER_RECLAIM);
	CHECK(top_order_from_key('%', &order) && order == ORDER_PERCENT);
	CHECK(!top_order_from_name("colour", &order) && !top_order_from_key('x', &order));
	CHECK_UINT(top_used(&a), 1000);
	CHECK_UINT(top_used(&d), RSS_ABSENT);
}

TEST(each_key_sorts_by_its_own)
{
	__attribute__((cleanup(history_done))) struct history history = { 0 };
	struct rss_container usage = container("a", 9), peak = container("b", 1),
			     processes = container("c", 1), failures = container("d", 1),
			     reclaim = container("e", 1), kills = container("f", 1);
	struct rss_container *by_names[] = {
		&usage, &peak, &processes, &failures, &reclaim, &kills
	};
	static const enum top_order keys[] = { ORDER_USAGE,    ORDER_PEAK,    ORDER_PROCESSES,
					       ORDER_FAILURES, ORDER_RECLAIM, ORDER_KILLS };
	struct rss_container *all[ARRAY_SIZE(by_names)];
	struct container_list list = { all, ARRAY_SIZE(all) };

	peak.peak = processes.processes = failures.failures = kills.oom_kills = 9;
	/* Reclaimed long ago: its rate is 0. */
	usage.reclaimed = 9000;
	CHECK_INT(history_add(&history, by_names, ARRAY_SIZE(by_names), 0), 0);
	reclaim.reclaimed = 9;
	CHECK_INT(history_add(&history, by_names, ARRAY_SIZE(by_names), 1000000), 0);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		memcpy(all, by_names, sizeof(all));
		top_sort(&list, keys[i], &history);
		if (all[0] != by_names[i])
			FAIL("by %s the first is %s", top_order_name(keys[i]), all[0]->name);
	}
	/* One sample has no rate: the order is by the sum. */
	top_sort(&list, ORDER_RECLAIM, NULL);
	CHECK(all[0] == &usage && all[1] == &reclaim);
}

/* The columns of the widest line; -1 if a byte is not ASCII. */
static int widest(const char *frame, bool ascii)
{
	int width = 0, most = 0;

	for (const char *c = frame; *c; c++) {
		if (ascii && ((unsigned char)*c >= 0x80 || *c == '\033'))
			return -1;
		if (*c == '\n')
			width = 0;
		else if (((unsigned char)*c & 0xc0) != 0x80)
			width++;
		most = width > most ? width : most;
	}
	return most;
}

static size_t lines(const char *frame)
{
	size_t count = 0;

	for (; *frame; frame++)
		count += *frame == '\n';
	return count;
}

TEST(frames_fit)
{
	__attribute__((cleanup(history_done))) struct history history = { 0 };
	char names[100][64];
	struct rss_container containers[100], *all[100];
	struct container_list list = { all, 100 };

	for (size_t i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]),
			 "c%02zu-with-a-name/that-is-longer-than-columns", i);
		containers[i] = container(names[i], (uint64_t)1023 << 30);
		containers[i].limit = (uint64_t)1023 << 30;
		containers[i].peak = (uint64_t)1023 << 30;
		containers[i].wmark_high = 900;
		containers[i].failures = 12345678;
		all[i] = &containers[i];
	}
	containers[0].limit = RSS_INFINITY;
	CHECK_INT(history_add(&history, all, 100, 0), 0);
	for (size_t i = 0; i < 100; i++)
		containers[i].reclaimed = (uint64_t)1023 << 20;
	CHECK_INT(history_add(&history, all, 100, 1000000), 0);
	for (size_t width = 80; width <= 200; width++) {
		struct top_screen screen = { .rows = 24,
					     .columns = width,
					     .when = "2026-01-01 00:00:00" };
		cleanup_free char *ascii = top_view(&list, &history, &screen), *utf8 = NULL;

		CHECK(ascii);
		if (widest(ascii, true) >= (int)width || widest(ascii, true) < 0)
			FAIL("a frame for %zu columns has %d", width, widest(ascii, true));
		CHECK_UINT(lines(ascii), 24);
		screen.utf8 = true;
		utf8 = top_view(&list, &history, &screen);
		CHECK_INT(widest(utf8, false), widest(ascii, true));
		CHECK(strstr(utf8, "█") && strstr(utf8, "1-20 of 100"));
	}
}

#define M ((uint64_t)1 << 20)

TEST(rows_have_all_columns)
{
	__attribute__((cleanup(history_done))) struct history history = { 0 }, none = { 0 };
	struct rss_container a = container("its-beginning-says-little/its-end-says-all", 30 * M);
	struct rss_container *all[] = { &a };
	struct container_list list = { all, 1 };
	struct top_screen screen = { .rows = 24, .columns = 80, .when = "" };
	cleanup_free char *first = NULL, *second = NULL;

	/* Without a limit the bar shows usage against the high watermark. */
	a.wmark_low = 45 * M;
	a.wmark_high = 60 * M;
	a.reclaimed = 100 * M;
	first = top_view(&list, &none, &screen);
	CHECK(first && strstr(first, " #####..<.> "));
	CHECK(strstr(first, "says-all ") && !strstr(first, "its-beginning"));
	CHECK_INT(history_add(&history, all, 1, 0), 0);
	a.reclaimed += 8 * M;
	CHECK_INT(history_add(&history, all, 1, 2000000), 0);
	second = top_view(&list, &history, &screen);
	CHECK(second && strstr(second, " 4.0M ") && !strstr(second, "108.0M"));
}

static bool has_style(const struct container_list *list, const struct history *history,
		      const char *style)
{
	struct top_screen screen = { .rows = 24, .columns = 80, .when = "", .colour = true };
	cleanup_free char *frame = top_view(list, history, &screen), *begin = NULL;

	return frame && asprintf(&begin, "\033[%sm", style) > 0 && strstr(frame, begin);
}

/* Swap and pressure take the place of the history, and a wide terminal has both. */
TEST(swap_and_pressure_fit)
{
	struct rss_container a = container("a-long-name-of-a-container", 1023 << 20);
	struct rss_container *all[] = { &a };
	struct container_list list = { all, 1 };
	struct history none = { 0 };
	struct top_screen screen = {
		.rows = 10, .columns = 80, .details = true, .when = "now", .interval = 1
	};

	a.limit = 2047 << 20;
	a.swap = 1000 << 20;
	a.pressure_some_avg10 = 1234;
	for (size_t width = 80; width <= 160; width += 40) {
		cleanup_free char *frame = NULL;

		screen.columns = width;
		frame = top_view(&list, &none, &screen);
		CHECK(frame && strstr(frame, "   SWAP") && strstr(frame, "1000.0M"));
		CHECK(strstr(frame, "  PSI") && strstr(frame, "12.3%"));
		CHECK_INT(strstr(frame, "HISTORY") != NULL, width > 100);
		for (const char *line = frame; *line; line += strcspn(line, "\n") + 1)
			CHECK(strcspn(line, "\n") < width);
	}
	a.pressure_some_avg10 = 10000;
	a.swap = RSS_ABSENT;
	screen.columns = 80;
	{
		cleanup_free char *frame = top_view(&list, &none, &screen);

		CHECK(frame && strstr(frame, " 100%"));
	}
	screen.details = false;
	{
		cleanup_free char *frame = top_view(&list, &none, &screen);

		CHECK(frame && !strstr(frame, "PSI") && strstr(frame, "HISTORY"));
	}
}

TEST(colours_warn)
{
	__attribute__((cleanup(history_done))) struct history history = { 0 }, none = { 0 };
	struct rss_container a = container("a", 899), *all[] = { &a };
	struct container_list list = { all, 1 };

	a.limit = 1000;
	CHECK(has_style(&list, &none, STYLE_GREEN) && !has_style(&list, &none, STYLE_YELLOW));
	a.usage = 900;
	CHECK(has_style(&list, &none, STYLE_YELLOW) && !has_style(&list, &none, STYLE_RED));
	a.usage = 990;
	CHECK(has_style(&list, &none, STYLE_RED));
	/* Only kills since top started are red. */
	a.usage = 10;
	a.oom_kills = 5;
	CHECK_INT(history_add(&history, all, 1, 0), 0);
	CHECK(!has_style(&list, &history, STYLE_RED));
	a.oom_kills++;
	CHECK_INT(history_add(&history, all, 1, 1000000), 0);
	CHECK_INT(history_add(&history, all, 1, 2000000), 0);
	CHECK(has_style(&list, &history, STYLE_RED));
}

TEST(frames_without_room)
{
	__attribute__((cleanup(history_done))) struct history history = { 0 };
	struct rss_container a = container("a", 1), *all[] = { &a };
	struct container_list list = { all, 1 }, none = { 0 };
	struct top_screen screen = { .rows = 1, .columns = 1, .when = "", .first = 5 };
	cleanup_free char *tiny = top_view(&list, &history, &screen);
	cleanup_free char *empty = NULL;

	CHECK(tiny && !strstr(tiny, "\na "));
	screen = (struct top_screen){ .rows = 24, .columns = 80, .when = "" };
	empty = top_view(&none, &history, &screen);
	CHECK(empty && strstr(empty, "0 containers"));
}

TEST_MAIN({ "top: bars show the usage", bars_show_how_full },
	  { "top: sparklines show a history", sparklines_show_a_history },
	  { "top: history follows names", history_follows_names }, { "top: order", order },
	  { "top: each key sorts by its own", each_key_sorts_by_its_own },
	  { "top: frames fit", frames_fit },
	  { "top: rows have all columns", rows_have_all_columns },
	  { "top: swap and pressure fit", swap_and_pressure_fit }, { "top: colours", colours_warn },
	  { "top: frames without room or containers", frames_without_room })
