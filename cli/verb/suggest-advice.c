/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy of rssctl suggest: see suggest-advice.h. */
#include "verb/suggest-advice.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "librss/rss.h"
#include "shared/cleanup.h"
#include "shared/size.h"

/* The margin above what was needed, in percent. */
#define HEADROOM 25
/* The margin after an OOM, because then more was needed than was available. */
#define OOM_HEADROOM 50
/* The least time and number of samples that show a trend. */
#define WATCH_USEC_MIN (10ULL * 1000000)
#define LOOKS_MIN      10
/* A shorter record may miss a rare peak. */
#define RECORD_USEC_MIN (3600ULL * 1000000)
/* A usage of this much of the limit, in percent, counts as at the limit. */
#define MET 95
/* Usage that is this much higher, in percent, in the last fifth of the samples is still growing. */
#define GROWTH 5
/* The high watermark, in percent of the limit. */
#define HIGH_MOST 90
/* The low watermark, in percent of the limit. */
#define LOW_OF_HIGH 90
/* The margin of the lower bound above the median, in percent. */
#define LOWER_HEADROOM 15
/* After so many raises in a row an OOM is no reason for another one. */
#define RAISES_MAX 2
#define DAY_USEC   (24ULL * 3600 * 1000000)
/* No program runs in less. */
#define LIMIT_LEAST (1ULL << 20)

#define MEBIBYTE (1ULL << 20)

__attribute__((format(printf, 2, 3))) static void say(struct advice *advice, const char *format,
						      ...)
{
	va_list args;

	if (advice->count == ADVICE_REASONS_MAX)
		return;
	va_start(args, format);
	(void)vsnprintf(advice->reasons[advice->count++], ADVICE_REASON_MAX, format, args);
	va_end(args);
}

static uint64_t percent(uint64_t value, unsigned int of)
{
	return (uint64_t)((double)value / 100.0 * of);
}

uint64_t advice_round_up(uint64_t bytes)
{
	uint64_t step = MEBIBYTE;

	/* The step grows with the size: more digits would be noise. */
	while (bytes > step * 64)
		step *= 2;
	return (bytes + step - 1) / step * step;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/* The percentile @of of the usages; 100 is the highest. */
static uint64_t quantile(const struct observation *seen, unsigned int of)
{
	cleanup_free uint64_t *sorted = malloc(seen->count * sizeof(*sorted));
	uint64_t value = 0;

	/* Without memory, the highest is the safe answer. */
	for (size_t i = 0; i < seen->count; i++)
		value = seen->usages[i] > value ? seen->usages[i] : value;
	if (!sorted || of >= 100)
		return value;
	memcpy(sorted, seen->usages, seen->count * sizeof(*sorted));
	qsort(sorted, seen->count, sizeof(*sorted), compare);
	return sorted[(seen->count - 1) * of / 100];
}

/* Whether usage was clearly higher in the last fifth of the samples than before. */
static bool still_grows(const struct observation *seen)
{
	size_t last = seen->count - seen->count / 5;
	uint64_t before = 0, after = 0;

	for (size_t i = 0; i < seen->count; i++) {
		uint64_t *highest = i < last ? &before : &after;

		*highest = seen->usages[i] > *highest ? seen->usages[i] : *highest;
	}
	return seen->count >= LOOKS_MIN && after > before + percent(before, GROWTH);
}

static bool some(uint64_t counter)
{
	return counter != RSS_ABSENT && counter > 0;
}

/*
 * Whether an OOM happened at the current limit. A peak well below it means that
 * the limit was another one then. A kill for this limit may be counted in a
 * nested container.
 */
static bool ran_out(const struct observation *seen, uint64_t highest)
{
	if (some(seen->new_oom_events) || some(seen->new_oom_kills))
		return true;
	return (some(seen->oom_events) || some(seen->oom_kills)) && seen->limit != RSS_INFINITY &&
	       highest >= percent(seen->limit, MET);
}

static uint64_t times_run_out(const struct observation *seen)
{
	uint64_t events = some(seen->oom_events) ? seen->oom_events : 0;
	uint64_t kills = some(seen->oom_kills) ? seen->oom_kills : 0;

	return events > kills ? events : kills;
}

/* Where the figures come from, as part of a sentence. */
static const char *period(const struct observation *seen)
{
	return seen->source == OBSERVED_WATCH ? "watch" : "record";
}

static bool was_watched(const struct observation *seen)
{
	return seen->usec >= WATCH_USEC_MIN && seen->count >= LOOKS_MIN;
}

/*
 * Whether memory of its processes is charged elsewhere: what a process used before it was attached
 * stays where it was charged. Of processes that share memory, only the largest one proves that.
 */
static bool is_charged_elsewhere(const struct observation *seen, uint64_t highest)
{
	return seen->largest > highest + percent(highest, HEADROOM);
}

/* Returns false if too little is known; then the reasons say what is missing. */
static bool is_enough(const struct observation *seen, struct advice *advice)
{
	if (seen->count == 0) {
		say(advice, "The usage of this container cannot be read.");
		return false;
	}
	if (quantile(seen, 100) == 0 && (seen->peak == RSS_ABSENT || seen->peak == 0) &&
	    !is_charged_elsewhere(seen, 0)) {
		say(advice, "It has used no memory yet: start its processes inside, or attach "
			    "them, and let them work.");
		return false;
	}
	if (!was_watched(seen) && seen->peak == RSS_ABSENT) {
		say(advice, "This kernel does not record the highest usage, and one sample is not "
			    "enough: watch it at work, with --watch=10min.");
		return false;
	}
	return true;
}

/*
 * The memory that the container needs, in bytes, with a margin. The cases go from
 * the least to the most certain.
 */
static uint64_t choose_limit(const struct observation *seen, struct advice *advice)
{
	uint64_t highest = quantile(seen, 100), needed = highest, back;
	bool peak_counts = seen->peak != RSS_ABSENT && seen->peak > highest;
	bool loops = seen->raises >= RAISES_MAX && seen->limit != RSS_INFINITY;
	char a[SIZE_TEXT_MAX], b[SIZE_TEXT_MAX];

	if (peak_counts)
		needed = seen->peak;
	if (ran_out(seen, needed) && loops) {
		advice->floor = true;
		say(advice,
		    "Processes were killed again after the limit was raised %" PRIu64
		    " times: it seems to use whatever it gets, so the limit should stay. Find out "
		    "what grows (rssctl oom, rssctl ps), or set a higher limit yourself.",
		    seen->raises);
		advice->lower = needed;
		return seen->limit;
	}
	if (ran_out(seen, needed)) {
		advice->floor = true;
		advice->lower = needed;
		say(advice,
		    "Processes were killed for lack of memory, %" PRIu64
		    " so far: it needs more than the %s "
		    "that it had at most.",
		    times_run_out(seen), size_format(needed, a));
		return needed + percent(needed, OOM_HEADROOM);
	}
	if (some(seen->new_refaults)) {
		back = seen->new_refaults * seen->page;
		/* A page that is faulted in repeatedly is counted each time. */
		if (back > highest)
			back = highest;
		advice->floor = true;
		advice->lower = needed;
		say(advice,
		    "%" PRIu64 " pages were faulted in again after reclaim: its working set is "
		    "about %s too large for its limit.",
		    seen->new_refaults, size_format(back, a));
		return needed + back + percent(needed, HEADROOM);
	}
	if (some(seen->new_failures) || some(seen->new_reclaimed)) {
		if (seen->new_refaults == RSS_ABSENT) {
			advice->floor = true;
			advice->lower = needed;
			say(advice,
			    "Reclaim keeps its usage down, and this controller does not report "
			    "refaults: it needs at least %s.",
			    size_format(needed, a));
			return needed + percent(needed, HEADROOM);
		}
		say(advice,
		    "Memory was reclaimed and none of it was faulted in again during the %s: %s is "
		    "enough.",
		    period(seen), size_format(highest, a));
		return highest + percent(highest, HEADROOM);
	}
	if (is_charged_elsewhere(seen, needed)) {
		advice->floor = true;
		advice->lower = needed;
		say(advice,
		    "Its processes have %s, of which at most %s was charged to it: the rest was in use "
		    "before they were attached, or is shared. Restart them inside, then ask again.",
		    size_format(seen->resident, a), size_format(needed, b));
		return seen->resident + percent(seen->resident, HEADROOM);
	}
	if (seen->longest_highest != RSS_ABSENT && seen->longest_highest > needed) {
		needed = seen->longest_highest;
		say(advice,
		    "It used about %s at most in the last weeks, of which the oldest count least.",
		    size_format(needed, a));
		return needed + percent(needed, HEADROOM);
	}
	if (was_watched(seen) && peak_counts && seen->peak > 2 * highest)
		say(advice, "The peak of %s is from before the %s, in which it used %s at most%s.",
		    size_format(seen->peak, a), period(seen), size_format(highest, b),
		    seen->can_reset_peak ? "; if it was a start, rssctl reset-peak and watch again"
					 : "");
	else
		say(advice, "It used %s at most.", size_format(needed, a));
	return needed + percent(needed, HEADROOM);
}

static void choose_watermarks(const struct observation *seen, struct advice *advice)
{
	uint64_t usual, most = percent(advice->limit, HIGH_MOST);
	char a[SIZE_TEXT_MAX];

	if (!seen->has_watermarks) {
		say(advice, "This kernel's controller has no watermarks.");
		return;
	}
	if (!was_watched(seen)) {
		say(advice, "Too few samples for a typical usage: no watermarks are proposed.");
		return;
	}
	usual = quantile(seen, 95);
	advice->wmark_high = advice_round_up(usual + percent(usual, 10));
	if (advice->wmark_high > most)
		advice->wmark_high = most / MEBIBYTE * MEBIBYTE;
	advice->wmark_low = percent(advice->wmark_high, LOW_OF_HIGH) / MEBIBYTE * MEBIBYTE;
	if (advice->wmark_low == 0 || advice->wmark_high <= advice->wmark_low) {
		advice->wmark_high = advice->wmark_low = RSS_INFINITY;
		say(advice, "It is too small for watermarks to be useful.");
		return;
	}
	say(advice,
	    "In 95 of 100 samples it used %s or less: above that, background reclaim frees inactive "
	    "memory before the limit is hit.",
	    size_format(usual, a));
}

/*
 * Half of the time it uses no more than the lower bound, so a lower limit would reclaim most of the
 * time. The upper bound is twice the limit if nothing was observed, and comes closer each day.
 */
static void choose_bounds(const struct observation *seen, struct advice *advice)
{
	bool recorded = seen->source != OBSERVED_WATCH && seen->median != RSS_ABSENT;
	uint64_t median = recorded ? seen->median : quantile(seen, 50);
	uint64_t usec = recorded ? seen->observed : seen->usec;
	double days = (double)usec / (double)DAY_USEC;

	median += percent(median, LOWER_HEADROOM);
	/* Not less than what was shown to be too little. */
	if (advice->lower == RSS_INFINITY || advice->lower < median)
		advice->lower = median;
	advice->lower = advice_round_up(advice->lower ?: LIMIT_LEAST);
	if (advice->lower > advice->limit)
		advice->lower = advice->limit;
	advice->upper =
		advice_round_up(advice->limit + (uint64_t)((double)advice->limit / (1.0 + days)));
}

static void say_how_long(const struct observation *seen, struct advice *advice)
{
	char time[SIZE_TEXT_MAX];

	switch (seen->source) {
	case OBSERVED_ONCE:
		say(advice,
		    "This is from one sample and the kernel's peak; for more, watch it at "
		    "work with --watch=10min, or let rssd sample it with SampleInterval= in "
		    "rssd.conf.");
		break;
	case OBSERVED_WATCH:
		if (!was_watched(seen))
			say(advice, "It was watched for less than %llu seconds: that shows little.",
			    WATCH_USEC_MIN / 1000000);
		break;
	case OBSERVED_HISTORY:
		say(advice, "This is from a record of %s in %zu samples%s.",
		    duration_format(seen->usec, time), seen->count,
		    seen->usec < RECORD_USEC_MIN || !was_watched(seen) ? ": that shows little"
								       : "");
		break;
	}
}

static void say_how_sure(const struct observation *seen, struct advice *advice)
{
	say_how_long(seen, advice);
	if (!was_watched(seen) || !still_grows(seen))
		return;
	advice->floor = true;
	say(advice, "Its usage was still growing when the %s ended: %s.", period(seen),
	    seen->source == OBSERVED_HISTORY ? "ask again later" : "watch it for longer");
}

void advice_decide(const struct observation *seen, struct advice *ret)
{
	*ret = (struct advice){ .limit = RSS_INFINITY,
				.lower = RSS_INFINITY,
				.upper = RSS_INFINITY,
				.wmark_high = RSS_INFINITY,
				.wmark_low = RSS_INFINITY };
	ret->enough = is_enough(seen, ret);
	if (!ret->enough)
		return;
	ret->limit = choose_limit(seen, ret);
	/* A limit that stays is not rounded. */
	if (ret->limit != seen->limit)
		ret->limit = advice_round_up(ret->limit);
	if (ret->limit < LIMIT_LEAST)
		ret->limit = LIMIT_LEAST;
	choose_bounds(seen, ret);
	choose_watermarks(seen, ret);
	say_how_sure(seen, ret);
}
