/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of clients: see settings.h. */
#include "librss/settings.h"

#include <errno.h>

#include "shared/cleanup.h"
#include "shared/pressure-trigger.h"

/* Both structs call the member the same. */
#define OFFSETS(member)                                  \
	.offset = offsetof(struct rss_settings, member), \
	.shown = offsetof(struct rss_container, member)

const struct client_setting client_settings[] = {
	{ RSS_SET_LIMIT, "Limit", "limit", "t", OFFSETS(limit), .listed_first = true },
	{ RSS_SET_WMARK_HIGH, "WatermarkHigh", "wmark-high", "t", OFFSETS(wmark_high),
	  .listed_first = true },
	{ RSS_SET_WMARK_LOW, "WatermarkLow", "wmark-low", "t", OFFSETS(wmark_low),
	  .listed_first = true },
	{ RSS_SET_OOM_GROUP, "OOMGroup", "oom_group", "b", OFFSETS(oom_group), .list_flag = 1 },
	{ RSS_SET_HIGH, "High", "high", "t", OFFSETS(high), .list_flag = 1 << 8 },
	{ RSS_SET_LOW, "Low", "low", "t", OFFSETS(low), .list_flag = 1 << 9 },
	{ RSS_SET_MIN, "Min", "min", "t", OFFSETS(min), .list_flag = 1 << 10 },
	{ RSS_SET_SWAP_LIMIT, "SwapLimit", "swap-limit", "t", OFFSETS(swap_limit),
	  .list_flag = 1 << 11 },
	{ RSS_SET_ZSWAP_LIMIT, "ZSwapLimit", "zswap-limit", "t", OFFSETS(zswap_limit),
	  .list_flag = 1 << 12 },
	{ RSS_SET_THRESHOLD, "Threshold", "threshold", "t", OFFSETS(threshold),
	  .list_flag = 1 << 13 },
	{ RSS_SET_PRESSURE, "PressureTrigger", "pressure", "s", OFFSETS(pressure),
	  .list_flag = 1 << 14 },
	{ 0 },
};

static int read_pressure(sd_bus_message *message, void *at)
{
	const char *text;
	int r = sd_bus_message_read(message, "s", &text);

	if (r < 0)
		return r;
	return pressure_trigger_parse(text, at) ? -EBADMSG : 0;
}

static struct dict_field field_of(const struct client_setting *setting, size_t offset)
{
	return (struct dict_field){ setting->property, setting->type, offset,
				    setting->type[0] == 's' ? read_pressure : NULL };
}

static uint64_t get(const struct client_setting *setting, const void *member)
{
	return client_setting_is_flag(setting) ? *(const bool *)member : *(const uint64_t *)member;
}

uint64_t client_setting_get(const struct client_setting *setting,
			    const struct rss_settings *settings)
{
	return get(setting, (const char *)settings + setting->offset);
}

void client_setting_put(const struct client_setting *setting, struct rss_settings *settings,
			uint64_t value)
{
	settings->set |= setting->bit;
	client_setting_write(setting, (char *)settings + setting->offset, value);
}

uint64_t client_setting_shown(const struct client_setting *setting,
			      const struct rss_container *container)
{
	return get(setting, (const char *)container + setting->shown);
}

bool client_setting_is_optional(const struct client_setting *setting)
{
	return !client_setting_is_flag(setting) && setting->list_flag;
}

bool client_setting_is_there(const struct client_setting *setting,
			     const struct rss_container *container)
{
	return !client_setting_is_optional(setting) || (container->supported & setting->bit);
}

struct rss_settings client_settings_of(const struct rss_container *container)
{
	struct rss_settings settings = { 0 };

	for_each_client_setting(setting) {
		if (client_setting_is_there(setting, container))
			client_setting_put(setting, &settings,
					   client_setting_shown(setting, container));
	}
	return settings;
}

unsigned int client_settings_difference(const struct rss_settings *a, const struct rss_settings *b)
{
	unsigned int differs = 0;

	for_each_client_setting(setting) {
		if (client_setting_get(setting, a) != client_setting_get(setting, b))
			differs |= setting->bit;
	}
	return differs & a->set & b->set;
}

static int append_setting(sd_bus_message *message, const struct client_setting *setting,
			  const struct rss_settings *settings)
{
	uint64_t value = client_setting_get(setting, settings);

	char text[PRESSURE_TRIGGER_TEXT_MAX];

	if (client_setting_is_flag(setting))
		return sd_bus_message_append(message, "{sv}", setting->property, "b", (int)value);
	if (!client_setting_is_size(setting))
		return sd_bus_message_append(message, "{sv}", setting->property, "s",
					     pressure_trigger_format(value, text));
	return sd_bus_message_append(message, "{sv}", setting->property, "t", value);
}

static int append_rules(sd_bus_message *message, const char *const rules[])
{
	int r = sd_bus_message_open_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");

	if (r >= 0)
		r = sd_bus_message_append(message, "s", "Join");
	if (r >= 0)
		r = sd_bus_message_open_container(message, SD_BUS_TYPE_VARIANT, "as");
	if (r >= 0)
		r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "s");
	for (; r >= 0 && rules && *rules; rules++)
		r = sd_bus_message_append(message, "s", *rules);
	for (int i = 0; i < 3 && r >= 0; i++)
		r = sd_bus_message_close_container(message);
	return r;
}

int client_settings_append_entries(sd_bus_message *message, const struct rss_settings *settings)
{
	unsigned int set = settings ? settings->set : 0;
	int r = 0;

	for_each_client_setting(setting) {
		if (r >= 0 && (set & setting->bit))
			r = append_setting(message, setting, settings);
	}
	if (r >= 0 && (set & RSS_SET_TRANSIENT))
		r = sd_bus_message_append(message, "{sv}", "Transient", "b",
					  (int)settings->transient);
	if (r >= 0 && (set & RSS_SET_JOIN))
		r = append_rules(message, settings->join);
	if (r >= 0 && (set & RSS_SET_OWNER))
		r = sd_bus_message_append(message, "{sv}", "Owner", "u", settings->owner);
	return r;
}

int client_settings_append(sd_bus_message *message, const struct rss_settings *settings)
{
	int r = sd_bus_message_open_container(message, 'a', "{sv}");

	if (r >= 0)
		r = client_settings_append_entries(message, settings);
	return r < 0 ? r : sd_bus_message_close_container(message);
}

/* The values in the kernel of a container that is compared. */
struct kernel_view {
	struct rss_settings settings;
	bool removed, killer_off, frozen;
};

static const struct {
	struct dict_field field;
	unsigned int drift;
} drifts[] = {
	{ { "CgroupRemoved", "b", offsetof(struct kernel_view, removed), NULL }, RSS_DRIFT_CGROUP },
	{ { "OOMKillerDisabled", "b", offsetof(struct kernel_view, killer_off), NULL },
	  RSS_DRIFT_OOM_KILLER },
	{ { "Frozen", "b", offsetof(struct kernel_view, frozen), NULL }, RSS_DRIFT_FREEZER },
};

int client_kernel_read(sd_bus_message *message, struct rss_difference *ret)
{
	struct dict_field fields[CLIENT_SETTINGS_MAX + ARRAY_SIZE(drifts)];
	struct kernel_view view = { 0 };
	uint64_t seen = 0;
	size_t n = 0, first;
	int r;

	for_each_client_setting(setting)
		fields[n++] = field_of(setting, setting->offset);
	first = n;
	for (size_t i = 0; i < ARRAY_SIZE(drifts); i++)
		fields[n++] = drifts[i].field;
	r = dict_read_seen(message, fields, n, &view, &seen);
	for_each_client_setting(setting) {
		if (seen >> (setting - client_settings) & 1)
			view.settings.set |= setting->bit;
	}
	ret->kernel = view.settings;
	ret->frozen = view.frozen;
	for (size_t i = 0; i < ARRAY_SIZE(drifts); i++)
		ret->drift |= seen >> (first + i) & 1 ? drifts[i].drift : 0;
	return r;
}

int client_settings_read(sd_bus_message *message, struct rss_settings *ret)
{
	struct rss_difference difference = { 0 };
	int r = client_kernel_read(message, &difference);

	*ret = difference.kernel;
	return r;
}

size_t client_settings_fields(struct dict_field fields[static CLIENT_SETTINGS_MAX])
{
	size_t n = 0;

	for_each_client_setting(setting)
		fields[n++] = field_of(setting, setting->shown);
	return n;
}
