/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory-v1 controller over a tree of plain control files. The test plays
 * the kernel's part in cgroup.event_control: it finds the eventfds that were
 * registered and writes to them.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "base/worker.h"
#include "cgroup/cgroup-path.h"
#include "cgroup/group.h"
#include "base/failure.h"
#include "fake-hierarchy.h"
#include "unit.h"

struct world {
	struct controller *controller;
	struct group *web, *worker;
	sd_event *event;
	struct failure failure;
	int calls;
	int inherited[64]; /* eventfds that the parent process left open */
	size_t inherited_count;
};

static void world_end(struct world *w)
{
	group_free(w->worker);
	group_free(w->web);
	sd_event_unref(w->event);
	controller_free(w->controller);
	fake_end();
}

/* Declared first in a test, so that it is cleaned up last. */
#define WORLD __attribute__((cleanup(world_end))) struct world w = { 0 }

static size_t list_eventfds(int ret[], size_t room)
{
	size_t count = 0;

	for (int fd = 3; fd < 1024; fd++) {
		char link[64], target[64];
		ssize_t n;

		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (!strcmp(target, "anon_inode:[eventfd]") && count < room)
			ret[count++] = fd;
	}
	return count;
}

TEST_HELPER(begin, struct world *w)
{
	if (!fake.mount[0])
		fake_begin(1);
	w->inherited_count = list_eventfds(w->inherited, ARRAY_SIZE(w->inherited));
	CHECK_INT(fake_open("auto", "rssd", &w->controller, &w->failure), 0);
	CHECK_STR(w->controller->ops->name, "memory-v1");
	CHECK_INT(group_create(w->controller, "web", &w->web), 0);
}

static void count_event(struct group *group, const struct group_event *event, void *userdata)
{
	++*(int *)userdata;
}

/* The eventfds that the watch of one group registered. */
struct eventfds {
	int parent, own, pressure;
};

TEST_HELPER(watch, struct world *w, struct eventfds *ret)
{
	int all[64];
	size_t count;

	if (!w->event)
		CHECK(sd_event_new(&w->event) >= 0);
	fake_set("rssd/cgroup.event_control", "");
	fake_set("rssd/web/cgroup.event_control", "");
	CHECK_INT(group_watch(w->web, w->event, count_event, &w->calls), 0);
	CHECK_INT(sscanf(fake_get("rssd/cgroup.event_control"), "%d", &ret->parent), 1);
	CHECK_INT(sscanf(fake_get("rssd/web/cgroup.event_control"), "%d", &ret->pressure), 1);
	CHECK(strstr(fake_get("rssd/web/cgroup.event_control"), " low,local"));
	/* The one of pressure has overwritten the group's own in the file: that is the remaining one. */
	ret->own = -1;
	count = list_eventfds(all, ARRAY_SIZE(all));
	for (size_t i = 0; i < count; i++) {
		bool inherited = false;

		for (size_t k = 0; k < w->inherited_count; k++)
			inherited |= all[i] == w->inherited[k];
		if (!inherited && all[i] != ret->parent && all[i] != ret->pressure)
			ret->own = all[i];
	}
	CHECK(ret->own >= 0);
}

static void notify(int fd, uint64_t times)
{
	if (write(fd, &times, sizeof(times)) != sizeof(times))
		abort();
}

static void run(struct world *w)
{
	while (sd_event_run(w->event, 0) > 0)
		;
}

TEST(features_of_a_new_kernel)
{
	WORLD;

	CALL(begin, &w);
	CHECK_UINT(w.controller->features, FEATURE_PEAK | FEATURE_PEAK_RESET | FEATURE_FAILURES |
						   FEATURE_OOM_EVENTS | FEATURE_OOM_KILLS |
						   FEATURE_SAFE_LIMIT | FEATURE_OOM_GROUP |
						   FEATURE_RECLAIM);
	CHECK(w.controller->oom_events_since_open);
	CHECK_STR(w.controller->hierarchy, "memory");
	CHECK(!w.controller->leaf);
}

TEST(an_old_kernel)
{
	WORLD;
	struct counters counters;

	fake_begin(1);
	fake.old = true;
	CALL(begin, &w);
	/* The tree is made hierarchical, and missing counters are absent. */
	CHECK_STR(fake_get("rssd/memory.use_hierarchy"), "1\n");
	CHECK(!controller_can(w.controller, FEATURE_OOM_KILLS));
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_kills, COUNTER_ABSENT);
}

TEST(counters_are_read)
{
	WORLD;
	struct counters counters;

	CALL(begin, &w);
	fake_set("rssd/web/memory.usage_in_bytes", "8192\n");
	fake_set("rssd/web/memory.max_usage_in_bytes", "16384\n");
	fake_set("rssd/web/memory.failcnt", "7\n");
	fake_set("rssd/web/memory.oom_control", "oom_kill_disable 0\nunder_oom 1\noom_kill 3\n");
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.usage, 8192);
	CHECK_UINT(counters.peak, 16384);
	CHECK_UINT(counters.failures, 7);
	CHECK_UINT(counters.oom_kills, 3);
	CHECK_UINT(counters.reclaimed, COUNTER_ABSENT);
	/* They are not counted before there is a watch. */
	CHECK_UINT(counters.oom_events, COUNTER_ABSENT);
}

TEST(parts_of_the_usage_are_read)
{
	WORLD;
	struct memory_parts parts;

	CALL(begin, &w);
	/* Keys without "total_" leave nested groups out. */
	fake_set("rssd/web/memory.stat",
		 "cache 1\nrss 1\nshmem 1\ntotal_cache 90\ntotal_rss 100\ntotal_shmem 80\n"
		 "total_mapped_file 70\ntotal_inactive_anon 100\ntotal_active_anon 75\n"
		 "total_dirty 6\ntotal_writeback 1\nswap 1\ntotal_swap 30\n");
	group_read_parts(w.web, &parts);
	CHECK_UINT(parts.anon, 100);
	CHECK_UINT(parts.file, 90);
	CHECK_UINT(parts.shmem, 80);
	CHECK_UINT(parts.kernel, COUNTER_ABSENT);
	CHECK_UINT(parts.mapped, 70);
	CHECK_UINT(parts.locked, COUNTER_ABSENT);
	CHECK_UINT(parts.anon_list, 175);
	CHECK_UINT(parts.dirty, 7);
	CHECK_UINT(parts.swap, 30);
	CHECK_UINT(parts.pressure_some, COUNTER_ABSENT);
	fake_set("rssd/web/memory.kmem.usage_in_bytes", "60\n");
	group_read_parts(w.web, &parts);
	CHECK_UINT(parts.kernel, 60);
}

TEST(limits_are_written_and_read)
{
	WORLD;
	uint64_t limit;

	CALL(begin, &w);
	CHECK_INT(group_read_limit(w.web, &limit), 0);
	CHECK_UINT(limit, LIMIT_INFINITY);
	fake_set("rssd/web/memory.limit_in_bytes", "");
	CHECK_INT(group_write_limit(w.web, 52428800), 0);
	CHECK_STR(fake_get("rssd/web/memory.limit_in_bytes"), "52428800");
	CHECK_INT(group_read_limit(w.web, &limit), 0);
	CHECK_UINT(limit, 52428800);
	fake_set("rssd/web/memory.limit_in_bytes", "");
	CHECK_INT(group_write_limit(w.web, LIMIT_INFINITY), 0);
	CHECK_STR(fake_get("rssd/web/memory.limit_in_bytes"), "-1");
	/* One page below the end of the scale is a limit. */
	fake_set("rssd/web/memory.limit_in_bytes", "9223372036854767616\n");
	CHECK_INT(group_read_limit(w.web, &limit), 0);
	CHECK_UINT(limit, 9223372036854767616u);
	CHECK_UINT(controller_limit_min(w.controller), sysconf(_SC_PAGESIZE));
}

TEST(missing_features)
{
	WORLD;
	uint64_t n;
	struct settings to = settings_default();

	CALL(begin, &w);
	CHECK_INT(group_reclaim(w.web, 4096, 0, NULL, &n), -EOPNOTSUPP);
	CHECK_INT(group_read_setting(w.web, SETTING_OOM_GROUP, &n), -EOPNOTSUPP);
	CHECK_INT(group_read_setting(w.web, SETTING_WMARK_HIGH, &n), -EOPNOTSUPP);
	CHECK_INT(group_write_settings(w.web, SETTING_WMARK_HIGH, &to), -EOPNOTSUPP);
	CHECK_UINT(w.controller->settings, SETTING_LIMIT | SETTING_OOM_GROUP | SETTING_THRESHOLD);
}

static void interrupted(int signal)
{
}

/* A plain file accepts the limit 0, as an empty group does: the old limit is written again. */
TEST(reclaim_puts_the_limit_back)
{
	struct sigaction action = { .sa_handler = interrupted };
	WORLD;
	uint64_t freed = 1;

	CALL(begin, &w);
	CHECK_INT(sigaction(WORKER_SIGNAL, &action, NULL), 0);
	fake_set("rssd/web/memory.limit_in_bytes", "52428800");
	fake_set("rssd/web/memory.usage_in_bytes", "8192\n");
	CHECK_INT(group_reclaim(w.web, 4096, SWAPPINESS_DEFAULT, NULL, &freed), -EAGAIN);
	CHECK_UINT(freed, 0);
	CHECK_STR(fake_get("rssd/web/memory.limit_in_bytes"), "52428800");
}

/* rssd carries it out, so there is no file to read or write. */
TEST(oom_group_is_kept_by_rssd)
{
	WORLD;
	struct settings settings = { .oom_group = true };

	CALL(begin, &w);
	CHECK_INT(group_write_setting(w.web, SETTING_OOM_GROUP, true), 0);
	CHECK_INT(group_read_settings(w.web, &settings), 0);
	CHECK(settings.oom_group);
	CHECK_UINT(settings.limit, LIMIT_INFINITY);
}

TEST(processes_live_in_the_group_itself)
{
	WORLD;
	cleanup_free pid_t *pids = NULL;
	size_t count;

	CALL(begin, &w);
	CHECK_INT(group_list_processes(w.web, &pids, &count), 0);
	CHECK_UINT(count, 0);
	CHECK_INT(group_add_process(w.web, 4242), 0);
	CHECK_STR(fake_get("rssd/web/cgroup.procs"), "4242");
	CHECK_INT(group_remove(w.web), -EBUSY);
	fake_set("rssd/web/cgroup.procs", "");
	CHECK_INT(group_remove(w.web), 0);
	CHECK(!fake_exists("rssd/web"));
}

TEST(a_new_directory_of_the_same_name)
{
	WORLD;
	struct counters counters;

	CALL(begin, &w);
	CHECK_INT(hierarchy_remove(fake.mount, "memory", "rssd/web"), 0);
	CHECK_INT(hierarchy_create(fake.mount, "memory", "rssd/web"), 0);
	CHECK_INT(group_read_counters(w.web, &counters), -ENOENT);
	CHECK_INT(group_remove(w.web), -ENOENT);
	CHECK(fake_exists("rssd/web"));
}

/* A worker may be reading the group: its descriptor is replaced, and never closed or another number. */
TEST(a_cgroup_of_a_place_is_replaced_in_its_descriptor)
{
	WORLD;
	cleanup_(group_free_ptr) struct group *place = NULL;
	struct stat before, after;
	uint64_t usage;
	int fd;

	CALL(begin, &w);
	CHECK_INT(group_open_foreign(w.controller, "/rssd/web", &place), 0);
	fd = place->fd;
	CHECK_INT(fstat(fd, &before), 0);
	CHECK_INT(group_bind(place), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(hierarchy_remove(fake.mount, "memory", "rssd/web"), 0);
		if (i > 0)
			CHECK_INT(hierarchy_create(fake.mount, "memory", "rssd/web"), 0);
		CHECK_INT(group_bind(place), 1);
		CHECK_INT(group_is_bound(place), i > 0);
		CHECK_INT(group_read_usage(place, &usage), i > 0 ? 0 : -ENOENT);
		CHECK_INT(place->fd, fd);
		CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
		CHECK_INT(fstat(fd, &after), 0);
		CHECK(after.st_dev != before.st_dev || after.st_ino != before.st_ino);
		before = after;
		if (i == 0)
			CHECK_INT(hierarchy_create(fake.mount, "memory", "rssd/web"), 0);
	}
}

TEST(own_ooms_are_counted)
{
	WORLD;
	struct counters counters;
	struct eventfds fds;

	CALL(begin, &w);
	CALL(watch, &w, &fds);
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_events, 0);
	notify(fds.own, 2);
	run(&w);
	CHECK_INT(w.calls, 1);
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_events, 2);
	/* Also without waiting for the loop. */
	notify(fds.own, 1);
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_events, 3);
}

TEST(ooms_of_the_parent_are_not_counted)
{
	WORLD;
	struct counters counters;
	struct eventfds fds;

	CALL(begin, &w);
	CALL(watch, &w, &fds);
	notify(fds.parent, 3);
	notify(fds.own, 3);
	run(&w);
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_events, 0);
	notify(fds.own, 2);
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_events, 2);
	/* The parent is notified first: it seems ahead for a moment, and the count must not fall. */
	notify(fds.parent, 1);
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_events, 2);
	notify(fds.own, 1);
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_events, 2);
}

TEST(a_second_watch_goes_on_counting)
{
	WORLD;
	struct counters counters;
	struct eventfds fds;

	CALL(begin, &w);
	CALL(watch, &w, &fds);
	notify(fds.parent, 5);
	notify(fds.own, 7);
	run(&w);
	CALL(watch, &w, &fds);
	notify(fds.own, 1);
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_events, 3);
}

TEST(pressure_causes_an_event)
{
	WORLD;
	struct eventfds fds;

	CALL(begin, &w);
	CALL(watch, &w, &fds);
	run(&w);
	CHECK_INT(w.calls, 0);
	notify(fds.pressure, 100);
	run(&w);
	CHECK_INT(w.calls, 1);
	run(&w);
	CHECK_INT(w.calls, 1);
}

TEST(a_closed_group_leaves_no_descriptor)
{
	WORLD;
	struct eventfds fds;

	CALL(begin, &w);
	CALL(watch, &w, &fds);
	w.web = group_free(w.web);
	CHECK_INT(fcntl(fds.own, F_GETFD), -1);
	CHECK_INT(fcntl(fds.parent, F_GETFD), -1);
	CHECK_INT(fcntl(fds.pressure, F_GETFD), -1);
	run(&w);
	CHECK_INT(w.calls, 0);
}

TEST(a_watch_that_fails_is_an_error)
{
	WORLD;
	struct counters counters;

	CALL(begin, &w);
	CHECK(sd_event_new(&w.event) >= 0);
	CHECK(unlinkat(w.web->fd, "memory.pressure_level", 0) == 0);
	CHECK_INT(group_watch(w.web, w.event, count_event, &w.calls), -ENOENT);
	CHECK_INT(group_read_counters(w.web, &counters), 0);
	CHECK_UINT(counters.oom_events, COUNTER_ABSENT);
}

TEST(groups_nest)
{
	WORLD;
	char **list = NULL;

	CALL(begin, &w);
	CHECK_INT(controller_list_groups(w.controller, &list), 0);
	CHECK_STR(list[0], "web");
	CHECK(!list[1]);
	free(list[0]);
	free(list);
	CHECK_INT(group_create(w.controller, "web/worker", &w.worker), 0);
	CHECK_INT(group_remove(w.web), -EBUSY);
	CHECK_INT(group_remove(w.worker), 0);
	CHECK_INT(group_remove(w.web), 0);
	CHECK_INT(controller_list_groups(w.controller, &list), 0);
	CHECK(list && !list[0]);
	free(list);
}

TEST(processes_are_found)
{
	WORLD;
	cleanup_free char *path = NULL, *cgroup = NULL;

	CALL(begin, &w);
	/* A fake has no processes. */
	CHECK_INT(controller_path_of_process(w.controller, getpid(), &path), -ENOENT);
	CHECK_INT(controller_path_of_process(w.controller, 0x3fffffff, &path), -ESRCH);
	CHECK(!path);
	/* If this machine has a v1 memory controller, this process has a place in it. */
	if (controller_cgroup_of_process(w.controller, getpid(), &cgroup) == 0)
		CHECK(cgroup[0] == '/');
}

TEST(proc_cgroup_is_understood)
{
	static const struct {
		const char *text, *hierarchy, *cgroup;
	} rows[] = {
		{ "4:memory:/rssd/web\n0::/user.slice\n", "memory", "/rssd/web" },
		{ "4:memory:/rssd/web\n0::/user.slice\n", "", "/user.slice" },
		{ "2:cpu,memory,io:/a\n", "memory", "/a" },
		{ "2:cpu,memory:/a", "memory", "/a" },
		{ "2:memoryx,xmemory:/a\n", "memory", NULL },
		{ "1:name=memory:/a\n3:memory:/b\n", "memory", "/b" },
		{ "3:memory:/with:colon,memory\n", "memory", "/with:colon,memory" },
		{ "0::/rssd/web/+procs (deleted)\n", "", "/rssd/web/+procs" },
		{ "0::/ (deleted)", "", "/" },
		{ "5::/odd\n", "", NULL },
		{ "0:odd:/odd\n", "", NULL },
		{ "4:memory\n", "memory", NULL },
		{ "\n\n:", "memory", NULL },
		{ "", "memory", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *cgroup = NULL;
		int r = controller_parse_proc_cgroup(rows[i].text, rows[i].hierarchy, &cgroup);

		if (!unit_same(cgroup, rows[i].cgroup) || r != (rows[i].cgroup ? 0 : -ENOENT))
			FAIL("row %zu gave %s (%d)", i, cgroup ?: "nothing", r);
	}
}

TEST(a_hierarchy_of_the_other_version)
{
	WORLD;

	fake_begin(1);
	CHECK(fake_open("memory-v2", "rssd", &w.controller, &w.failure) < 0);
	CHECK(strstr(w.failure.text, "not in a v2 hierarchy"));
	CHECK(!fake_exists("rssd"));
	fake.version = 2;
	CHECK(fake_open("memory-v1", "rssd", &w.controller, &w.failure) < 0);
	CHECK(strstr(w.failure.text, "not in a v1 hierarchy"));
	CHECK(!fake_exists("rssd"));
}

TEST(every_feature_has_a_name)
{
	CHECK_STR(controller_feature_name(0), "peak");
	CHECK_STR(controller_feature_name(__builtin_ctz(FEATURE_OOM_GROUP)), "oom-group");
	CHECK_STR(controller_feature_name(__builtin_ctz(FEATURE_SAFE_LIMIT)), "safe-limit");
	CHECK_STR(controller_feature_name(__builtin_ctz(FEATURE_MAPPED_ONLY)), "mapped-only");
	CHECK_STR(controller_feature_name(__builtin_ctz(FEATURE_PRESSURE)), "pressure");
	CHECK_STR(controller_feature_name(__builtin_ctz(FEATURE_ZSWAP_LIMIT)), "zswap-limit");
	CHECK_STR(controller_feature_name(__builtin_ctz(FEATURE_ZSWAP)), "zswap");
	CHECK_STR(controller_feature_name(__builtin_ctz(FEATURE_SWAPPINESS)), "reclaim-swappiness");
	CHECK_STR(controller_feature_name(__builtin_ctz(FEATURE_PRESSURE_TRIGGER)),
		  "pressure-trigger");
	CHECK(!controller_feature_name(__builtin_ctz(FEATURE_PRESSURE_TRIGGER) + 1));
}

TEST_MAIN({ "features of a new kernel", features_of_a_new_kernel },
	  { "an old kernel", an_old_kernel }, { "counters are read", counters_are_read },
	  { "parts of the usage are read", parts_of_the_usage_are_read },
	  { "limits are written and read", limits_are_written_and_read },
	  { "missing features", missing_features },
	  { "reclaim puts the limit back", reclaim_puts_the_limit_back },
	  { "oom-group is kept by rssd", oom_group_is_kept_by_rssd },
	  { "processes live in the group itself", processes_live_in_the_group_itself },
	  { "a new directory of the same name", a_new_directory_of_the_same_name },
	  { "a cgroup of a place is replaced in its descriptor",
	    a_cgroup_of_a_place_is_replaced_in_its_descriptor },
	  { "own OOMs are counted", own_ooms_are_counted },
	  { "OOMs of the parent are not counted", ooms_of_the_parent_are_not_counted },
	  { "a second watch continues the count", a_second_watch_goes_on_counting },
	  { "pressure causes an event", pressure_causes_an_event },
	  { "a closed group leaves no descriptor", a_closed_group_leaves_no_descriptor },
	  { "a failed watch is reported", a_watch_that_fails_is_an_error },
	  { "groups nest", groups_nest }, { "processes are found", processes_are_found },
	  { "a hierarchy of the other version", a_hierarchy_of_the_other_version },
	  { "/proc/PID/cgroup is parsed", proc_cgroup_is_understood },
	  { "every feature has a name", every_feature_has_a_name })
