/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Usage histories as a text: see usage-history-text.h. */
#include "policy/usage-history-text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/name.h"

#define HEADER "rssd-usage-history 1\n"
#define END    "end "

/* FNV-1a: finds damage, not a forger, who could write the checksum as well. */
static uint64_t checksum(const char *text, size_t length)
{
	uint64_t sum = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
	return sum;
}

/* --- writing ------------------------------------------------------------------------ */

/* The time in the text; 0 stays 0. */
static uint64_t to_wall(uint64_t seconds, const struct usage_clocks *clocks)
{
	return seconds ? seconds + (clocks->wall - clocks->history) / USEC_PER_SEC : 0;
}

static void write_totals(FILE *out, const struct usage_totals *totals,
			 const struct usage_clocks *clocks)
{
	(void)fprintf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
		      to_wall(totals->time / USEC_PER_SEC, clocks), totals->failures,
		      totals->reclaimed, totals->oom_events, totals->oom_kills, totals->refaults);
}

void usage_text_line(FILE *out, const struct usage_line *line, const struct usage_clocks *clocks)
{
	const struct usage_stored *stored = &line->stored;
	const struct usage_histogram *histogram = &stored->histogram;

	(void)fprintf(out, "%s %" PRIu32 " %" PRIu32 " %" PRIu64, line->name, stored->length,
		      stored->raises, to_wall(stored->raised_at, clocks));
	write_totals(out, &stored->older, clocks);
	write_totals(out, &stored->newer, clocks);
	(void)fprintf(out, " %d", stored->count);
	for (uint16_t i = 0; i < stored->count; i++)
		(void)fprintf(out, " %" PRIu64 " %" PRIu32, to_wall(stored->spans[i].began, clocks),
			      stored->spans[i].kib);
	(void)fprintf(out, " %" PRIu64 " %" PRIu64 " %d",
		      to_wall((uint64_t)histogram->hour * 3600, clocks),
		      to_wall(histogram->seconds, clocks), histogram->count);
	for (uint16_t i = 0; i < histogram->count; i++)
		(void)fprintf(out, " %d %" PRIu32, histogram->buckets[i].index,
			      histogram->buckets[i].weight);
	(void)fputc('\n', out);
}

char *usage_text_end(const char *lines, size_t count)
{
	char *text;

	if (asprintf(&text, HEADER "%s" END "%zu %016" PRIx64 "\n", lines, count,
		     checksum(lines, strlen(lines))) < 0)
		return NULL;
	return text;
}

/* --- reading ------------------------------------------------------------------------ */

/* The next number of a line; *bad is set if there is none, or one above @most. */
static uint64_t next_number(char **at, uint64_t most, bool *bad)
{
	uint64_t number;
	char *end;

	if (**at != ' ' || (*at)[1] < '0' || (*at)[1] > '9') {
		*bad = true;
		return 0;
	}
	errno = 0;
	number = strtoull(*at + 1, &end, 10);
	if (errno || number > most)
		*bad = true;
	*at = end;
	return number;
}

/* A time in seconds of the histories' clock; 0 if it is before that clock begins. */
static uint64_t next_time(char **at, const struct usage_clocks *clocks, bool *bad)
{
	uint64_t wall = next_number(at, UINT64_MAX / USEC_PER_SEC, bad);
	uint64_t begin = (clocks->wall - clocks->history) / USEC_PER_SEC;

	return wall > begin ? wall - begin : 0;
}

static struct usage_totals next_totals(char **at, const struct usage_clocks *clocks, bool *bad)
{
	struct usage_totals totals = { .time = next_time(at, clocks, bad) * USEC_PER_SEC };

	totals.failures = next_number(at, UINT64_MAX, bad);
	totals.reclaimed = next_number(at, UINT64_MAX, bad);
	totals.oom_events = next_number(at, UINT64_MAX, bad);
	totals.oom_kills = next_number(at, UINT64_MAX, bad);
	totals.refaults = next_number(at, UINT64_MAX, bad);
	if (totals.time < clocks->boot || totals.time > clocks->history)
		totals = (struct usage_totals){ 0 };
	return totals;
}

/* Keeps a span unless it is out of range: the clock may have been set since it was written. */
static void add_span(struct usage_stored *stored, uint64_t began, uint32_t kib, uint64_t now)
{
	uint16_t n = stored->count;

	if (!began || began > now || (n > 0 && began <= stored->spans[n - 1].began))
		return;
	stored->spans[n].began = (uint32_t)began;
	stored->spans[n].kib = kib;
	stored->count++;
}

static bool parse_line(char *text, const struct usage_clocks *clocks, struct usage_line *line)
{
	uint64_t now = clocks->history / USEC_PER_SEC, count, time;
	struct usage_stored *stored = &line->stored;
	struct usage_histogram *histogram = &stored->histogram;
	char *at = strchr(text, ' ');
	bool bad = false;

	*line = (struct usage_line){ .name = text };
	if (!at)
		return false;
	stored->length = (uint32_t)next_number(&at, UINT32_MAX, &bad);
	stored->raises = (uint32_t)next_number(&at, UINT32_MAX, &bad);
	time = next_time(&at, clocks, &bad);
	stored->raised_at = (uint32_t)(time < now ? time : now);
	stored->older = next_totals(&at, clocks, &bad);
	stored->newer = next_totals(&at, clocks, &bad);
	if (!stored->older.time || stored->older.time > stored->newer.time)
		stored->older = stored->newer;
	count = next_number(&at, USAGE_SAMPLES_MAX, &bad);
	for (uint64_t i = 0; i < count && !bad; i++) {
		uint64_t began = next_time(&at, clocks, &bad);

		add_span(stored, began, (uint32_t)next_number(&at, UINT32_MAX, &bad), now);
	}
	time = next_time(&at, clocks, &bad);
	histogram->hour = (uint32_t)((time < now ? time : now) / 3600);
	time = next_time(&at, clocks, &bad);
	histogram->seconds = (uint32_t)(time < now ? time : now);
	count = next_number(&at, HISTOGRAM_BUCKETS_MAX, &bad);
	for (uint64_t i = 0; i < count && !bad; i++) {
		histogram->buckets[i].index = (uint16_t)next_number(&at, HISTOGRAM_INDEX_MAX, &bad);
		histogram->buckets[i].weight = (uint32_t)next_number(&at, UINT32_MAX, &bad);
		histogram->count++;
	}
	if (bad || *at != '\0')
		return false;
	*strchr(text, ' ') = '\0';
	return !name_problem(text);
}

/* Cuts the last line off. Return: the number of lines, or -EBADMSG. */
static int64_t cut_end(char *lines, size_t length)
{
	uint64_t sum, count;
	size_t at = length;
	int used = -1;

	if (at < 2 || lines[at - 1] != '\n')
		return -EBADMSG;
	for (at--; at > 0 && lines[at - 1] != '\n';)
		at--;
	if (sscanf(lines + at, END "%9" SCNu64 " %16" SCNx64 "%n", &count, &sum, &used) != 2 ||
	    strcmp(lines + at + used, "\n") != 0 || sum != checksum(lines, at))
		return -EBADMSG;
	lines[at] = '\0';
	return (int64_t)count;
}

int usage_text_parse(char *text, size_t length, const struct usage_clocks *clocks, usage_text_fn fn,
		     void *userdata)
{
	size_t header = strlen(HEADER);
	int64_t count, found = 0;
	char *at = text + header, *end;

	if (strlen(text) != length || strncmp(text, HEADER, header) != 0)
		return -EBADMSG;
	count = cut_end(at, length - header);
	if (count < 0)
		return (int)count;
	for (const char *c = at; *c; c++)
		found += *c == '\n';
	if (found != count)
		return -EBADMSG;
	for (; *at; at = end + 1) {
		struct usage_line line;
		int r;

		end = strchr(at, '\n');
		*end = '\0';
		if (!parse_line(at, clocks, &line))
			return -EBADMSG;
		r = fn(&line, userdata);
		if (r < 0)
			return r;
	}
	return 0;
}
