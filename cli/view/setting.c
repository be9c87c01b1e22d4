/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings one by one: see setting.h. */
#include "view/setting.h"

#include "librss/rss.h"
#include "view/json.h"
#include "view/output.h"

static const struct {
	unsigned int bit;
	const char *name, *key;
} settings_table[SETTINGS_COUNT] = {
	{ RSS_SET_LIMIT, "limit", "limit" },
	{ RSS_SET_HIGH, "high", "high" },
	{ RSS_SET_LOW, "low", "low" },
	{ RSS_SET_OOM_GROUP, "oom-group", "oom_group" },
};

unsigned int setting_bit(size_t i)
{
	return settings_table[i].bit;
}

const char *setting_name(size_t i)
{
	return settings_table[i].name;
}

static uint64_t size_of(const struct rss_settings *settings, unsigned int bit)
{
	return bit == RSS_SET_LIMIT ? settings->limit
				    : (bit == RSS_SET_HIGH ? settings->high : settings->low);
}

int add_setting(struct table *table, const struct rss_settings *settings, size_t i)
{
	unsigned int bit = setting_bit(i);

	if (!(settings->set & bit))
		return table_add(table, NULL);
	if (bit == RSS_SET_OOM_GROUP)
		return table_add(table, settings->oom_group ? "yes" : "no");
	return add_limit(table, size_of(settings, bit));
}

void json_add_settings(struct json_object *object, const char *key,
		       const struct rss_settings *settings)
{
	struct json_object *value = settings->set ? json_object_new_object() : NULL;

	for (size_t i = 0; value && i < SETTINGS_COUNT; i++) {
		unsigned int bit = setting_bit(i);

		if (!(settings->set & bit))
			continue;
		if (bit == RSS_SET_OOM_GROUP)
			json_add_flag(value, settings_table[i].key, settings->oom_group);
		else
			json_add_limit(value, settings_table[i].key, size_of(settings, bit));
	}
	json_object_object_add(object, key, value);
}
