// SPDX-License-Identifier: GPL-2.0
/* KUnit tests for the arithmetic of RSS containers. */
#include <kunit/test.h>

#include "rss_internal.h"

static void rss_test_parse(struct kunit *test)
{
	static const struct {
		const char *text;
		int ret;
		unsigned long pages;
	} cases[] = {
		{ "max", 0, PAGE_COUNTER_MAX },
		{ "0", 0, 0 },
		{ "4096", 0, 4096 / PAGE_SIZE },
		{ "4095", 0, 4095 / PAGE_SIZE },
		{ "64K", 0, SZ_64K / PAGE_SIZE },
		{ "64k", 0, SZ_64K / PAGE_SIZE },
		{ "1M", 0, SZ_1M / PAGE_SIZE },
		{ "3G", 0, 3UL * SZ_1G / PAGE_SIZE },
		{ "18446744073709551615", 0, PAGE_COUNTER_MAX },
		{ "18446744073709551616", -ERANGE },
		{ "99999999999999999999999999", -ERANGE },
		{ "16777216T", -ERANGE },
		{ "", -EINVAL },
		{ "-1", -EINVAL },
		{ "-4096", -EINVAL },
		{ "+1", -EINVAL },
		{ "0x1000", 0, 4096 / PAGE_SIZE },
		{ "0X10k", 0, SZ_16K / PAGE_SIZE },
		{ "0x1E", 0, 30 / PAGE_SIZE },
		{ "010M", 0, SZ_8M / PAGE_SIZE },
		{ "2P", 0, (2UL << 50) / PAGE_SIZE },
		{ "1e", 0, (1UL << 60) / PAGE_SIZE },
		{ "16E", -ERANGE },
		{ "0x", -EINVAL },
		{ "08", -EINVAL },
		{ "0xg", -EINVAL },
		{ "1EE", -EINVAL },
		{ "12x", -EINVAL },
		{ "1KB", -EINVAL },
		{ "1 2", -EINVAL },
		{ "K", -EINVAL },
		{ "maximum", -EINVAL },
	};
	unsigned long pages;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pages = 42;
		ret = rss_parse_bytes(cases[i].text, "max", &pages);
		KUNIT_EXPECT_EQ_MSG(test, ret, cases[i].ret, "%s", cases[i].text);
		KUNIT_EXPECT_EQ_MSG(test, pages, ret ? 42 : cases[i].pages, "%s",
				    cases[i].text);
	}
}

static void rss_test_parse_reclaim(struct kunit *test)
{
	static const struct {
		const char *text;
		int ret, swappiness;
	} cases[] = {
		{ "16K", 0, RSS_VM_SWAPPINESS },
		{ "16K swappiness=0", 0, 0 },
		{ "16K  swappiness=200", 0, 200 },
		{ "16K swappiness=201", -EINVAL },
		{ "16K swappiness=-1", -EINVAL },
		{ "16K swappiness=", -EINVAL },
		{ "16K swappiness=6x", -EINVAL },
		{ "16K swappiness", -EINVAL },
		{ "16K 60", -EINVAL },
		{ "swappiness=60", -EINVAL },
		{ "16E", -ERANGE },
		{ "max", -EINVAL },
		{ "", -EINVAL },
	};
	unsigned long pages;
	int i, ret, swappiness;
	char text[32];

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pages = 0;
		swappiness = RSS_VM_SWAPPINESS;
		strscpy(text, cases[i].text, sizeof(text));
		ret = rss_parse_reclaim(text, &pages, &swappiness);
		KUNIT_EXPECT_EQ_MSG(test, ret, cases[i].ret, "%s", cases[i].text);
		if (ret)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, pages, SZ_16K / PAGE_SIZE, "%s", cases[i].text);
		KUNIT_EXPECT_EQ_MSG(test, swappiness, cases[i].swappiness, "%s",
				    cases[i].text);
	}
}

static void rss_test_watermarks(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, rss_watermarks_fit(PAGE_COUNTER_MAX, 10));
	KUNIT_EXPECT_TRUE(test, rss_watermarks_fit(10, 10));
	KUNIT_EXPECT_TRUE(test, rss_watermarks_fit(0, PAGE_COUNTER_MAX));
	KUNIT_EXPECT_FALSE(test, rss_watermarks_fit(11, 10));
}

static void rss_test_stock(struct kunit *test)
{
	unsigned int nr, batch;

	for (batch = 1; batch <= RSS_CHARGE_BATCH; batch += batch)
		for (nr = 0; nr < 5 * RSS_CHARGE_BATCH; nr++) {
			unsigned int excess = rss_stock_excess(nr, batch);

			KUNIT_EXPECT_LE(test, excess, nr);
			KUNIT_EXPECT_LE(test, nr - excess, 2 * batch);
			/* more than a batch is returned at once, or nothing */
			KUNIT_EXPECT_TRUE(test, !excess || excess > batch);
		}
	KUNIT_EXPECT_EQ(test, rss_stock_excess(2048, RSS_CHARGE_BATCH),
			2048 - RSS_CHARGE_BATCH);
}

static void rss_test_batch(struct kunit *test)
{
	const unsigned long none = PAGE_COUNTER_MAX;
	unsigned int cpus;

	KUNIT_EXPECT_EQ(test, rss_stock_batch(none, 0, 1), 1);
	KUNIT_EXPECT_EQ(test, rss_stock_batch(none, none, 1), RSS_CHARGE_BATCH);
	KUNIT_EXPECT_EQ(test, rss_stock_batch(0, none, 1), 1);
	for (cpus = 1; cpus < 4096; cpus *= 2) {
		unsigned long stocks = 2UL * cpus * rss_stock_batch(10000, none, cpus);

		KUNIT_EXPECT_LE(test, stocks, max(10000UL / 4, 2UL * cpus));
		stocks = 2UL * cpus * rss_stock_batch(none, 10000, cpus);
		KUNIT_EXPECT_LE(test, stocks, max(10000UL / 4, 2UL * cpus));
	}
}

static void rss_test_scan(struct kunit *test)
{
	static const unsigned int swappiness[] = { 1, 60, 100, 199 };
	const unsigned long none[2] = {}, big = 1UL << 28;
	unsigned long size[2] = { 1000, 1000 }, cost[2] = {}, todo[2];
	int i;

	/* nothing of nothing */
	KUNIT_EXPECT_EQ(test, rss_scan_total(0, 12), 0UL);
	KUNIT_EXPECT_EQ(test, rss_scan_total(0, 0), 0UL);
	for (i = 0; i <= 12; i++) {
		rss_scan_balance(none, none, 100, i, todo);
		KUNIT_EXPECT_EQ(test, todo[0] + todo[1], 0UL);
	}
	/* small lists are scanned whatever the priority */
	KUNIT_EXPECT_EQ(test, rss_scan_total(7, 12), 7UL);
	KUNIT_EXPECT_EQ(test, rss_scan_total(1000, 12), SWAP_CLUSTER_MAX);
	KUNIT_EXPECT_EQ(test, rss_scan_total(1 << 20, 12), 256UL);
	KUNIT_EXPECT_EQ(test, rss_scan_total(1 << 20, 0), 1UL << 20);
	/* file pages alone without swapping */
	for (i = 0; i <= 12; i++) {
		rss_scan_balance(size, cost, 0, i, todo);
		KUNIT_EXPECT_EQ(test, todo[0], 0UL);
		KUNIT_EXPECT_EQ(test, todo[1], rss_scan_total(1000, i));
	}
	/* the last priority scans everything, whatever the swappiness */
	rss_scan_balance(size, cost, MAX_SWAPPINESS, 0, todo);
	KUNIT_EXPECT_EQ(test, todo[0], 1000UL);
	KUNIT_EXPECT_EQ(test, todo[1], 1000UL);
	rss_scan_balance(size, cost, MAX_SWAPPINESS, 5, todo);
	KUNIT_EXPECT_EQ(test, todo[1], 0UL);
	/* shares add up, and do not overflow */
	size[0] = big;
	size[1] = big;
	for (i = 0; i < ARRAY_SIZE(swappiness); i++) {
		rss_scan_balance(size, cost, swappiness[i], 1, todo);
		KUNIT_EXPECT_EQ(test, todo[0] + todo[1], big);
		KUNIT_EXPECT_LE(test, abs_diff(todo[0], big / MAX_SWAPPINESS * swappiness[i]),
				big / MAX_SWAPPINESS);
	}
	/* the type that costs is spared, but not left out */
	cost[1] = big;
	rss_scan_balance(size, cost, 100, 1, todo);
	KUNIT_EXPECT_GT(test, todo[0], todo[1]);
	KUNIT_EXPECT_GE(test, todo[1], big / 4);
}

static void rss_test_inactive(struct kunit *test)
{
	const unsigned long gb = SZ_1G / PAGE_SIZE;

	KUNIT_EXPECT_FALSE(test, rss_inactive_is_low(0, 0));
	KUNIT_EXPECT_TRUE(test, rss_inactive_is_low(0, 1));
	KUNIT_EXPECT_FALSE(test, rss_inactive_is_low(100, 100));
	KUNIT_EXPECT_TRUE(test, rss_inactive_is_low(99, 100));
	/* one part in ten of 10 GB */
	KUNIT_EXPECT_FALSE(test, rss_inactive_is_low(gb, 9 * gb));
	KUNIT_EXPECT_TRUE(test, rss_inactive_is_low(gb / 2, 9 * gb + gb / 2));
}

static void rss_test_admit(struct kunit *test)
{
	struct rss_event_state state = {};
	unsigned long now = INITIAL_JIFFIES;
	int i;

	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_TRUE(test, rss_event_admit(&state, 10, now));
	KUNIT_EXPECT_FALSE(test, rss_event_admit(&state, 10, now));
	KUNIT_EXPECT_FALSE(test, rss_event_admit(&state, 10, now + HZ - 1));
	KUNIT_EXPECT_TRUE(test, rss_event_admit(&state, 10, now + HZ));
	/* over the wrap of jiffies */
	now = ULONG_MAX;
	state.window = now - HZ;
	KUNIT_EXPECT_TRUE(test, rss_event_admit(&state, 1, now));
	KUNIT_EXPECT_FALSE(test, rss_event_admit(&state, 1, now + 1));
	KUNIT_EXPECT_TRUE(test, rss_event_admit(&state, 1, now + HZ));
}

static struct kunit_case rss_container_test_cases[] = {
	KUNIT_CASE(rss_test_parse),
	KUNIT_CASE(rss_test_parse_reclaim),
	KUNIT_CASE(rss_test_watermarks),
	KUNIT_CASE(rss_test_stock),
	KUNIT_CASE(rss_test_batch),
	KUNIT_CASE(rss_test_scan),
	KUNIT_CASE(rss_test_inactive),
	KUNIT_CASE(rss_test_admit),
	{}
};

static struct kunit_suite rss_container_test_suite = {
	.name = "rss_container",
	.test_cases = rss_container_test_cases,
};

kunit_test_suite(rss_container_test_suite);

MODULE_DESCRIPTION("KUnit tests for the arithmetic of RSS containers");
MODULE_LICENSE("GPL");
