/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many groups by one dump: see rss-read-all.h. */
#include "cgroup/rss-read-all.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "cgroup/group.h"
#include "host/rss-states.h"
#include "shared/cleanup.h"

/* Returns the slot of @id, or the free slot for it. */
static struct rss_dump_place *place_of(const struct rss_dump *dump, uint64_t id)
{
	/* Inode numbers are assigned in sequence, so they spread without a hash function. */
	size_t i = (size_t)id & dump->mask;

	while (dump->places[i].id && dump->places[i].id != id)
		i = (i + 1) & dump->mask;
	return &dump->places[i];
}

static void add_group(struct rss_dump *dump, struct group_reading *reading)
{
	const struct group *g = reading->group;
	const struct rss_group *rss = g->data;
	bool has_leaf = g->procs_fd != g->fd;

	/* The number is 0 if the group was never watched. */
	if (rss->own.id)
		*place_of(dump, rss->own.id) = (struct rss_dump_place){
			.id = rss->own.id, .reading = reading, .own = true, .leaf = !has_leaf
		};
	if (has_leaf && rss->leaf.id)
		*place_of(dump, rss->leaf.id) = (struct rss_dump_place){ .id = rss->leaf.id,
									 .reading = reading,
									 .leaf = true };
}

int rss_dump_begin(struct rss_dump *dump, struct group_reading readings[], size_t count)
{
	size_t wanted = 1, size = 1;

	for (size_t i = 0; i < count; i++)
		wanted += readings[i].group->procs_fd != readings[i].group->fd ? 2 : 1;
	while (size < 2 * wanted)
		size *= 2;
	*dump = (struct rss_dump){ .places = calloc(size, sizeof(*dump->places)),
				   .mask = size - 1 };
	if (!dump->places)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		add_group(dump, &readings[i]);
	return 0;
}

void rss_dump_done(struct rss_dump *dump)
{
	free(dump->places);
}

static void take_own(struct group_reading *reading, const struct rss_container_state *state)
{
	reading->counters = (struct counters){
		.usage = state->usage,
		.peak = state->peak,
		.failures = state->local_limit_hits,
		.reclaimed = state->freed,
		.oom_events = state->local_ooms,
		.oom_kills = state->oom_kills,
		.scanned = state->scanned,
	};
	reading->refaults = state->refaults;
	reading->has_counters = true;
	reading->frozen = state->flags & RSS_CONTAINER_STATE_FROZEN;
	reading->has_frozen = state->flags & RSS_CONTAINER_STATE_FREEZER;
	reading->no_inner = true;
}

void rss_dump_take(const struct rss_container_state *state, void *userdata)
{
	struct rss_dump *dump = userdata;
	const struct rss_dump_place *place = place_of(dump, state->id);

	if (!place->id) {
		if (dump->last)
			dump->last->no_inner = false;
		return;
	}
	dump->last = place->reading;
	if (place->own)
		take_own(place->reading, state);
	if (place->leaf) {
		place->reading->processes = state->processes;
		place->reading->has_processes = true;
	}
}

int rss_read_states(int family, struct group_reading readings[], size_t count)
{
	cleanup_(rss_dump_done) struct rss_dump dump = { 0 };
	int r = rss_dump_begin(&dump, readings, count);

	return r < 0 ? r : rss_states_read(family, rss_dump_take, &dump);
}
