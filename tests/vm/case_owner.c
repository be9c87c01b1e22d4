// SPDX-License-Identifier: GPL-2.0
/* The owner of a page: the first container that maps it, until the last unmapping. */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define N	512L
#define BYTES	(N * (long)PAGE)
#define FILE_	"/tmp/shared"

static void make_file(void)
{
	int fd = open(FILE_, O_RDWR | O_CREAT, 0600);

	EXPECT(fd >= 0 && !ftruncate(fd, BYTES), "%s", strerror(errno));
	close(fd);
}

static long map_all(struct actor *a)
{
	long at = actor_do(a, work_map_file, FILE_, BYTES, 1);

	EXPECT(at > 0, "cannot map: %s", strerror(-at));
	EXPECT_EQ(actor_do(a, work_write, at, BYTES, 1), 0);
	EXPECT_EQ(actor_do(a, work_present, at, BYTES), N);
	return at;
}

static void owner_first_mapper(void)
{
	struct actor *a, *b;
	long at_a, at_b, base_a, base_b;

	make_file();
	box_make("a");
	box_make("b");
	a = actor_new("a");
	b = actor_new("b");
	actor_do(b, work_present, 0, 0);
	base_a = box_pages("a");
	base_b = box_pages("b");
	at_a = map_all(a);
	EXPECT_NEAR(box_pages("a"), base_a + N, 4);
	at_b = map_all(b);
	EXPECT_NEAR(box_pages("b"), base_b, 4);
	/* the owner stays the same while only the other one maps */
	actor_do(a, work_unmap, at_a, BYTES);
	EXPECT_NEAR(box_pages("a"), base_a + N, 4);
	EXPECT_NEAR(box_pages("b"), base_b, 4);
	actor_do(b, work_unmap, at_b, BYTES);
	EXPECT_NEAR(box_pages("a"), base_a, 4);
	/* the next container to map it is the next owner */
	at_b = map_all(b);
	EXPECT_NEAR(box_pages("b"), base_b + N, 4);
	EXPECT_NEAR(box_pages("a"), base_a, 4);
	actor_end(a);
	actor_end(b);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_pages("b"), 0);
}

static void owner_exits(void)
{
	struct actor *a, *b;

	make_file();
	box_make("a");
	box_make("b");
	a = actor_new("a");
	b = actor_new("b");
	map_all(a);
	map_all(b);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), N);
	actor_end(b);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_usage("a"), 0);
}

/* Mapped outside first: not charged, even if a container maps it later. */
static void owner_none(void)
{
	struct actor *a, *none;
	long base;

	make_file();
	box_make("a");
	none = actor_new(NULL);
	a = actor_new("a");
	map_all(none);
	actor_do(a, work_present, 0, 0);
	base = box_pages("a");
	map_all(a);
	EXPECT_NEAR(box_pages("a"), base, 4);
	actor_end(none);
	EXPECT_NEAR(box_pages("a"), base, 4);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), 0);
}

static void owner_task_moves(void)
{
	long at, more, base_a, base_b;
	struct actor *a;

	box_make("a");
	box_make("b");
	a = actor_new("a");
	at = actor_do(a, work_map, BYTES, ANON);
	more = actor_do(a, work_map, BYTES, ANON);
	actor_do(a, work_write, at, BYTES, 2);
	base_a = box_pages("a");
	EXPECT_EQ(box_attach("b", a->pid), 0);
	base_b = box_pages("b");
	/* charged pages stay; new ones are charged to the new container */
	EXPECT_EQ(box_pages("a"), base_a);
	actor_do(a, work_write, more, BYTES, 2);
	EXPECT_EQ(box_pages("a"), base_a);
	EXPECT_NEAR(box_pages("b"), base_b + N, 8);
	actor_do(a, work_unmap, at, BYTES);
	EXPECT_EQ(box_pages("a"), base_a - N);
	/* outside all containers: not charged from now on */
	EXPECT_EQ(box_attach(NULL, a->pid), 0);
	base_b = box_pages("b");
	at = actor_do(a, work_map, BYTES, ANON);
	actor_do(a, work_write, at, BYTES, 2);
	EXPECT_EQ(box_pages("b"), base_b);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_pages("b"), 0);
}

/* A child starts in its parent's container, and stays there if the parent is moved. */
static void owner_fork_inherits(void)
{
	struct actor *a, *watch;
	long child, before;
	char where[256];

	box_make("a");
	box_make("b");
	a = actor_new("a");
	watch = actor_new("b");
	child = actor_do(a, work_fork);
	EXPECT(child > 0, "fork: %s", strerror(-child));
	EXPECT_EQ(box_attach("b", a->pid), 0);
	EXPECT(text_read(box_path("a", "cgroup.procs"), where, sizeof(where)) > 0 &&
	       strstr(where, "\n"), "the child left: '%s'", where);
	before = box_pages("a");
	EXPECT(before > 0, "the child's pages are not in its container");
	actor_do(a, work_kill, child);
	actor_end(a);
	actor_end(watch);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_pages("b"), 0);
}

/* Removed while another process still maps its pages: the parent is charged. */
static void owner_removed(void)
{
	long base, base_p, at;
	struct actor *a, *b;

	make_file();
	box_make("p");
	box_make("p/a");
	box_make("p/b");
	a = actor_new("p/a");
	b = actor_new("p/b");
	map_all(a);
	actor_do(b, work_present, 0, 0);
	base = box_pages("p/b");
	at = map_all(b);
	actor_end(a);
	EXPECT_EQ(box_pages("p/a"), N);
	base_p = box_pages("p");
	EXPECT(UNTIL(20, !box_remove("p/a")), "rmdir: busy");
	EXPECT(UNTIL(20, box_pages("p") == base_p), "%ld, not %ld pages",
	       box_pages("p"), base_p);
	EXPECT_NEAR(box_pages("p/b"), base, 4);
	/* and reclaim by the parent finds them: they are on its lists */
	EXPECT_EQ(actor_do(b, work_check, at, BYTES, 1), 0);
	box_put("p", BOX_RECLAIM, BYTES);
	EXPECT(box_pages("p") < base_p - N / 2, "%ld of %ld pages left",
	       box_pages("p"), base_p);
	EXPECT_EQ(actor_do(b, work_check, at, BYTES, 1), 0);
	actor_end(b);
	EXPECT_EQ(box_pages("p"), 0);
	EXPECT_EQ(box_usage("p"), 0);
}

/* Children removed with a page still mapped leave nothing but that page. */
static void owner_merged(void)
{
	const long rounds = 64;
	long i, at, at_b, owners = slab_active("rss_owner");
	struct actor *a, *b;

	make_file();
	box_make("p");
	box_make("p/b");
	b = actor_new("p/b");
	at_b = actor_do(b, work_map_file, FILE_, BYTES, 1);
	EXPECT(at_b > 0, "cannot map: %s", strerror(-at_b));
	for (i = 0; i < rounds; i++) {
		box_make("p/a");
		a = actor_new("p/a");
		at = actor_do(a, work_map_file, FILE_, BYTES, 1);
		actor_do(a, work_write, at + i * PAGE, PAGE, 1);
		actor_do(b, work_write, at_b + i * PAGE, PAGE, 1);
		actor_end(a);
		EXPECT_EQ(box_pages("p/a"), 1);
		EXPECT(UNTIL(20, !box_remove("p/a")), "rmdir: busy");
	}
	EXPECT_EQ(box_pages("p") - box_pages("p/b"), rounds);
	EXPECT(UNTIL(30, !box_stat("p", "adopted")), "%ld bytes are still a child's",
	       box_stat("p", "adopted"));
	EXPECT(UNTIL(30, slab_active("rss_owner") <= owners + 2), "%ld owners, at first %ld",
	       slab_active("rss_owner"), owners);
	EXPECT_EQ(box_pages("p") - box_pages("p/b"), rounds);
	box_put("p", BOX_RECLAIM, BYTES);
	EXPECT(box_pages("p") - box_pages("p/b") < rounds / 2, "%ld pages are left",
	       box_pages("p") - box_pages("p/b"));
	actor_end(b);
	EXPECT_EQ(box_pages("p"), 0);
	EXPECT_EQ(box_usage("p"), 0);
}

/* The time to read rss.stat in ms: the shortest of 50, as a busy machine only adds to it. */
static double stat_time(const char *box)
{
	double best = 1e9, taken;
	int i;

	for (i = 0; i < 50; i++) {
		taken = now();
		box_stat(box, "anon");
		taken = now() - taken;
		if (taken < best)
			best = taken;
	}
	return best * 1000;
}

/*
 * Thousands of children are removed with a page that a process outside maps as
 * well.  Neither the owners nor the time to read rss.stat grow with them.
 */
static void owner_many_rounds(void)
{
	const char *wish = getenv("rounds");
	const long rounds = wish && *wish ? atol(wish) : 10000;
	long i, at, owners = slab_active("rss_owner");
	double early = 0, late;
	int ready[2], go[2];
	char c = 0;
	pid_t pid;

	at = work_map(rounds * (long)PAGE, SHARED_ANON);
	EXPECT(at > 0, "cannot map: %s", strerror(-at));
	box_make("p");
	for (i = 0; i < rounds; i++) {
		if (i == rounds / 10)
			early = stat_time("p");
		box_make("p/a");
		EXPECT(!pipe(ready) && !pipe(go), "%s", strerror(errno));
		pid = fork();
		if (!pid) {
			if (box_attach("p/a", 0))
				_exit(1);
			work_write(at + i * PAGE, PAGE, i);
			_exit(write(ready[1], &c, 1) != 1 || read(go[0], &c, 1) != 1);
		}
		EXPECT(read(ready[0], &c, 1) == 1, "round %ld: no child", i);
		work_read(at + i * PAGE, PAGE);
		EXPECT(write(go[1], &c, 1) == 1, "%s", strerror(errno));
		EXPECT_EQ(waitpid(pid, NULL, 0), pid);
		EXPECT(UNTIL(20, !box_remove("p/a")), "rmdir: busy");
		close(ready[0]);
		close(ready[1]);
		close(go[0]);
		close(go[1]);
	}
	EXPECT(UNTIL(60, !box_stat("p", "adopted")), "%ld bytes are still a child's",
	       box_stat("p", "adopted"));
	EXPECT(UNTIL(60, slab_active("rss_owner") <= owners + 4), "%ld owners, at first %ld",
	       slab_active("rss_owner"), owners);
	EXPECT_EQ(box_pages("p"), rounds);
	late = stat_time("p");
	note("rss.stat: %.2f ms after %ld rounds, %.2f ms after %ld", early, rounds / 10, late,
	     rounds);
	EXPECT(late < 3 * early + 1, "rss.stat took %.2f ms, then %.2f ms", early, late);
	EXPECT_EQ(work_unmap(at, rounds * (long)PAGE), 0);
	EXPECT(UNTIL(10, !box_pages("p")), "%ld pages", box_pages("p"));
	EXPECT_EQ(box_remove("p"), 0);
	EXPECT(UNTIL(60, cgroup_dying() <= 1), "%ld cgroups are dying", cgroup_dying());
}

static void owner_removed_top(void)
{
	struct actor *a, *none;
	long at;

	make_file();
	box_make("a");
	a = actor_new("a");
	none = actor_new(NULL);
	map_all(a);
	at = map_all(none);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), N);
	EXPECT(UNTIL(20, !box_remove("a")), "rmdir: busy");
	EXPECT_EQ(actor_do(none, work_check, at, BYTES, 1), 0);
	actor_do(none, work_unmap, at, BYTES);
	actor_end(none);
	/* init.c checks that no page_container is left */
}

static void owner_parent_binds(void)
{
	long limit = 4 * BYTES, at_a, at_b;
	struct actor *a, *b;

	box_make("p");
	box_make("p/a");
	box_make("p/b");
	EXPECT_EQ(box_put("p", BOX_LIMIT, limit), 0);
	a = actor_new("p/a");
	b = actor_new("p/b");
	at_a = actor_do(a, work_map, 3 * BYTES, ANON);
	at_b = actor_do(b, work_map, 3 * BYTES, ANON);
	actor_do(a, work_write, at_a, 3 * BYTES, 3);
	actor_do(b, work_write, at_b, 3 * BYTES, 4);
	EXPECT(box_usage("p") <= limit + box_slack(2), "usage %ld of %ld",
	       box_usage("p"), limit);
	EXPECT(box_pages("p") == box_pages("p/a") + box_pages("p/b"),
	       "%ld is not %ld and %ld", box_pages("p"), box_pages("p/a"),
	       box_pages("p/b"));
	EXPECT_EQ(box_event("p", "oom_kill"), 0);
	EXPECT(box_pages("p/b") > 0, "nothing of the second");
	EXPECT_EQ(actor_do(a, work_check, at_a, 3 * BYTES, 3), 0);
	EXPECT_EQ(actor_do(b, work_check, at_b, 3 * BYTES, 4), 0);
	EXPECT(box_get("p", BOX_PEAK) <= limit + box_slack(2), "peak %ld",
	       box_get("p", BOX_PEAK));
	actor_end(a);
	actor_end(b);
	EXPECT_EQ(box_usage("p"), 0);
}

const struct vm_case owner_cases[] = {
	{ "owner_first_mapper", owner_first_mapper },
	{ "owner_exits", owner_exits },
	{ "owner_none", owner_none },
	{ "owner_task_moves", owner_task_moves },
	{ "owner_fork_inherits", owner_fork_inherits },
	{ "owner_removed", owner_removed },
	{ "owner_merged", owner_merged },
	{ "owner_many_rounds", owner_many_rounds, .seconds = 900, .flags = ONCE },
	{ "owner_removed_top", owner_removed_top },
	{ "owner_parent_binds", owner_parent_binds },
	{ }
};
