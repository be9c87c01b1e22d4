/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory-v2 controller over a tree of plain control files. */
#include <inttypes.h>
#include <systemd/sd-event.h>

#include "cgroup/cgroup-path.h"
#include "cgroup/group.h"
#include "base/failure.h"
#include "container/container.h"
#include "fake-world.h"
#include "host/process.h"
#include "operation/leave.h"
#include "policy/drift.h"
#include "unit.h"

TEST_HELPER(begin, struct world *w)
{
	if (!fake.mount[0])
		fake_begin(2);
	CHECK_INT(fake_open("auto", "rssd", &w->controller, &w->failure), 0);
	CHECK_STR(w->controller->ops->name, "memory-v2");
	CHECK_INT(group_create(w->controller, "web", &w->web), 0);
}

TEST(root_gets_memory)
{
	WORLD;

	CALL(begin, &w);
	CHECK_STR(fake_get("cgroup.subtree_control"), "+memory");
	CHECK(fake_exists("rssd/memory.max"));
	CHECK(!fake_exists("rssd/+procs"));
	CHECK_STR(w.controller->hierarchy, "");
}

TEST(a_freezer_that_another_program_set_is_a_drift)
{
	WORLD;
	cleanup_(container_unref_ptr) struct container *c = container_new(NULL, "web");

	CALL(begin, &w);
	c->group = take_ptr(w.web);
	fake_set("rssd/web/cgroup.freeze", "0\n");
	container_note_frozen(c);
	CHECK_UINT(container_drift(c), 0);
	fake_set("rssd/web/cgroup.freeze", "1\n");
	CHECK_UINT(container_drift(c), DRIFT_FREEZER);
	CHECK(group_has_setting_in(c->group, "cgroup.freeze"));
	CHECK(group_has_setting_in(c->group, "memory.max"));
	CHECK(!group_has_setting_in(c->group, "memory.events"));
	/* rssd was asked for it. */
	container_note_frozen(c);
	CHECK_UINT(container_drift(c), 0);
}

/* An attach moves a process out of its unit: only with the consent of root. */
TEST(a_process_stays_in_its_unit)
{
	WORLD;
	const struct process p = { .pid = 70, .parent = 1, .state = 'S' };
	const struct attach_caller root = { 0, 60, false }, user = { 1000, 60, false };
	const struct attach_caller parent = { 0, 1, false };
	const char *const unit = "/system.slice/web.service";

	CALL(begin, &w);
	CHECK(leave_check(w.controller, &p, unit, &root, false, &w.failure) < 0);
	CHECK_INT(w.failure.error, RSS_ERROR_IN_UNIT);
	CHECK(strstr(w.failure.text, "web.service") && strstr(w.failure.text, "--leave-unit"));
	CHECK_INT(leave_check(w.controller, &p, unit, &root, true, &w.failure), 0);
	CHECK_INT(leave_check(w.controller, &p, unit, &parent, false, &w.failure), 0);
	CHECK(leave_check(w.controller, &p, unit, &user, true, &w.failure) < 0);
	CHECK_INT(w.failure.error, RSS_ERROR_IN_UNIT);
	CHECK(leave_check(w.controller, &p, "/mine", &user, true, &w.failure) < 0);
	CHECK_INT(w.failure.error, RSS_ERROR_ACCESS_DENIED);
	CHECK(leave_keeps_from_rules(w.controller, unit));
	CHECK(!leave_keeps_from_rules(w.controller, "/mine"));
}

TEST(a_root_deeper_down)
{
	WORLD;

	fake_begin(2);
	CHECK_INT(fake_open("memory-v2", "/system.slice/rssd", &w.controller, &w.failure), 0);
	CHECK_STR(fake_get("system.slice/cgroup.subtree_control"), "+memory");
	CHECK_INT(group_create(w.controller, "web", &w.web), 0);
	CHECK(fake_exists("system.slice/rssd/web/+procs/cgroup.procs"));
	cleanup_free char *path = group_control_group(w.web);
	CHECK_STR(path, "/system.slice/rssd/web");
}

TEST(a_similar_name)
{
	WORLD;

	fake_begin(2);
	fake_set("cgroup.subtree_control", "memory_x io\n");
	CHECK_INT(fake_open("memory-v2", "rssd", &w.controller, &w.failure), 0);
	CHECK(!strncmp(fake_get("cgroup.subtree_control"), "+memory", 7));
}

TEST(an_enabled_controller_is_not_written)
{
	WORLD;

	fake_begin(2);
	fake_set("cgroup.subtree_control", "cpu memory io\n");
	CHECK_INT(fake_open("memory-v2", "rssd", &w.controller, &w.failure), 0);
	CHECK_STR(fake_get("cgroup.subtree_control"), "cpu memory io\n");
}

TEST(bad_roots_are_refused)
{
	WORLD;
	static const char *const bad[] = { "", "/", ".", "..", "a//b", "a/", "a/../b" };

	fake_begin(2);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (fake_open("memory-v2", bad[i], &w.controller, &w.failure) >= 0)
			FAIL("\"%s\" was taken", bad[i]);
	CHECK(!fake_exists("a"));
}

TEST(features_of_a_new_kernel)
{
	WORLD;

	CALL(begin, &w);
	CHECK_UINT(w.controller->features,
		   FEATURE_PEAK | FEATURE_PEAK_RESET | FEATURE_FAILURES | FEATURE_RECLAIMED |
			   FEATURE_OOM_EVENTS | FEATURE_OOM_KILLS | FEATURE_OOM_GROUP |
			   FEATURE_RECLAIM | FEATURE_LIMIT_EVENTS | FEATURE_FREEZE | FEATURE_SWAP |
			   FEATURE_PRESSURE | FEATURE_HIGH | FEATURE_LOW | FEATURE_MIN |
			   FEATURE_SWAP_LIMIT | FEATURE_SWAPPINESS | FEATURE_PRESSURE_TRIGGER);
	CHECK(!w.controller->oom_events_since_open);
}

TEST(features_of_an_old_kernel)
{
	WORLD;
	struct counters counters;
	uint64_t freed, value;

	fake_begin(2);
	fake.old = true;
	CALL(begin, &w);
	CHECK_UINT(w.controller->features, FEATURE_FAILURES | FEATURE_OOM_EVENTS |
						   FEATURE_OOM_KILLS | FEATURE_LIMIT_EVENTS);
	fake_set("rssd/web/memory.events", "max 4\noom 2\noom_kill 1\n");
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.failures, 4);
	CHECK_UINT(counters.oom_kills, 1);
	CHECK_UINT(counters.peak, COUNTER_ABSENT);
	CHECK_UINT(counters.reclaimed, COUNTER_ABSENT);
	CHECK_INT(group_reclaim(w.web, 4096, SWAPPINESS_DEFAULT, NULL, &freed), -EOPNOTSUPP);
	CHECK_INT(group_read_setting(w.web, SETTING_OOM_GROUP, &value), -EOPNOTSUPP);
	CHECK_INT(group_write_setting(w.web, SETTING_OOM_GROUP, true), -EOPNOTSUPP);
}

TEST(counters_are_read)
{
	WORLD;
	struct counters counters;

	CALL(begin, &w);
	fake_set("rssd/web/memory.current", "8192\n");
	fake_set("rssd/web/memory.peak", "16384\n");
	fake_set("rssd/web/memory.events.local", "low 0\nhigh 9\nmax 7\noom 3\noom_kill 2\n");
	fake_set("rssd/web/memory.events", "max 100\noom 100\noom_kill 100\n");
	fake_set("rssd/web/memory.stat", "anon 1\npgsteal_kswapd 50\npgsteal 5\n");
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.usage, 8192);
	CHECK_UINT(counters.peak, 16384);
	CHECK_UINT(counters.failures, 7);
	CHECK_UINT(counters.oom_events, 3);
	CHECK_UINT(counters.oom_kills, 2);
	CHECK_UINT(counters.reclaimed, 5 * (uint64_t)sysconf(_SC_PAGESIZE));
}

/* The peak since a reset is that of the open file: the one that the path leads to is another. */
TEST(a_peak_is_reset_for_an_open_file)
{
	WORLD;
	struct counters counters;
	char path[PATH_MAX];

	CALL(begin, &w);
	fake_set("rssd/web/memory.peak", "16384\n");
	CHECK_INT(group_reset_peak(w.web), 0);
	CHECK_STR(fake_get("rssd/web/memory.peak"), "06384\n");
	(void)snprintf(path, sizeof(path), "%s/rssd/web/memory.peak", fake.mount);
	CHECK_INT(unlink(path), 0);
	fake_set("rssd/web/memory.peak", "7777\n");
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.peak, 6384);
	/* The next reset keeps another file. */
	CHECK_INT(group_reset_peak(w.web), 0);
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.peak, 777);
}

/* A part without a line is absent, never 0: "kernel" is younger than the others. */
TEST(parts_of_the_usage_are_read)
{
	WORLD;
	struct memory_parts parts;

	CALL(begin, &w);
	fake_set(
		"rssd/web/memory.stat",
		"anon 100\nfile 90\nkernel_stack 1\nshmem 80\nfile_mapped 70\ninactive_anon 100\n"
		"active_anon 75\ninactive_file 5\nactive_file 4\nunevictable 3\nfile_dirty 6\nfile_writeback 1\n");
	group_read_parts(w.web, &parts);
	CHECK_UINT(parts.anon, 100);
	CHECK_UINT(parts.file, 90);
	CHECK_UINT(parts.shmem, 80);
	CHECK_UINT(parts.kernel, COUNTER_ABSENT);
	CHECK_UINT(parts.mapped, 70);
	CHECK_UINT(parts.locked, 3);
	CHECK_UINT(parts.anon_list, 175);
	CHECK_UINT(parts.file_list, 9);
	CHECK_UINT(parts.dirty, 7);
	fake_set("rssd/web/memory.stat", "anon 0\nkernel 60\n");
	group_read_parts(w.web, &parts);
	CHECK_UINT(parts.anon, 0);
	CHECK_UINT(parts.kernel, 60);
	CHECK_UINT(parts.anon_list, COUNTER_ABSENT);
}

/* What a malformed line does not have is absent. */
TEST(swap_and_pressure_are_read)
{
	WORLD;
	struct memory_parts parts;

	CALL(begin, &w);
	CHECK(controller_can(w.controller, FEATURE_SWAP));
	CHECK(controller_can(w.controller, FEATURE_PRESSURE));
	fake_set("rssd/web/memory.swap.current", "4096\n");
	fake_set("rssd/web/memory.pressure",
		 "some avg10=12.05 avg60=3.00 avg300=1.00 total=1234567\n"
		 "full avg10=0.30 avg60=0.00 avg300=0.00 total=89\n");
	group_read_parts(w.web, &parts);
	CHECK_UINT(parts.swap, 4096);
	CHECK_UINT(parts.pressure_some, 1234567);
	CHECK_UINT(parts.pressure_full, 89);
	CHECK_UINT(parts.pressure_some_avg10, 1205);
	CHECK_UINT(parts.pressure_full_avg10, 30);
	CHECK_UINT(parts.pressure_some_avg60, 300);
	CHECK_UINT(parts.pressure_some_avg300, 100);
	CHECK_UINT(parts.pressure_full_avg300, 0);
	CHECK_UINT(parts.zswap, COUNTER_ABSENT);
	fake_set("rssd/web/memory.stat", "anon 1\nzswap 2\nzswapped 8192\n");
	group_read_parts(w.web, &parts);
	CHECK_UINT(parts.zswap, 8192);
	fake_set("rssd/web/memory.pressure", "some avg10=1.00 avg60=0.00\nfull total=1\n");
	group_read_parts(w.web, &parts);
	CHECK_UINT(parts.pressure_some, COUNTER_ABSENT);
	CHECK_UINT(parts.pressure_full, COUNTER_ABSENT);
}

TEST(kills_in_the_leaf_count)
{
	WORLD;
	struct counters counters;

	CALL(begin, &w);
	fake_set("rssd/web/memory.events.local", "max 0\noom 0\noom_kill 2\n");
	fake_set("rssd/web/+procs/memory.events.local", "max 8\noom 8\noom_kill 3\n");
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_kills, 5);
	CHECK_UINT(counters.failures, 0);
}

TEST(a_removed_directory_is_an_error)
{
	WORLD;
	struct counters counters;

	CALL(begin, &w);
	CHECK_INT(group_remove(w.web), 0);
	CHECK(!fake_exists("rssd/web"));
	CHECK_INT(group_read_counters(w.web, &counters), -ENOENT);
	CHECK_INT(group_remove(w.web), -ENOENT);
}

TEST(a_malformed_file_is_an_error)
{
	WORLD;
	struct counters counters;

	CALL(begin, &w);
	fake_set("rssd/web/memory.current", "12x\n");
	CHECK_INT(group_read_counters(w.web, &counters), -EBADMSG);
}

TEST(limits_are_written_and_read)
{
	WORLD;
	uint64_t limit;

	CALL(begin, &w);
	CHECK_INT(group_read_limit(w.web, &limit), 0);
	CHECK_UINT(limit, LIMIT_INFINITY);
	CHECK_INT(group_write_limit(w.web, 52428800), 0);
	CHECK_STR(fake_get("rssd/web/memory.max"), "52428800");
	CHECK_INT(group_read_limit(w.web, &limit), 0);
	CHECK_UINT(limit, 52428800);
	fake_set("rssd/web/memory.max", "");
	CHECK_INT(group_write_limit(w.web, LIMIT_INFINITY), 0);
	CHECK_STR(fake_get("rssd/web/memory.max"), "max");
}

TEST(oom_group_is_written_and_read)
{
	WORLD;
	uint64_t value = 1;

	CALL(begin, &w);
	CHECK_INT(group_read_setting(w.web, SETTING_OOM_GROUP, &value), 0);
	CHECK(!value);
	CHECK_INT(group_write_setting(w.web, SETTING_OOM_GROUP, true), 0);
	CHECK_STR(fake_get("rssd/web/memory.oom.group"), "1\n");
	CHECK_INT(group_read_setting(w.web, SETTING_OOM_GROUP, &value), 0);
	CHECK(value);
	CHECK_INT(group_write_setting(w.web, SETTING_OOM_GROUP, false), 0);
	CHECK_STR(fake_get("rssd/web/memory.oom.group"), "0\n");
}

TEST(reclaim_is_asked_for)
{
	WORLD;
	uint64_t freed = 1;

	CALL(begin, &w);
	CHECK_INT(group_reclaim(w.web, 1048576, SWAPPINESS_DEFAULT, NULL, &freed), 0);
	CHECK_STR(fake_get("rssd/web/memory.reclaim"), "1048576");
	CHECK_UINT(freed, 0);
	CHECK_INT(group_reclaim(w.web, 1048576, 0, NULL, &freed), 0);
	CHECK_STR(fake_get("rssd/web/memory.reclaim"), "1048576 swappiness=0");
	w.controller->features &= ~(unsigned int)FEATURE_SWAPPINESS;
	CHECK_INT(group_reclaim(w.web, 1048576, 0, NULL, &freed), -EOPNOTSUPP);
}

TEST(there_are_no_watermarks)
{
	WORLD;
	struct settings to = settings_default();
	uint64_t value;

	CALL(begin, &w);
	CHECK_INT(group_read_setting(w.web, SETTING_WMARK_HIGH, &value), -EOPNOTSUPP);
	CHECK_INT(group_read_setting(w.web, SETTING_WMARK_LOW, &value), -EOPNOTSUPP);
	CHECK_INT(group_write_settings(w.web, SETTING_WMARK_LOW, &to), -EOPNOTSUPP);
	CHECK_UINT(w.controller->settings, SETTING_LIMIT | SETTING_OOM_GROUP | SETTING_HIGH |
						   SETTING_LOW | SETTING_MIN | SETTING_SWAP_LIMIT |
						   SETTING_THRESHOLD | SETTING_PRESSURE);
}

/* Each has its file; the fake kernel has no zswap. */
TEST(throttle_protection_and_swap_limit)
{
	WORLD;
	struct settings to = { .limit = 1, .high = 4096, .low = 8192, .min = 12288 };
	struct settings now = settings_default();
	uint64_t value;

	CALL(begin, &w);
	CHECK(controller_can(w.controller, FEATURE_HIGH) &&
	      controller_can(w.controller, FEATURE_LOW));
	CHECK(controller_can(w.controller, FEATURE_MIN));
	CHECK(controller_can(w.controller, FEATURE_SWAP_LIMIT));
	CHECK(!controller_can(w.controller, FEATURE_ZSWAP_LIMIT));
	CHECK_INT(group_read_settings(w.web, &now), 0);
	CHECK_UINT(now.high, LIMIT_INFINITY);
	CHECK_UINT(now.low, 0);
	CHECK_UINT(now.swap_limit, LIMIT_INFINITY);
	to.swap_limit = 16384;
	CHECK_INT(group_write_settings(
			  w.web, w.controller->settings & ~(unsigned int)SETTING_OOM_GROUP, &to),
		  0);
	CHECK_STR(fake_get("rssd/web/memory.high"), "4096");
	CHECK_STR(fake_get("rssd/web/memory.low"), "8192");
	CHECK_STR(fake_get("rssd/web/memory.min"), "12288");
	CHECK_STR(fake_get("rssd/web/memory.swap.max"), "16384");
	/* The limit is written by itself. */
	CHECK_STR(fake_get("rssd/web/memory.max"), "max\n");
	CHECK_INT(group_write_setting(w.web, SETTING_ZSWAP_LIMIT, 4096), -EOPNOTSUPP);
	CHECK_INT(group_read_setting(w.web, SETTING_HIGH, &value), 0);
	CHECK_UINT(value, 4096);
	CHECK_INT(controller_write_root(w.controller, SETTING_LOW, LIMIT_INFINITY), 0);
	CHECK_STR(fake_get("rssd/memory.low"), "max");
}

TEST(processes_live_in_the_leaf)
{
	WORLD;
	cleanup_free pid_t *pids = NULL;
	uint32_t number;
	size_t count;

	CALL(begin, &w);
	CHECK_INT(group_add_process(w.web, 4242), 0);
	CHECK_STR(fake_get("rssd/web/+procs/cgroup.procs"), "4242");
	CHECK_STR(fake_get("rssd/web/cgroup.procs"), "");
	CHECK_INT(group_list_processes(w.web, &pids, &count), 0);
	CHECK_UINT(count, 1);
	CHECK_INT(pids[0], 4242);
	CHECK_INT(group_count_processes(w.web, &number), 0);
	CHECK_UINT(number, 1);
	CHECK_INT(group_add_process(w.web, 0), -EINVAL);
	CHECK_INT(group_add_process(w.web, -1), -EINVAL);
}

TEST(a_busy_group_is_not_removed)
{
	WORLD;
	cleanup_(group_free_ptr) struct group *worker = NULL;

	CALL(begin, &w);
	CHECK_INT(group_create(w.controller, "web/worker", &worker), 0);
	/* A group below it: the leaf stays as it is, with its counters. */
	fake_set("rssd/web/+procs/memory.events.local", "oom_kill 3\n");
	CHECK_INT(group_remove(w.web), -EBUSY);
	CHECK_STR(fake_get("rssd/web/+procs/memory.events.local"), "oom_kill 3\n");
	CHECK_INT(group_add_process(w.web, 7), 0);
	CHECK_STR(fake_get("rssd/web/+procs/cgroup.procs"), "7");
	CHECK_INT(group_remove(worker), 0);
	/* A process in it. */
	CHECK_INT(group_remove(w.web), -EBUSY);
	CHECK_STR(fake_get("rssd/web/+procs/cgroup.procs"), "7");
	fake_set("rssd/web/+procs/cgroup.procs", "");
	CHECK_INT(group_remove(w.web), 0);
	CHECK(!fake_exists("rssd/web"));
}

TEST(a_leaf_is_put_back)
{
	WORLD;

	CALL(begin, &w);
	/* Something in the directory that only its removal finds. */
	fake_set("rssd/web/cgroup.procs", "9\n");
	CHECK_INT(group_remove(w.web), -EBUSY);
	CHECK(fake_exists("rssd/web/+procs/cgroup.procs"));
	CHECK_INT(group_add_process(w.web, 7), 0);
	CHECK_STR(fake_get("rssd/web/+procs/cgroup.procs"), "7");
}

TEST(memory_is_enabled_only_for_nested_groups)
{
	WORLD;
	cleanup_(group_free_ptr) struct group *worker = NULL;

	CALL(begin, &w);
	CHECK_STR(fake_get("rssd/web/cgroup.subtree_control"), "");
	CHECK(!fake_exists("rssd/web/+procs/memory.max"));
	CHECK_INT(group_create(w.controller, "web/worker", &worker), 0);
	CHECK_STR(fake_get("rssd/web/cgroup.subtree_control"), "+memory");
	CHECK(fake_exists("rssd/web/worker/memory.max"));
	CHECK(!fake_exists("rssd/web/worker/+procs/memory.max"));
}

TEST(a_failed_creation_says_why)
{
	WORLD;
	struct group *other = NULL;

	CALL(begin, &w);
	CHECK_INT(group_create(w.controller, "web", &other), -EEXIST);
	CHECK_INT(group_create(w.controller, "none/worker", &other), -ENOENT);
	CHECK(!fake_exists("rssd/none"));
	CHECK_INT(group_open(w.controller, "none", &other), -ENOENT);
	fake.create = -ENOSPC;
	CHECK_INT(group_create(w.controller, "more", &other), -ENOSPC);
	CHECK(!other);
}

TEST(a_found_directory_gets_its_leaf)
{
	WORLD;
	cleanup_(group_free_ptr) struct group *found = NULL;

	CALL(begin, &w);
	CHECK_INT(hierarchy_create(fake.mount, "memory", "rssd/found"), 0);
	/* Processes in the directory itself are moved to the leaf. */
	fake_set("rssd/found/cgroup.procs", "99\n");
	CHECK_INT(group_open(w.controller, "found", &found), 0);
	CHECK_STR(fake_get("rssd/found/+procs/cgroup.procs"), "99");
}

TEST(groups_are_listed_without_leaves)
{
	WORLD;
	cleanup_(group_free_ptr) struct group *a = NULL, *b = NULL;
	char **list = NULL;

	CALL(begin, &w);
	CHECK_INT(group_create(w.controller, "web/a", &a), 0);
	CHECK_INT(group_create(w.controller, "web/a/b", &b), 0);
	CHECK_INT(controller_list_groups(w.controller, &list), 0);
	CHECK_STR(list[0], "web");
	CHECK_STR(list[1], "web/a");
	CHECK_STR(list[2], "web/a/b");
	CHECK(!list[3]);
	for (char **path = list; *path; path++)
		free(*path);
	free(list);
}

TEST(cgroup_paths_are_translated)
{
	WORLD;
	static const struct {
		const char *cgroup, *path;
	} rows[] = {
		{ "/rssd/web/+procs", "web" },
		{ "/rssd/web", "web" },
		{ "/rssd/web/worker/+procs", "web/worker" },
		{ "/rssd", "" },
		{ "/rssd/", "" },
		{ "/rssd/+procs", "" },
		{ "/rssd/web+procs", "web+procs" },
		{ "/rssdx/web", NULL },
		{ "/", NULL },
		{ "", NULL },
		{ "/../rssd/web", NULL },
		{ "/other/rssd/web", NULL },
	};

	CALL(begin, &w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *path = NULL;
		int r = controller_path_of_cgroup(w.controller, rows[i].cgroup, &path);

		if (!unit_same(path, rows[i].path) || r != (rows[i].path ? 0 : -ENOENT))
			FAIL("%s gave %s (%d)", rows[i].cgroup, path ?: "nothing", r);
	}
}

TEST(a_process_is_moved_away)
{
	WORLD;

	CALL(begin, &w);
	CHECK_INT(controller_move_to_cgroup(w.controller, "/", 5), 0);
	CHECK_STR(fake_get("cgroup.procs"), "5");
	CHECK_INT(controller_move_to_cgroup(w.controller, "/gone", 5), -ENOENT);
	CHECK_INT(controller_move_to_cgroup(w.controller, "/../rssd", 5), -ENOENT);
	CHECK_INT(controller_move_to_cgroup(w.controller, "rssd", 5), -ENOENT);
}

static void count_event(struct group *group, const struct group_event *event, void *userdata)
{
	++*(int *)userdata;
}

TEST(events_are_reported)
{
	WORLD;
	cleanup_(sd_event_unrefp) sd_event *event = NULL;
	int calls = 0;

	CALL(begin, &w);
	CHECK(sd_event_new(&event) >= 0);
	CHECK_INT(group_watch(w.web, event, count_event, &calls), 0);
	CHECK_INT(sd_event_run(event, 0), 0);
	fake_set("rssd/web/memory.events", "max 1\n");
	for (int i = 0; i < 100 && calls == 0; i++)
		CHECK(sd_event_run(event, 100000) >= 0);
	CHECK(calls > 0);
	/* A closed group has no more events. */
	while (sd_event_run(event, 0) > 0)
		;
	calls = 0;
	w.web = group_free(w.web);
	fake_set("rssd/web/memory.events", "max 2\n");
	while (sd_event_run(event, 0) > 0)
		;
	CHECK_INT(calls, 0);
}

TEST(failures_are_events)
{
	WORLD;

	fake_begin(2);
	CHECK(fake_open("memory-v9", "rssd", &w.controller, &w.failure) < 0);
	CHECK_INT(w.failure.error, RSS_ERROR_CONFIG);
	CHECK(strstr(w.failure.text, "memory-v9"));
	fake.create = -EROFS;
	CHECK(fake_open("auto", "rssd", &w.controller, &w.failure) < 0);
	CHECK_INT(w.failure.error, RSS_ERROR_CONTROLLER_FAILED);
	CHECK(strstr(w.failure.text, "read-only"));
	CHECK(strstr(w.failure.text, "memory-v1"));
	fake.version = 0;
	CHECK(fake_open("auto", "rssd", &w.controller, &w.failure) < 0);
	CHECK(strstr(w.failure.text, "memory-v2") && strstr(w.failure.text, "memory-v1"));
}

TEST_MAIN({ "the root gets a memory controller", root_gets_memory },
	  { "memory-v2: swap and pressure are read", swap_and_pressure_are_read },
	  { "memory-v2: a freezer that another program set is a drift",
	    a_freezer_that_another_program_set_is_a_drift },
	  { "memory-v2: a process stays in its unit", a_process_stays_in_its_unit },
	  { "the root may be nested", a_root_deeper_down },
	  { "a controller with a similar name", a_similar_name },
	  { "an enabled memory controller is not written again",
	    an_enabled_controller_is_not_written },
	  { "bad roots are refused", bad_roots_are_refused },
	  { "features of a new kernel", features_of_a_new_kernel },
	  { "features of an old kernel", features_of_an_old_kernel },
	  { "counters are read", counters_are_read },
	  { "a peak is reset for an open file", a_peak_is_reset_for_an_open_file },
	  { "parts of the usage are read", parts_of_the_usage_are_read },
	  { "kills in the leaf count", kills_in_the_leaf_count },
	  { "a removed directory is an error", a_removed_directory_is_an_error },
	  { "a malformed file is an error", a_malformed_file_is_an_error },
	  { "limits are written and read", limits_are_written_and_read },
	  { "oom.group is written and read", oom_group_is_written_and_read },
	  { "reclaim is requested", reclaim_is_asked_for },
	  { "there are no watermarks", there_are_no_watermarks },
	  { "throttle, protection and swap limit", throttle_protection_and_swap_limit },
	  { "processes live in the leaf", processes_live_in_the_leaf },
	  { "a busy group is not removed", a_busy_group_is_not_removed },
	  { "a leaf is created again", a_leaf_is_put_back },
	  { "memory is enabled for nested groups", memory_is_enabled_only_for_nested_groups },
	  { "a failed creation says why", a_failed_creation_says_why },
	  { "an existing directory gets its leaf", a_found_directory_gets_its_leaf },
	  { "groups are listed without leaves", groups_are_listed_without_leaves },
	  { "cgroup paths are translated", cgroup_paths_are_translated },
	  { "a process is moved away", a_process_is_moved_away },
	  { "events are reported", events_are_reported },
	  { "failures are reported", failures_are_events })
