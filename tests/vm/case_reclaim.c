// SPDX-License-Identifier: GPL-2.0
/* At the limit: a container's own pages go, in the right order, to the right place. */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N	2048L
#define BYTES	(N * (long)PAGE)	/* 8 MB */

static void expect_bounded(const char *box, long limit)
{
	long peak = box_get(box, BOX_PEAK);

	EXPECT(peak <= limit + box_slack(1), "peak of %s %ld, limit %ld", box,
	       peak, limit);
	EXPECT_EQ(box_event(box, "oom"), 0);
}

static void reclaim_anon(void)
{
	struct actor *a;
	long at;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, 3 * BYTES, ANON);
	actor_do(a, work_write, at, 3 * BYTES, 1);
	expect_bounded("a", BYTES);
	EXPECT(box_event("a", "limit") > 0, "the limit was not met");
	EXPECT(box_stat("a", "pgsteal") >= 2 * N, "%ld pages", box_stat("a", "pgsteal"));
	EXPECT(proc_status_kb(a->pid, "VmSwap") * 1024 >= 2 * BYTES - (long)MB,
	       "%ld kB in swap", proc_status_kb(a->pid, "VmSwap"));
	/* nothing lost, nothing mixed up on the way */
	EXPECT_EQ(actor_do(a, work_check, at, 3 * BYTES, 1), 0);
	expect_bounded("a", BYTES);
	actor_end(a);
	EXPECT_EQ(box_usage("a"), 0);
}

/* Swap on a disk: pages end in the swap cache first, which is no reason to kill. */
static void reclaim_swap_cache(void)
{
	struct actor *a;
	long at;

	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	EXPECT_EQ(work_swapon("/dev/vdb"), 0);
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES / 2), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_do(a, work_write, at, 2 * BYTES, 2);
	EXPECT_EQ(actor_do(a, work_check, at, 2 * BYTES, 2), 0);
	expect_bounded("a", BYTES / 2);
	actor_end(a);
	EXPECT_EQ(box_usage("a"), 0);
}

static void reclaim_file(void)
{
	struct actor *a;
	long at;

	EXPECT_EQ(work_write_file("/data/f", 3 * BYTES), 0);
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	at = actor_do(a, work_map_file, "/data/f", 3 * BYTES, 0);
	EXPECT(at > 0, "cannot map");
	actor_do(a, work_read, at, 3 * BYTES);
	actor_do(a, work_read, at, 3 * BYTES);
	expect_bounded("a", BYTES);
	EXPECT(box_event("a", "limit") > 0, "the limit was not met");
	EXPECT_EQ(proc_status_kb(a->pid, "VmSwap"), 0);
	actor_end(a);
	unlink("/data/f");
}

/* Dirty pages of a file wait for their writeback, and come back as written. */
/* What comes back is told of whom misses it, and of those around: by a mapping, not by read(). */
static void reclaim_refaults(void)
{
	struct actor *a, *c;
	long at;

	EXPECT_EQ(work_write_file("/data/f", 3 * BYTES), 0);
	box_make("a");
	box_make("a/b");
	box_make("c");
	EXPECT_EQ(box_put("a/b", BOX_LIMIT, BYTES), 0);
	a = actor_new("a/b");
	at = actor_do(a, work_map_file, "/data/f", 3 * BYTES, 0);
	EXPECT(at > 0, "cannot map");
	actor_do(a, work_read, at, 3 * BYTES);
	EXPECT_EQ(box_stat("a/b", "workingset_refault_file"), 0);
	actor_do(a, work_read, at, 3 * BYTES);
	EXPECT(box_stat("a/b", "workingset_refault_file") >= N, "%ld of %ld pages came back",
	       box_stat("a/b", "workingset_refault_file"), 2 * N);
	EXPECT_EQ(box_stat("a", "workingset_refault_file"),
		  box_stat("a/b", "workingset_refault_file"));
	actor_do(a, work_unmap, at, 3 * BYTES);

	at = actor_do(a, work_map, 3 * BYTES, ANON);
	actor_do(a, work_write, at, 3 * BYTES, 1);
	EXPECT_EQ(actor_do(a, work_check, at, 3 * BYTES, 1), 0);
	EXPECT(box_stat("a/b", "workingset_refault_anon") >= N, "%ld of %ld pages came back",
	       box_stat("a/b", "workingset_refault_anon"), 2 * N);
	EXPECT_EQ(box_stat("a", "workingset_refault_anon"),
		  box_stat("a/b", "workingset_refault_anon"));

	c = actor_new("c");
	EXPECT_EQ(actor_do(c, work_read_file, "/data/f"), 3 * BYTES);
	EXPECT_EQ(box_stat("c", "workingset_refault_file"), 0);
	actor_end(a);
	actor_end(c);
}

static void reclaim_dirty_file(void)
{
	struct actor *a;
	long at;

	EXPECT_EQ(work_write_file("/data/f", 2 * BYTES), 0);
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES / 2), 0);
	a = actor_new("a");
	at = actor_do(a, work_map_file, "/data/f", 2 * BYTES, 1);
	EXPECT(at > 0, "cannot map");
	actor_do(a, work_write, at, 2 * BYTES, 3);
	expect_bounded("a", BYTES / 2);
	EXPECT_EQ(actor_do(a, work_check, at, 2 * BYTES, 3), 0);
	actor_end(a);
	unlink("/data/f");
}

static void reclaim_shmem(void)
{
	struct actor *a;
	long at;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES / 2), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, 2 * BYTES, SHARED_ANON);
	actor_do(a, work_write, at, 2 * BYTES, 4);
	expect_bounded("a", BYTES / 2);
	EXPECT_EQ(actor_do(a, work_check, at, 2 * BYTES, 4), 0);
	actor_end(a);
}

static void reclaim_thp(void)
{
	struct actor *a;
	long at;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	at = actor_do(a, work_map_huge, 3 * BYTES);
	actor_do(a, work_write, at, 3 * BYTES, 5);
	expect_bounded("a", BYTES);
	EXPECT_EQ(actor_do(a, work_check, at, 3 * BYTES, 5), 0);
	actor_end(a);
	EXPECT_EQ(box_usage("a"), 0);
}

/* What is used all the time stays, what is not goes. */
static void reclaim_references(void)
{
	long hot, cold, i, kept, swept = 0;
	struct actor *a;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	hot = actor_do(a, work_map, BYTES / 4, ANON);
	cold = actor_do(a, work_map, 3 * BYTES, ANON);
	actor_do(a, work_write, hot, BYTES / 4, 6);
	for (i = 0; i < 96; i++) {
		actor_do(a, work_read, hot, BYTES / 4);
		actor_do(a, work_write, cold + i * BYTES / 32, BYTES / 32, 6);
		swept += BYTES / 32;
	}
	kept = actor_do(a, work_present, hot, BYTES / 4);
	EXPECT(kept > N / 4 * 3 / 4, "%ld of %ld pages in use were kept", kept, N / 4);
	EXPECT(swept > BYTES, "not enough to reclaim");
	expect_bounded("a", BYTES);
	actor_end(a);
}

static void reclaim_mlocked(void)
{
	long locked, rest;
	struct actor *a;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	locked = actor_do(a, work_map, BYTES / 2, ANON);
	EXPECT_EQ(actor_do(a, work_lock, locked, BYTES / 2), 0);
	rest = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_do(a, work_write, rest, 2 * BYTES, 7);
	EXPECT_EQ(actor_do(a, work_present, locked, BYTES / 2), N / 2);
	EXPECT_EQ(actor_do(a, work_check, rest, 2 * BYTES, 7), 0);
	expect_bounded("a", BYTES);
	actor_end(a);
}

/* With swappiness 0 the file's pages go and the anonymous ones stay. */
static void reclaim_swappiness(void)
{
	struct actor *a;
	long anon, file;

	EXPECT_EQ(work_write_file("/data/f", 2 * BYTES), 0);
	text_write("/proc/sys/vm/swappiness", "0");
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	anon = actor_do(a, work_map, BYTES / 2, ANON);
	actor_do(a, work_write, anon, BYTES / 2, 8);
	file = actor_do(a, work_map_file, "/data/f", 2 * BYTES, 0);
	actor_do(a, work_read, file, 2 * BYTES);
	EXPECT_EQ(actor_do(a, work_present, anon, BYTES / 2), N / 2);
	EXPECT_EQ(proc_status_kb(a->pid, "VmSwap"), 0);
	expect_bounded("a", BYTES);
	actor_end(a);
	unlink("/data/f");
}

/* Each node has its lists: pages of both go, wherever the task runs. */
static void reclaim_nodes(void)
{
	long at[2], node;
	struct actor *a;

	box_make("a");
	a = actor_new("a");
	for (node = 0; node < 2; node++) {
		at[node] = actor_do(a, work_map, BYTES / 2, ANON);
		if (actor_do(a, work_bind, at[node], BYTES / 2, node))
			skip("one node only");
		actor_do(a, work_write, at[node], BYTES / 2, 9);
		EXPECT_EQ(actor_do(a, work_node_of, at[node]), node);
	}
	EXPECT_EQ(box_put("a", BOX_RECLAIM, BYTES * 9 / 10), 0);
	for (node = 0; node < 2; node++)
		EXPECT(actor_do(a, work_present, at[node], BYTES / 2) < N / 4,
		       "%ld pages of node %ld are left",
		       actor_do(a, work_present, at[node], BYTES / 2), node);
	for (node = 0; node < 2; node++)
		EXPECT_EQ(actor_do(a, work_check, at[node], BYTES / 2, 9), 0);
	actor_end(a);
	/* One node alone beyond the limit; a had a higher peak before it had one. */
	box_make("b");
	EXPECT_EQ(box_put("b", BOX_LIMIT, BYTES), 0);
	a = actor_new("b");
	at[1] = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_do(a, work_bind, at[1], 2 * BYTES, 1);
	actor_do(a, work_write, at[1], 2 * BYTES, 9);
	expect_bounded("b", BYTES);
	actor_end(a);
}

/* One container's reclaim takes nothing from another's, nor from outside. */
static void reclaim_isolated(void)
{
	struct actor *a, *b, *none;
	long at_a, at_b, at_n;

	box_make("a");
	box_make("b");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES / 2), 0);
	EXPECT_EQ(box_put("b", BOX_LIMIT, 2 * BYTES), 0);
	a = actor_new("a");
	b = actor_new("b");
	none = actor_new(NULL);
	at_b = actor_do(b, work_map, BYTES, ANON);
	actor_do(b, work_write, at_b, BYTES, 10);
	at_n = actor_do(none, work_map, BYTES, ANON);
	actor_do(none, work_write, at_n, BYTES, 10);
	at_a = actor_do(a, work_map, 4 * BYTES, ANON);
	actor_do(a, work_write, at_a, 4 * BYTES, 11);
	EXPECT_EQ(actor_do(a, work_check, at_a, 4 * BYTES, 11), 0);
	EXPECT_EQ(actor_do(b, work_present, at_b, BYTES), N);
	EXPECT_EQ(actor_do(none, work_present, at_n, BYTES), N);
	EXPECT_EQ(box_stat("b", "pgscan"), 0);
	EXPECT_EQ(box_stat("b", "pgsteal"), 0);
	EXPECT_EQ(box_event("b", "limit"), 0);
	expect_bounded("a", BYTES / 2);
	actor_end(a);
	actor_end(b);
	actor_end(none);
}

/*
 * The machine as a whole runs short: the global scanner works on the same
 * pages, and what it takes is uncharged.
 */
static void reclaim_global(void)
{
	long at, before, rounds;
	struct actor *a;

	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_do(a, work_write, at, 2 * BYTES, 12);
	before = box_pages("a");
	if (text_writef("/sys/devices/system/node/node0/reclaim", "%ld swappiness=200",
			4 * BYTES) == -ENOENT) {
		/* no such file in 6.12: the root memory cgroup does as well */
		for (rounds = 0; rounds < 200 && box_pages("a") > before / 2; rounds++)
			text_writef("/cg2/memory.reclaim", "%ld swappiness=200", BYTES);
	}
	if (box_pages("a") == before)
		skip("global reclaim cannot be asked for");
	EXPECT_EQ(actor_do(a, work_present, at, 2 * BYTES) <= box_pages("a"), 1);
	EXPECT_EQ(actor_do(a, work_check, at, 2 * BYTES, 12), 0);
	EXPECT_NEAR(box_pages("a"), before, 64);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), 0);
}

const struct vm_case reclaim_cases[] = {
	{ "reclaim_anon", reclaim_anon },
	{ "reclaim_swap_cache", reclaim_swap_cache },
	{ "reclaim_file", reclaim_file },
	{ "reclaim_refaults", reclaim_refaults },
	{ "reclaim_dirty_file", reclaim_dirty_file },
	{ "reclaim_shmem", reclaim_shmem },
	{ "reclaim_thp", reclaim_thp },
	{ "reclaim_references", reclaim_references },
	{ "reclaim_mlocked", reclaim_mlocked },
	{ "reclaim_swappiness", reclaim_swappiness },
	{ "reclaim_nodes", reclaim_nodes },
	{ "reclaim_isolated", reclaim_isolated },
	{ "reclaim_global", reclaim_global },
	{ }
};
