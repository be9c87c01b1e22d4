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
		.swap = 0,
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
	/* What is locked stays, however much swap there is. */
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

TEST_MAIN({ "a limit that fits", fits }, { "file pages can go", file_pages_go },
	  { "anonymous memory goes to swap", anonymous_memory_goes_to_swap },
	  { "force kills where reclaim is not enough", force_kills },
	  { "what is not known is not promised", unknown }, { "figures and reason", figures })
