/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rssctl suggest: propose a limit and watermarks for a container, from rssd's
 * record of it or from a watch. suggest-advice.c decides; nothing is set.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "connect.h"
#include "librss/rss.h"
#include "shared/array.h"
#include "shared/clock.h"
#include "shared/size.h"
#include "signals.h"
#include "values.h"
#include "verb.h"
#include "verb/suggest-advice.h"
#include "view/container-list.h"
#include "view/json.h"
#include "view/output.h"
#include "view/progress.h"
#include "view/status.h"

DEFINE_CLEANUP(struct rss_daemon_info *, rss_daemon_info_free);
DEFINE_CLEANUP(struct rss_usage_history *, rss_usage_history_free);

#define cleanup_container cleanup_(rss_container_free_ptr)

/* The time between two samples, and the longest watch. */
#define SAMPLE_USEC	  (1000 * 1000)
#define SAMPLE_USEC_SHORT (100 * 1000)
#define WATCH_USEC_MAX	  (24ULL * 3600 * 1000000)

enum {
	WATCH,
	APPLY,
};

static const struct option_spec options[] = {
	[WATCH] = { "watch", 'w', "TIME", "Watch it this long first; Ctrl-C ends the watch" },
	[APPLY] = { "apply", 0, NULL,
		    "Set what is proposed; the old settings stay if it does not fit" },
	{ 0 },
};

/* All samples of the container. */
struct record {
	enum observed source;
	uint64_t *usages;
	size_t count, allocated;
	uint64_t began, ended;		 /* of the watch, on the monotonic clock */
	uint64_t record_usec;		 /* the time that rssd's record covers, in microseconds */
	struct rss_usage_history before; /* the counters at its start; no samples */
	struct rss_container *last;
	uint64_t resident, largest; /* of its processes now */
	bool peak_reset, watermarks;
};

static void record_done(struct record *record)
{
	free(record->usages);
	record->last = rss_container_free(record->last);
}

/* --- samples --------------------------------------------------------------------- */

static int add_sample(struct record *record, uint64_t usage)
{
	if (usage == RSS_ABSENT)
		return 0;
	if (array_reserve(&record->usages, record->count, &record->allocated,
			  sizeof(*record->usages)) < 0)
		return -ENOMEM;
	record->usages[record->count++] = usage;
	return 0;
}

/* Counters are counted from @container on. */
static void count_from(struct record *record, const struct rss_container *container)
{
	record->before = (struct rss_usage_history){
		.failures = container->failures,
		.reclaimed = container->reclaimed,
		.oom_events = container->oom_events,
		.oom_kills = container->oom_kills,
		.refaults = container->refaults,
		.median = RSS_ABSENT,
		.highest = RSS_ABSENT,
	};
}

static int take_sample(const struct cli *cli, const char *name, struct record *record)
{
	cleanup_container struct rss_container *container = NULL;
	int r = rss_get(cli->client, name, &container);

	if (r < 0)
		return r;
	record->ended = clock_usec(CLOCK_MONOTONIC);
	r = add_sample(record, container->usage);
	if (r < 0)
		return r;
	record->last = rss_container_free(record->last);
	record->last = take_ptr(container);
	return 0;
}

/* rssd's record, and one more sample. */
static int read_history(const struct cli *cli, const char *name, struct record *record)
{
	cleanup_(rss_usage_history_free_ptr) struct rss_usage_history *history = NULL;
	int r = rss_get_usage_history(cli->client, name, &history);

	/* An older rssd keeps no record. */
	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	for (size_t i = 0; history && i < history->count; i++) {
		r = add_sample(record, history->samples[i].usage);
		if (r < 0)
			return r;
	}
	r = take_sample(cli, name, record);
	if (r < 0)
		return r;
	count_from(record, record->last);
	if (history) {
		record->before.median = history->median;
		record->before.highest = history->highest;
		record->before.observed = history->observed;
		record->before.raises = history->raises;
	}
	if (history && history->since) {
		record->before = *history;
		record->before.samples = NULL;
	}
	/* A single sample is that of now. */
	if (history && history->count > 1) {
		record->source = OBSERVED_HISTORY;
		/* Not the clock of now, which may have been set since rssd replied. */
		record->record_usec =
			history->samples[history->count - 1].time - history->samples[0].time;
	}
	return 0;
}

static void show_progress(const char *name, const struct record *record, uint64_t usec)
{
	char usage[SIZE_TEXT_MAX] = "-";

	if (record->count)
		size_format(record->usages[record->count - 1], usage);
	progress_show("watching %s: %" PRIu64 "s of %" PRIu64 "s, usage %s", name,
		      (record->ended - record->began) / 1000000, usec / 1000000, usage);
}

/* Takes samples until the time is over or Ctrl-C is pressed; then the samples so far count. */
static int take_samples(const struct cli *cli, const char *name, uint64_t usec,
			struct record *record)
{
	static const int wanted[] = { SIGINT, SIGTERM };
	cleanup_close int signals = signals_open(wanted, ARRAY_SIZE(wanted), NULL);
	uint64_t step = usec < 60 * SAMPLE_USEC ? SAMPLE_USEC_SHORT : SAMPLE_USEC;
	int r = signals < 0 ? signals : take_sample(cli, name, record);

	if (r < 0)
		return r;
	record->source = OBSERVED_WATCH;
	record->began = record->ended;
	count_from(record, record->last);
	while (r == 0 && record->ended < record->began + usec) {
		struct pollfd fd = { .fd = signals, .events = POLLIN };
		uint64_t left = record->began + usec - record->ended;

		show_progress(name, record, usec);
		if (left > step)
			left = step;
		if (poll(&fd, 1, (int)((left + 999) / 1000)) > 0 && signals_next(signals, NULL))
			break;
		r = take_sample(cli, name, record);
	}
	progress_clear();
	return r;
}

static int read_features(const struct cli *cli, struct record *record)
{
	cleanup_(rss_daemon_info_free_ptr) struct rss_daemon_info *info = NULL;
	int r = rss_daemon_info(cli->client, &info);

	if (r < 0)
		return r;
	for (size_t i = 0; info->features[i]; i++) {
		record->peak_reset |= !strcmp(info->features[i], "peak-reset");
		record->watermarks |= !strcmp(info->features[i], "watermarks");
	}
	return 0;
}

static int read_resident(const struct cli *cli, const char *name, struct record *record)
{
	struct rss_process *processes = NULL;
	size_t count = 0;
	int r = rss_processes(cli->client, name, &processes, &count);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		uint64_t resident = processes[i].resident;

		if (resident == RSS_ABSENT)
			continue;
		record->resident += resident;
		if (resident > record->largest)
			record->largest = resident;
	}
	rss_processes_free(processes, count);
	return r < 0 ? r : 0;
}

/* --- the proposal -------------------------------------------------------------------- */

/* How much a counter grew. If it fell, it belongs to a new container of that name. */
static uint64_t counter_growth(uint64_t before, uint64_t now)
{
	if (before == RSS_ABSENT || now == RSS_ABSENT)
		return RSS_ABSENT;
	return now >= before ? now - before : now;
}

static struct observation observe(const struct record *record)
{
	const struct rss_container *last = record->last;

	return (struct observation){
		.source = record->source,
		.usec = record->source == OBSERVED_WATCH ? record->ended - record->began
							 : record->record_usec,
		.usages = record->usages,
		.count = record->count,
		.limit = last->limit,
		.peak = last->peak,
		.resident = record->resident,
		.largest = record->largest,
		.can_reset_peak = record->peak_reset,
		.has_watermarks = record->watermarks,
		.oom_events = last->oom_events,
		.oom_kills = last->oom_kills,
		.new_failures = counter_growth(record->before.failures, last->failures),
		.new_reclaimed = counter_growth(record->before.reclaimed, last->reclaimed),
		.new_oom_events = counter_growth(record->before.oom_events, last->oom_events),
		.new_oom_kills = counter_growth(record->before.oom_kills, last->oom_kills),
		.new_refaults = counter_growth(record->before.refaults, last->refaults),
		.median = record->before.median,
		.longest_highest = record->before.highest,
		.observed = record->before.observed,
		.raises = record->before.raises,
		.page = (uint64_t)sysconf(_SC_PAGESIZE),
	};
}

static void print_key_value(const char *key, uint64_t bytes)
{
	if (bytes != RSS_INFINITY)
		printf(" %s=%" PRIu64 "M", key, bytes >> 20);
}

/* Sets what is proposed: all of it or nothing. */
static int apply_advice(struct cli *cli, const char *name, const struct advice *advice)
{
	struct rss_settings settings = {
		.set = RSS_SET_LIMIT,
		.limit = advice->limit,
		.wmark_high = advice->wmark_high,
		.wmark_low = advice->wmark_low,
	};

	if (!advice->enough)
		return STATUS_DONE;
	if (advice->wmark_high != RSS_INFINITY)
		settings.set |= RSS_SET_WMARK_HIGH | RSS_SET_WMARK_LOW;
	return end_call(cli, rss_set(cli->client, name, &settings));
}

static int print_advice_text(const char *name, const struct advice *advice, bool applied)
{
	char size[SIZE_TEXT_MAX], upper[SIZE_TEXT_MAX];

	if (!advice->enough)
		puts("Too little is known to suggest a limit.");
	else
		printf("Limit %s%s", size_format(advice->limit, size),
		       advice->floor ? " at least" : "");
	if (advice->enough)
		printf(" (lower %s, upper %s)", size_format(advice->lower, size),
		       size_format(advice->upper, upper));
	if (advice->enough && advice->wmark_high != RSS_INFINITY) {
		printf(", wmark-high %s", size_format(advice->wmark_high, size));
		printf(", wmark-low %s", size_format(advice->wmark_low, size));
	}
	if (advice->enough)
		puts(".");
	for (size_t i = 0; i < advice->count; i++)
		printf("- %s\n", advice->reasons[i]);
	if (!advice->enough)
		return STATUS_FAILED;
	if (applied)
		return STATUS_DONE;
	/* The limit in force stays: there is nothing to set. */
	if (advice->limit % (1 << 20))
		return STATUS_DONE;
	printf("To set it: rssctl set %s", name);
	print_key_value("limit", advice->limit);
	print_key_value("wmark-high", advice->wmark_high);
	print_key_value("wmark-low", advice->wmark_low);
	putchar('\n');
	return STATUS_DONE;
}

static const char *const sources[] = {
	[OBSERVED_ONCE] = "sample",
	[OBSERVED_WATCH] = "watch",
	[OBSERVED_HISTORY] = "history",
};

static int print_advice_json(const struct cli *cli, const char *name,
			     const struct observation *seen, const struct advice *advice)
{
	cleanup_json struct json_object *object = json_object_new_object();
	const char *reasons[ADVICE_REASONS_MAX + 1] = { NULL };
	int status;

	for (size_t i = 0; i < advice->count; i++)
		reasons[i] = advice->reasons[i];
	json_add_text(object, "name", name);
	json_add_flag(object, "enough", advice->enough);
	json_add_flag(object, "at_least", advice->floor);
	json_add_limit(object, "limit", advice->limit);
	json_add_limit(object, "lower", advice->lower);
	json_add_limit(object, "upper", advice->upper);
	json_add_limit(object, "wmark-high", advice->wmark_high);
	json_add_limit(object, "wmark-low", advice->wmark_low);
	json_add_texts(object, "reasons", reasons);
	json_add_text(object, "source", sources[seen->source]);
	json_add_count(object, "watched_usec", seen->source == OBSERVED_WATCH ? seen->usec : 0);
	json_add_count(object, "recorded_usec", seen->source == OBSERVED_HISTORY ? seen->usec : 0);
	json_add_count(object, "samples", seen->count);
	status = print_json(&cli->out, object);
	return status == STATUS_DONE && !advice->enough ? STATUS_FAILED : status;
}

static int run(struct cli *cli, const struct args *args)
{
	cleanup_(record_done) struct record record = { 0 };
	const char *name = args->operands[0];
	struct observation seen;
	struct advice advice;
	uint64_t usec = 0;
	int status = STATUS_DONE, r;

	if (args->values[WATCH])
		status = read_duration("The time of the watch", args->values[WATCH], &usec);
	if (status != STATUS_DONE)
		return status;
	if (usec > WATCH_USEC_MAX)
		return print_error(STATUS_USAGE, "A watch lasts a day at most");
	status = connect_daemon(cli);
	if (status != STATUS_DONE)
		return status;
	r = read_features(cli, &record);
	if (r == 0)
		r = usec ? take_samples(cli, name, usec, &record)
			 : read_history(cli, name, &record);
	if (r == 0)
		r = read_resident(cli, name, &record);
	if (r < 0)
		return fail_call(cli, r);
	seen = observe(&record);
	advice_decide(&seen, &advice);
	if (args->values[APPLY])
		status = apply_advice(cli, name, &advice);
	if (status != STATUS_DONE)
		return status;
	return cli->out.json ? print_advice_json(cli, name, &seen, &advice)
			     : print_advice_text(name, &advice, args->values[APPLY]);
}

DEFINE_VERB(suggest) = {
	.name = "suggest",
	.order = 210,
	.synopsis = "NAME [--watch=TIME] [--apply]",
	.summary = "Propose a limit and watermarks, with reasons",
	.description =
		"Without --watch it uses the samples of the last day, which rssd takes when a client reads\n"
		"the counters or by SampleInterval= in rssd.conf, and the kernel's counters. Nothing is\n"
		"set without --apply. The status is 1 if too little is known.",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.changes = true,
	.run = run,
};
