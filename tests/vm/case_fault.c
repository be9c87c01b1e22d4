// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail anywhere in the charge path: the process may be told
 * so or be killed, the counters stay exact.
 */
#define _GNU_SOURCE
#include "vm.h"


#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES	(8 * (long)MB)

static const char *attr(const char *where, const char *file)
{
	static char path[4][256];
	static int n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "/sys/kernel/debug/%s/%s", where, file);
	return path[n];
}

/* Only in tasks that ask for it, so that the case itself goes on. */
static void inject(const char *where, int percent)
{
	if (text_write(attr(where, "task-filter"), "Y"))
		skip("this kernel has no %s", where);
	text_write(attr(where, "verbose"), "0");
	text_write(attr(where, "times"), "-1");
	text_write(attr(where, "interval"), "1");
	text_write(attr(where, "ignore-gfp-wait"), "N");
	text_write(attr(where, "cache-filter"), "N");
	text_write(attr(where, "min-order"), "0");
	text_write(attr(where, "ignore-gfp-highmem"), "N");
	text_writef(attr(where, "probability"), "%d", percent);
}

static void failing(bool on)
{
	/* turning it off is a system call that may be made to fail as well */
	while (text_write("/proc/self/make-it-fail", on ? "1" : "0") == -ENOMEM)
		;
}

static long work_hard(long at, long bytes, long rounds)
{
	long i;

	failing(true);
	for (i = 0; i < rounds; i++) {
		work_write(at, bytes, i);
		work_advise(at, bytes, i & 1 ? MADV_DONTNEED : MADV_PAGEOUT);
		work_read(at, bytes);
		pid_t pid = fork();
		if (!pid) {
			work_write(at, bytes / 4, i);
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	failing(false);
	return 0;
}

static void survive(const char *where, int percent, long limit)
{
	long at, ret, rounds;
	struct actor *a;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, limit), 0);
	inject(where, percent);
	for (rounds = 0; rounds < 4; rounds++) {
		a = actor_new("a");
		at = actor_do(a, work_map, BYTES, ANON);
		actor_send(a, (actor_fn)work_hard, at, BYTES, 4, 0);
		/* killed or not: both are right */
		if (actor_reply(a, &ret, 80))
			note("got through");
		else
			note("ended with %#x", a->status);
		actor_end(a);
		EXPECT(UNTIL(10, !box_usage("a")), "usage %ld", box_usage("a"));
		EXPECT_EQ(box_pages("a"), 0);
	}
	text_writef(attr(where, "probability"), "0");
	/* and it works as before */
	a = actor_new("a");
	at = actor_do(a, work_map, BYTES, ANON);
	actor_do(a, work_write, at, BYTES, 1);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 1), 0);
	actor_end(a);
	EXPECT_EQ(box_usage("a"), 0);
}

static void fault_slab(void)
{
	survive("failslab", 5, BYTES * 2);
}

static void fault_slab_at_limit(void)
{
	survive("failslab", 5, BYTES / 2);
}

static void fault_page_alloc(void)
{
	survive("fail_page_alloc", 2, BYTES / 2);
}

/* A container that cannot be made leaves nothing behind. */
static void fault_create(void)
{
	int i, made = 0;

	inject("failslab", 10);
	for (i = 0; i < 300; i++) {
		failing(true);
		int err = mkdir_box("a");
		failing(false);
		if (!err) {
			made++;
			EXPECT_EQ(box_usage("a"), 0);
			EXPECT(UNTIL(10, !box_remove("a")), "cannot remove");
		} else {
			EXPECT(err == -ENOMEM || err == -EAGAIN, "%s", strerror(-err));
		}
	}
	note("%d of %d made", made, i);
	EXPECT(made < i, "nothing was made to fail");
	EXPECT(UNTIL(30, cgroup_dying() <= 1), "%ld cgroups left", cgroup_dying());
}

const struct vm_case fault_cases[] = {
	{ "fault_slab", fault_slab },
	{ "fault_slab_at_limit", fault_slab_at_limit },
	{ "fault_page_alloc", fault_page_alloc },
	{ "fault_create", fault_create },
	{ }
};
