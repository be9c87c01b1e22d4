/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One container: see container.h. */
#include "container/container.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "base/failure.h"
#include "policy/drift.h"
#include "policy/oom-record.h"
#include "policy/place.h"
#include "policy/rule.h"
#include "policy/usage-history.h"
#include "shared/size.h"

struct container *container_new(struct manager *manager, const char *name)
{
	cleanup_(container_unref_ptr) struct container *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->refs = 1;
	c->manager = manager;
	c->settings = settings_default();
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
	sd_event_source_disable_unref(c->place_watch);
	place_free(c->place);
	free(c->joined_unit);
	rules_unref(c->join);
	oom_record_free(c->last_oom);
	if (c->detection)
		c->detection_free(c->detection);
	free(c->usage_history);
	free(c->declaration);
	free(c->name);
	free(c);
	return NULL;
}

static void add(uint64_t *to, const uint64_t *earlier)
{
	if (*to != COUNTER_ABSENT)
		*to += __atomic_load_n(earlier, __ATOMIC_RELAXED);
}

void container_add_base(const struct container *c, struct counters *counters)
{
	const struct earlier_counters *earlier = &c->earlier;
	uint64_t peak = __atomic_load_n(&earlier->peak, __ATOMIC_RELAXED);

	if (counters->oom_events != COUNTER_ABSENT)
		counters->oom_events += c->oom_events_base;
	if (counters->oom_kills != COUNTER_ABSENT)
		counters->oom_kills += __atomic_load_n(&c->inner_oom_kills, __ATOMIC_RELAXED);
	add(&counters->failures, &earlier->failures);
	add(&counters->reclaimed, &earlier->reclaimed);
	add(&counters->oom_events, &earlier->oom_events);
	add(&counters->oom_kills, &earlier->oom_kills);
	if (counters->peak != COUNTER_ABSENT && counters->peak < peak)
		counters->peak = peak;
}

/* Of a group that has used nothing. */
static struct counters idle_counters(const struct controller *controller)
{
	const struct {
		unsigned int feature;
		size_t offset;
	} rows[] = {
		{ FEATURE_PEAK, offsetof(struct counters, peak) },
		{ FEATURE_FAILURES, offsetof(struct counters, failures) },
		{ FEATURE_RECLAIMED, offsetof(struct counters, reclaimed) },
		{ FEATURE_OOM_EVENTS, offsetof(struct counters, oom_events) },
		{ FEATURE_OOM_KILLS, offsetof(struct counters, oom_kills) },
		{ FEATURE_SCANNED, offsetof(struct counters, scanned) },
	};
	struct counters idle;

	memset(&idle, 0xff, sizeof(idle));
	idle.usage = 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (controller->features & rows[i].feature)
			*(uint64_t *)((char *)&idle + rows[i].offset) = 0;
	}
	return idle;
}

int container_read_counters(struct container *c, struct counters *ret)
{
	int r = 0;

	/* A place without a cgroup uses nothing; its earlier counters stay. */
	if (group_is_bound(c->group) && !c->fresh)
		r = group_read_counters(c->group, ret);
	else
		*ret = idle_counters(c->group->controller);
	if (r == 0)
		container_add_base(c, ret);
	return r;
}

bool container_is_unit(const struct container *c)
{
	return c->place && c->place->kind == PLACE_UNIT;
}

enum place_kind container_place_kind(const struct container *c)
{
	if (c->joined_unit)
		return PLACE_UNIT;
	return c->place ? c->place->kind : PLACE_OWN;
}

const char *container_unit(const struct container *c)
{
	if (c->joined_unit)
		return c->joined_unit;
	return container_is_unit(c) ? c->place->unit : "";
}

const char *container_place_target(const struct container *c)
{
	return c->place ? place_target(c->place) : c->joined_unit;
}

const char *container_describe_place(const struct container *c, char *buf, size_t size)
{
	const char *target = container_place_target(c);

	*buf = '\0';
	if (target)
		(void)snprintf(buf, size, "%s %s", place_kind_name(container_place_kind(c)),
			       target);
	return buf;
}

bool container_is_elsewhere(const struct container *c)
{
	return c->place || c->joined_unit;
}

bool container_is_at(const struct container *c, const struct place *place)
{
	if (!c->joined_unit)
		return place_is_same(place, c->place);
	return place && place->kind == PLACE_UNIT && strcmp(place->unit, c->joined_unit) == 0;
}

unsigned int container_supported(const struct container *c)
{
	unsigned int supported = c->group->controller->settings;

	if (container_is_unit(c))
		supported &= SETTINGS_OF_UNITS | SETTINGS_OF_EVENTS;
	return supported;
}

unsigned int container_managed(const struct container *c)
{
	unsigned int supported = container_supported(c);

	return c->place ? supported & c->place->managed : supported;
}

int container_check_settings(const struct container *c, const struct settings_change *change,
			     struct failure *failure)
{
	static const struct {
		unsigned int setting;
		const char *what;
	} floors[] = { { SETTING_LIMIT, "A limit" }, { SETTING_HIGH, "A high" } };
	const struct controller *controller = c->group->controller;
	struct settings to = settings_with(&c->settings, change);
	char size[SIZE_TEXT_MAX];

	if (container_is_unit(c) && (settings_difference(&c->settings, &to) &
				     ~(unsigned int)(SETTINGS_OF_UNITS | SETTINGS_OF_EVENTS)))
		return fail(
			failure, RSS_ERROR_NOT_SUPPORTED,
			"\"%s\" is the unit %s, and rssd sets only its limit, high, low, min, "
			"swap-limit, zswap-limit, threshold and pressure; for other settings see "
			"systemd.resource-control(5)",
			c->name, c->place->unit);
	for (size_t i = 0; i < ARRAY_SIZE(floors) && container_is_unit(c); i++) {
		uint64_t value = setting_get(setting_by_bit(floors[i].setting), &change->to);

		if ((change->set & floors[i].setting) && value < PLACE_UNIT_LIMIT_MIN)
			return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
				    "%s of %" PRIu64 " bytes is below the smallest of a unit, %s: "
				    "systemd could not start %s any more",
				    floors[i].what, value, size_format(PLACE_UNIT_LIMIT_MIN, size),
				    c->place->unit);
	}
	return settings_check(&c->settings, change, controller->settings, controller->ops->name,
			      controller_limit_min(controller), failure);
}

static void store(uint64_t *to, uint64_t value, bool known)
{
	if (known && value != COUNTER_ABSENT)
		__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

void container_end_incarnation(struct container *c, uint64_t kills)
{
	struct earlier_counters *earlier = &c->earlier;
	const struct counters *last = &c->seen;

	/* @last includes the earlier counters, and the kills that the loop counts itself. */
	store(&earlier->failures, last->failures, true);
	store(&earlier->reclaimed, last->reclaimed, true);
	store(&earlier->peak, last->peak, true);
	if (kills < last->oom_kills)
		kills = last->oom_kills;
	store(&earlier->oom_kills, kills - c->inner_oom_kills, last->oom_kills != COUNTER_ABSENT);
	/* A controller that counts OOMs since the group was opened goes on counting. */
	store(&earlier->oom_events, last->oom_events, !c->group->controller->oom_events_since_open);
}

void container_forget_usage(struct container *c)
{
	free(c->usage_history);
	c->usage_history = NULL;
	__atomic_store_n(&c->earlier.peak, 0, __ATOMIC_RELAXED);
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

	return settings_difference(set, &kernel) & container_managed(c);
}

unsigned int container_drift(struct container *c)
{
	unsigned int drift;
	bool value;

	/*
	 * The cgroup of a place may be removed at any time, and its freezer is another program's.
	 */
	if (c->place)
		return container_settings_drift(c);
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
	if (c->declaration) {
		record->declaration = malloc(sizeof(*record->declaration));
		if (!record->declaration)
			return NULL;
		*record->declaration = *c->declaration;
	}
	record->owner = c->owner;
	/* A kernel that counts as long as the group lives needs no base. */
	record->oom_events = 0;
	record->inner_oom_kills = c->inner_oom_kills;
	if (c->group->controller->oom_events_since_open && c->seen.oom_events != COUNTER_ABSENT)
		record->oom_events = c->seen.oom_events;
	record->earlier = c->earlier;
	if (c->place) {
		record->place = place_copy(c->place);
		if (!record->place)
			return NULL;
	}
	if (c->joined_unit) {
		record->joined_unit = strdup(c->joined_unit);
		if (!record->joined_unit)
			return NULL;
	}
	if (c->join)
		record->join = rules_ref(c->join);
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
	/* Its creator may be gone, so it may be removed as soon as nothing is left in it. */
	c->populated = record->transient;
	free(c->declaration);
	c->declaration = take_ptr(record->declaration);
	c->owner = record->owner;
	c->oom_events_base = record->oom_events;
	c->inner_oom_kills = record->inner_oom_kills;
	c->earlier = record->earlier;
	place_free(c->place);
	c->place = take_ptr(record->place);
	free(c->joined_unit);
	c->joined_unit = take_ptr(record->joined_unit);
	rules_unref(c->join);
	c->join = take_ptr(record->join);
	oom_record_free(c->last_oom);
	c->last_oom = take_ptr(record->last_oom);
}

bool container_is_busy(const struct container *c)
{
	return c->change || c->jobs.first || c->saving || c->held_by;
}

void container_end_change(struct container *c)
{
	void (*ended)(struct container *) = c->change_ended;

	if (!ended || c->change || c->held_by)
		return;
	c->change_ended = NULL;
	ended(c);
}

int container_fail_busy(const struct container *c, struct failure *failure)
{
	if (c->removing)
		return fail(failure, RSS_ERROR_IN_PROGRESS,
			    "\"%s\" is being removed; wait until it is gone", c->name);
	return fail(failure, RSS_ERROR_IN_PROGRESS,
		    "\"%s\" is being changed already; wait for that to end, or cancel it", c->name);
}
