/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The usage history: bounded, keeps the highest usage, drops samples after a day. */
#include <errno.h>

#include "shared/cleanup.h"
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
	usage_history_restart_totals(history, &totals);
	CHECK_UINT(usage_history_totals(history).time, 61 * HOUR);
	CHECK(!usage_history_wants_totals(history, 62 * HOUR));
	CHECK(usage_history_wants_totals(history, 73 * HOUR));
}

TEST_MAIN({ "usage history: a span keeps the highest", one_span_keeps_the_highest },
	  { "usage history: a long time needs no more memory", long_times_take_no_more_room },
	  { "usage history: a day is kept", a_day_is_kept },
	  { "usage history: rare samples", rare_samples },
	  { "usage history: large usages", large_usages },
	  { "usage history: totals of half a day to a day ago",
	    totals_are_of_half_a_day_to_a_day_ago })
