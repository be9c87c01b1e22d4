/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One container: see container.h. */
#include "container/container.h"

#include <assert.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/drift.h"
#include "policy/oom-record.h"
#include "policy/usage-history.h"

struct container *container_new(struct manager *manager, const char *name)
{
	cleanup_(container_unref_ptr) struct container *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->refs = 1;
	c->manager = manager;
	c->settings = settings_default();
	c->declaration = settings_default();
	c->name = strdup(name);
	if (!c->name)
		return NULL;
	return take_ptr(c);
}

static void free_groups(struct group *group)
{
	while (group) {
		struct group *replaced = group->replaced;

		group_free(group);
		group = replaced;
	}
}

struct container *container_ref(struct container *c)
{
	assert(c->refs > 0);
	c->refs++;
	return c;
}

bool container_is_shared(const struct container *c)
{
	return c->refs > 1;
}

struct container *container_unref(struct container *c)
{
	if (!c)
		return NULL;
	assert(c->refs > 0);
	if (--c->refs > 0)
		return NULL;
	/* Each of these holds a reference. */
	assert(!c->change && !c->jobs.first && !c->saving && !c->held_by);
	free_groups(c->group);
	oom_record_free(c->last_oom);
	if (c->detection)
		c->detection_free(c->detection);
	free(c->usage_history);
	free(c->name);
	free(c);
	return NULL;
}

void container_add_base(const struct container *c, struct counters *counters)
{
	if (counters->oom_events != COUNTER_ABSENT)
		counters->oom_events += c->oom_events_base;
	if (counters->oom_kills != COUNTER_ABSENT)
		counters->oom_kills += __atomic_load_n(&c->inner_oom_kills, __ATOMIC_RELAXED);
}

int container_read_counters(struct container *c, struct counters *ret)
{
	int r = group_read_counters(c->group, ret);

	if (r == 0)
		container_add_base(c, ret);
	return r;
}

void container_forget_usage(struct container *c)
{
	free(c->usage_history);
	c->usage_history = NULL;
}

struct settings container_read_settings(struct container *c, const struct settings *fallback)
{
	struct settings now = *fallback;

	(void)group_read_settings(c->group, &now);
	return now;
}

unsigned int container_settings_drift(struct container *c)
{
	const struct settings *set = container_set_last(c);
	struct settings kernel = container_read_settings(c, set);

	return settings_difference(set, &kernel);
}

unsigned int container_drift(struct container *c)
{
	unsigned int drift;
	bool value;

	if (!group_exists(c->group))
		return DRIFT_CGROUP;
	drift = container_settings_drift(c);
	if (group_read_oom_killer(c->group, &value) == 0 && !value)
		drift |= DRIFT_OOM_KILLER;
	if (group_read_frozen(c->group, &value) == 0 && value != c->frozen)
		drift |= DRIFT_FREEZER;
	return drift;
}

void container_note_frozen(struct container *c)
{
	(void)group_read_frozen(c->group, &c->frozen);
}

void container_replace_group(struct container *c, struct group *group)
{
	struct group *old = c->group;

	group_unwatch(old);
	if (!container_is_shared(c) && !c->jobs.first) {
		free_groups(old);
		old = NULL;
	}
	group->replaced = old;
	__atomic_store_n(&c->group, group, __ATOMIC_RELEASE);
}

const struct settings *container_set_last(const struct container *c)
{
	return c->drifted ? &c->written : &c->settings;
}

struct record *container_to_record(const struct container *c, const struct settings *settings)
{
	cleanup_(record_free_ptr) struct record *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->name = strdup(c->name);
	record->settings = *settings;
	record->transient = c->transient;
	record->declared = c->declared;
	record->declaration = c->declaration;
	/* A kernel that counts as long as the group lives needs no base. */
	record->oom_events = 0;
	record->inner_oom_kills = c->inner_oom_kills;
	if (c->group->controller->oom_events_since_open && c->seen.oom_events != COUNTER_ABSENT)
		record->oom_events = c->seen.oom_events;
	if (c->last_oom) {
		record->last_oom = oom_record_copy(c->last_oom);
		if (!record->last_oom)
			return NULL;
	}
	if (!record->name)
		return NULL;
	return take_ptr(record);
}

void container_from_record(struct container *c, struct record *record)
{
	c->settings = record->settings;
	c->transient = record->transient;
	c->declared = record->declared;
	c->declaration = record->declaration;
	c->oom_events_base = record->oom_events;
	c->inner_oom_kills = record->inner_oom_kills;
	oom_record_free(c->last_oom);
	c->last_oom = take_ptr(record->last_oom);
}

bool container_is_busy(const struct container *c)
{
	return c->change || c->jobs.first || c->saving || c->held_by;
}
