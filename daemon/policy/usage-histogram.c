/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms of usage: see usage-histogram.h. */
#include "policy/usage-histogram.h"

#include <string.h>

/* 2^(-1/24) as a fraction of 65536: what is left of a weight after an hour. */
#define LEFT_AFTER_HOUR 63671
/* After this many hours no weight is left. */
#define HOURS_MAX (24 * 32)
/* The upper bound of the first bucket, as a power of 2; smaller usages are not told apart. */
#define FIRST_SHIFT	  17
#define PER_OCTAVE	  8
#define BUCKET_WEIGHT_MAX (HISTOGRAM_WEIGHT_MAX / HISTOGRAM_BUCKETS_MAX)

/* The upper bounds of the buckets of an octave: 2^(i/8) of its beginning, in 65536ths. */
static const uint32_t bounds[PER_OCTAVE] = { 65536, 71468,  77936,  84990,
					     92682, 101070, 110218, 120194 };

static uint64_t bound_of(unsigned int index)
{
	unsigned int shift = FIRST_SHIFT + index / PER_OCTAVE;
	uint64_t part = bounds[index % PER_OCTAVE];

	return shift >= 16 ? part << (shift - 16) : part >> (16 - shift);
}

/* The first bucket whose upper bound is not below @bytes. */
static uint16_t index_of(uint64_t bytes)
{
	uint16_t index = 0;

	while (index < HISTOGRAM_INDEX_MAX && bound_of(index) < bytes)
		index++;
	return index;
}

static void drop(struct usage_histogram *h, uint16_t at)
{
	h->count--;
	memmove(h->buckets + at, h->buckets + at + 1, (h->count - at) * sizeof(h->buckets[0]));
}

/* Merges the two buckets that are closest, the lighter pair of several. */
static void merge_closest(struct usage_histogram *h)
{
	uint64_t least_weight = UINT64_MAX;
	uint16_t best = 1, least = UINT16_MAX;

	for (uint16_t i = 1; i < h->count; i++) {
		uint16_t distance = (uint16_t)(h->buckets[i].index - h->buckets[i - 1].index);
		uint64_t weight = (uint64_t)h->buckets[i].weight + h->buckets[i - 1].weight;

		if (distance > least || (distance == least && weight >= least_weight))
			continue;
		best = i;
		least = distance;
		least_weight = weight;
	}
	if (least_weight < BUCKET_WEIGHT_MAX)
		h->buckets[best].weight = (uint32_t)least_weight;
	drop(h, (uint16_t)(best - 1));
}

void usage_histogram_decay(struct usage_histogram *h, uint32_t seconds)
{
	uint32_t hour = seconds / 3600, hours = hour > h->hour ? hour - h->hour : 0;

	if (hours > HOURS_MAX)
		h->count = 0;
	for (uint32_t n = 0; n < hours && h->count > 0; n++) {
		for (uint16_t i = h->count; i-- > 0;) {
			struct usage_bucket *bucket = &h->buckets[i];

			bucket->weight =
				(uint32_t)((uint64_t)bucket->weight * LEFT_AFTER_HOUR / 65536);
			if (bucket->weight == 0)
				drop(h, i);
		}
	}
	if (hour > h->hour)
		h->hour = hour;
}

void usage_histogram_add(struct usage_histogram *h, uint32_t seconds, uint64_t bytes)
{
	uint32_t passed = h->seconds && seconds > h->seconds ? seconds - h->seconds : 0;
	uint16_t index = index_of(bytes), at = 0;
	uint32_t weight;

	usage_histogram_decay(h, seconds);
	if (passed > HISTOGRAM_SAMPLE_MAX)
		passed = HISTOGRAM_SAMPLE_MAX;
	weight = passed ? passed * HISTOGRAM_SECOND : 1;
	h->seconds = seconds;
	while (at < h->count && h->buckets[at].index < index)
		at++;
	if (at == h->count || h->buckets[at].index != index) {
		if (h->count == HISTOGRAM_BUCKETS_MAX) {
			merge_closest(h);
			for (at = 0; at < h->count && h->buckets[at].index < index;)
				at++;
		}
		memmove(h->buckets + at + 1, h->buckets + at,
			(h->count - at) * sizeof(h->buckets[0]));
		h->buckets[at] = (struct usage_bucket){ .index = index };
		h->count++;
	}
	if (h->buckets[at].weight + weight < BUCKET_WEIGHT_MAX)
		h->buckets[at].weight += weight;
}

static uint64_t total(const struct usage_histogram *h)
{
	uint64_t weight = 0;

	for (uint16_t i = 0; i < h->count; i++)
		weight += h->buckets[i].weight;
	return weight;
}

uint64_t usage_histogram_quantile(const struct usage_histogram *h, unsigned int percent)
{
	uint64_t all = total(h), sum = 0;

	for (uint16_t i = 0; i < h->count; i++) {
		sum += h->buckets[i].weight;
		if (sum * 100 >= all * percent)
			return bound_of(h->buckets[i].index);
	}
	return 0;
}

uint32_t usage_histogram_observed(const struct usage_histogram *h)
{
	return (uint32_t)(total(h) / HISTOGRAM_SECOND);
}

bool usage_histogram_is_valid(const struct usage_histogram *h)
{
	if (h->count > HISTOGRAM_BUCKETS_MAX)
		return false;
	for (uint16_t i = 0; i < h->count; i++) {
		const struct usage_bucket *bucket = &h->buckets[i];

		if (bucket->index > HISTOGRAM_INDEX_MAX || bucket->weight == 0 ||
		    bucket->weight >= BUCKET_WEIGHT_MAX ||
		    (i > 0 && bucket->index <= h->buckets[i - 1].index))
			return false;
	}
	return true;
}
