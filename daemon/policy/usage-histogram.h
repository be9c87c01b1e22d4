/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a container used how much memory, as a histogram whose weights halve in
 * a day: a steady usage outweighs a rare one, and an old one is forgotten within weeks.
 * It has few buckets, an eighth of an octave wide; when they are used up, the closest
 * two become the higher one, so a usage is never reported too low. Pure.
 */
#ifndef RSSD_USAGE_HISTOGRAM_H
#define RSSD_USAGE_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS_MAX 16
/* The highest index of a bucket. */
#define HISTOGRAM_INDEX_MAX 255
/* The unit of weights is 1/256 s. The sum of all weights stays below the maximum. */
#define HISTOGRAM_SECOND     256
#define HISTOGRAM_WEIGHT_MAX (UINT32_C(1) << 30)
/* The longest time that one sample stands for, in seconds. */
#define HISTOGRAM_SAMPLE_MAX 900

struct usage_bucket {
	uint32_t weight;
	uint16_t index;
};

struct usage_histogram {
	uint32_t hour;	  /* the weights are those of this hour */
	uint32_t seconds; /* the time of the last sample; 0: none */
	uint16_t count;
	struct usage_bucket buckets[HISTOGRAM_BUCKETS_MAX]; /* by index */
};

/* Adds a usage that was sampled at @seconds; it stands for the time since the last sample. */
void usage_histogram_add(struct usage_histogram *histogram, uint32_t seconds, uint64_t bytes);
/* Lets the weights decay until @seconds. */
void usage_histogram_decay(struct usage_histogram *histogram, uint32_t seconds);
/* The usage that is not exceeded in @percent of the time, in bytes; 0 if nothing was sampled. */
uint64_t usage_histogram_quantile(const struct usage_histogram *histogram, unsigned int percent);
/* The time that the samples stand for, as far as it has not decayed, in seconds. */
uint32_t usage_histogram_observed(const struct usage_histogram *histogram);
/* Returns true if the buckets are as usage_histogram_add() leaves them. */
bool usage_histogram_is_valid(const struct usage_histogram *histogram);

#endif
