/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rss controller over a tree of plain control files, with the names of both
 * versions. There is no kernel that sends events: see test-rss-events.c.
 */
#include <inttypes.h>

#include "cgroup/cgroup-path.h"
#include "cgroup/group.h"
#include "cgroup/rss-read-all.h"
#include "base/failure.h"
#include "fake-world.h"
#include "unit.h"

#define ALWAYS                                                                             \
	(FEATURE_PEAK | FEATURE_FAILURES | FEATURE_RECLAIMED | FEATURE_OOM_EVENTS |        \
	 FEATURE_OOM_KILLS | FEATURE_OOM_GROUP | FEATURE_WATERMARKS | FEATURE_RECLAIM |    \
	 FEATURE_SAFE_LIMIT | FEATURE_MAPPED_ONLY | FEATURE_SCANNED | FEATURE_SWAPPINESS | \
	 FEATURE_LOW)

/* A kernel with the controller, which may be in the unified tree. */
static void kernel(int rss_at)
{
	fake_begin(2);
	fake.rss = true;
	fake.rss_at = rss_at;
}

static int open_with(struct world *w, const char *name, enum hierarchy_choice hierarchy)
{
	struct controller_choice choice = {
		.name = name,
		.hierarchy = hierarchy,
		.root = "rssd",
		.mount_point = "/nowhere",
	};

	return controller_open(&choice, &w->controller, &w->failure);
}

/* A group in the requested version. */
TEST_HELPER(begin, struct world *w, int version)
{
	kernel(version == 2 ? 2 : 0);
	CHECK_INT(open_with(w, "auto", version == 2 ? HIERARCHY_V2 : HIERARCHY_AUTO), 0);
	CHECK_STR(w->controller->ops->name, "rss");
	CHECK_INT(group_create(w->controller, "web", &w->web), 0);
}

TEST(a_hierarchy_is_mounted)
{
	WORLD;

	CALL(begin, &w, 1);
	CHECK_STR(fake.mounted, "rss,freezer");
	CHECK_STR(w.controller->hierarchy, "rss");
	CHECK(!w.controller->leaf);
	CHECK(w.controller->events_problem && !w.controller->reports_facts);
	CHECK_UINT(w.controller->features,
		   ALWAYS | FEATURE_IN_PLACE | FEATURE_PEAK_RESET | FEATURE_FREEZE);
	CHECK(!fake_exists("rssd/web/+procs"));
}

TEST(a_mounted_hierarchy_is_found)
{
	WORLD;

	kernel(1);
	CHECK_INT(open_with(&w, "rss", HIERARCHY_V1), 0);
	CHECK_STR(fake.mounted, "");
	CHECK_UINT(w.controller->features, ALWAYS | FEATURE_IN_PLACE | FEATURE_PEAK_RESET);
}

TEST(a_freezer_in_use_is_not_mounted)
{
	WORLD;
	bool frozen;

	kernel(0);
	fake.freezer_busy = true;
	CHECK_INT(open_with(&w, "auto", HIERARCHY_AUTO), 0);
	CHECK_STR(fake.mounted, "rss");
	CHECK_INT(group_create(w.controller, "web", &w.web), 0);
	CHECK_INT(group_freeze(w.web, true), -EOPNOTSUPP);
	CHECK_INT(group_read_frozen(w.web, &frozen), -EOPNOTSUPP);
}

TEST(the_unified_tree_is_used_on_request)
{
	WORLD;

	CALL(begin, &w, 2);
	CHECK_STR(fake.mounted, "");
	CHECK_STR(w.controller->hierarchy, "");
	CHECK_UINT(w.controller->features, ALWAYS | FEATURE_FREEZE);
	CHECK_STR(fake_get("cgroup.subtree_control"), "+rss");
	CHECK(fake_exists("rssd/web/+procs/cgroup.procs"));
	CHECK(!fake_exists("rssd/web/+procs/rss.max"));
	CHECK_INT(group_reset_peak(w.web), -EOPNOTSUPP);
}

TEST(the_unified_tree_is_used_if_nothing_can_be_mounted)
{
	WORLD;

	kernel(2);
	fake.mounts = -EBUSY;
	CHECK(open_with(&w, "rss", HIERARCHY_V1) < 0);
	CHECK(strstr(w.failure.text, "/nowhere"));
	CHECK_INT(open_with(&w, "rss", HIERARCHY_AUTO), 0);
	CHECK_STR(w.controller->hierarchy, "");
}

TEST(a_failure_says_why)
{
	WORLD;

	fake_begin(2);
	CHECK(open_with(&w, "rss", HIERARCHY_AUTO) < 0);
	CHECK(strstr(w.failure.text, "no rss controller"));
	/* The next controller is used. */
	CHECK_INT(open_with(&w, "auto", HIERARCHY_AUTO), 0);
	CHECK_STR(w.controller->ops->name, "memory-v2");
	w.controller = controller_free(w.controller);
	fake.rss = true;
	CHECK(open_with(&w, "rss", HIERARCHY_V2) < 0);
	CHECK(strstr(w.failure.text, "Hierarchy=v2"));
	fake.mounts = -EPERM;
	CHECK(open_with(&w, "rss", HIERARCHY_AUTO) < 0);
	CHECK(strstr(w.failure.text, "/nowhere"));
	fake.rss_at = 1;
	CHECK(open_with(&w, "rss", HIERARCHY_V2) < 0);
	CHECK(strstr(w.failure.text, fake.mount));
}

TEST(hierarchy_applies_to_memory_too)
{
	WORLD;

	fake_begin(2);
	CHECK(open_with(&w, "auto", HIERARCHY_V1) < 0);
	CHECK(strstr(w.failure.text, "Hierarchy=v1"));
	fake_end();
	fake_begin(1);
	CHECK(open_with(&w, "auto", HIERARCHY_V2) < 0);
	CHECK(strstr(w.failure.text, "Hierarchy=v2"));
}

static const struct {
	int version;
	const char *usage, *limit, *wmark_high, *wmark_low, *peak, *oom_group, *events_local, *none;
} names[] = {
	{ 1, "rssd/web/rss.usage_in_bytes", "rssd/web/rss.limit_in_bytes",
	  "rssd/web/rss.wmark_high_in_bytes", "rssd/web/rss.wmark_low_in_bytes",
	  "rssd/web/rss.max_usage_in_bytes", "rssd/web/rss.oom_group", "rssd/web/rss.events_local",
	  "-1" },
	{ 2, "rssd/web/rss.current", "rssd/web/rss.max", "rssd/web/rss.wmark_high",
	  "rssd/web/rss.wmark_low", "rssd/web/rss.peak", "rssd/web/rss.oom.group",
	  "rssd/web/rss.events.local", "max" },
};

TEST(counters_are_read)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		WORLD;
		struct counters counters;

		CALL(begin, &w, names[i].version);
		fake_set(names[i].usage, "8192\n");
		fake_set(names[i].peak, "16384\n");
		/* Kills of groups below count; their other events do not. */
		fake_set("rssd/web/rss.events", "max 9\nwmark_high 1\noom 8\noom_kill 2\n");
		fake_set(names[i].events_local, "max 7\nwmark_high 1\noom 3\noom_kill 1\n");
		fake_set("rssd/web/rss.stat", "anon 4096\npgscan 90\npgsteal 5\n");
		CHECK_INT(group_read_counters(w.web, &counters), 0);
		CHECK_UINT(counters.usage, 8192);
		CHECK_UINT(counters.peak, 16384);
		CHECK_UINT(counters.failures, 7);
		CHECK_UINT(counters.oom_events, 3);
		CHECK_UINT(counters.oom_kills, 2);
		CHECK_UINT(counters.scanned, 90);
		CHECK_UINT(counters.reclaimed, 5 * (uint64_t)sysconf(_SC_PAGESIZE));
		fake_set(names[i].usage, "many\n");
		CHECK_INT(group_read_counters(w.web, &counters), -EBADMSG);
	}
}

/* A group has the counter if the root has it. */
TEST(refaults_are_read_if_the_kernel_has_them)
{
	WORLD;
	uint64_t refaults = COUNTER_ABSENT;

	CALL(begin, &w, 1);
	fake_set("rssd/web/rss.stat", "workingset_refault_anon 3\nworkingset_refault_file 4\n");
	CHECK(!controller_can(w.controller, FEATURE_REFAULTS));
	CHECK_INT(group_read_refaults(w.web, &refaults), -EOPNOTSUPP);
	fake_set("rssd/rss.stat", "workingset_refault_anon 0\nworkingset_refault_file 0\n");
	w.web = group_free(w.web);
	w.controller = controller_free(w.controller);
	CHECK_INT(open_with(&w, "auto", HIERARCHY_AUTO), 0);
	CHECK(controller_can(w.controller, FEATURE_REFAULTS));
	CHECK_INT(group_open(w.controller, "web", &w.web), 0);
	CHECK_INT(group_read_refaults(w.web, &refaults), 0);
	CHECK_UINT(refaults, 7);
}

/* Only mapped pages are charged, and shmem and kernel memory are not counted separately. */
TEST(parts_of_the_usage_are_read)
{
	WORLD;
	struct memory_parts parts;

	CALL(begin, &w, 1);
	fake_set("rssd/web/rss.stat", "anon 100\nfile 90\nshmem 4\nkernel 5\nunevictable 3\n");
	group_read_parts(w.web, &parts);
	CHECK_UINT(parts.anon, 100);
	CHECK_UINT(parts.file, 90);
	CHECK_UINT(parts.mapped, 90);
	CHECK_UINT(parts.shmem, COUNTER_ABSENT);
	CHECK_UINT(parts.kernel, COUNTER_ABSENT);
	CHECK_UINT(parts.dirty, COUNTER_ABSENT);
	CHECK_UINT(parts.locked, 3);
}

TEST(limits_are_written_and_read)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		WORLD;
		uint64_t limit = 1;

		CALL(begin, &w, names[i].version);
		CHECK_INT(group_read_limit(w.web, &limit), 0);
		CHECK_UINT(limit, LIMIT_INFINITY);
		fake_set(names[i].limit, "");
		CHECK_INT(group_write_limit(w.web, 52428800), 0);
		CHECK_STR(fake_get(names[i].limit), "52428800");
		CHECK_INT(group_read_limit(w.web, &limit), 0);
		CHECK_UINT(limit, 52428800);
		fake_set(names[i].limit, "");
		CHECK_INT(group_write_limit(w.web, LIMIT_INFINITY), 0);
		CHECK_STR(fake_get(names[i].limit), names[i].none);
	}
}

static int write_watermarks(struct group *group, uint64_t high, uint64_t low)
{
	struct settings to = { .wmark_high = high, .wmark_low = low };

	return group_write_settings(group, SETTING_WMARK_HIGH | SETTING_WMARK_LOW, &to);
}

TEST(watermarks_are_written_and_read)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		WORLD;
		uint64_t high = 1, low = 1;

		CALL(begin, &w, names[i].version);
		CHECK_INT(group_read_setting(w.web, SETTING_WMARK_HIGH, &high), 0);
		CHECK_INT(group_read_setting(w.web, SETTING_WMARK_LOW, &low), 0);
		CHECK_UINT(high, LIMIT_INFINITY);
		CHECK_UINT(low, LIMIT_INFINITY);
		fake_set(names[i].wmark_high, "");
		fake_set(names[i].wmark_low, "");
		CHECK_INT(write_watermarks(w.web, 40960, LIMIT_INFINITY), 0);
		CHECK_STR(fake_get(names[i].wmark_high), "40960");
		CHECK_STR(fake_get(names[i].wmark_low), names[i].none);
		fake_set(names[i].wmark_high, "");
		fake_set(names[i].wmark_low, "");
		CHECK_INT(write_watermarks(w.web, LIMIT_INFINITY, LIMIT_INFINITY), 0);
		CHECK_STR(fake_get(names[i].wmark_high), names[i].none);
		/* Low is reset first, so that both can take any value. */
		fake_set(names[i].wmark_high, "");
		fake_set(names[i].wmark_low, "");
		CHECK_INT(write_watermarks(w.web, 40960, 20480), 0);
		CHECK(strstr(fake_get(names[i].wmark_low), "20480"));
	}
}

TEST(low_is_written_and_read)
{
	static const char *const files[] = { "rssd/web/rss.low_in_bytes", "rssd/web/rss.low" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		WORLD;
		uint64_t value = 1;

		CALL(begin, &w, names[i].version);
		CHECK(controller_can(w.controller, FEATURE_LOW));
		CHECK(!controller_can(w.controller, FEATURE_MIN));
		CHECK_INT(group_read_setting(w.web, SETTING_LOW, &value), 0);
		CHECK_UINT(value, 0);
		CHECK_INT(group_write_setting(w.web, SETTING_LOW, 8192), 0);
		CHECK_STR(fake_get(files[i]), "8192");
		CHECK_INT(group_write_setting(w.web, SETTING_MIN, 8192), -EOPNOTSUPP);
	}
}

TEST(oom_group_is_written_and_read)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		WORLD;
		uint64_t value = 1;

		CALL(begin, &w, names[i].version);
		CHECK_INT(group_read_setting(w.web, SETTING_OOM_GROUP, &value), 0);
		CHECK(!value);
		CHECK_INT(group_write_setting(w.web, SETTING_OOM_GROUP, true), 0);
		CHECK_STR(fake_get(names[i].oom_group), "1\n");
		CHECK_INT(group_read_setting(w.web, SETTING_OOM_GROUP, &value), 0);
		CHECK(value);
	}
}

TEST(reclaim_is_asked_for)
{
	WORLD;
	uint64_t freed = 1;

	CALL(begin, &w, 1);
	CHECK_INT(group_reclaim(w.web, 1048576, SWAPPINESS_DEFAULT, NULL, &freed), 0);
	CHECK_STR(fake_get("rssd/web/rss.reclaim"), "1048576");
	CHECK_UINT(freed, 0);
	CHECK_INT(group_reclaim(w.web, 1048576, 200, NULL, &freed), 0);
	CHECK_STR(fake_get("rssd/web/rss.reclaim"), "1048576 swappiness=200");
	w.controller->features &= ~(unsigned int)FEATURE_SWAPPINESS;
	CHECK_INT(group_reclaim(w.web, 1048576, 200, NULL, &freed), -EOPNOTSUPP);
}

TEST(the_peak_is_reset)
{
	WORLD;

	CALL(begin, &w, 1);
	fake_set("rssd/web/rss.max_usage_in_bytes", "9");
	CHECK_INT(group_reset_peak(w.web), 0);
	CHECK_STR(fake_get("rssd/web/rss.max_usage_in_bytes"), "0");
}

TEST(groups_are_frozen)
{
	WORLD;
	bool frozen = true;

	CALL(begin, &w, 1);
	CHECK_INT(group_read_frozen(w.web, &frozen), 0);
	CHECK(!frozen);
	fake_set("rssd/web/freezer.state", "");
	CHECK_INT(group_freeze(w.web, true), 0);
	CHECK_STR(fake_get("rssd/web/freezer.state"), "FROZEN");
	CHECK_INT(group_freeze(w.web, false), 0);
	CHECK_STR(fake_get("rssd/web/freezer.state"), "THAWED");
	fake_set("rssd/web/freezer.self_freezing", "1\n");
	CHECK_INT(group_read_frozen(w.web, &frozen), 0);
	CHECK(frozen);
}

TEST(groups_are_frozen_in_the_unified_tree)
{
	WORLD;
	bool frozen = true;

	CALL(begin, &w, 2);
	CHECK_INT(group_read_frozen(w.web, &frozen), 0);
	CHECK(!frozen);
	CHECK_INT(group_freeze(w.web, true), 0);
	CHECK_STR(fake_get("rssd/web/cgroup.freeze"), "1\n");
	CHECK_INT(group_read_frozen(w.web, &frozen), 0);
	CHECK(frozen);
}

TEST(cgroup_paths_are_translated)
{
	WORLD;
	cleanup_free char *path = NULL, *cgroup = NULL;

	CALL(begin, &w, 1);
	CHECK_INT(controller_parse_proc_cgroup("2:rss,freezer:/rssd/web\n0::/user.slice\n",
					       w.controller->hierarchy, &cgroup),
		  0);
	CHECK_INT(controller_path_of_cgroup(w.controller, cgroup, &path), 0);
	CHECK_STR(path, "web");
}

TEST(an_unmounted_hierarchy_is_noticed)
{
	WORLD;
	struct group *more = NULL;
	char away[80];

	CALL(begin, &w, 1);
	(void)snprintf(away, sizeof(away), "%s-away", fake.mount);
	/* The empty mount point remains. */
	CHECK(rename(fake.mount, away) == 0 && mkdir(fake.mount, 0700) == 0);
	CHECK_INT(group_create(w.controller, "more", &more), -ESTALE);
	CHECK_INT(group_remove(w.web), -ESTALE);
	CHECK(!fake_exists("rssd"));
	/* Open files still work. */
	CHECK_INT(group_write_limit(w.web, 4096), 0);
	/* The same hierarchy is mounted again. */
	CHECK(rmdir(fake.mount) == 0 && rename(away, fake.mount) == 0);
	CHECK(!strncmp(fake_get("rssd/web/rss.limit_in_bytes"), "4096", 4));
	CHECK_INT(group_remove(w.web), 0);
}

/* The kernel dumps a cgroup, then all below it. */
static void take(struct rss_dump *dump, uint64_t id, uint32_t processes)
{
	struct rss_container_state state = { .id = id, .usage = id * 4096, .processes = processes };

	rss_dump_take(&state, dump);
}

TEST(a_dump_fills_in_the_readings)
{
	static const uint64_t ids[] = { 10, 11, 20, 0 };
	struct rss_group data[ARRAY_SIZE(ids)];
	struct group groups[ARRAY_SIZE(data)];
	struct group_reading readings[ARRAY_SIZE(data)] = { 0 };
	struct rss_dump dump;

	for (size_t i = 0; i < ARRAY_SIZE(data); i++) {
		data[i] = (struct rss_group){ .own.id = ids[i] };
		groups[i] = (struct group){ .data = &data[i] };
		readings[i].group = &groups[i];
	}
	CHECK_INT(rss_dump_begin(&dump, readings, ARRAY_SIZE(data)), 0);
	/* The root, a group with a group in it, which has a cgroup of another program, and a third. */
	take(&dump, 1, 100);
	take(&dump, 10, 2);
	take(&dump, 11, 3);
	take(&dump, 12, 4);
	take(&dump, 20, 5);
	rss_dump_done(&dump);
	CHECK_UINT(readings[0].counters.usage, 40960);
	CHECK_UINT(readings[0].processes, 2);
	CHECK(readings[0].no_inner);
	CHECK_UINT(readings[1].processes, 3);
	CHECK(!readings[1].no_inner);
	CHECK(readings[2].has_counters && readings[2].has_processes && readings[2].no_inner);
	/* It was never watched, so it is not in the dump. */
	CHECK(!readings[3].has_counters && !readings[3].no_inner);
}

TEST_MAIN({ "rss: a hierarchy is mounted", a_hierarchy_is_mounted },
	  { "rss: a mounted hierarchy is found", a_mounted_hierarchy_is_found },
	  { "rss: a freezer in use is not mounted", a_freezer_in_use_is_not_mounted },
	  { "rss: the unified tree is used on request", the_unified_tree_is_used_on_request },
	  { "rss: the unified tree is used if nothing can be mounted",
	    the_unified_tree_is_used_if_nothing_can_be_mounted },
	  { "rss: a failure says why", a_failure_says_why },
	  { "rss: Hierarchy= applies to the memory controllers as well",
	    hierarchy_applies_to_memory_too },
	  { "rss: counters are read", counters_are_read },
	  { "rss: parts of the usage are read", parts_of_the_usage_are_read },
	  { "rss: refaults are read if they are reported",
	    refaults_are_read_if_the_kernel_has_them },
	  { "rss: limits are written and read", limits_are_written_and_read },
	  { "rss: watermarks are written and read", watermarks_are_written_and_read },
	  { "rss: low is written and read", low_is_written_and_read },
	  { "rss: oom-group is written and read", oom_group_is_written_and_read },
	  { "rss: reclaim is requested", reclaim_is_asked_for },
	  { "rss: the peak is reset", the_peak_is_reset },
	  { "rss: groups are frozen", groups_are_frozen },
	  { "rss: groups are frozen in the unified tree", groups_are_frozen_in_the_unified_tree },
	  { "rss: an unmounted hierarchy is noticed", an_unmounted_hierarchy_is_noticed },
	  { "rss: cgroup paths are translated", cgroup_paths_are_translated },
	  { "rss: a dump fills in the readings", a_dump_fills_in_the_readings })
