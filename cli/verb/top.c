/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl top: show the containers that use most, live. This is the loop;
 * view/top-view.c draws, view/top-order.c sorts, view/history.c keeps samples.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "connect.h"
#include "shared/clock.h"
#include "signals.h"
#include "values.h"
#include "verb.h"
#include "view/container-json.h"
#include "view/container-list.h"
#include "view/history.h"
#include "view/json.h"
#include "view/output.h"
#include "view/status.h"
#include "view/terminal.h"
#include "view/top-order.h"
#include "view/top-view.h"

#define INTERVAL_DEFAULT (2 * 1000 * 1000)
#define INTERVAL_MIN	 (100 * 1000)
#define ORDERS		 "name, usage, limit, percent, peak, processes, failures, reclaim, kills"

enum {
	SORT,
	INTERVAL,
	ONCE,
	BATCH,
	COUNT,
};

static const struct option_spec options[] = {
	[SORT] = { "sort", 0, "ORDER", ORDERS },
	[INTERVAL] = { "interval", 'd', "TIME", "The time between samples; default: 2s" },
	[ONCE] = { "once", 0, NULL, "Print one table, as if the output were no terminal" },
	[BATCH] = { "batch", 'b', NULL, "Print a table for each sample, for a file or a pipe" },
	[COUNT] = { "count", 'n', "N", "End a batch after N tables" },
	{ 0 },
};

/* --- once ---------------------------------------------------------------------- */

static const char *const columns[] = {
	"<NAME", ">USAGE", ">LIMIT", ">USED", ">PEAK", ">PROCESSES", ">FAILURES", ">OOM-KILLS",
};

static int add_container_row(struct table *table, const struct rss_container *c, bool colour)
{
	uint64_t tenths = top_used(c);
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

static int fetch_containers(const struct cli *cli, struct container_list *list)
{
	container_list_done(list);
	return rss_list(cli->client, &list->containers, &list->count);
}

static int print_once(struct cli *cli, enum top_order order)
{
	cleanup_container_list struct container_list list = { 0 };
	cleanup_table struct table *table = NULL;
	int r = fetch_containers(cli, &list);

	if (r < 0)
		return fail_call(cli, r);
	top_sort(&list, order, NULL);
	table = table_new(ARRAY_SIZE(columns), columns);
	for (size_t i = 0; table && i < list.count && r >= 0; i++)
		r = add_container_row(table, list.containers[i], cli->out.colour);
	return print_table(&cli->out, table, r, false);
}

/* The objects of rssctl list, in the order of top. */
static int print_json_once(const struct cli *cli, enum top_order order)
{
	cleanup_container_list struct container_list list = { 0 };
	cleanup_json struct json_object *array = json_object_new_array();
	int r = fetch_containers(cli, &list);

	if (r < 0)
		return fail_call(cli, r);
	top_sort(&list, order, NULL);
	for (size_t i = 0; array && i < list.count; i++)
		json_object_array_add(array, container_to_json(list.containers[i], false));
	return print_json(&cli->out, array);
}

/* Prints @count tables, or JSON arrays, with an empty line before each but the first. */
static int print_batch(struct cli *cli, enum top_order order, uint64_t interval, uint64_t count)
{
	int status = STATUS_DONE;

	for (uint64_t i = 0; i < count && status == STATUS_DONE; i++) {
		struct pollfd reader = { .fd = STDOUT_FILENO };

		/* Only POLLERR and POLLHUP: the reader is gone. */
		if (i > 0 && poll(&reader, 1, (int)(interval / 1000)) > 0)
			break;
		if (i > 0 && !cli->out.json)
			putchar('\n');
		status = cli->out.json ? print_json_once(cli, order) : print_once(cli, order);
		if (fflush(stdout) != 0)
			break;
	}
	return status;
}

/* --- live ------------------------------------------------------------------------ */

struct top {
	struct container_list list;
	struct history history;
	struct top_screen screen;
	char when[TIME_TEXT_MAX];
	uint64_t next; /* the time of the next sample, on the monotonic clock */
	bool quit;
	bool stop;	/* SIGTSTP was received */
	bool continued; /* SIGCONT was received */
};

static void top_done(struct top *top)
{
	container_list_done(&top->list);
	history_done(&top->history);
}

/*
 * Reads swap and pressure of the containers on the screen. The list does not have them, since for
 * thousands of containers they would take long to read.
 */
static int fetch_details(const struct cli *cli, struct top *top)
{
	size_t end = top->screen.first + top_rows(&top->screen);

	top_sort(&top->list, top->screen.order, &top->history);
	for (size_t i = top->screen.first; i < top->list.count && i < end; i++) {
		cleanup_(rss_container_free_ptr) struct rss_container *c = NULL;
		int r = rss_get(cli->client, top->list.containers[i]->name, &c);

		/* It may have been removed since. */
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		top->list.containers[i]->swap = c->swap;
		top->list.containers[i]->pressure_some_avg10 = c->pressure_some_avg10;
	}
	return 0;
}

static int refresh(const struct cli *cli, struct top *top)
{
	int r = fetch_containers(cli, &top->list);

	if (r < 0)
		return r;
	/* history_add() needs the order of names, which rss_list() has. */
	r = history_add(&top->history, top->list.containers, top->list.count,
			clock_usec(CLOCK_MONOTONIC));
	if (r >= 0 && top->screen.details)
		r = fetch_details(cli, top);
	if (r < 0)
		return r;
	format_time((uint64_t)time(NULL) * 1000000, top->when);
	top->next = clock_usec(CLOCK_MONOTONIC) + top->screen.interval;
	return 0;
}

/* Keeps the last page full. */
static void clamp_view(struct top *top)
{
	size_t rows = top_rows(&top->screen);
	size_t last = top->list.count > rows ? top->list.count - rows : 0;

	if (top->screen.first > last)
		top->screen.first = last;
}

static void measure_screen(struct top *top)
{
	int width = terminal_columns();

	top->screen.rows = (size_t)terminal_rows();
	top->screen.columns = width > 0 ? (size_t)width : 80;
}

static int draw_frame(struct top *top)
{
	cleanup_free char *frame = NULL;

	measure_screen(top);
	top->screen.when = top->when;
	top_sort(&top->list, top->screen.order, &top->history);
	clamp_view(top);
	frame = top_view(&top->list, &top->history, &top->screen);
	return frame ? terminal_draw(frame) : -ENOMEM;
}

/* What the cursor keys send after the escape. */
static const struct {
	const char *sequence;
	enum { UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END } move;
} moves[] = {
	{ "[A", UP },	    { "OA", UP },	  { "[B", DOWN }, { "OB", DOWN },
	{ "[5~", PAGE_UP }, { "[6~", PAGE_DOWN }, { "[H", HOME }, { "OH", HOME },
	{ "[1~", HOME },    { "[F", END },	  { "OF", END },  { "[4~", END },
};

static void move_view(struct top *top, int where)
{
	size_t rows = top_rows(&top->screen), *first = &top->screen.first;

	switch (where) {
	case UP:
		*first -= *first > 0;
		break;
	case DOWN:
		*first += 1;
		break;
	case PAGE_UP:
		*first -= *first < rows ? *first : rows;
		break;
	case PAGE_DOWN:
		*first += rows;
		break;
	case HOME:
		*first = 0;
		break;
	case END:
		*first = top->list.count;
		break;
	}
	clamp_view(top);
}

/* The length of the sequence that @keys starts with, after its escape; all if it is not complete. */
static size_t sequence_length(const char *keys)
{
	size_t length = 1;

	if (keys[0] == '[')
		length += strspn(keys + 1, "0123456789;<=>?!\"#$%&'()*+,-./ ");
	else if (keys[0] != 'O')
		return 0;
	return keys[length] ? length + 1 : length;
}

/* Handles the sequence after an escape, and returns its length. One that is not known is left out. */
static size_t handle_sequence(struct top *top, const char *keys)
{
	size_t length = sequence_length(keys);

	for (size_t i = 0; i < ARRAY_SIZE(moves); i++)
		if (strlen(moves[i].sequence) == length &&
		    !strncmp(keys, moves[i].sequence, length))
			move_view(top, moves[i].move);
	return length;
}

static void handle_keys(struct top *top)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys) - 1);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* A terminal that has hung up reads as its end. */
	top->quit = n <= 0;
	keys[n > 0 ? n : 0] = '\0';
	for (const char *key = keys; *key && !top->quit; key++) {
		if (*key == '\033')
			key += handle_sequence(top, key + 1);
		else if (*key == 'q' || *key == 'Q')
			top->quit = true;
		else if (*key == ' ')
			top->next = 0;
		else if (top_order_from_key(*key, &top->screen.order))
			top->screen.first = 0;
	}
}

static void handle_signal(struct top *top, int signal)
{
	switch (signal) {
	case SIGWINCH:
		break;
	case SIGTSTP:
		top->stop = true;
		break;
	case SIGCONT:
		top->continued = true;
		break;
	default:
		top->quit = true;
		break;
	}
}

/* Waits for a key, a signal, or the time of the next sample. */
static int wait_for_more(struct top *top, int signals)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	uint64_t now = clock_usec(CLOCK_MONOTONIC), left = top->next > now ? top->next - now : 0;
	struct timespec pause = clock_to_timespec(left);
	int signal;

	if (ppoll(fds, ARRAY_SIZE(fds), &pause, NULL) < 0 && errno != EINTR)
		return -errno;
	signal = signals_next(signals, NULL);
	if (signal)
		handle_signal(top, signal);
	else if (fds[0].revents)
		handle_keys(top);
	return 0;
}

/* Stops, with the terminal restored, if that was asked for; takes it again when continued. */
static int stop_and_take_again(struct top *top, struct terminal *terminal)
{
	terminal_restore(terminal);
	if (top->stop)
		signals_stop();
	top->stop = top->continued = false;
	return terminal_take(terminal);
}

/* Draws until the user quits. Returns 0 or a negative errno. */
static int draw_until_quit(const struct cli *cli, struct top *top, struct terminal *terminal)
{
	static const int wanted[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT };
	cleanup_close int signals = signals_open(wanted, ARRAY_SIZE(wanted), NULL);
	int r = signals < 0 ? signals : 0;

	while (r == 0 && !top->quit) {
		measure_screen(top);
		if (clock_usec(CLOCK_MONOTONIC) >= top->next)
			r = refresh(cli, top);
		if (r == 0)
			r = draw_frame(top);
		if (r == 0)
			r = wait_for_more(top, signals);
		/* The shell changes the modes of the terminal while a job is stopped. */
		if (r == 0 && (top->stop || top->continued))
			r = stop_and_take_again(top, terminal);
	}
	return r;
}

/* Returns 1 if the kernel reports memory pressure, 0 if not, or a negative errno. */
static int has_details(const struct cli *cli)
{
	struct rss_daemon_info *info;
	int r = rss_daemon_info(cli->client, &info);

	for (size_t i = 0; r == 0 && info->features[i]; i++)
		if (!strcmp(info->features[i], "pressure"))
			r = 1;
	if (r >= 0)
		rss_daemon_info_free(info);
	return r;
}

static int show_on_terminal(const struct cli *cli, enum top_order order, uint64_t interval)
{
	cleanup_(top_done) struct top top = { 0 };
	struct terminal terminal = { 0 };
	int r = has_details(cli);

	if (r < 0)
		return end_call(cli, r);
	top.screen.details = r;
	r = terminal_take(&terminal);

	top.screen.order = order;
	top.screen.interval = interval;
	top.screen.colour = cli->out.colour;
	top.screen.utf8 = cli->out.utf8;
	if (r >= 0)
		r = draw_until_quit(cli, &top, &terminal);
	/* Before an error is printed, because it would vanish with the alternate screen. */
	terminal_restore(&terminal);
	return end_call(cli, r);
}

/* ------------------------------------------------------------------------------------ */

static int run(struct cli *cli, const struct args *args)
{
	enum top_order order = ORDER_USAGE;
	uint64_t interval = INTERVAL_DEFAULT, count = UINT64_MAX;
	int status = STATUS_DONE;

	if (args->values[SORT] && !top_order_from_name(args->values[SORT], &order))
		return print_error(STATUS_USAGE, "--sort takes one of " ORDERS "; not \"%s\"",
				   args->values[SORT]);
	if (args->values[INTERVAL])
		status = read_duration("The interval", args->values[INTERVAL], &interval);
	if (status == STATUS_DONE && args->values[COUNT])
		status = read_number("The count", args->values[COUNT], INT64_MAX, &count);
	if (status != STATUS_DONE)
		return status;
	if (args->values[COUNT] && !args->values[BATCH])
		return print_error(STATUS_USAGE, "--count needs --batch");
	if (interval < INTERVAL_MIN || interval / 1000 > INT_MAX)
		return print_error(STATUS_USAGE, "The interval must be between 100ms and 24d");
	status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	if (args->values[BATCH])
		return print_batch(cli, order, interval, count);
	if (cli->out.json)
		return print_json_once(cli, order);
	if (args->values[ONCE] || !terminal_is_capable(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return print_once(cli, order);
	return show_on_terminal(cli, order, interval);
}

DEFINE_VERB(top) = {
	.name = "top",
	.alias = "stats",
	.order = 200,
	.synopsis = "[OPTION...]",
	.summary = "Show the containers that use most, live",
	.description =
		"On a terminal the view is drawn again until q is pressed; else one table is printed.\n"
		"In a bar, > and < are the high and the low watermark. PSI is the memory pressure of 10 s.\n"
		"Space takes a sample at once.",
	.options = options,
	.run = run,
};
