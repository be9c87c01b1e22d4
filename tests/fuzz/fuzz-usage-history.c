/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Usage histories: whenever and whatever is added, the samples are in order and of the last day,
 * and their highest is the highest that was added since the first of them. Each addition is two
 * bytes of the time that has passed, and one of usage.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/usage-history.h"
#include "shared/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ADDED_MAX 512
#define SECOND	  1000000ULL

static struct added {
	uint64_t time, usage;
} added[ADDED_MAX];

static uint64_t highest_since(size_t count, uint64_t time)
{
	uint64_t highest = 0;

	for (size_t i = 0; i < count; i++) {
		if (added[i].time >= time && added[i].usage > highest)
			highest = added[i].usage;
	}
	return highest;
}

static void check_samples(const struct usage_history *history, size_t count, uint64_t now)
{
	struct usage_sample samples[USAGE_SAMPLES_MAX];
	size_t n = usage_history_samples(history, now, samples);
	uint64_t highest = 0;

	if (n == 0 || n > USAGE_SAMPLES_MAX)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && samples[i].time <= samples[i - 1].time)
			abort();
		if (samples[i].time > now || samples[i].time + USAGE_KEPT_USEC + SECOND < now)
			abort();
		if (samples[i].usage > highest)
			highest = samples[i].usage;
	}
	if (highest != highest_since(count, samples[0].time))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usage_history *history = NULL;
	uint64_t now = SECOND * 1000;
	size_t count = 0;

	for (; size >= 3 && count < ADDED_MAX; size -= 3, data += 3) {
		uint64_t passed = (uint64_t)data[0] << (data[1] % 10);
		struct usage_totals totals = { .failures = count };

		now += passed * SECOND + (data[1] >> 4);
		totals.time = now;
		added[count++] = (struct added){ now, data[2] * 1024ULL };
		if (usage_history_add(&history, now, data[2] * 1024ULL) < 0)
			abort();
		check_samples(history, count, now);
		if (!usage_history_wants_totals(history, now))
			continue;
		usage_history_put_totals(history, &totals);
		if (usage_history_wants_totals(history, now) ||
		    usage_history_totals(history).time > now)
			abort();
	}
	free(history);
	return 0;
}
