/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stored usage histories: whatever is in the lines, with a right checksum, each history that is
 * taken has samples in order and of the last day, and is stored and read again as the same one.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/usage-history-text.h"
#include "shared/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOUR (3600 * 1000000ULL)

static const struct usage_clocks clocks = {
	.history = 62 * 24 * HOUR,
	.boot = 60 * 24 * HOUR,
	.wall = 20000 * 24 * HOUR,
};

static int check_again(const struct usage_line *line, void *userdata)
{
	const struct usage_stored *stored = userdata;

	if (memcmp(stored->spans, line->stored.spans, sizeof(stored->spans)) != 0 ||
	    stored->histogram.count != line->stored.histogram.count)
		abort();
	return 0;
}

static int take(const struct usage_line *line, void *userdata)
{
	cleanup_free struct usage_history *history = NULL;
	cleanup_free char *lines = NULL, *text = NULL;
	struct usage_sample samples[USAGE_SAMPLES_MAX];
	struct usage_line again = { .name = line->name };
	size_t length, n;
	FILE *out;

	if (usage_history_import(&line->stored, clocks.history, &history) < 0)
		return 0;
	n = usage_history_samples(history, clocks.history, samples);
	for (size_t i = 0; i < n; i++)
		if (samples[i].time > clocks.history ||
		    (i && samples[i].time <= samples[i - 1].time))
			abort();
	usage_history_export(history, &again.stored);
	out = open_memstream(&lines, &length);
	usage_text_line(out, &again, &clocks);
	if (fclose(out) != 0)
		abort();
	text = usage_text_end(lines, 1);
	if (!text || usage_text_parse(text, strlen(text), &clocks, check_again, &again.stored) != 0)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *lines = strndup((const char *)data, size), *whole = strdup(lines);
	cleanup_free char *text = NULL;
	size_t count = 0;

	/* As it is, and with a last line. */
	(void)usage_text_parse(whole, strlen(whole), &clocks, take, NULL);
	for (const char *c = lines; *c; c++)
		count += *c == '\n';
	text = usage_text_end(lines, count);
	(void)usage_text_parse(text, strlen(text), &clocks, take, NULL);
	return 0;
}
