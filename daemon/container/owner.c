/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners of containers: see owner.h. */
#include "container/owner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container/manager.h"
#include "policy/place.h"
#include "shared/name.h"

/* Cuts the last part of a name off. Returns false if there is only one. */
static bool cut_to_parent(char *name)
{
	char *slash = strrchr(name, '/');

	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

enum access_role owner_role(const struct manager *m, const char *name, uid_t user)
{
	struct access_link links[NAME_DEPTH_MAX];
	char at[NAME_LENGTH_MAX + 1];
	size_t count = 0;

	if (strlen(name) > NAME_LENGTH_MAX)
		return ROLE_NONE;
	strcpy(at, name);
	do {
		const struct container *c = manager_find(m, at);

		if (!c)
			return ROLE_NONE;
		links[count++] = (struct access_link){ .owner = c->owner,
						       .elsewhere = container_is_elsewhere(c) };
	} while (count < NAME_DEPTH_MAX && cut_to_parent(at));
	return access_role(user, links, count);
}

uint64_t owner_limit_around(const struct manager *m, const char *name)
{
	uint64_t limit = LIMIT_INFINITY;
	char at[NAME_LENGTH_MAX + 1];

	if (strlen(name) > NAME_LENGTH_MAX)
		return 0;
	strcpy(at, name);
	while (cut_to_parent(at)) {
		const struct container *c = manager_find(m, at);

		if (c && c->settings.limit < limit)
			limit = c->settings.limit;
	}
	return limit;
}

bool owner_has_others(const struct container *c)
{
	const struct manager *m = c->manager;

	for (size_t i = manager_index(m, c->name); i < m->count; i++)
		if (name_is_inside(m->containers[i]->name, c->name) &&
		    m->containers[i]->owner.uid != c->owner.uid)
			return true;
	return false;
}

size_t owner_count(const struct manager *m, uid_t user)
{
	size_t count = 0;

	for (size_t i = 0; i < m->count; i++)
		count += m->containers[i]->owner.uid == user && !m->containers[i]->owner.delegated;
	return count;
}

/* --- where a process comes from ---------------------------------------------------- */

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

void owner_places_done(struct owner_places *places)
{
	free_texts(places->own, places->n_own);
	free_texts(places->others, places->n_others);
	*places = (struct owner_places){ 0 };
}

int owner_places_read(const struct manager *m, uid_t user, struct owner_places *ret)
{
	cleanup_(owner_places_done) struct owner_places places = { 0 };

	places.own = calloc(m->count + 1, sizeof(*places.own));
	places.others = calloc(m->count + 1, sizeof(*places.others));
	if (!places.own || !places.others)
		return -ENOMEM;
	for (size_t i = 0; i < m->count; i++) {
		const struct container *c = m->containers[i];

		if (c->place) {
			places.others[places.n_others] = group_control_group(c->group);
			if (!places.others[places.n_others++])
				return -ENOMEM;
		} else if (c->owner.uid == user && owner_role(m, c->name, user) != ROLE_NONE) {
			places.own[places.n_own] = strdup(c->name);
			if (!places.own[places.n_own++])
				return -ENOMEM;
		}
	}
	*ret = places;
	places = (struct owner_places){ 0 };
	return 0;
}

bool owner_may_take_from(const struct owner_places *places, const char *path, const char *cgroup)
{
	for (size_t i = 0; path && i < places->n_own; i++)
		if (strcmp(path, places->own[i]) == 0)
			return true;
	if (path || !cgroup)
		return false;
	for (size_t i = 0; i < places->n_others; i++) {
		const char *other = places->others[i];

		/* That of a unit that does not run is empty. */
		if (*other && place_contains(other, cgroup))
			return false;
	}
	return true;
}
