/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of containers, written as JSON: see record.h. */
#include "policy/record.h"

#include "base/json.h"
#include "policy/counters.h"
#include "policy/oom-json.h"
#include "policy/oom-record.h"
#include "policy/place.h"
#include "policy/rule.h"
#include "shared/cleanup.h"
#include "shared/pressure-trigger.h"

static struct json_object *size_to_json(uint64_t size)
{
	return size == LIMIT_INFINITY ? json_object_new_string("infinity")
				      : json_object_new_uint64(size);
}

static struct json_object *setting_to_json(const struct setting *setting, uint64_t value)
{
	char text[PRESSURE_TRIGGER_TEXT_MAX];

	if (setting->type == SETTING_PRESSURE_TRIGGER)
		return json_object_new_string(pressure_trigger_format(value, text));
	return setting->type == SETTING_FLAG ? json_object_new_boolean((json_bool)value)
					     : size_to_json(value);
}

/* Those of the first version are always written, the others only if they are not the initial ones. */
static void add_settings(struct json_object *object, const struct settings *settings)
{
	for_each_setting(setting) {
		uint64_t value = setting_get(setting, settings);

		if ((setting->bit & ~SETTINGS_FIRST) && value == setting->initial)
			continue;
		json_object_object_add(object, setting->key, setting_to_json(setting, value));
	}
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
	if (text)
		json_object_object_add(object, key, json_object_new_string(text));
}

static void add_number(struct json_object *object, const char *key, uint64_t number)
{
	if (number != OOM_ABSENT)
		json_object_object_add(object, key, json_object_new_uint64(number));
}

static struct json_object *managed_to_json(unsigned int managed)
{
	struct json_object *array = json_object_new_array();

	for_each_setting(setting) {
		if (array && (managed & setting->bit))
			json_object_array_add(array, json_object_new_string(setting->key));
	}
	return array;
}

static void add_place(struct json_object *object, const struct record *record)
{
	const struct place *place = record->place;
	const struct earlier_counters *earlier = &record->earlier;
	struct json_object *state = json_object_new_object(), *found;

	if (place->kind == PLACE_UNIT)
		add_text(object, "unit", place->unit);
	else
		add_text(object, "cgroup", place->cgroup);
	json_object_object_add(object, "place", state);
	if (!state)
		return;
	add_text(state, "path", place->cgroup);
	found = json_object_new_object();
	if (found)
		add_settings(found, &place->found);
	json_object_object_add(state, "found", found);
	add_text(state, "found_dropins", place->found_dropins);
	json_object_object_add(state, "managed", managed_to_json(place->managed));
	if (place->runtime)
		json_object_object_add(state, "runtime", json_object_new_boolean(true));
	if (place->unfinished)
		json_object_object_add(state, "unfinished", json_object_new_boolean(true));
	add_number(state, "failures", earlier->failures);
	add_number(state, "reclaimed", earlier->reclaimed);
	add_number(state, "oom_events", earlier->oom_events);
	add_number(state, "oom_kills", earlier->oom_kills);
	add_number(state, "peak", earlier->peak);
}

char *record_format(const struct record *record)
{
	cleanup_(json_object_put_ptr) struct json_object *object = json_object_new_object();
	const char *text;
	char *out;

	if (!object)
		return NULL;
	json_watch_memory();
	json_object_object_add(object, "version", json_object_new_int(RECORD_VERSION));
	add_text(object, "name", record->name);
	add_settings(object, &record->settings);
	json_object_object_add(object, "transient", json_object_new_boolean(record->transient));
	if (record->declaration) {
		struct json_object *declared = json_object_new_object();

		if (declared)
			add_settings(declared, record->declaration);
		json_object_object_add(object, "declared", declared);
	}
	if (record->owner.uid)
		add_number(object, "owner", record->owner.uid);
	if (record->owner.uid && record->owner.delegated)
		json_object_object_add(object, "delegated", json_object_new_boolean(true));
	add_number(object, "oom_events", record->oom_events);
	if (record->place)
		add_place(object, record);
	add_text(object, "joined_unit", record->joined_unit);
	if (record->join && record->join->count)
		json_object_object_add(object, "join", rules_to_json(record->join));
	if (record->inner_oom_kills)
		add_number(object, "inner_oom_kills", record->inner_oom_kills);
	if (record->last_oom)
		json_object_object_add(object, "last_oom", oom_to_json(record->last_oom));

	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text || json_lacked_memory() || asprintf(&out, "%s\n", text) < 0)
		return NULL;
	return out;
}
