/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of policy/place.c: which units and cgroups can be containers, and where a unit is. */
#include <string.h>

#include "unit.h"

#include "base/failure.h"
#include "policy/place.h"

static enum rss_error check(enum place_kind kind, const char *what)
{
	cleanup_(place_free_ptr) struct place *place = place_new(kind, what);
	struct failure failure = { 0 };

	(void)place_check(place, "rssd", &failure);
	return failure.error;
}

TEST(test_units)
{
	CHECK(check(PLACE_UNIT, "nginx.service") == RSS_ERROR_NONE);
	CHECK(check(PLACE_UNIT, "getty@tty1.service") == RSS_ERROR_NONE);
	CHECK(check(PLACE_UNIT, "a\\x2db.service") == RSS_ERROR_NONE);
	CHECK(check(PLACE_UNIT, "session-3.scope") == RSS_ERROR_NONE);
	CHECK(check(PLACE_UNIT, "apps-web.slice") == RSS_ERROR_NONE);
	CHECK(check(PLACE_UNIT, "") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_UNIT, "nginx") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_UNIT, ".service") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_UNIT, "a/b.service") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_UNIT, "a b.service") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_UNIT, "a.socket") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_UNIT, "getty@.service") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_UNIT, "init.scope") == RSS_ERROR_NOT_SUPPORTED);
	CHECK(check(PLACE_UNIT, "-.slice") == RSS_ERROR_NOT_SUPPORTED);
}

TEST(test_long_unit)
{
	char name[300];

	memset(name, 'a', sizeof(name));
	strcpy(name + 290, ".service");
	CHECK(check(PLACE_UNIT, name) == RSS_ERROR_INVALID_ARGUMENT);
	strcpy(name + 247, ".service");
	CHECK(check(PLACE_UNIT, name) == RSS_ERROR_NONE);
}

TEST(test_cgroups)
{
	CHECK(check(PLACE_CGROUP, "/jobs/17") == RSS_ERROR_NONE);
	CHECK(check(PLACE_CGROUP, "/rssd2") == RSS_ERROR_NONE);
	CHECK(check(PLACE_CGROUP, "") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_CGROUP, "/") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_CGROUP, "jobs") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_CGROUP, "/jobs/") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_CGROUP, "/a//b") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_CGROUP, "/a/../b") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_CGROUP, "/a/./b") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_CGROUP, "/a\nb") == RSS_ERROR_INVALID_ARGUMENT);
	CHECK(check(PLACE_CGROUP, "/rssd") == RSS_ERROR_NOT_SUPPORTED);
	CHECK(check(PLACE_CGROUP, "/rssd/web") == RSS_ERROR_NOT_SUPPORTED);
	CHECK(check(PLACE_CGROUP, "/system.slice") == RSS_ERROR_NOT_SUPPORTED);
	CHECK(check(PLACE_CGROUP, "/system.slice/web.service") == RSS_ERROR_NOT_SUPPORTED);
	CHECK(check(PLACE_CGROUP, "/system.slice/web.service/inner") == RSS_ERROR_NONE);
}

/* The unit in the path is not one that systemd of the machine knows. */
TEST(test_cgroups_of_a_user)
{
	cleanup_(place_free_ptr) struct place *place =
		place_new(PLACE_CGROUP,
			  "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service");
	struct failure failure = { 0 };

	CHECK(place_check(place, "rssd", &failure) < 0);
	CHECK_INT(failure.error, RSS_ERROR_NOT_SUPPORTED);
	CHECK(strstr(failure.text, "use its unit user@1000.service"));
	CHECK(!strstr(failure.text, "unit web.service"));
}

TEST(test_contains)
{
	CHECK(place_contains("/a", "/a"));
	CHECK(place_contains("/a", "/a/b"));
	CHECK(!place_contains("/a", "/ab"));
	CHECK(!place_contains("/a/b", "/a"));
}

TEST_HELPER(expect_cgroup, const char *unit, const char *slice, const char *wanted)
{
	cleanup_free char *cgroup = place_cgroup_of_unit(unit, slice);

	CHECK_STR(cgroup, wanted);
}

TEST(test_cgroup_of_unit)
{
	CALL(expect_cgroup, "web.service", "system.slice", "/system.slice/web.service");
	CALL(expect_cgroup, "web.service", "-.slice", "/web.service");
	CALL(expect_cgroup, "web.service", "a-b-c.slice",
	     "/a.slice/a-b.slice/a-b-c.slice/web.service");
	CALL(expect_cgroup, "_web.service", "system.slice", "/system.slice/__web.service");
	CALL(expect_cgroup, "memory.service", "system.slice", "/system.slice/_memory.service");
	CALL(expect_cgroup, "apps.slice", NULL, "/apps.slice");
	CALL(expect_cgroup, "apps-web.slice", "system.slice", "/apps.slice/apps-web.slice");
}

TEST_MAIN({ "place: units", test_units }, { "place: long names", test_long_unit },
	  { "place: cgroups", test_cgroups },
	  { "place: a cgroup of a user names the unit of the user", test_cgroups_of_a_user },
	  { "place: inside", test_contains },
	  { "place: the cgroup of a unit", test_cgroup_of_unit })
