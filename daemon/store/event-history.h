/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events so far, the last EVENT_HISTORY_MAX of them, for whoever was not
 * there or did not keep up. Each is appended to a file in the runtime folder
 * before it is told, so that a crash of rssd forgets none; the folder is in
 * memory, and ends with the machine. The texts of OOMs are those of
 * oom-history.h, by their number.
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

/* As struct event, but for good. */
struct past_event {
	enum event_kind kind;
	uint64_t sequence, last;
	uint64_t time; /* microseconds since the epoch */
	uint64_t usage, limit, amount;
	bool high;	 /* WATERMARK: which */
	char *container; /* "" for LOST */
};

/**
 * event_history_open() - read what is there
 * @folder: "/run/rssd"
 * @next: the number of the next event; where nothing is known of those before, they are lost
 *
 * Return: 0, or a negative errno: the file cannot be used, and *ret is in memory alone
 * (NULL only when out of memory).
 */
int event_history_open(const char *folder, uint64_t next, struct event_history **ret);
struct event_history *event_history_free(struct event_history *history);
DEFINE_CLEANUP(struct event_history *, event_history_free);

/* The oldest makes room. */
void event_history_add(struct event_history *history, const struct event *event,
		       const char *container);

/*
 * The first event with a number above @since, or NULL; *ret_index is its place, the next
 * is behind it.
 */
const struct past_event *event_history_find(const struct event_history *history, uint64_t since,
					    size_t *ret_index);
const struct past_event *event_history_at(const struct event_history *history, size_t index);

/* All events from this number on are there. */
uint64_t event_history_begin(const struct event_history *history);

/* "limit-hit", "reclaimed", "oom", "watermark", "lost", "kill" */
const char *event_kind_name(enum event_kind kind);

#endif
