/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forecasts of a limit from figures. */
#include "cgroup/controller.h"
#include "report/forecast.h"
#include "unit.h"

#define M (1024 * 1024ULL)

static struct forecast_input input(void)
{
	return (struct forecast_input){
		.mode = LIMIT_MODE_RECLAIM,
		.usage = 100 * M,
		.anon = 60 * M,
		.file = 30 * M,
		.locked = 10 * M,
		.dirty = 0,
		.swap = 0,
		.swappiness = 60,
		.can_reclaim = true,
	};
}

static enum forecast_verdict verdict(struct forecast_input in, uint64_t target)
{
	struct forecast f;

	in.target = target;
	forecast_limit(&in, &f);
	return f.verdict;
}

TEST(fits)
{
	struct forecast_input in = input();

	CHECK_INT(verdict(in, 100 * M), FORECAST_FITS);
	in.mode = LIMIT_MODE_REFUSE;
	CHECK_INT(verdict(in, 100 * M), FORECAST_FITS);
	CHECK_INT(verdict(in, 100 * M - 1), FORECAST_REFUSED);
}

TEST(file_pages_go)
{
	CHECK_INT(verdict(input(), 80 * M), FORECAST_RECLAIMS);
	CHECK_INT(verdict(input(), 72 * M), FORECAST_UNSURE);
	CHECK_INT(verdict(input(), 69 * M), FORECAST_REFUSED);
}

TEST(anonymous_memory_goes_to_swap)
{
	struct forecast_input in = input();

	in.swap = 20 * M;
	CHECK_INT(verdict(in, 60 * M), FORECAST_RECLAIMS);
	CHECK_INT(verdict(in, 49 * M), FORECAST_REFUSED);
	in.swap = 1024 * M;
	CHECK_INT(verdict(in, 30 * M), FORECAST_RECLAIMS);
	/* Locked memory stays, however much swap is free. */
	CHECK_INT(verdict(in, 9 * M), FORECAST_REFUSED);
}

TEST(force_kills)
{
	struct forecast_input in = input();

	in.mode = LIMIT_MODE_FORCE;
	CHECK_INT(verdict(in, 80 * M), FORECAST_RECLAIMS);
	CHECK_INT(verdict(in, 20 * M), FORECAST_KILLS);
}

TEST(unknown)
{
	struct forecast_input in = input();

	in.anon = COUNTER_ABSENT;
	CHECK_INT(verdict(in, 80 * M), FORECAST_UNSURE);
	in.can_reclaim = false;
	CHECK_INT(verdict(in, 80 * M), FORECAST_REFUSED);
}

TEST(figures)
{
	struct forecast_input in = input();
	struct forecast f;

	in.target = 20 * M;
	in.swap = 5 * M;
	forecast_limit(&in, &f);
	CHECK_UINT(f.to_free, 80 * M);
	CHECK_UINT(f.reclaimable, 35 * M);
	CHECK_STR(f.reason, "at most 35.0M can be reclaimed: 55.0M of anonymous memory does not "
			    "fit in swap, 10.0M is locked");
	in.shmem = 40 * M;
	forecast_limit(&in, &f);
	CHECK(strstr(f.reason, " 55.0M of anonymous and shared memory does not fit in swap,"));
}

TEST(without_swappiness_nothing_is_swapped)
{
	struct forecast_input in = input();
	struct forecast f;

	in.swap = 1024 * M;
	in.swappiness = 0;
	CHECK_INT(verdict(in, 75 * M), FORECAST_RECLAIMS);
	CHECK_INT(verdict(in, 60 * M), FORECAST_REFUSED);
	in.target = 60 * M;
	forecast_limit(&in, &f);
	CHECK_UINT(f.reclaimable, 30 * M);
	CHECK_STR(f.reason,
		  "at most 30.0M can be reclaimed: 60.0M of anonymous memory stays, because "
		  "vm.swappiness is 0, 10.0M is locked");
	/* If the swappiness is not known, it is assumed not to be 0. */
	in.swappiness = COUNTER_ABSENT;
	CHECK_INT(verdict(in, 60 * M), FORECAST_RECLAIMS);
}

TEST(dirty_pages_go_later)
{
	struct forecast_input in = input();
	struct forecast f;

	in.dirty = 20 * M;
	CHECK_INT(verdict(in, 90 * M), FORECAST_RECLAIMS);
	CHECK_INT(verdict(in, 89 * M), FORECAST_UNSURE);
	CHECK_INT(verdict(in, 69 * M), FORECAST_REFUSED);
	in.target = 80 * M;
	forecast_limit(&in, &f);
	CHECK_STR(f.reason,
		  "20.0M must be reclaimed, of 30.0M that can be; 20.0M of it must be written "
		  "first");
	in.dirty = COUNTER_ABSENT;
	CHECK_INT(verdict(in, 80 * M), FORECAST_RECLAIMS);
}

/* Forecasts limits of two containers, set in this order. */
static void forecast_two(const char *first, struct forecast_input one, const char *second,
			 struct forecast_input other, enum forecast_verdict ret[2])
{
	struct forecast_step steps[] = { { .name = first, .in = one },
					 { .name = second, .in = other } };

	forecast_steps(steps, ARRAY_SIZE(steps));
	ret[0] = steps[0].forecast.verdict;
	ret[1] = steps[1].forecast.verdict;
}

/* Each of the limits alone has room in swap for what must go. */
TEST(limits_share_the_swap)
{
	struct forecast_input in = input(), refused = input();
	enum forecast_verdict verdicts[2];

	in.swap = 50 * M;
	in.target = 40 * M;
	CHECK_INT(verdict(in, 40 * M), FORECAST_RECLAIMS);
	/* The first takes 30M of file and 30M to swap, which leaves 20M. */
	forecast_two("a", in, "b", in, verdicts);
	CHECK_INT(verdicts[0], FORECAST_RECLAIMS);
	CHECK_INT(verdicts[1], FORECAST_REFUSED);
	/* A limit that is refused uses no swap. */
	refused.swap = 50 * M;
	refused.target = 1 * M;
	forecast_two("a", refused, "b", in, verdicts);
	CHECK_INT(verdicts[0], FORECAST_REFUSED);
	CHECK_INT(verdicts[1], FORECAST_RECLAIMS);
}

/* Reclaim for the outer limit may have taken what the inner one needs, or other pages. */
TEST(nested_limits_are_judged_together)
{
	struct forecast_input outer = input(), inner = input();
	enum forecast_verdict verdicts[2];

	outer.swap = inner.swap = 50 * M;
	outer.file = 0;
	outer.target = 60 * M; /* 40M to swap, which leaves 10M */
	inner.usage = inner.anon = 30 * M;
	inner.file = inner.locked = 0;
	inner.target = 10 * M;
	CHECK_INT(verdict(inner, 10 * M), FORECAST_RECLAIMS);
	forecast_two("web", outer, "web/one", inner, verdicts);
	CHECK_INT(verdicts[0], FORECAST_RECLAIMS);
	CHECK_INT(verdicts[1], FORECAST_UNSURE);
	/* One that is not inside has only the rest of the swap. */
	forecast_two("web", outer, "webby", inner, verdicts);
	CHECK_INT(verdicts[1], FORECAST_REFUSED);
	/* Reclaim cannot take more than there is. */
	inner.target = 1 * M;
	inner.usage = 40 * M;
	inner.locked = 10 * M;
	forecast_two("web", outer, "web/one", inner, verdicts);
	CHECK_INT(verdicts[1], FORECAST_REFUSED);
}

TEST_MAIN({ "a limit that fits", fits }, { "file pages can be reclaimed", file_pages_go },
	  { "anonymous memory needs swap", anonymous_memory_goes_to_swap },
	  { "force kills if reclaim is not enough", force_kills },
	  { "unknown figures give no promise", unknown }, { "figures and reason", figures },
	  { "without swappiness nothing is swapped", without_swappiness_nothing_is_swapped },
	  { "dirty pages are written first", dirty_pages_go_later },
	  { "limits of a transaction share the swap", limits_share_the_swap },
	  { "nested limits are forecast together", nested_limits_are_judged_together })
