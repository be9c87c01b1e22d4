/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy of setting a limit: every step in every mode. */
#include <errno.h>

#include "policy/limit-policy.h"
#include "unit.h"

#define M (1024 * 1024ULL)

TEST(fits_is_written)
{
	struct limit_situation now = { .target = 10 * M, .usage = 10 * M };

	for (enum limit_mode mode = LIMIT_MODE_RECLAIM; mode <= LIMIT_MODE_FORCE; mode++) {
		now.mode = mode;
		CHECK_INT(limit_decide(&now), LIMIT_WRITE);
	}
	now.stop = true;
	CHECK_INT(limit_decide(&now), LIMIT_STOP);
}

TEST(refuse_never_reclaims)
{
	struct limit_situation now = { .mode = LIMIT_MODE_REFUSE,
				       .target = 10 * M,
				       .usage = 10 * M + 1,
				       .kernel_refuses = true,
				       .can_reclaim = true };

	CHECK_INT(limit_decide(&now), LIMIT_REFUSE);
}

TEST(reclaim_if_the_kernel_refuses)
{
	struct limit_situation now = { .mode = LIMIT_MODE_RECLAIM,
				       .target = 10 * M,
				       .usage = 20 * M,
				       .kernel_refuses = true };

	CHECK_INT(limit_decide(&now), LIMIT_WRITE);
	now.stalled = LIMIT_STALLED_MAX - 1;
	CHECK_INT(limit_decide(&now), LIMIT_WRITE);
	now.stalled = LIMIT_STALLED_MAX;
	CHECK_INT(limit_decide(&now), LIMIT_GIVE_UP);
	now.stalled = 0;
	now.stop = true;
	CHECK_INT(limit_decide(&now), LIMIT_STOP);
}

/* A kernel that kills for a limit below usage is never given one. */
TEST(reclaim_if_the_kernel_kills)
{
	struct limit_situation now = {
		.mode = LIMIT_MODE_RECLAIM, .target = 10 * M, .usage = 20 * M, .can_reclaim = true
	};

	CHECK_INT(limit_decide(&now), LIMIT_RECLAIM);
	now.stalled = LIMIT_STALLED_MAX;
	CHECK_INT(limit_decide(&now), LIMIT_GIVE_UP);
	now.stalled = 0;
	now.can_reclaim = false;
	CHECK_INT(limit_decide(&now), LIMIT_REFUSE);
}

TEST(force_kills_only_after_reclaim)
{
	struct limit_situation now = {
		.mode = LIMIT_MODE_FORCE, .target = 10 * M, .usage = 20 * M, .kernel_refuses = true
	};

	CHECK_INT(limit_decide(&now), LIMIT_WRITE);
	now.stalled = 1;
	CHECK_INT(limit_decide(&now), LIMIT_WRITE);
	now.stalled = 2;
	CHECK_INT(limit_decide(&now), LIMIT_KILL);
	now.stop = true;
	CHECK_INT(limit_decide(&now), LIMIT_STOP);
	now.stop = false;
	/* The kernel would kill: rssd does so instead, if it can reclaim before. */
	now.kernel_refuses = false;
	CHECK_INT(limit_decide(&now), LIMIT_WRITE);
	now.can_reclaim = true;
	CHECK_INT(limit_decide(&now), LIMIT_KILL);
	now.stalled = 0;
	CHECK_INT(limit_decide(&now), LIMIT_RECLAIM);
}

TEST(victim_is_the_largest_unprotected)
{
	struct limit_victim victims[] = { { 0, 10 }, { -1000, 99 }, { 500, 30 }, { 0, 20 } };

	CHECK_INT(limit_choose_victim(victims, 4), 2);
	CHECK_INT(limit_choose_victim(victims, 1), 0);
	CHECK_INT(limit_choose_victim(victims + 1, 1), -1);
	CHECK_INT(limit_choose_victim(victims, 0), -1);
}

TEST(modes_have_names)
{
	enum limit_mode mode = LIMIT_MODE_FORCE;

	CHECK_INT(limit_mode_parse("reclaim", &mode), 0);
	CHECK_INT(mode, LIMIT_MODE_RECLAIM);
	CHECK_INT(limit_mode_parse("force", &mode), 0);
	CHECK_STR(limit_mode_name(mode), "force");
	CHECK_INT(limit_mode_parse("Force", &mode), -EINVAL);
	CHECK_INT(limit_mode_parse("", &mode), -EINVAL);
	CHECK_INT(mode, LIMIT_MODE_FORCE);
}

TEST_MAIN({ "limit: one above usage is written", fits_is_written },
	  { "limit: refuse never reclaims", refuse_never_reclaims },
	  { "limit: reclaim if the kernel refuses", reclaim_if_the_kernel_refuses },
	  { "limit: reclaim if the kernel kills", reclaim_if_the_kernel_kills },
	  { "limit: force kills only after reclaim", force_kills_only_after_reclaim },
	  { "limit: the victim is the largest unprotected", victim_is_the_largest_unprotected },
	  { "limit: modes have names", modes_have_names })
