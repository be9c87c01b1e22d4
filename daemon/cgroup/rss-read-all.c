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

/* A directory in the dump, by inode number: a group's own directory, its leaf, or both. */
struct known {
	uint64_t id; /* 0: a free slot */
	struct group_reading *reading;
	bool own, leaf;
};

/* A hash table with open addressing, at most half full. */
struct known_all {
	struct known *places;
	size_t mask;
};

/* Returns the slot of @id, or the free slot for it. */
static struct known *known_at(const struct known_all *all, uint64_t id)
{
	/* Inode numbers are assigned in sequence, so they spread without a hash function. */
	size_t i = (size_t)id & all->mask;

	while (all->places[i].id && all->places[i].id != id)
		i = (i + 1) & all->mask;
	return &all->places[i];
}

static void add_known(struct known_all *all, struct group_reading *reading)
{
	const struct group *g = reading->group;
	const struct rss_group *rss = g->data;
	bool has_leaf = g->procs_fd != g->fd;

	/* The number is 0 if the group was never watched. */
	if (rss->own.id)
		*known_at(all, rss->own.id) = (struct known){
			.id = rss->own.id, .reading = reading, .own = true, .leaf = !has_leaf
		};
	if (has_leaf && rss->leaf.id)
		*known_at(all, rss->leaf.id) =
			(struct known){ .id = rss->leaf.id, .reading = reading, .leaf = true };
}

static void on_state(const struct rss_container_state *state, void *userdata)
{
	const struct known *known = known_at(userdata, state->id);

	if (!known->id)
		return;
	if (known->own) {
		known->reading->counters = (struct counters){
			.usage = state->usage,
			.peak = state->peak,
			.failures = state->local_limit_hits,
			.reclaimed = state->freed,
			.oom_events = state->local_ooms,
			.oom_kills = state->oom_kills,
			.scanned = state->scanned,
		};
		known->reading->refaults = state->refaults;
		known->reading->has_counters = true;
		known->reading->frozen = state->flags & RSS_CONTAINER_STATE_FROZEN;
		known->reading->has_frozen = state->flags & RSS_CONTAINER_STATE_FREEZER;
	}
	if (known->leaf) {
		known->reading->processes = state->processes;
		known->reading->has_processes = true;
	}
}

int rss_read_states(int family, struct group_reading readings[], size_t count)
{
	cleanup_free struct known *places = NULL;
	struct known_all all;
	size_t wanted = 1, size = 1;

	for (size_t i = 0; i < count; i++)
		wanted += readings[i].group->procs_fd != readings[i].group->fd ? 2 : 1;
	while (size < 2 * wanted)
		size *= 2;
	places = calloc(size, sizeof(*places));
	if (!places)
		return -ENOMEM;
	all = (struct known_all){ .places = places, .mask = size - 1 };
	for (size_t i = 0; i < count; i++)
		add_known(&all, &readings[i]);
	return rss_states_read(family, on_state, &all);
}
