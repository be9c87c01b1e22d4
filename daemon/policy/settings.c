/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a container: see settings.h. */
#include "policy/settings.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "policy/counters.h"
#include "shared/size.h"

#define NO_WATERMARKS "has no background reclaim, so wmark-high and wmark-low cannot be set"

const struct setting settings_table[] = {
	{
		.bit = SETTING_LIMIT,
		.type = SETTING_SIZE,
		.offset = offsetof(struct settings, limit),
		.property = "Limit",
		.key = "limit",
		.initial = LIMIT_INFINITY,
		.lacking = "has no limit",
	},
	{
		.bit = SETTING_WMARK_HIGH,
		.type = SETTING_SIZE,
		.offset = offsetof(struct settings, wmark_high),
		.property = "WatermarkHigh",
		.key = "wmark-high",
		.initial = LIMIT_INFINITY,
		.feature = FEATURE_WATERMARKS,
		.lacking = NO_WATERMARKS,
	},
	{
		.bit = SETTING_WMARK_LOW,
		.type = SETTING_SIZE,
		.offset = offsetof(struct settings, wmark_low),
		.property = "WatermarkLow",
		.key = "wmark-low",
		.initial = LIMIT_INFINITY,
		.feature = FEATURE_WATERMARKS,
		.lacking = NO_WATERMARKS,
	},
	{
		.bit = SETTING_OOM_GROUP,
		.type = SETTING_FLAG,
		.offset = offsetof(struct settings, oom_group),
		.property = "OOMGroup",
		.key = "oom_group",
		.list_flag = 1 << 0,
		.feature = FEATURE_OOM_GROUP,
		.lacking = "cannot kill a whole container on OOM, so oom-group cannot be set",
	},
	{
		.bit = SETTING_HIGH,
		.type = SETTING_SIZE,
		.offset = offsetof(struct settings, high),
		.property = "High",
		.key = "high",
		.list_flag = 1 << 8,
		.initial = LIMIT_INFINITY,
		.feature = FEATURE_HIGH,
		.lacking = "does not throttle, so high cannot be set",
	},
	{
		.bit = SETTING_LOW,
		.type = SETTING_SIZE,
		.offset = offsetof(struct settings, low),
		.property = "Low",
		.key = "low",
		.list_flag = 1 << 9,
		.feature = FEATURE_LOW,
		.lacking = "has no protection from reclaim, so low cannot be set",
	},
	{
		.bit = SETTING_MIN,
		.type = SETTING_SIZE,
		.offset = offsetof(struct settings, min),
		.property = "Min",
		.key = "min",
		.list_flag = 1 << 10,
		.feature = FEATURE_MIN,
		.lacking = "has no hard protection from reclaim, so min cannot be set",
	},
	{
		.bit = SETTING_SWAP_LIMIT,
		.type = SETTING_SIZE,
		.offset = offsetof(struct settings, swap_limit),
		.property = "SwapLimit",
		.key = "swap-limit",
		.list_flag = 1 << 11,
		.initial = LIMIT_INFINITY,
		.feature = FEATURE_SWAP_LIMIT,
		.lacking = "has no limit of swap alone, so swap-limit cannot be set",
	},
	{
		.bit = SETTING_ZSWAP_LIMIT,
		.type = SETTING_SIZE,
		.offset = offsetof(struct settings, zswap_limit),
		.property = "ZSwapLimit",
		.key = "zswap-limit",
		.list_flag = 1 << 12,
		.initial = LIMIT_INFINITY,
		.feature = FEATURE_ZSWAP_LIMIT,
		.lacking = "has no limit of zswap, so zswap-limit cannot be set",
	},
	{
		.bit = SETTING_THRESHOLD,
		.type = SETTING_SIZE,
		.offset = offsetof(struct settings, threshold),
		.property = "Threshold",
		.key = "threshold",
		.list_flag = 1 << 13,
		.initial = LIMIT_INFINITY,
		.lacking = "has no thresholds",
	},
	{
		.bit = SETTING_PRESSURE,
		.type = SETTING_PRESSURE_TRIGGER,
		.offset = offsetof(struct settings, pressure),
		.property = "PressureTrigger",
		.key = "pressure",
		.list_flag = 1 << 14,
		.feature = FEATURE_PRESSURE_TRIGGER,
		.lacking = "has no triggers of memory pressure, so pressure cannot be set",
	},
	{ 0 },
};

const struct setting *setting_by_bit(unsigned int bit)
{
	return &settings_table[__builtin_ctz(bit)];
}

const struct setting *setting_by_property(const char *property)
{
	for_each_setting(setting) {
		if (strcmp(setting->property, property) == 0)
			return setting;
	}
	return NULL;
}

const struct setting *setting_by_key(const char *key)
{
	for_each_setting(setting) {
		if (strcmp(setting->key, key) == 0)
			return setting;
	}
	return NULL;
}

uint64_t setting_get(const struct setting *setting, const struct settings *settings)
{
	const void *member = (const char *)settings + setting->offset;

	return setting->type == SETTING_FLAG ? *(const bool *)member : *(const uint64_t *)member;
}

void setting_put(const struct setting *setting, struct settings *settings, uint64_t value)
{
	void *member = (char *)settings + setting->offset;

	if (setting->type == SETTING_FLAG)
		*(bool *)member = value;
	else
		*(uint64_t *)member = value;
}

struct settings settings_default(void)
{
	struct settings settings = { 0 };

	for_each_setting(setting)
		setting_put(setting, &settings, setting->initial);
	return settings;
}

uint64_t setting_canonical(const struct setting *setting, uint64_t value)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), most = (uint64_t)INT64_MAX / page * page;

	if (setting->type == SETTING_FLAG)
		return value != 0;
	if (setting->type != SETTING_SIZE)
		return value;
	return value >= most ? LIMIT_INFINITY : value / page * page;
}

void settings_make_canonical(struct settings *settings)
{
	for_each_setting(setting)
		setting_put(setting, settings,
			    setting_canonical(setting, setting_get(setting, settings)));
}

struct settings settings_with(const struct settings *settings, const struct settings_change *change)
{
	struct settings out = *settings;

	for_each_setting(setting) {
		if (change->set & setting->bit)
			setting_put(setting, &out,
				    setting_canonical(setting, setting_get(setting, &change->to)));
	}
	return out;
}

unsigned int settings_difference(const struct settings *a, const struct settings *b)
{
	unsigned int differs = 0;

	for_each_setting(setting) {
		if (setting_get(setting, a) != setting_get(setting, b))
			differs |= setting->bit;
	}
	return differs;
}

static int check_supported(unsigned int differs, unsigned int supported, const char *controller,
			   struct failure *failure)
{
	for_each_setting(setting) {
		if (differs & setting->bit & ~supported)
			return fail(failure, RSS_ERROR_NOT_SUPPORTED,
				    "The %s controller %s; rssctl doctor lists what this kernel "
				    "supports",
				    controller, setting->lacking);
	}
	return 0;
}

/* Checks the sizes as the caller gave them: canonical ones are never too large. */
static int check_sizes(const struct settings_change *change, struct failure *failure)
{
	for_each_setting(setting) {
		uint64_t value = setting_get(setting, &change->to);

		if (!(change->set & setting->bit) || setting->type != SETTING_SIZE ||
		    value == LIMIT_INFINITY || value <= INT64_MAX)
			continue;
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "%s: %" PRIu64 " bytes are above the largest size, 2^63-1; use "
			    "infinity for none",
			    setting->property, value);
	}
	return 0;
}

int settings_check(const struct settings *settings, const struct settings_change *change,
		   unsigned int supported, const char *controller, uint64_t limit_min,
		   struct failure *failure)
{
	struct settings to = settings_with(settings, change);
	char size[SIZE_TEXT_MAX], other[SIZE_TEXT_MAX];
	int r = check_sizes(change, failure);

	if (r < 0)
		return r;
	if ((change->set & SETTING_LIMIT) && change->to.limit < limit_min)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "A limit of %" PRIu64 " bytes is below the smallest that %s accepts, "
			    "%s; nothing could run in it",
			    change->to.limit, controller, size_format(limit_min, size));
	r = check_supported(settings_difference(settings, &to), supported, controller, failure);
	if (r < 0)
		return r;
	if (to.wmark_high != LIMIT_INFINITY && to.wmark_low != LIMIT_INFINITY &&
	    to.wmark_low > to.wmark_high)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "The low watermark (%s) is above the high one (%s); background reclaim "
			    "starts above wmark-high and stops below wmark-low",
			    size_format(to.wmark_low, size), size_format(to.wmark_high, other));
	return 0;
}
