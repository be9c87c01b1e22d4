/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl limit: set a limit, and reclaim if usage is above it. Ctrl-C ends the
 * reclaim and keeps the old limit, because rssd sees that the caller has left.
 */
#include <ctype.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "relative-limit.h"
#include "shared/size.h"
#include "values.h"
#include "verb.h"
#include "view/container-list.h"
#include "view/json.h"
#include "view/output.h"
#include "view/progress.h"
#include "view/status.h"

enum {
	MODE,
	TIMEOUT,
	DRY_RUN,
};

static const struct option_spec options[] = {
	[MODE] = { "mode", 'm', "reclaim|refuse|force",
		   "What to do if usage is above SIZE; default: reclaim" },
	[TIMEOUT] = { "timeout", 0, "TIME",
		      "Give up after this; default: LimitTimeout= in rssd.conf, 30s" },
	[DRY_RUN] = { "dry-run", 0, NULL, "Set nothing, print the forecast" },
	{ 0 },
};

static const char *const columns[] = { "<NAME", ">LIMIT", ">USAGE", "OUTCOME" };

DEFINE_CLEANUP(struct rss_forecast *, rss_forecast_free);

#define BAR_WIDTH 30

/* The progress bar on standard error. */
struct progress {
	uint64_t from; /* usage at the start of the reclaim */
	bool drawn;
};

static void draw_progress(uint64_t usage, uint64_t limit, void *userdata)
{
	struct progress *progress = userdata;
	char bar[BAR_WIDTH + 1], now[SIZE_TEXT_MAX], goal[SIZE_TEXT_MAX];
	uint64_t all, done;
	int filled;

	if (!progress->drawn || usage > progress->from)
		progress->from = usage;
	progress->drawn = true;
	all = progress->from > limit ? progress->from - limit : 1;
	done = usage > limit ? progress->from - usage : all;
	filled = (int)((double)done / (double)all * BAR_WIDTH);
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '=', filled);
	if (filled < BAR_WIDTH)
		bar[filled] = '>';
	bar[BAR_WIDTH] = '\0';
	progress_show("[%s] %3d%%  %s, going to %s", bar, (int)((double)done / (double)all * 100),
		      size_format(usage, now), size_format(limit, goal));
}

/* Async-signal-safe. The signal is raised again and has its default action. */
static void on_interrupt(int signal)
{
	static const char text[] = "\nrssctl: interrupted; the old limit stays in force\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	raise(signal);
}

static void catch_interrupt(void)
{
	struct sigaction action = {
		.sa_handler = on_interrupt,
		.sa_flags = SA_RESETHAND,
	};

	sigaction(SIGINT, &action, NULL);
}

static int print_limit_table(struct cli *cli, const char *name, uint64_t limit, uint64_t usage,
			     const char *outcome)
{
	cleanup_table struct table *table = table_new(ARRAY_SIZE(columns), columns);
	int r = table ? table_add(table, name) : 0;

	r = !table || r < 0 ? r : add_limit(table, limit);
	r = !table || r < 0 ? r : add_usage(table, usage);
	r = !table || r < 0 ? r : table_add(table, outcome);
	return print_table(&cli->out, table, r, false);
}

static int print_limit_json(const struct cli *cli, const char *name, uint64_t limit, uint64_t usage,
			    const char *outcome)
{
	cleanup_json struct json_object *object = json_object_new_object();

	json_add_text(object, "name", name);
	json_add_limit(object, "limit", limit);
	json_add_count(object, "usage", usage);
	json_add_text(object, "outcome", outcome);
	return print_json(&cli->out, object);
}

static int print_forecast_text(const struct cli *cli, const char *name, uint64_t limit,
			       const struct rss_forecast *forecast)
{
	static const char *const texts[] = {
		[RSS_FITS] = "would be set",
		[RSS_RECLAIMS] = "would be set, after reclaim",
		[RSS_UNSURE] = "may be set, or refused",
		[RSS_REFUSES] = "would be refused, the old one stays",
		[RSS_KILLS] = "would be set, with an OOM: processes would be killed",
	};
	const struct {
		const char *key;
		uint64_t size;
	} rows[] = {
		{ "In use", forecast->usage },
		{ "Excess", forecast->to_free },
		{ "Reclaimable", forecast->reclaimable },
		{ "Anonymous", forecast->anonymous },
		{ "Shmem", forecast->shmem },
		{ "File", forecast->file },
		{ "Locked", forecast->locked },
		{ "Dirty", forecast->dirty },
		{ "Free swap", forecast->swap_free },
	};
	char size[SIZE_TEXT_MAX];

	printf("The limit %s of %s %s:\n%s.\n\n", size_format(limit, size), name,
	       texts[forecast->verdict], forecast->reason);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		printf("%12s: %s\n", rows[i].key,
		       rows[i].size == RSS_ABSENT ? "-" : size_format(rows[i].size, size));
	if (forecast->swappiness != RSS_ABSENT)
		printf("%12s: %" PRIu64 "\n", "Swappiness", forecast->swappiness);
	return STATUS_DONE;
}

static int print_forecast_json(const struct cli *cli, const char *name, uint64_t limit,
			       const struct rss_forecast *forecast)
{
	cleanup_json struct json_object *object = json_object_new_object();

	json_add_text(object, "name", name);
	json_add_limit(object, "limit", limit);
	json_add_text(object, "forecast", rss_verdict_name(forecast->verdict));
	json_add_text(object, "reason", forecast->reason);
	json_add_count(object, "usage", forecast->usage);
	json_add_count(object, "to_free", forecast->to_free);
	json_add_count(object, "reclaimable", forecast->reclaimable);
	json_add_count(object, "anonymous", forecast->anonymous);
	json_add_count(object, "shmem", forecast->shmem);
	json_add_count(object, "file", forecast->file);
	json_add_count(object, "locked", forecast->locked);
	json_add_count(object, "dirty", forecast->dirty);
	json_add_count(object, "swap_free", forecast->swap_free);
	json_add_count(object, "swappiness", forecast->swappiness);
	return print_json(&cli->out, object);
}

static int forecast(const struct cli *cli, const char *name, uint64_t limit,
		    enum rss_limit_mode mode)
{
	cleanup_(rss_forecast_free_ptr) struct rss_forecast *forecast = NULL;
	int status, r = rss_forecast_limit(cli->client, name, limit, mode, &forecast);

	if (r < 0)
		return fail_call(cli, r);
	status = cli->out.json ? print_forecast_json(cli, name, limit, forecast)
			       : print_forecast_text(cli, name, limit, forecast);
	if (status == STATUS_DONE && forecast->verdict == RSS_REFUSES)
		status = STATUS_REFUSED;
	return status;
}

static int run(struct cli *cli, const struct args *args)
{
	enum rss_limit_mode mode = RSS_LIMIT_RECLAIM;
	struct progress progress = { 0 };
	uint64_t limit = 0, usage, timeout = 0;
	const char *name = args->operands[0];
	int status, r;

	status = limit_is_relative(args->operands[1])
			 ? STATUS_DONE
			 : read_size("The limit", args->operands[1], &limit);
	if (status == STATUS_DONE && args->values[MODE])
		status = read_limit_mode(args->values[MODE], &mode);
	if (status == STATUS_DONE && args->values[TIMEOUT])
		status = read_timeout(args->values[TIMEOUT], &timeout);
	if (status != STATUS_DONE)
		return status;
	status = connect_daemon(cli);
	if (status == STATUS_DONE && limit_is_relative(args->operands[1]))
		status = limit_read_relative(cli, name, args->operands[1], &limit);
	if (status != STATUS_DONE)
		return status;
	if (args->values[DRY_RUN])
		return forecast(cli, name, limit, mode);
	catch_interrupt();
	r = rss_limit(cli->client, name, limit, mode, timeout,
		      progress_is_shown() ? draw_progress : NULL, &progress, &usage);
	if (progress.drawn)
		progress_clear();
	if (r < 0)
		return fail_call(cli, r);
	return cli->out.json ? print_limit_json(cli, name, limit, usage,
						limit_outcome_name((enum rss_limit_outcome)r))
			     : print_limit_table(cli, name, limit, usage,
						 limit_outcome_name((enum rss_limit_outcome)r));
}

DEFINE_VERB(limit) = {
	.name = "limit",
	.order = 60,
	.synopsis = "NAME SIZE [OPTION...]",
	.summary = "Set the limit of a container",
	.description =
		"If usage is above SIZE, the mode says what happens:\n"
		"  reclaim  reclaim until usage fits; if it cannot, the old limit stays\n"
		"  refuse   keep the old limit\n"
		"  force    reclaim, and kill processes of the container if that is not enough\n"
		"The status is 5 if the old limit stays. Ctrl-C ends the reclaim as well.\n"
		"+SIZE and -SIZE change the limit in force; +10% and -10% are of that limit.\n"
		"With --dry-run nothing is set: the outcome is predicted from usage, the lists that\n"
		"reclaim scans, locked memory and swap. The status is 5 if it would be refused.",
	.options = options,
	.min_operands = 2,
	.max_operands = 2,
	.changes = true,
	.run = run,
};
