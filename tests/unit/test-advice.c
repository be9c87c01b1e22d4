/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy of rssctl suggest: what it proposes, for which reasons, and when it does not. */
#include <string.h>

#include "librss/rss.h"
#include "unit.h"
#include "verb/suggest-advice.h"

#define M (1ULL << 20)

/* A watch of a minute with a sample each second, in which usage is @high at every tenth and else @low. */
static struct observation calm(uint64_t usages[60], uint64_t low, uint64_t high)
{
	for (size_t i = 0; i < 60; i++)
		usages[i] = i % 10 == 9 ? high : low;
	return (struct observation){
		.source = OBSERVED_WATCH,
		.usec = 60 * 1000000,
		.usages = usages,
		.count = 60,
		.limit = RSS_INFINITY,
		.peak = high,
		.page = 4096,
		.has_watermarks = true,
		.new_refaults = RSS_ABSENT,
		.median = RSS_ABSENT,
		.longest_highest = RSS_ABSENT,
	};
}

/* Whether one of the reasons contains @part. */
static bool gives(const struct advice *advice, const char *part)
{
	for (size_t i = 0; i < advice->count; i++) {
		if (strstr(advice->reasons[i], part))
			return true;
	}
	return false;
}

TEST(nothing_to_go_by)
{
	uint64_t usages[60] = { 0 };
	struct observation seen = calm(usages, 0, 0);
	struct advice advice;

	advice_decide(&seen, &advice);
	CHECK(!advice.enough && gives(&advice, "It has used no memory"));
	CHECK_UINT(advice.limit, RSS_INFINITY);
	seen.count = 0;
	advice_decide(&seen, &advice);
	CHECK(!advice.enough && gives(&advice, "cannot be read"));
	/* One sample, and a kernel without a peak. */
	seen = calm(usages, 5 * M, 5 * M);
	seen.source = OBSERVED_ONCE;
	seen.count = 1;
	seen.usec = 0;
	seen.peak = RSS_ABSENT;
	advice_decide(&seen, &advice);
	CHECK(!advice.enough && gives(&advice, "--watch"));
	/* With a peak it is enough, and the reasons say that it is one sample. */
	seen.peak = 100 * M;
	advice_decide(&seen, &advice);
	CHECK(advice.enough && gives(&advice, "from one sample"));
	CHECK_UINT(advice.limit, 126 * M);
	CHECK_UINT(advice.wmark_high, RSS_INFINITY);
	CHECK(gives(&advice, "no watermarks are proposed"));
}

/* A service that was attached when it had its memory already. */
TEST(memory_from_before_the_attach)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 1 * M, 1 * M);
	struct advice advice;

	seen.resident = 8 * M;
	seen.largest = 6 * M;
	advice_decide(&seen, &advice);
	CHECK(advice.enough && advice.floor);
	CHECK_UINT(advice.limit, 10 * M);
	CHECK(gives(&advice, "Its processes have 8.0M, of which at most 1.0M was charged to it"));
	seen = calm(usages, 0, 0);
	seen.resident = seen.largest = 8 * M;
	advice_decide(&seen, &advice);
	CHECK(advice.enough);
	CHECK_UINT(advice.limit, 10 * M);
	/* Processes that share memory have more together than is charged. */
	seen = calm(usages, 50 * M, 60 * M);
	seen.resident = 200 * M;
	seen.largest = 62 * M;
	advice_decide(&seen, &advice);
	CHECK_UINT(advice.limit, 76 * M);
}

TEST(calm_use)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 50 * M, 60 * M);
	struct advice advice;

	advice_decide(&seen, &advice);
	CHECK(advice.enough && !advice.floor);
	CHECK_UINT(advice.limit, 76 * M);
	CHECK(gives(&advice, "It used 60.0M at most"));
	CHECK_UINT(advice.wmark_high, 66 * M);
	CHECK_UINT(advice.wmark_low, 59 * M);
	CHECK(advice.wmark_low < advice.wmark_high && advice.wmark_high < advice.limit);
	seen.has_watermarks = false;
	advice_decide(&seen, &advice);
	CHECK_UINT(advice.wmark_high, RSS_INFINITY);
	CHECK(gives(&advice, "no watermarks"));
}

TEST(an_older_peak)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 50 * M, 60 * M);
	struct advice advice;

	seen.peak = 400 * M;
	advice_decide(&seen, &advice);
	/* The peak counts: the container may start again. */
	CHECK_UINT(advice.limit, 504 * M);
	CHECK(gives(&advice, "from before the watch") && !gives(&advice, "reset-peak"));
	CHECK_UINT(advice.wmark_high, 66 * M);
	seen.can_reset_peak = true;
	advice_decide(&seen, &advice);
	CHECK(gives(&advice, "reset-peak"));
}

TEST(refaulted_pages_are_needed)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 64 * M, 64 * M);
	struct advice advice;

	seen.limit = 64 * M;
	seen.new_reclaimed = 100 * M;
	seen.new_refaults = 16 * M / 4096;
	advice_decide(&seen, &advice);
	CHECK(advice.floor && gives(&advice, "faulted in again"));
	CHECK_UINT(advice.limit, 96 * M);
	/* Refaults count at most as much as the usage: it may be the same page many times. */
	seen.new_refaults = 1000 * M;
	advice_decide(&seen, &advice);
	CHECK_UINT(advice.limit, 144 * M);
	/* Without refaults, what it had is enough. */
	seen.new_refaults = 0;
	seen.peak = 64 * M;
	advice_decide(&seen, &advice);
	CHECK(!advice.floor && gives(&advice, "none of it was faulted in again"));
	CHECK_UINT(advice.limit, 80 * M);
	/* Refaults are not known. */
	seen.new_refaults = RSS_ABSENT;
	advice_decide(&seen, &advice);
	CHECK(advice.floor && gives(&advice, "does not report refaults"));
	CHECK_UINT(advice.limit, 80 * M);
}

TEST(kills)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 20 * M, 30 * M);
	struct advice advice;

	seen.limit = 64 * M;
	seen.peak = 64 * M;
	seen.oom_kills = 3;
	advice_decide(&seen, &advice);
	CHECK(advice.floor && gives(&advice, "killed"));
	CHECK_UINT(advice.limit, 96 * M);
	/* The limit was raised after the OOM, and was not hit again. */
	seen.limit = 1024 * M;
	advice_decide(&seen, &advice);
	CHECK(!advice.floor && !gives(&advice, "killed"));
	CHECK_UINT(advice.limit, 80 * M);
	/* Killed for the limit of a parent. */
	seen.limit = RSS_INFINITY;
	seen.new_oom_kills = 1;
	advice_decide(&seen, &advice);
	CHECK(advice.floor && gives(&advice, "killed"));
	/* An OOM at its own limit; the kill is counted in a nested container. */
	seen.oom_kills = seen.new_oom_kills = 0;
	seen.oom_events = seen.new_oom_events = 2;
	advice_decide(&seen, &advice);
	CHECK(advice.floor && gives(&advice, "killed for lack of memory, 2 so far"));
	seen.new_oom_events = 0;
	seen.limit = 64 * M;
	advice_decide(&seen, &advice);
	CHECK(advice.floor && gives(&advice, "killed"));
}

TEST(growth_is_reported)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 0, 0);
	struct advice advice;

	for (size_t i = 0; i < 60; i++)
		usages[i] = (i + 1) * M;
	seen.peak = 60 * M;
	advice_decide(&seen, &advice);
	CHECK(advice.floor && gives(&advice, "still growing"));
	seen.usec = 5 * 1000000;
	advice_decide(&seen, &advice);
	CHECK(gives(&advice, "less than 10 seconds"));
}

TEST(a_record_of_rssd)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 50 * M, 60 * M);
	struct advice advice;

	seen.source = OBSERVED_HISTORY;
	seen.usec = 26ULL * 3600 * 1000000;
	seen.count = 20;
	advice_decide(&seen, &advice);
	CHECK(advice.enough && !advice.floor);
	CHECK_UINT(advice.limit, 76 * M);
	CHECK_UINT(advice.wmark_high, 66 * M);
	CHECK(gives(&advice, "a record of 26h in 20 samples."));
	/* A short record is called short; a very short one has no typical usage. */
	seen.usec = 1800ULL * 1000000;
	advice_decide(&seen, &advice);
	CHECK(gives(&advice, "30min in 20 samples: that shows little"));
	CHECK_UINT(advice.wmark_high, 66 * M);
	seen.count = 5;
	advice_decide(&seen, &advice);
	CHECK(gives(&advice, "5 samples: that shows little") && gives(&advice, "no watermarks"));
	CHECK_UINT(advice.wmark_high, RSS_INFINITY);
	/* The reasons speak of a record, not of a watch. */
	seen = calm(usages, 50 * M, 60 * M);
	seen.source = OBSERVED_HISTORY;
	seen.peak = 400 * M;
	advice_decide(&seen, &advice);
	CHECK(gives(&advice, "from before the record"));
	for (size_t i = 0; i < 60; i++)
		usages[i] = (i + 1) * M;
	advice_decide(&seen, &advice);
	CHECK(advice.floor && gives(&advice, "growing when the record ended: ask again later"));
}

/* One peak in sixty samples is not typical; the high watermark stays below the limit. */
TEST(typical_is_not_the_highest)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 50 * M, 50 * M);
	struct advice advice;

	usages[30] = 100 * M;
	seen.peak = 100 * M;
	advice_decide(&seen, &advice);
	CHECK_UINT(advice.limit, 126 * M);
	CHECK_UINT(advice.wmark_high, 55 * M);
	CHECK_UINT(advice.wmark_low, 49 * M);
	seen = calm(usages, 3 * M, 3 * M);
	advice_decide(&seen, &advice);
	CHECK_UINT(advice.limit, 4 * M);
	CHECK_UINT(advice.wmark_high, 3 * M);
	CHECK_UINT(advice.wmark_low, 2 * M);
	/* A peak of at most twice the usage belongs to the same workload. */
	seen = calm(usages, 60 * M, 60 * M);
	seen.peak = 100 * M;
	advice_decide(&seen, &advice);
	CHECK(gives(&advice, "It used 100.0M at most") && !gives(&advice, "from before"));
}

TEST(pages_without_refaults_are_not_needed)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 64 * M, 64 * M);
	struct advice advice;

	seen.limit = 64 * M;
	seen.peak = 128 * M;
	seen.new_reclaimed = 10 * M;
	seen.new_refaults = 0;
	advice_decide(&seen, &advice);
	CHECK(gives(&advice, "none of it was faulted in again"));
	CHECK_UINT(advice.limit, 80 * M);
	/* Failures show that the limit was hit, even if the reclaimed bytes are not known. */
	seen.new_reclaimed = 0;
	seen.new_failures = 3;
	advice_decide(&seen, &advice);
	CHECK(gives(&advice, "none of it was faulted in again"));
	CHECK_UINT(advice.limit, 80 * M);
}

TEST(a_little_more_is_no_growth)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 100 * M, 100 * M);
	struct advice advice;

	for (size_t i = 50; i < 60; i++)
		usages[i] = 103 * M;
	seen.peak = 103 * M;
	advice_decide(&seen, &advice);
	CHECK(!advice.floor && !gives(&advice, "growing"));
	usages[59] = 110 * M;
	seen.peak = 110 * M;
	advice_decide(&seen, &advice);
	CHECK(advice.floor && gives(&advice, "growing"));
}

TEST(small_and_large)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 4096, 8192);
	struct advice advice;

	advice_decide(&seen, &advice);
	CHECK_UINT(advice.limit, 1 * M);
	CHECK(advice.wmark_high == RSS_INFINITY && gives(&advice, "too small for watermarks"));
	seen = calm(usages, (uint64_t)1 << 50, (uint64_t)1 << 51);
	advice_decide(&seen, &advice);
	CHECK(advice.limit > (uint64_t)1 << 51 && advice.limit < (uint64_t)1 << 52);
	CHECK(advice.wmark_high < advice.limit);
	CHECK_UINT(advice_round_up(0), 0);
	CHECK_UINT(advice_round_up(1), M);
	CHECK_UINT(advice_round_up(64 * M), 64 * M);
	CHECK_UINT(advice_round_up(64 * M + 1), 66 * M);
}

TEST(lower_and_upper)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 50 * M, 60 * M);
	struct advice advice;

	advice_decide(&seen, &advice);
	CHECK_UINT(advice.limit, 76 * M);
	CHECK_UINT(advice.lower, 58 * M);
	CHECK_UINT(advice.upper, 152 * M);
	/* The histogram of weeks counts, except in a watch. */
	seen.median = 30 * M;
	seen.observed = 24ULL * 3600 * 1000000;
	advice_decide(&seen, &advice);
	CHECK_UINT(advice.lower, 58 * M);
	seen.source = OBSERVED_HISTORY;
	advice_decide(&seen, &advice);
	CHECK_UINT(advice.lower, 35 * M);
	CHECK_UINT(advice.upper, 114 * M);
	seen.observed *= 9;
	advice_decide(&seen, &advice);
	CHECK_UINT(advice.upper, 84 * M);
	/* A usage of last week that the samples and the peak do not show. */
	seen.longest_highest = 100 * M;
	advice_decide(&seen, &advice);
	CHECK_UINT(advice.limit, 126 * M);
	CHECK(gives(&advice, "about 100.0M at most in the last weeks"));
	/* What was too little is the lower bound. */
	seen.limit = seen.peak = 64 * M;
	seen.new_oom_events = 1;
	advice_decide(&seen, &advice);
	CHECK(advice.lower == 64 * M && advice.lower <= advice.limit &&
	      advice.limit < advice.upper);
	seen.count = 0;
	advice_decide(&seen, &advice);
	CHECK(advice.lower == RSS_INFINITY && advice.upper == RSS_INFINITY);
}

/* A process that takes whatever it gets: the limit is raised twice and stays then. */
TEST(ooms_do_not_raise_the_limit_for_ever)
{
	uint64_t usages[60];
	struct observation seen = calm(usages, 64 * M, 64 * M);
	struct advice advice;

	seen.limit = seen.peak = 64 * M + 4096;
	for (seen.raises = 0; seen.raises < 10; seen.raises++) {
		for (size_t i = 0; i < 60; i++)
			usages[i] = seen.limit;
		seen.peak = seen.limit;
		seen.oom_events++;
		seen.new_oom_events = 1;
		advice_decide(&seen, &advice);
		CHECK(advice.enough && advice.floor);
		if (seen.raises < 2)
			CHECK(advice.limit > seen.limit);
		else
			CHECK_UINT(advice.limit, seen.limit);
		CHECK(gives(&advice, "whatever it gets") == (seen.raises >= 2));
		seen.limit = advice.limit;
	}
	/* Without an OOM since, earlier raises change nothing. */
	seen.new_oom_events = 0;
	seen.peak = 60 * M;
	for (size_t i = 0; i < 60; i++)
		usages[i] = 60 * M;
	advice_decide(&seen, &advice);
	CHECK(!advice.floor);
	CHECK_UINT(advice.limit, 76 * M);
}

TEST_MAIN({ "advice: too little is known", nothing_to_go_by }, { "advice: steady usage", calm_use },
	  { "advice: memory from before the attach", memory_from_before_the_attach },
	  { "advice: an older peak", an_older_peak },
	  { "advice: refaulted pages are needed", refaulted_pages_are_needed },
	  { "advice: a record of rssd", a_record_of_rssd }, { "advice: kills", kills },
	  { "advice: the typical usage is not the highest", typical_is_not_the_highest },
	  { "advice: pages that are not refaulted are not needed",
	    pages_without_refaults_are_not_needed },
	  { "advice: a little more is no growth", a_little_more_is_no_growth },
	  { "advice: growth is reported", growth_is_reported },
	  { "advice: small and large", small_and_large },
	  { "advice: lower and upper", lower_and_upper },
	  { "advice: OOMs do not raise the limit for ever", ooms_do_not_raise_the_limit_for_ever })
