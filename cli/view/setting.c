/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings one by one: see setting.h. */
#include "view/setting.h"

#include "librss/settings.h"
#include "view/json.h"
#include "view/output.h"

int add_setting(struct table *table, const struct rss_settings *settings,
		const struct client_setting *setting)
{
	uint64_t value = client_setting_get(setting, settings);

	if (!(settings->set & setting->bit))
		return table_add(table, NULL);
	if (client_setting_is_flag(setting))
		return table_add(table, value ? "yes" : "no");
	return add_limit(table, value);
}

static void add_each(struct json_object *object, const struct rss_settings *settings)
{
	for_each_client_setting(setting) {
		uint64_t value = client_setting_get(setting, settings);

		if (!(settings->set & setting->bit))
			continue;
		if (client_setting_is_flag(setting))
			json_add_flag(object, setting->key, value);
		else
			json_add_limit(object, setting->key, value);
	}
}

void json_add_settings(struct json_object *object, const char *key,
		       const struct rss_settings *settings)
{
	struct json_object *value = settings->set ? json_object_new_object() : NULL;

	add_each(value, settings);
	json_add_value(object, key, value);
}

void json_add_settings_of(struct json_object *object, const struct rss_container *container)
{
	struct rss_settings settings = client_settings_of(container);

	add_each(object, &settings);
}
