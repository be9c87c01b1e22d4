/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose subordinate uid a uid is. */
#include "host/subordinate-ids.h"

#include "unit.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "al:x:1000:1000::/home/al:/bin/sh\n"
			     "alice:x:1001:1001::/home/alice:/bin/sh";
static const char subuid[] = "# not a range\n"
			     "alice:100000:65536\n"
			     "al:165536:65536\n"
			     "1002:300000:10\n"
			     "root:400000:10\n"
			     "ghost:500000:10\n"
			     "alice:600000:x\n"
			     "al:700000:99999999999999999999\n"
			     "alice:800000:1";

TEST(ranges_belong_to_their_user)
{
	CHECK_INT(subordinate_owner(100000, subuid, passwd), 1001);
	CHECK_INT(subordinate_owner(165535, subuid, passwd), 1001);
	CHECK_INT(subordinate_owner(165536, subuid, passwd), 1000);
	CHECK_INT(subordinate_owner(231072, subuid, passwd), 231072);
	CHECK_INT(subordinate_owner(99999, subuid, passwd), 99999);
}

TEST(a_range_may_name_a_uid)
{
	CHECK_INT(subordinate_owner(300009, subuid, passwd), 1002);
	CHECK_INT(subordinate_owner(300010, subuid, passwd), 300010);
}

TEST(no_uid_gets_the_budget_of_root)
{
	CHECK_INT(subordinate_owner(400000, subuid, passwd), 400000);
}

TEST(bad_lines_are_passed_over)
{
	CHECK_INT(subordinate_owner(500000, subuid, passwd), 500000);
	CHECK_INT(subordinate_owner(600000, subuid, passwd), 600000);
	CHECK_INT(subordinate_owner(700000, subuid, passwd), 700000);
	CHECK_INT(subordinate_owner(800000, subuid, passwd), 1001);
	CHECK_INT(subordinate_owner(5, "", ""), 5);
	CHECK_INT(subordinate_owner(5, ":::\n::\n:", "::"), 5);
}

TEST_MAIN({ "subordinate ids: ranges belong to their user", ranges_belong_to_their_user },
	  { "subordinate ids: a range may name a uid", a_range_may_name_a_uid },
	  { "subordinate ids: no uid gets the budget of root", no_uid_gets_the_budget_of_root },
	  { "subordinate ids: malformed lines are ignored", bad_lines_are_passed_over })
