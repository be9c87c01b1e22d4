/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Usage histories: see usage-history.h. They are small, because there are thousands of them. */
#include "policy/usage-history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/counters.h"
#include "shared/clock.h"

#define ROOM_FIRST  2 /* enough for a container that is sampled rarely */
#define TOTALS_USEC (USAGE_KEPT_USEC / 2)

struct span {
	uint32_t began; /* seconds */
	uint32_t kib;
};

struct usage_history {
	struct usage_totals older, newer;
	uint32_t length; /* length of a span, seconds */
	uint16_t count, room;
	uint32_t raises, raised_at; /* seconds */
	struct usage_histogram histogram;
	struct span spans[];
};

static uint32_t to_kib(uint64_t bytes)
{
	uint64_t kib = bytes / 1024 + (bytes % 1024 != 0);

	return kib < UINT32_MAX ? (uint32_t)kib : UINT32_MAX;
}

static void raise_to(struct span *span, uint32_t kib)
{
	if (span->kib < kib)
		span->kib = kib;
}

static void drop_first(struct usage_history *h)
{
	memmove(h->spans, h->spans + 1, --h->count * sizeof(h->spans[0]));
}

/* Merges neighbours that lie within the length of one span. */
static void merge_neighbours(struct usage_history *h)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < h->count; i++) {
		if (kept && h->spans[i].began - h->spans[kept - 1].began < h->length)
			raise_to(&h->spans[kept - 1], h->spans[i].kib);
		else
			h->spans[kept++] = h->spans[i];
	}
	h->count = kept;
}

/* Doubles the span until there is room; at the longest span, drops the oldest sample. */
static void shrink(struct usage_history *h)
{
	while (h->count == USAGE_SAMPLES_MAX && h->length < USAGE_SPAN_USEC_MAX / USEC_PER_SEC) {
		h->length *= 2;
		if (h->length > USAGE_SPAN_USEC_MAX / USEC_PER_SEC)
			h->length = USAGE_SPAN_USEC_MAX / USEC_PER_SEC;
		merge_neighbours(h);
	}
	if (h->count == USAGE_SAMPLES_MAX)
		drop_first(h);
}

static int make_room(struct usage_history **history)
{
	struct usage_history *h = *history;
	uint16_t room = h ? h->room * 2 : ROOM_FIRST;

	if (h && h->count < h->room)
		return 0;
	if (h && h->room == USAGE_SAMPLES_MAX) {
		shrink(h);
		return 0;
	}
	if (room > USAGE_SAMPLES_MAX)
		room = USAGE_SAMPLES_MAX;
	h = realloc(h, sizeof(*h) + room * sizeof(h->spans[0]));
	if (!h)
		return -ENOMEM;
	if (!*history)
		*h = (struct usage_history){ .length = USAGE_SPAN_USEC_MIN / USEC_PER_SEC };
	h->room = room;
	*history = h;
	return 0;
}

static bool is_old(const struct span *span, uint64_t now)
{
	return span->began + USAGE_KEPT_USEC / USEC_PER_SEC < now / USEC_PER_SEC;
}

int usage_history_add(struct usage_history **history, uint64_t now, uint64_t usage)
{
	uint32_t seconds = (uint32_t)(now / USEC_PER_SEC);
	struct usage_history *h = *history;
	int r;

	while (h && h->count && is_old(&h->spans[0], now))
		drop_first(h);
	if (h)
		usage_histogram_add(&h->histogram, seconds, usage);
	if (h && h->count && seconds - h->spans[h->count - 1].began < h->length) {
		raise_to(&h->spans[h->count - 1], to_kib(usage));
		return 0;
	}
	r = make_room(history);
	if (r < 0)
		return r;
	if (!h)
		usage_histogram_add(&(*history)->histogram, seconds, usage);
	h = *history;
	h->spans[h->count++] = (struct span){ .began = seconds, .kib = to_kib(usage) };
	return 0;
}

bool usage_history_wants_totals(const struct usage_history *h, uint64_t now)
{
	return !h || !h->newer.time || h->newer.time + TOTALS_USEC <= now;
}

void usage_history_put_totals(struct usage_history *h, const struct usage_totals *totals)
{
	h->older = h->newer.time ? h->newer : *totals;
	h->newer = *totals;
}

static bool has_increased(uint64_t before, uint64_t now)
{
	return before != COUNTER_ABSENT && now != COUNTER_ABSENT && now > before;
}

void usage_history_restart_totals(struct usage_history *h, const struct usage_totals *totals,
				  bool raised)
{
	if (raised && h->older.time &&
	    (has_increased(h->older.oom_events, totals->oom_events) ||
	     has_increased(h->older.oom_kills, totals->oom_kills))) {
		h->raises = usage_history_raises(h, totals->time) + 1;
		h->raised_at = (uint32_t)(totals->time / USEC_PER_SEC);
	}
	h->older = h->newer = *totals;
}

unsigned int usage_history_raises(const struct usage_history *h, uint64_t now)
{
	if (!h || h->raised_at + USAGE_RAISES_KEPT_USEC / USEC_PER_SEC < now / USEC_PER_SEC)
		return 0;
	return h->raises;
}

struct usage_histogram usage_history_histogram(const struct usage_history *h, uint64_t now)
{
	struct usage_histogram histogram = { 0 };

	if (h)
		histogram = h->histogram;
	usage_histogram_decay(&histogram, (uint32_t)(now / USEC_PER_SEC));
	return histogram;
}

size_t usage_history_samples(const struct usage_history *h, uint64_t now,
			     struct usage_sample ret[USAGE_SAMPLES_MAX])
{
	size_t count = 0;

	for (uint16_t i = 0; h && i < h->count; i++) {
		if (is_old(&h->spans[i], now))
			continue;
		ret[count++] = (struct usage_sample){
			.time = h->spans[i].began * USEC_PER_SEC,
			.usage = h->spans[i].kib * 1024ULL,
		};
	}
	return count;
}

struct usage_totals usage_history_totals(const struct usage_history *h)
{
	return h ? h->older : (struct usage_totals){ 0 };
}

/* --- stored histories ------------------------------------------------------------- */

void usage_history_export(const struct usage_history *h, struct usage_stored *ret)
{
	*ret = (struct usage_stored){
		.length = h->length,
		.count = h->count,
		.older = h->older,
		.newer = h->newer,
		.raises = h->raises,
		.raised_at = h->raised_at,
		.histogram = h->histogram,
	};
	for (uint16_t i = 0; i < h->count; i++) {
		ret->spans[i].began = h->spans[i].began;
		ret->spans[i].kib = h->spans[i].kib;
	}
}

static bool is_valid(const struct usage_stored *stored, uint64_t now)
{
	if (stored->count > USAGE_SAMPLES_MAX ||
	    stored->length < USAGE_SPAN_USEC_MIN / USEC_PER_SEC ||
	    stored->length > USAGE_SPAN_USEC_MAX / USEC_PER_SEC)
		return false;
	for (uint16_t i = 1; i < stored->count; i++)
		if (stored->spans[i].began <= stored->spans[i - 1].began)
			return false;
	return stored->older.time <= stored->newer.time && stored->newer.time <= now &&
	       stored->raised_at <= now / USEC_PER_SEC &&
	       stored->histogram.seconds <= now / USEC_PER_SEC &&
	       stored->histogram.hour <= now / USEC_PER_SEC / 3600 &&
	       (stored->count == 0 ||
		stored->spans[stored->count - 1].began <= now / USEC_PER_SEC) &&
	       usage_histogram_is_valid(&stored->histogram);
}

int usage_history_import(const struct usage_stored *stored, uint64_t now,
			 struct usage_history **ret)
{
	struct usage_history *h;

	if (!is_valid(stored, now))
		return -EBADMSG;
	h = calloc(1, sizeof(*h) + USAGE_SAMPLES_MAX * sizeof(h->spans[0]));
	if (!h)
		return -ENOMEM;
	h->older = stored->older;
	h->newer = stored->newer;
	h->length = stored->length;
	h->room = USAGE_SAMPLES_MAX;
	h->raises = stored->raises;
	h->raised_at = stored->raised_at;
	h->histogram = stored->histogram;
	usage_histogram_decay(&h->histogram, (uint32_t)(now / USEC_PER_SEC));
	for (uint16_t i = 0; i < stored->count; i++) {
		struct span span = { stored->spans[i].began, stored->spans[i].kib };

		if (!is_old(&span, now))
			h->spans[h->count++] = span;
	}
	*ret = h;
	return 0;
}
