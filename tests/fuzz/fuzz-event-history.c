/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of events: of any bytes, what is read has increasing numbers and names that can be sent,
 * and a second start reads the same. The first byte bounds the next number.
 */
#include "fuzz-directory.h"

#include "shared/cleanup.h"
#include "shared/name.h"
#include "store/event-history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_events(const struct event_history *history, uint64_t next)
{
	uint64_t before = event_history_begin(history);
	const struct past_event *event;

	if (before > next)
		abort();
	for (size_t i = 0; (event = event_history_at(history, i)); i++) {
		bool lost = event->kind == EVENT_LOST;

		if (event->sequence < before || event->sequence >= next ||
		    event->kind > EVENT_THRESHOLD ||
		    (lost && (event->last < event->sequence || event->last >= next)))
			abort();
		if (!lost && name_problem(event->container))
			abort();
		if (lost && *event->container)
			abort();
		before = (lost ? event->last : event->sequence) + 1;
	}
}

static void check_same(const struct event_history *a, const struct event_history *b)
{
	const struct past_event *x, *y;
	size_t i = 0;

	if (event_history_begin(a) != event_history_begin(b))
		abort();
	do {
		x = event_history_at(a, i);
		y = event_history_at(b, i++);
		if (!x != !y)
			abort();
		if (x && (x->sequence != y->sequence || x->last != y->last || x->time != y->time ||
			  x->kind != y->kind || x->usage != y->usage || x->limit != y->limit ||
			  x->amount != y->amount || x->wmark_high != y->wmark_high ||
			  strcmp(x->container, y->container) != 0))
			abort();
	} while (x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(event_history_free_ptr) struct event_history *history = NULL, *again = NULL;
	uint64_t next;

	if (size == 0)
		return 0;
	next = data[0] < 128 ? data[0] + 1 : UINT64_MAX - data[0];
	fuzz_write("events", data + 1, size - 1);
	if (event_history_open(fuzz_directory, next, &history) < 0 || !history)
		abort();
	check_events(history, next);
	if (event_history_open(fuzz_directory, next, &again) < 0)
		abort();
	check_same(history, again);
	return 0;
}
