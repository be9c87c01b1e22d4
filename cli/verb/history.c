/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssctl history: the usage of a container over the last day. */
#include <stdio.h>
#include <time.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "shared/clock.h"
#include "shared/size.h"
#include "verb.h"
#include "view/bar.h"
#include "view/container-list.h"
#include "view/json.h"
#include "view/output.h"
#include "view/pager.h"
#include "view/status.h"

DEFINE_CLEANUP(struct rss_usage_history *, rss_usage_history_free);

/* The line is a day, in columns of half an hour. */
#define LINE_COLUMNS 48
#define DAY_USEC     (24 * 3600 * USEC_PER_SEC)
#define COLUMN_USEC  (DAY_USEC / LINE_COLUMNS)
/* The longest time that one sample stands for. */
#define SPAN_USEC (3600 * USEC_PER_SEC)
/* The width of a bar of the table. */
#define BAR_COLUMNS 24

static const char *const columns[] = { "TIME", ">USAGE", "" };

struct report {
	const char *name;
	const struct rss_usage_history *history;
	uint64_t limit;
};

static uint64_t highest_usage(const struct rss_usage_history *history)
{
	uint64_t highest = 0;

	for (size_t i = 0; i < history->count; i++)
		if (history->samples[i].usage > highest)
			highest = history->samples[i].usage;
	return highest;
}

/* The clock of rssd may be ahead of this one. */
static uint64_t end_of_day(const struct rss_usage_history *history)
{
	uint64_t now = clock_usec(CLOCK_REALTIME);
	uint64_t last = history->samples[history->count - 1].time;

	return last > now ? last : now;
}

/* Puts each sample into the columns from its time to that of the next one. */
static void fill_line(const struct rss_usage_history *history, uint64_t end,
		      uint64_t values[LINE_COLUMNS])
{
	uint64_t begin = end - DAY_USEC;

	for (size_t i = 0; i < LINE_COLUMNS; i++)
		values[i] = UINT64_MAX;
	for (size_t i = 0; i < history->count; i++) {
		const struct rss_usage_sample *sample = &history->samples[i];
		uint64_t until = i + 1 < history->count ? sample[1].time : end;

		if (until - sample->time > SPAN_USEC)
			until = sample->time + SPAN_USEC;
		for (uint64_t at = sample->time; at <= until; at += COLUMN_USEC) {
			uint64_t column = at > begin ? (at - begin) / COLUMN_USEC : 0;

			if (column >= LINE_COLUMNS)
				column = LINE_COLUMNS - 1;
			if (values[column] == UINT64_MAX || values[column] < sample->usage)
				values[column] = sample->usage;
		}
	}
}

static void print_line(const struct cli *cli, const struct report *report)
{
	uint64_t values[LINE_COLUMNS];
	char line[BAR_TEXT_MAX], size[SIZE_TEXT_MAX];

	fill_line(report->history, end_of_day(report->history), values);
	sparkline_draw(values, LINE_COLUMNS, LINE_COLUMNS, cli->out.utf8, line);
	printf("%s  at most %s\n", line, size_format(highest_usage(report->history), size));
	printf("%-*s%s\n\n", LINE_COLUMNS - 3, "24h ago", "now");
}

static void print_summary(const struct rss_usage_history *history)
{
	char median[SIZE_TEXT_MAX], most[SIZE_TEXT_MAX], highest[SIZE_TEXT_MAX],
		time[SIZE_TEXT_MAX];

	/* An older rssd has no histogram. */
	if (history->median == RSS_ABSENT || history->observed < USEC_PER_SEC)
		return;
	printf("\nIn half of the time about %s or less, in 95%% %s, at most %s, in %s; older usage "
	       "counts less.\n",
	       size_format(history->median, median), size_format(history->percentile95, most),
	       size_format(history->highest, highest), duration_format(history->observed, time));
}

static int print_text(struct cli *cli, const struct report *report)
{
	const struct rss_usage_history *history = report->history;
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	uint64_t whole = report->limit == RSS_INFINITY ? highest_usage(history) : report->limit;
	int status, r = 0;

	if (history->count == 0) {
		puts("No samples yet: rssd takes them when the counters are read, or by SampleInterval= "
		     "in rssd.conf.");
		return STATUS_DONE;
	}
	output_start_pager(&cli->out);
	print_line(cli, report);
	for (size_t i = 0; table && i < history->count && r >= 0; i++) {
		char when[TIME_TEXT_MAX], bar[BAR_TEXT_MAX];

		bar_draw(history->samples[i].usage, whole, BAR_NO_MARK, BAR_NO_MARK, BAR_COLUMNS,
			 cli->out.utf8, bar);
		r = table_add(table, format_time(history->samples[i].time, when));
		r = r < 0 ? r : add_usage(table, history->samples[i].usage);
		r = r < 0 ? r : table_add(table, bar);
	}
	status = print_table(&cli->out, table, r, true);
	if (status == STATUS_DONE)
		print_summary(history);
	return status;
}

static int print_as_json(const struct cli *cli, const struct report *report)
{
	cleanup_json struct json_object *object = json_object_new_object();
	const struct rss_usage_history *history = report->history;
	struct json_object *samples = json_object_new_array();

	for (size_t i = 0; samples && i < history->count; i++) {
		struct json_object *sample = json_object_new_object();

		json_add_count(sample, "time", history->samples[i].time);
		json_add_count(sample, "usage", history->samples[i].usage);
		json_object_array_add(samples, sample);
	}
	json_add_text(object, "name", report->name);
	json_add_limit(object, "limit", report->limit);
	json_add_value(object, "samples", samples);
	json_add_count(object, "median", history->median);
	json_add_count(object, "percentile95", history->percentile95);
	json_add_count(object, "highest", history->highest);
	json_add_count(object, "observed_usec", history->observed);
	json_add_count(object, "raises", history->raises);
	return print_json(&cli->out, object);
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(rss_usage_history_free_ptr) struct rss_usage_history *history = NULL;
	cleanup_(rss_container_free_ptr) struct rss_container *container = NULL;
	struct report report = { .name = args->operands[0] };
	int r, status = connect_daemon(cli);

	if (status != STATUS_DONE)
		return status;
	r = rss_get_usage_history(cli->client, report.name, &history);
	if (r >= 0)
		r = rss_get(cli->client, report.name, &container);
	if (r < 0)
		return fail_call(cli, r);
	report.history = history;
	report.limit = container->limit;
	return cli->out.json ? print_as_json(cli, &report) : print_text(cli, &report);
}

DEFINE_VERB(history) = {
	.name = "history",
	.order = 205,
	.synopsis = "NAME",
	.summary = "Show the usage over the last day",
	.description =
		"A line and a table of at most 24 samples, each the highest usage in up to an hour.\n"
		"They survive a restart of rssd.",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
