/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Validation of settings, given the features of the controller. */
#include <errno.h>

#include "cgroup/controller.h"
#include "base/failure.h"
#include "policy/settings.h"
#include "unit.h"

static int check(unsigned int set, struct settings to, unsigned int supported,
		 struct failure *failure)
{
	struct settings now = settings_default();
	struct settings_change change = { .set = set, .to = to };

	return settings_check(&now, &change, supported, "memory-v1", 4096, failure);
}

TEST(change_touches_only_its_members)
{
	struct settings now = settings_default(), to;
	struct settings_change change = {
		.set = SETTING_LIMIT | SETTING_OOM_GROUP,
		.to = { .limit = 4096, .wmark_high = 8192, .oom_group = true }
	};

	to = settings_with(&now, &change);
	CHECK_UINT(to.limit, 4096);
	CHECK_UINT(to.wmark_high, LIMIT_INFINITY);
	CHECK(to.oom_group);
	CHECK_UINT(settings_difference(&now, &to), SETTING_LIMIT | SETTING_OOM_GROUP);
	CHECK_UINT(settings_difference(&now, &now), 0);
}

TEST(each_row_is_its_own)
{
	struct settings settings = settings_default();
	unsigned int seen = 0, list_flags = 0;

	for_each_setting(setting) {
		CHECK(!(seen & setting->bit) && !(list_flags & setting->list_flag));
		seen |= setting->bit;
		list_flags |= setting->list_flag;
		CHECK(setting_by_bit(setting->bit) == setting);
		CHECK(setting_by_property(setting->property) == setting);
		CHECK(setting_by_key(setting->key) == setting);
		CHECK_UINT(setting_get(setting, &settings), setting->initial);
		setting_put(setting, &settings, 1);
		CHECK_UINT(setting_get(setting, &settings), 1);
	}
	CHECK_UINT(seen, SETTINGS_ALL);
	CHECK(!setting_by_property("limit") && !setting_by_key("Limit"));
	CHECK_UINT(settings.limit, 1);
	CHECK_UINT(settings.wmark_high, 1);
	CHECK_UINT(settings.wmark_low, 1);
	CHECK(settings.oom_group);
}

/* Otherwise a value that the kernel rounds would always differ from the setting. */
TEST(sizes_are_rounded_as_by_the_kernel)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t largest = (uint64_t)INT64_MAX / page * page - page;
	const struct {
		uint64_t given, kept;
	} sizes[] = {
		{ 0, 0 },
		{ page - 1, 0 },
		{ page, page },
		{ 2 * page - 1, page },
		{ largest, largest },
		{ largest + page - 1, largest },
		{ largest + page, LIMIT_INFINITY },
		{ INT64_MAX, LIMIT_INFINITY },
		{ LIMIT_INFINITY, LIMIT_INFINITY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct settings now = settings_default(), to;
		struct settings_change change = {
			.set = SETTINGS_ALL,
			.to = { sizes[i].given, sizes[i].given, sizes[i].given, true },
		};

		to = settings_with(&now, &change);
		CHECK_UINT(to.limit, sizes[i].kept);
		CHECK_UINT(to.wmark_high, sizes[i].kept);
		CHECK_UINT(to.wmark_low, sizes[i].kept);
		CHECK(to.oom_group);
	}
}

TEST(limits_have_bounds)
{
	struct failure failure;

	CHECK_INT(check(SETTING_LIMIT, (struct settings){ .limit = 4096 }, SETTING_LIMIT, &failure),
		  0);
	CHECK_INT(check(SETTING_LIMIT, (struct settings){ .limit = LIMIT_INFINITY }, SETTING_LIMIT,
			&failure),
		  0);
	CHECK_INT(check(SETTING_LIMIT, (struct settings){ .limit = 4095 }, SETTING_LIMIT, &failure),
		  -EINVAL);
	CHECK(strstr(failure.text, "4095") && strstr(failure.text, "4.0K"));
	CHECK_INT(check(SETTING_LIMIT, (struct settings){ .limit = 1ULL << 63 }, SETTING_LIMIT,
			&failure),
		  -EINVAL);
	CHECK_INT(failure.error, RSS_ERROR_INVALID_ARGUMENT);
	CHECK_INT(check(SETTING_WMARK_LOW, (struct settings){ .wmark_low = UINT64_MAX - 1 },
			SETTINGS_ALL, &failure),
		  -EINVAL);
	CHECK(strstr(failure.text, "WatermarkLow: 18446744073709551614 bytes"));
	CHECK_INT(check(SETTING_LIMIT, (struct settings){ .limit = INT64_MAX }, SETTING_LIMIT,
			&failure),
		  0);
}

TEST(unsupported_settings)
{
	struct settings to = { .wmark_high = 8192, .wmark_low = 4096, .oom_group = true };
	struct failure failure;

	CHECK_INT(check(SETTING_WMARK_HIGH, to, SETTING_LIMIT, &failure), -EOPNOTSUPP);
	CHECK_INT(check(SETTING_OOM_GROUP, to, SETTING_LIMIT, &failure), -EOPNOTSUPP);
	CHECK(strstr(failure.text, "memory-v1"));
	CHECK_INT(check(SETTING_WMARK_HIGH | SETTING_WMARK_LOW, to,
			SETTING_WMARK_HIGH | SETTING_WMARK_LOW, &failure),
		  0);
	CHECK_INT(check(SETTING_OOM_GROUP, to, SETTING_OOM_GROUP, &failure), 0);
	/* Setting the same value again needs no feature. */
	to = settings_default();
	CHECK_INT(check(SETTING_WMARK_HIGH | SETTING_OOM_GROUP, to, SETTING_LIMIT, &failure), 0);
}

TEST(low_is_not_above_high)
{
	struct settings to = { .wmark_high = 4096, .wmark_low = 8192 };
	struct failure failure;

	CHECK_INT(check(SETTING_WMARK_HIGH | SETTING_WMARK_LOW, to,
			SETTING_WMARK_HIGH | SETTING_WMARK_LOW, &failure),
		  -EINVAL);
	to.wmark_low = 4096;
	CHECK_INT(check(SETTING_WMARK_HIGH | SETTING_WMARK_LOW, to,
			SETTING_WMARK_HIGH | SETTING_WMARK_LOW, &failure),
		  0);
}

TEST_MAIN({ "settings: a change touches only its members", change_touches_only_its_members },
	  { "settings: each row has its own member", each_row_is_its_own },
	  { "settings: sizes are rounded as by the kernel", sizes_are_rounded_as_by_the_kernel },
	  { "settings: limits have bounds", limits_have_bounds },
	  { "settings: unsupported ones are refused", unsupported_settings },
	  { "settings: low is not above high", low_is_not_above_high })
