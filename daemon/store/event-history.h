/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last EVENT_HISTORY_MAX events, for clients that were slow or not connected. Each is appended
 * to a file in the runtime directory before listeners are called, so a crash of rssd loses none;
 * the directory is in memory and does not survive a reboot. monitor/oom-history.h has the records
 * of OOMs and kills, by number.
 */
#ifndef RSSD_EVENT_HISTORY_H
#define RSSD_EVENT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/event.h"
#include "shared/cleanup.h"

struct event_history;

#define EVENT_HISTORY_MAX 4096

/* A stored event: as struct event, but it owns the name of the container. */
struct past_event {
	enum event_kind kind;
	uint64_t sequence, last;
	uint64_t time; /* microseconds since the epoch */
	uint64_t usage, limit, amount;
	bool wmark_high; /* WATERMARK: which */
	char *container; /* "" for LOST */
};

/**
 * event_history_open() - read the stored events
 * @directory: "/run/rssd"
 * @next: the number of the next event; earlier events that are not stored are lost
 *
 * Return: 0, or a negative errno if the file cannot be used. Then *ret is in memory only; it is
 * NULL only when out of memory.
 */
int event_history_open(const char *directory, uint64_t next, struct event_history **ret);
struct event_history *event_history_free(struct event_history *history);
DEFINE_CLEANUP(struct event_history *, event_history_free);

/* Stores an event, in place of the oldest if there are EVENT_HISTORY_MAX. */
void event_history_add(struct event_history *history, const struct event *event,
		       const char *container);

/* The first event with a number above @since, or NULL; *ret_index is its index. */
const struct past_event *event_history_find(const struct event_history *history, uint64_t since,
					    size_t *ret_index);
/* The event at @index, counted from the oldest; NULL after the last. */
const struct past_event *event_history_at(const struct event_history *history, size_t index);

/* The number from which on all events are stored. */
uint64_t event_history_begin(const struct event_history *history);

/* "limit-hit", "reclaimed", "oom", "watermark", "lost", "kill", "drift", "threshold" */
const char *event_kind_name(enum event_kind kind);

#endif
