/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings one by one: see setting.h. */
#include "view/setting.h"

#include <assert.h>

#include "librss/settings.h"
#include "shared/pressure-trigger.h"
#include "view/json.h"
#include "view/output.h"

int add_setting(struct table *table, const struct rss_settings *settings,
		const struct client_setting *setting)
{
	uint64_t value = client_setting_get(setting, settings);
	char text[PRESSURE_TRIGGER_TEXT_MAX];

	if (!(settings->set & setting->bit))
		return table_add(table, NULL);
	if (client_setting_is_flag(setting))
		return table_add(table, value ? "yes" : "no");
	if (!client_setting_is_size(setting))
		return table_add(table, pressure_trigger_format(value, text));
	return add_limit(table, value);
}

static const struct {
	unsigned int bit;
	const char *name;
	const char *set, *kernel; /* NULL: depends on whether it is frozen */
} drifts[] = {
	{ RSS_DRIFT_CGROUP, "cgroup", "there", "removed" },
	{ RSS_DRIFT_OOM_KILLER, "oom-killer", "on", "off" },
	{ RSS_DRIFT_FREEZER, "freezer", NULL, NULL },
};

int add_drift(struct table *table, const struct rss_difference *difference, bool declared)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(drifts) && r >= 0; i++) {
		const char *set = drifts[i].set, *kernel = drifts[i].kernel;

		if (!(difference->drift & drifts[i].bit))
			continue;
		if (!set) {
			set = difference->frozen ? "thawed" : "frozen";
			kernel = difference->frozen ? "frozen" : "thawed";
		}
		r = table_add(table, difference->name);
		r = r < 0 ? r : table_add(table, drifts[i].name);
		r = r < 0 || !declared ? r : table_add(table, NULL);
		r = r < 0 ? r : table_add(table, declared ? set : kernel);
		r = r < 0 ? r : table_add(table, declared ? kernel : set);
	}
	return r;
}

size_t drift_names(const struct rss_difference *difference,
		   const char *names[static DRIFT_NAMES_MAX])
{
	unsigned int settings =
		client_settings_difference(&difference->stored, &difference->kernel);
	size_t count = 0;

	static_assert(CLIENT_SETTINGS_MAX + ARRAY_SIZE(drifts) <= DRIFT_NAMES_MAX,
		      "one place for each name");
	for_each_client_setting(setting) {
		if (settings & setting->bit)
			names[count++] = setting->key;
	}
	for (size_t i = 0; i < ARRAY_SIZE(drifts); i++) {
		if (difference->drift & drifts[i].bit)
			names[count++] = drifts[i].name;
	}
	return count;
}

void json_add_drift(struct json_object *object, const struct rss_difference *difference)
{
	struct json_object *array = json_object_new_array();
	const char *names[DRIFT_NAMES_MAX];
	size_t count = difference ? drift_names(difference, names) : 0;

	for (size_t i = 0; array && i < count; i++)
		json_object_array_add(array, json_object_new_string(names[i]));
	json_add_value(object, "drift", array);
}

/* @absent: the others are null */
static void add_each(struct json_object *object, const struct rss_settings *settings, bool absent)
{
	for_each_client_setting(setting) {
		uint64_t value = client_setting_get(setting, settings);
		char text[PRESSURE_TRIGGER_TEXT_MAX];

		if (!(settings->set & setting->bit)) {
			if (absent)
				json_add_value(object, setting->key, NULL);
			continue;
		}
		if (client_setting_is_flag(setting))
			json_add_flag(object, setting->key, value);
		else if (!client_setting_is_size(setting))
			json_add_text(object, setting->key, pressure_trigger_format(value, text));
		else
			json_add_limit(object, setting->key, value);
	}
}

void json_add_settings(struct json_object *object, const char *key,
		       const struct rss_settings *settings)
{
	struct json_object *value = settings->set ? json_object_new_object() : NULL;

	add_each(value, settings, false);
	json_add_value(object, key, value);
}

void json_add_settings_of(struct json_object *object, const struct rss_container *container)
{
	struct rss_settings settings = client_settings_of(container);

	add_each(object, &settings, true);
}
