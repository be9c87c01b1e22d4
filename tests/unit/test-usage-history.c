/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The usage history: bounded, keeps the highest usage, drops samples after a day. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cleanup.h"
#include "policy/counters.h"
#include "policy/usage-history-text.h"
#include "policy/usage-history.h"
#include "unit.h"

#define SECOND 1000000ULL
#define HOUR   (3600 * SECOND)
#define K      1024ULL

static uint64_t highest(const struct usage_sample samples[], size_t count)
{
	uint64_t usage = 0;

	for (size_t i = 0; i < count; i++)
		usage = samples[i].usage > usage ? samples[i].usage : usage;
	return usage;
}

TEST(one_span_keeps_the_highest)
{
	cleanup_free struct usage_history *history = NULL;
	struct usage_sample samples[USAGE_SAMPLES_MAX];

	CHECK_UINT(usage_history_samples(NULL, 0, samples), 0);
	CHECK_INT(usage_history_add(&history, 100 * SECOND, 5 * K), 0);
	CHECK_INT(usage_history_add(&history, 101 * SECOND, 9 * K), 0);
	CHECK_INT(usage_history_add(&history, 102 * SECOND, 7 * K), 0);
	CHECK_UINT(usage_history_samples(history, 102 * SECOND, samples), 1);
	CHECK_UINT(samples[0].time, 100 * SECOND);
	CHECK_UINT(samples[0].usage, 9 * K);
	/* A span ends after its time; usage is rounded up to KiB. */
	CHECK_INT(usage_history_add(&history, 115 * SECOND, 1), 0);
	CHECK_UINT(usage_history_samples(history, 115 * SECOND, samples), 2);
	CHECK_UINT(samples[1].time, 115 * SECOND);
	CHECK_UINT(samples[1].usage, K);
}

/* A sample each second for half a day: few spans, none of them lower than a sample in it. */
TEST(long_times_take_no_more_room)
{
	cleanup_free struct usage_history *history = NULL;
	struct usage_sample samples[USAGE_SAMPLES_MAX];
	uint64_t at;
	size_t count;

	for (at = 0; at < 12 * HOUR; at += SECOND) {
		uint64_t usage = at == 5 * HOUR ? 900 * K : 100 * K;

		CHECK_INT(usage_history_add(&history, at, usage), 0);
	}
	count = usage_history_samples(history, at, samples);
	CHECK(count > USAGE_SAMPLES_MAX / 2 && count <= USAGE_SAMPLES_MAX);
	CHECK_UINT(samples[0].time, 0);
	CHECK_UINT(highest(samples, count), 900 * K);
	for (size_t i = 1; i < count; i++) {
		CHECK(samples[i].time > samples[i - 1].time);
		CHECK(samples[i].time - samples[i - 1].time <= HOUR);
	}
	/* Only one span has the peak: its neighbours are not raised. */
	CHECK_UINT(samples[0].usage, 100 * K);
	CHECK_UINT(samples[count - 1].usage, 100 * K);
}

TEST(a_day_is_kept)
{
	cleanup_free struct usage_history *history = NULL;
	struct usage_sample samples[USAGE_SAMPLES_MAX];
	uint64_t at;
	size_t count;

	for (at = 0; at <= 72 * HOUR; at += 60 * SECOND)
		CHECK_INT(usage_history_add(&history, at, at < HOUR ? 900 * K : 100 * K), 0);
	count = usage_history_samples(history, at, samples);
	CHECK(count >= USAGE_SAMPLES_MAX / 2);
	CHECK(samples[0].time + USAGE_KEPT_USEC + HOUR >= at);
	CHECK_UINT(highest(samples, count), 100 * K);
	/* After two days without a sample, older ones are not returned. */
	CHECK_UINT(usage_history_samples(history, at + 48 * HOUR, samples), 0);
	CHECK_INT(usage_history_add(&history, at + 48 * HOUR, 3 * K), 0);
	CHECK_UINT(usage_history_samples(history, at + 48 * HOUR, samples), 1);
	CHECK_UINT(samples[0].usage, 3 * K);
}

/* Rare samples share no span: the oldest is dropped. */
TEST(rare_samples)
{
	cleanup_free struct usage_history *history = NULL;
	struct usage_sample samples[USAGE_SAMPLES_MAX];
	size_t count = 0;

	for (uint64_t i = 0; i < 40; i++)
		CHECK_INT(usage_history_add(&history, i * 30 * 60 * SECOND, i * K), 0);
	count = usage_history_samples(history, 39 * 30 * 60 * SECOND, samples);
	CHECK(count > 0 && count <= USAGE_SAMPLES_MAX);
	CHECK_UINT(samples[count - 1].usage, 39 * K);
}

TEST(large_usages)
{
	cleanup_free struct usage_history *history = NULL;
	struct usage_sample samples[USAGE_SAMPLES_MAX];

	CHECK_INT(usage_history_add(&history, SECOND, 1ULL << 60), 0);
	CHECK_UINT(usage_history_samples(history, SECOND, samples), 1);
	CHECK_UINT(samples[0].usage, UINT32_MAX * K);
}

static struct usage_totals totals_at(uint64_t time)
{
	return (struct usage_totals){ .time = time, .failures = time / SECOND };
}

TEST(totals_are_of_half_a_day_to_a_day_ago)
{
	cleanup_free struct usage_history *history = NULL;
	struct usage_totals totals;

	CHECK_UINT(usage_history_totals(NULL).time, 0);
	CHECK(usage_history_wants_totals(NULL, 5));
	for (uint64_t at = SECOND; at <= 60 * HOUR; at += HOUR) {
		bool wants = usage_history_wants_totals(history, at);

		CHECK_INT(usage_history_add(&history, at, K), 0);
		totals = totals_at(at);
		if (wants)
			usage_history_put_totals(history, &totals);
		totals = usage_history_totals(history);
		CHECK(totals.time <= at && totals.time + USAGE_KEPT_USEC >= at);
		if (at >= USAGE_KEPT_USEC)
			CHECK(totals.time + USAGE_KEPT_USEC / 2 <= at);
		else if (at < USAGE_KEPT_USEC / 2)
			CHECK_UINT(totals.time, SECOND);
		CHECK_UINT(totals.failures, totals.time / SECOND);
	}
	totals = totals_at(61 * HOUR);
	usage_history_restart_totals(history, &totals, false);
	CHECK_UINT(usage_history_totals(history).time, 61 * HOUR);
	CHECK(!usage_history_wants_totals(history, 62 * HOUR));
	CHECK(usage_history_wants_totals(history, 73 * HOUR));
}

/* A histogram of @hours in which the usage was @usual, with a sample of @rare in each hour. */
static struct usage_histogram hours_of(unsigned int hours, uint64_t usual, uint64_t rare)
{
	struct usage_histogram histogram = { 0 };
	uint32_t seconds = 60 * 24 * 3600;

	for (unsigned int i = 0; i < hours * 60; i++, seconds += 60)
		usage_histogram_add(&histogram, seconds, i % 60 == 30 ? rare : usual);
	return histogram;
}

/* A usage is reported by the upper bound of its bucket, which is 9.1% above the lower one. */
static bool is_about(uint64_t value, uint64_t usage)
{
	return value >= usage && value <= usage + usage / 10;
}

TEST(a_histogram_tells_usual_from_rare)
{
	struct usage_histogram histogram = { 0 };

	CHECK_UINT(usage_histogram_quantile(&histogram, 50), 0);
	CHECK_UINT(usage_histogram_observed(&histogram), 0);
	histogram = hours_of(24, 100 * K * K, 900 * K * K);
	CHECK(is_about(usage_histogram_quantile(&histogram, 50), 100 * K * K));
	CHECK(is_about(usage_histogram_quantile(&histogram, 95), 100 * K * K));
	CHECK(is_about(usage_histogram_quantile(&histogram, 100), 900 * K * K));
	/* A day weighs 17.3 hours at its end. */
	CHECK(usage_histogram_observed(&histogram) > 17 * 3600);
	CHECK(usage_histogram_observed(&histogram) < 18 * 3600);
	CHECK(usage_histogram_is_valid(&histogram));
}

TEST(a_histogram_forgets)
{
	struct usage_histogram histogram = hours_of(24, 900 * K * K, 900 * K * K);
	uint32_t end = histogram.seconds;

	/* Two days of another usage outweigh a day of the old one. */
	for (unsigned int i = 1; i <= 48 * 60; i++)
		usage_histogram_add(&histogram, end + i * 60, 100 * K * K);
	CHECK(is_about(usage_histogram_quantile(&histogram, 50), 100 * K * K));
	CHECK(is_about(usage_histogram_quantile(&histogram, 95), 900 * K * K));
	usage_histogram_decay(&histogram, histogram.seconds + 40 * 24 * 3600);
	CHECK_UINT(usage_histogram_quantile(&histogram, 100), 0);
	CHECK_UINT(histogram.count, 0);
}

/* However many usages there are, no usage is reported too low and the histogram stays small. */
TEST(a_full_histogram_merges_upwards)
{
	struct usage_histogram histogram = { 0 };
	uint64_t highest = 0;

	for (uint32_t i = 1; i < 2000; i++) {
		uint64_t usage = (i * 7919ULL % 1000 + 1) << (i % 20 + 10);

		highest = usage > highest ? usage : highest;
		usage_histogram_add(&histogram, 3600 * 24 + i * 10, usage);
		CHECK(usage_histogram_is_valid(&histogram));
		CHECK(usage_histogram_quantile(&histogram, 100) >= highest);
	}
	CHECK_UINT(histogram.count, HISTOGRAM_BUCKETS_MAX);
}

TEST(raises_after_ooms_are_counted)
{
	cleanup_free struct usage_history *history = NULL;
	struct usage_totals totals = { .time = 60 * 24 * HOUR, .failures = COUNTER_ABSENT };

	CHECK_UINT(usage_history_raises(NULL, totals.time), 0);
	CHECK_INT(usage_history_add(&history, totals.time, K), 0);
	/* Totals that were never known count nothing. */
	totals.oom_events = 3;
	usage_history_restart_totals(history, &totals, true);
	CHECK_UINT(usage_history_raises(history, totals.time), 0);
	/* No OOM since. */
	usage_history_restart_totals(history, &totals, true);
	CHECK_UINT(usage_history_raises(history, totals.time), 0);
	totals.oom_events++;
	usage_history_restart_totals(history, &totals, true);
	CHECK_UINT(usage_history_raises(history, totals.time), 1);
	/* A limit that is lowered, and kills that are counted in nested containers. */
	totals.oom_events++;
	usage_history_restart_totals(history, &totals, false);
	CHECK_UINT(usage_history_raises(history, totals.time), 1);
	totals.oom_kills++;
	totals.time += 6 * 24 * HOUR;
	usage_history_restart_totals(history, &totals, true);
	CHECK_UINT(usage_history_raises(history, totals.time), 2);
	CHECK_UINT(usage_history_raises(history, totals.time + 6 * 24 * HOUR), 2);
	CHECK_UINT(usage_history_raises(history, totals.time + 8 * 24 * HOUR), 0);
}

/* --- stored histories ------------------------------------------------------------- */

static const struct usage_clocks before = {
	.history = 62 * 24 * HOUR,
	.boot = 60 * 24 * HOUR,
	.wall = 20000 * 24 * HOUR,
};

struct found {
	struct usage_line line;
	char name[64];
	unsigned int count;
};

static int find_line(const struct usage_line *line, void *userdata)
{
	struct found *found = userdata;

	found->line = *line;
	snprintf(found->name, sizeof(found->name), "%s", line->name);
	found->count++;
	return 0;
}

/* A history of a day up to @before, as a text. */
static char *stored_text(struct usage_stored *ret, unsigned int lines)
{
	cleanup_free struct usage_history *history = NULL;
	struct usage_line line = { .name = "web/worker:1" };
	cleanup_free char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	for (unsigned int i = 0; i < 20; i++) {
		struct usage_totals totals = { .time = before.history - (20 - i) * HOUR,
					       .failures = i,
					       .refaults = COUNTER_ABSENT };

		if (usage_history_add(&history, totals.time, (i + 1) * 1000 * K) < 0)
			return NULL;
		usage_history_put_totals(history, &totals);
	}
	usage_history_export(history, ret);
	line.stored = *ret;
	for (unsigned int i = 0; i < lines; i++)
		usage_text_line(out, &line, &before);
	return fclose(out) == 0 ? usage_text_end(text, lines) : NULL;
}

static int parse(char *text, size_t length, const struct usage_clocks *clocks, struct found *found)
{
	*found = (struct found){ 0 };
	return usage_text_parse(text, length, clocks, find_line, found);
}

TEST(a_stored_history_is_the_same)
{
	cleanup_free struct usage_history *history = NULL;
	struct usage_sample samples[USAGE_SAMPLES_MAX];
	struct usage_stored stored, again;
	cleanup_free char *text = stored_text(&stored, 1);
	struct found found;

	CHECK(text);
	CHECK_INT(parse(text, strlen(text), &before, &found), 0);
	CHECK_UINT(found.count, 1);
	CHECK_STR(found.name, "web/worker:1");
	CHECK_INT(usage_history_import(&found.line.stored, before.history, &history), 0);
	usage_history_export(history, &again);
	CHECK_UINT(again.count, stored.count);
	CHECK_INT(memcmp(again.spans, stored.spans, sizeof(again.spans)), 0);
	CHECK_UINT(again.older.failures, stored.older.failures);
	CHECK_UINT(again.newer.refaults, COUNTER_ABSENT);
	CHECK_UINT(again.histogram.count, stored.histogram.count);
	CHECK_UINT(usage_history_samples(history, before.history, samples), stored.count);
	CHECK_UINT(samples[0].usage, 1000 * K);
}

/* After a boot the clock of the histories begins again: samples keep their age, counters go. */
TEST(a_history_survives_a_boot)
{
	struct usage_clocks after = { .history = before.boot + 60 * SECOND,
				      .boot = before.boot,
				      .wall = before.wall + 10 * HOUR };
	cleanup_free struct usage_history *history = NULL;
	struct usage_sample samples[USAGE_SAMPLES_MAX];
	struct usage_stored stored;
	cleanup_free char *text = stored_text(&stored, 1);
	struct found found;
	size_t count;

	CHECK_INT(parse(text, strlen(text), &after, &found), 0);
	CHECK_INT(usage_history_import(&found.line.stored, after.history, &history), 0);
	count = usage_history_samples(history, after.history, samples);
	CHECK_UINT(count, 14);
	CHECK_UINT(samples[count - 1].time, after.history - 11 * HOUR);
	CHECK_UINT(usage_history_totals(history).time, 0);
	CHECK(usage_history_wants_totals(history, after.history));
}

/* The clock was set back by a year: samples of the future are dropped, the histogram stays. */
TEST(a_clock_that_was_set_back)
{
	struct usage_clocks after = before;
	cleanup_free struct usage_history *history = NULL;
	struct usage_stored stored;
	cleanup_free char *text = stored_text(&stored, 1);
	struct found found;

	after.wall -= 365 * 24 * HOUR;
	CHECK_INT(parse(text, strlen(text), &after, &found), 0);
	CHECK_INT(usage_history_import(&found.line.stored, after.history, &history), 0);
	CHECK_UINT(found.line.stored.count, 0);
	CHECK(usage_histogram_quantile(&found.line.stored.histogram, 50) > 0);
}

/* Each truncation and each changed byte is found. */
TEST(a_damaged_text_is_refused)
{
	struct usage_stored stored;
	cleanup_free char *text = stored_text(&stored, 3);
	size_t length = strlen(text);
	struct found found;

	for (size_t i = 0; i < length; i++) {
		cleanup_free char *cut = strndup(text, i), *changed = strdup(text);

		CHECK_INT(parse(cut, i, &before, &found), -EBADMSG);
		CHECK_UINT(found.count, 0);
		changed[i] ^= 1;
		CHECK_INT(parse(changed, length, &before, &found), -EBADMSG);
	}
	CHECK_INT(parse(text, length - 1, &before, &found), -EBADMSG);
	CHECK_INT(parse(text, length, &before, &found), 0);
	CHECK_UINT(found.count, 3);
}

/* The checksum is right, but no rssd writes this. */
TEST_HELPER(refuse, const char *lines, size_t count)
{
	cleanup_free char *text = usage_text_end(lines, count);
	struct found found;
	int r = parse(text, strlen(text), &before, &found);

	if (r == 0) {
		struct usage_history *history = NULL;

		r = usage_history_import(&found.line.stored, before.history, &history);
		free(history);
	}
	CHECK_INT(r, -EBADMSG);
}

#define TOTALS_TEXT " 0 0 0 0 0 0 0 0 0 0 0 0"

TEST(a_forged_text_is_refused)
{
	CALL(refuse, "web 15 0 0" TOTALS_TEXT " 0 0 0 0\n", 2);
	CALL(refuse, "web 15 0 0" TOTALS_TEXT " 0 0 0 0 \n", 1);
	CALL(refuse, "../web 15 0 0" TOTALS_TEXT " 0 0 0 0\n", 1);
	CALL(refuse, "web 14 0 0" TOTALS_TEXT " 0 0 0 0\n", 1);
	CALL(refuse, "web 15 -1 0" TOTALS_TEXT " 0 0 0 0\n", 1);
	CALL(refuse, "web 15 0 0" TOTALS_TEXT " 25 0 0 0\n", 1);
	CALL(refuse, "web 15 0 0" TOTALS_TEXT " 0 0 0 17\n", 1);
	CALL(refuse, "web 15 0 0" TOTALS_TEXT " 0 0 0 1 256 1\n", 1);
	CALL(refuse, "web 15 0 0" TOTALS_TEXT " 0 0 0 1 5 0\n", 1);
	CALL(refuse, "web 15 0 0" TOTALS_TEXT " 0 0 0 2 5 1 5 1\n", 1);
	CALL(refuse, "web 15 0 0" TOTALS_TEXT " 0 0 0 1 5 99999999999999999999\n", 1);
	CALL(refuse, "web\n", 1);
	CALL(refuse, "\n", 1);
}

TEST_MAIN({ "usage history: a span keeps the highest", one_span_keeps_the_highest },
	  { "usage history: a long time needs no more memory", long_times_take_no_more_room },
	  { "usage history: a day is kept", a_day_is_kept },
	  { "usage history: rare samples", rare_samples },
	  { "usage history: large usages", large_usages },
	  { "usage history: totals of half a day to a day ago",
	    totals_are_of_half_a_day_to_a_day_ago },
	  { "histogram: the usual and the rare", a_histogram_tells_usual_from_rare },
	  { "histogram: old usages are forgotten", a_histogram_forgets },
	  { "histogram: merges upwards when full", a_full_histogram_merges_upwards },
	  { "history: raises after OOMs are counted", raises_after_ooms_are_counted },
	  { "history: stored and read again", a_stored_history_is_the_same },
	  { "history: survives a boot", a_history_survives_a_boot },
	  { "history: a clock that was set back", a_clock_that_was_set_back },
	  { "history: a damaged text is refused", a_damaged_text_is_refused },
	  { "history: a forged text is refused", a_forged_text_is_refused })
