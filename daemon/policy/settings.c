/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of a container: see settings.h. */
#include "policy/settings.h"

#include <inttypes.h>

#include "policy/counters.h"
#include "base/failure.h"
#include "shared/size.h"

struct settings settings_default(void)
{
	return (struct settings){
		.limit = LIMIT_INFINITY,
		.high = LIMIT_INFINITY,
		.low = LIMIT_INFINITY,
	};
}

struct settings settings_with(const struct settings *settings, const struct settings_change *change)
{
	struct settings out = *settings;

	if (change->set & SETTING_LIMIT)
		out.limit = change->to.limit;
	if (change->set & SETTING_HIGH)
		out.high = change->to.high;
	if (change->set & SETTING_LOW)
		out.low = change->to.low;
	if (change->set & SETTING_OOM_GROUP)
		out.oom_group = change->to.oom_group;
	return out;
}

unsigned int settings_difference(const struct settings *a, const struct settings *b)
{
	return (a->limit != b->limit ? SETTING_LIMIT : 0) |
	       (a->high != b->high ? SETTING_HIGH : 0) | (a->low != b->low ? SETTING_LOW : 0) |
	       (a->oom_group != b->oom_group ? SETTING_OOM_GROUP : 0);
}

int settings_check(const struct settings *settings, const struct settings_change *change,
		   unsigned int features, const char *controller, uint64_t limit_min,
		   struct failure *failure)
{
	struct settings to = settings_with(settings, change);
	unsigned int differs = settings_difference(settings, &to);
	char size[SIZE_TEXT_MAX], other[SIZE_TEXT_MAX];

	if ((change->set & SETTING_LIMIT) && to.limit < limit_min)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "A limit of %" PRIu64 " bytes is below the smallest that %s accepts, "
			    "%s; nothing could run in it",
			    to.limit, controller, size_format(limit_min, size));
	if ((change->set & SETTING_LIMIT) && to.limit != LIMIT_INFINITY && to.limit > INT64_MAX)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "A limit of %" PRIu64 " bytes is above the largest, 2^63-1; use "
			    "infinity for no limit",
			    to.limit);
	if ((differs & (SETTING_HIGH | SETTING_LOW)) && !(features & FEATURE_WATERMARKS))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "The %s controller has no background reclaim, so high and low "
			    "cannot be set; rssctl doctor tells what this kernel can do",
			    controller);
	if ((differs & SETTING_OOM_GROUP) && !(features & FEATURE_OOM_GROUP))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "The %s controller cannot kill a whole container on OOM, so oom-group "
			    "cannot be set; rssctl doctor tells what this kernel can do",
			    controller);
	if (to.high != LIMIT_INFINITY && to.low != LIMIT_INFINITY && to.low > to.high)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "The low watermark (%s) is above the high one (%s); background reclaim "
			    "starts above high and stops below low",
			    size_format(to.low, size), size_format(to.high, other));
	return 0;
}
