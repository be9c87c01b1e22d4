/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl top: the containers that use most, again and again. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "container-json.h"
#include "list.h"
#include "output.h"
#include "signals.h"
#include "status.h"
#include "terminal.h"
#include "values.h"
#include "verb.h"

enum {
	SORT,
	INTERVAL,
	ONCE,
};

static const struct option_spec options[] = {
	[SORT] = { "sort", 's', "KEY",
		   "name, usage, limit, percent, peak, processes, failures, kills" },
	[INTERVAL] = { "interval", 'i', "TIME", "Draw again after this; default: 1s" },
	[ONCE] = { "once", 0, NULL, "Print one table, as when the output is no terminal" },
	{ 0 },
};

enum sort {
	SORT_NAME,
	SORT_USAGE,
	SORT_LIMIT,
	SORT_PERCENT,
	SORT_PEAK,
	SORT_PROCESSES,
	SORT_FAILURES,
	SORT_KILLS,
};

/* The key that is pressed, and the word that is typed. */
static const struct {
	char key;
	const char *name;
} sorts[] = {
	[SORT_NAME] = { 'n', "name" },	       [SORT_USAGE] = { 'u', "usage" },
	[SORT_LIMIT] = { 'l', "limit" },       [SORT_PERCENT] = { '%', "percent" },
	[SORT_PEAK] = { 'p', "peak" },	       [SORT_PROCESSES] = { 'c', "processes" },
	[SORT_FAILURES] = { 'f', "failures" }, [SORT_KILLS] = { 'k', "kills" },
};

static const char *const columns[] = {
	"NAME", ">USAGE", ">LIMIT", ">USED", ">PEAK", ">PROCESSES", ">FAILURES", ">OOM-KILLS",
};

/* Lines of a frame that are not containers: head, blank, legend, keys. */
#define FRAME_LINES 4

/* In tenths of a percent; RSS_ABSENT without a limit. */
static uint64_t used(const struct rss_container *c)
{
	if (c->usage == RSS_ABSENT || c->limit == RSS_INFINITY || !c->limit)
		return RSS_ABSENT;
	return (uint64_t)((double)c->usage * 1000.0 / (double)c->limit);
}

/* What to sort by, most first. What is not known comes last, as 0 does; no limit is most. */
static uint64_t weight(const struct rss_container *c, enum sort sort)
{
	uint64_t value = 0;

	switch (sort) {
	case SORT_NAME:
		break;
	case SORT_LIMIT:
		return c->limit;
	case SORT_USAGE:
		value = c->usage;
		break;
	case SORT_PERCENT:
		value = used(c);
		break;
	case SORT_PEAK:
		value = c->peak;
		break;
	case SORT_PROCESSES:
		value = c->processes;
		break;
	case SORT_FAILURES:
		value = c->failures;
		break;
	case SORT_KILLS:
		value = c->oom_kills;
		break;
	}
	return value == RSS_ABSENT ? 0 : value;
}

static int compare(const void *a, const void *b, void *userdata)
{
	const struct rss_container *left = *(struct rss_container *const *)a;
	const struct rss_container *right = *(struct rss_container *const *)b;
	enum sort sort = *(const enum sort *)userdata;
	uint64_t wl = weight(left, sort), wr = weight(right, sort);

	if (wl != wr)
		return wl < wr ? 1 : -1;
	return strcmp(left->name, right->name);
}

static int add_container(struct table *table, const struct rss_container *c, bool colour)
{
	uint64_t tenths = used(c);
	int r = table_add(table, c->name);

	r = r < 0 ? r : add_usage(table, c->usage);
	r = r < 0 ? r : add_limit(table, c->limit);
	if (r >= 0)
		r = tenths == RSS_ABSENT ? table_add(table, NULL)
					 : table_addf(table, "%" PRIu64 ".%" PRIu64 "%%",
						      tenths / 10, tenths % 10);
	if (colour && tenths != RSS_ABSENT && tenths >= 900)
		table_style(table, tenths >= 990 ? STYLE_RED : STYLE_YELLOW);
	r = r < 0 ? r : add_usage(table, c->peak);
	r = r < 0 ? r : add_count(table, c->processes);
	r = r < 0 ? r : add_count(table, c->failures);
	r = r < 0 ? r : add_count(table, c->oom_kills);
	if (colour && c->oom_kills && c->oom_kills != RSS_ABSENT)
		table_style(table, STYLE_RED);
	return r;
}

/* The first @most of them, as a table; NULL when out of memory. */
static struct table *to_table(const struct list *list, size_t most, bool colour)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	int r = 0;

	for (size_t i = 0; table && i < list->count && i < most && r >= 0; i++)
		r = add_container(table, list->containers[i], colour);
	return table && r >= 0 ? take_ptr(table) : NULL;
}

static int fetch(const struct cli *cli, enum sort sort, struct list *list)
{
	int r;

	list_done(list);
	r = rss_list(cli->client, &list->containers, &list->count);
	if (r >= 0 && list->count)
		qsort_r(list->containers, list->count, sizeof(*list->containers), compare, &sort);
	return r;
}

static int print_once(struct cli *cli, enum sort sort)
{
	cleanup_list struct list list = { 0 };
	cleanup_table struct table *table = NULL;
	int r = fetch(cli, sort, &list);

	if (r < 0)
		return fail_call(cli, r);
	table = to_table(&list, list.count, cli->colour);
	return print_table(cli, table, 0, false);
}

/* The same containers as rssctl list tells of, in the order of top. */
static int print_json_once(const struct cli *cli, enum sort sort)
{
	cleanup_list struct list list = { 0 };
	cleanup_json struct json_object *array = json_object_new_array();
	int r = fetch(cli, sort, &list);

	if (r < 0)
		return fail_call(cli, r);
	for (size_t i = 0; array && i < list.count; i++)
		json_object_array_add(array, container_to_json(list.containers[i], false));
	return print_json(cli, array);
}

static char *compose(const struct list *list, enum sort sort, bool colour)
{
	int rows = terminal_rows() - FRAME_LINES;
	cleanup_table struct table *table = to_table(list, rows > 0 ? (size_t)rows : 0, colour);
	char when[TIME_TEXT_MAX], *text = NULL;
	size_t size = 0;
	FILE *out = table ? open_memstream(&text, &size) : NULL;

	if (!out)
		return NULL;
	fprintf(out, "rssctl top  %s  %zu container%s, sorted by %s\n\n",
		format_time((uint64_t)time(NULL) * 1000000, when), list->count,
		list->count == 1 ? "" : "s", sorts[sort].name);
	(void)table_print(table, out, true);
	fputs("q quit; sort: u usage, % used, l limit, p peak, c processes, f failures, k kills, n name\n",
	      out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int draw_frame(const struct cli *cli, enum sort sort)
{
	cleanup_list struct list list = { 0 };
	cleanup_free char *frame = NULL;
	int r = fetch(cli, sort, &list);

	if (r < 0)
		return r;
	frame = compose(&list, sort, cli->colour);
	return frame ? terminal_draw(frame) : -ENOMEM;
}

/* False: quit. */
static bool handle_keys(enum sort *sort)
{
	char keys[32];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	/* A terminal that is gone reads as its end. */
	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	for (ssize_t i = 0; i < n; i++) {
		/* An arrow or function key: a sequence, none of whose letters is meant for us. */
		if (keys[i] == '\033')
			break;
		if (keys[i] == 'q' || keys[i] == 'Q')
			return false;
		for (size_t s = 0; s < ARRAY_SIZE(sorts); s++)
			if (sorts[s].key == keys[i])
				*sort = (enum sort)s;
	}
	return true;
}

/* Draws until it is told to quit: 0, or the errno of what failed. */
static int draw_until_quit(const struct cli *cli, enum sort sort, uint64_t interval)
{
	static const int wanted[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
	cleanup_close int signals = signals_open(wanted, ARRAY_SIZE(wanted), NULL);
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	struct timespec pause = {
		.tv_sec = (time_t)(interval / 1000000),
		.tv_nsec = (long)(interval % 1000000) * 1000,
	};

	if (signals < 0)
		return signals;
	for (;;) {
		int r = draw_frame(cli, sort), signal;

		if (r < 0)
			return r;
		if (ppoll(fds, ARRAY_SIZE(fds), &pause, NULL) < 0 && errno != EINTR)
			return -errno;
		signal = signals_next(signals, NULL);
		if (signal && signal != SIGWINCH)
			return 0;
		if (fds[0].revents && !handle_keys(&sort))
			return 0;
	}
}

static int show_on_terminal(const struct cli *cli, enum sort sort, uint64_t interval)
{
	struct terminal terminal = { 0 };
	int r = terminal_open(&terminal);

	if (r >= 0)
		r = draw_until_quit(cli, sort, interval);
	/* Before anything is said: it would be wiped with the screen. */
	terminal_close(&terminal);
	return r < 0 ? fail_call(cli, r) : STATUS_DONE;
}

static int read_sort(const char *text, enum sort *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(sorts); i++) {
		if (!strcmp(sorts[i].name, text)) {
			*ret = (enum sort)i;
			return STATUS_DONE;
		}
	}
	return complain(
		STATUS_USAGE,
		"--sort takes name, usage, limit, percent, peak, processes, failures or kills, not \"%s\"",
		text);
}

static int run(struct cli *cli, const struct args *args)
{
	enum sort sort = SORT_USAGE;
	uint64_t interval = 1000000;
	int status = STATUS_DONE;

	if (args->values[SORT])
		status = read_sort(args->values[SORT], &sort);
	if (status == STATUS_DONE && args->values[INTERVAL])
		status = read_duration("The interval", args->values[INTERVAL], &interval);
	if (status != STATUS_DONE)
		return status;
	if (interval < 100000)
		return complain(STATUS_USAGE, "An interval is 100ms at least");
	status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	if (cli->json)
		return print_json_once(cli, sort);
	if (args->values[ONCE] || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return print_once(cli, sort);
	return show_on_terminal(cli, sort, interval);
}

const struct verb verb_top = {
	.name = "top",
	.synopsis = "[OPTION...]",
	.summary = "Show the containers by what they use, live",
	.description =
		"On a terminal the view is drawn again until q is pressed; else one table is printed.",
	.options = options,
	.run = run,
};
