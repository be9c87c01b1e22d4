// SPDX-License-Identifier: GPL-2.0
/* rss.low: global reclaim takes the pages of a protected container last. */
#define _GNU_SOURCE
#include "vm.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define N	2048L
#define BYTES	(N * (long)PAGE)	/* 8 MB */
/* The pages that a process maps in addition to what a case asks for, and stocks. */
#define SLACK	(long)MB

/* Reclaim from the whole machine, anonymous pages only. */
static void global_reclaim(long bytes)
{
	text_write("/proc/sys/vm/swappiness", "200");
	text_writef("/cg2/memory.reclaim", "%ld", bytes);
}

/* A process that has written @bytes; NULL: outside of all containers. */
static struct actor *writer(const char *box, long bytes, long *at)
{
	struct actor *a = actor_new(box);

	*at = actor_do(a, work_map, bytes, ANON);
	actor_do(a, work_write, *at, bytes, 3);
	return a;
}

/* Reclaims until no more than @bytes of an actor's memory are present.  False: they still are. */
static bool reclaim_until(struct actor *a, long at, long size, long bytes)
{
	int rounds;

	for (rounds = 0; rounds < 200; rounds++) {
		if (actor_do(a, work_present, at, size) * (long)PAGE <= bytes)
			return true;
		global_reclaim(2 * (long)MB);
	}
	return false;
}

/* The machine has so few megabytes left, which a process then exceeds. */
static void leave_memory(long megabytes)
{
	long available, pages;
	int tries;

	text_write("/proc/sys/vm/overcommit_memory", "1");
	/* huge pages cannot be reclaimed; memory may be too fragmented for all of them at once */
	for (tries = 0; tries < 20; tries++) {
		available = text_key("/proc/meminfo", "MemAvailable") / 1024;
		if (available <= megabytes + 2)
			break;
		pages = text_number("/proc/sys/vm/nr_hugepages");
		text_writef("/proc/sys/vm/nr_hugepages", "%ld",
			    pages + (available - megabytes) / 2);
		text_write("/proc/sys/vm/compact_memory", "1");
	}
	note("%ld MB are available", available);
	EXPECT(available <= megabytes + 16, "%ld MB are available", available);
}

/* Pages that are older than others stay, for as long as rss.low is set. */
static void low_keeps(void)
{
	struct actor *a, *b;
	long at, other;

	box_make("a");
	box_make("b");
	EXPECT_EQ(box_get("a", BOX_LOW), 0);
	EXPECT_EQ(box_put("a", BOX_LOW, BYTES + SLACK), 0);
	EXPECT_EQ(box_get("a", BOX_LOW), BYTES + SLACK);
	a = writer("a", BYTES, &at);
	b = writer("b", 4 * BYTES, &other);
	EXPECT(reclaim_until(b, other, 4 * BYTES, 2 * BYTES), "nothing was reclaimed");
	note("%ld of %ld pages, b has %ld", actor_do(a, work_present, at, BYTES), N,
	     box_pages("b"));
	EXPECT_EQ(actor_do(a, work_present, at, BYTES), N);
	EXPECT_EQ(box_event("a", "low"), 0);

	EXPECT_EQ(box_put("a", BOX_LOW, 0), 0);
	EXPECT(reclaim_until(a, at, BYTES, BYTES / 2), "the pages stay");
	EXPECT_EQ(box_event("a", "low"), 0);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 3), 0);
	EXPECT_EQ(actor_do(b, work_check, other, 4 * BYTES, 3), 0);
	actor_end(a);
	actor_end(b);
}

/* What exceeds rss.low is reclaimed, also if it was written when the pages were mapped already. */
static void low_excess(void)
{
	struct actor *a, *b;
	long at, other, left;

	box_make("a");
	a = writer("a", 4 * BYTES, &at);
	EXPECT_EQ(box_put("a", BOX_LOW, 2 * BYTES), 0);
	b = writer(NULL, 8 * BYTES, &other);
	EXPECT(reclaim_until(b, other, 8 * BYTES, 4 * BYTES), "nothing was reclaimed");
	left = box_pages("a") * (long)PAGE;
	note("%ld of %ld bytes are left", left, 2 * BYTES);
	EXPECT(left >= 2 * BYTES - SLACK, "%ld of %ld bytes are left", left, 2 * BYTES);
	EXPECT(left <= 2 * BYTES + SLACK, "%ld of %ld bytes are left", left, 2 * BYTES);
	EXPECT_EQ(box_event("a", "low"), 0);
	actor_end(a);
	actor_end(b);
}

/* A child's protection is bounded by its parent's, which is distributed. */
static void low_nested(void)
{
	struct actor *a, *b, *c, *d, *other;
	long at[5], left[4], i;
	static const char *const boxes[] = { "p/a", "p/b", "q/c", "r/d" };

	box_make("p");
	box_make("p/a");
	box_make("p/b");
	box_make("q");
	box_make("q/c");
	box_make("r");
	box_make("r/d");
	/* less than both children ask for */
	EXPECT_EQ(box_put("p", BOX_LOW, BYTES), 0);
	EXPECT_EQ(box_put("p/a", BOX_LOW, BYTES), 0);
	EXPECT_EQ(box_put("p/b", BOX_LOW, BYTES / 2), 0);
	/* the parent has none to give */
	EXPECT_EQ(box_put("q/c", BOX_LOW, 2 * BYTES), 0);
	/* the child asks for none, and the parent has more than enough */
	EXPECT_EQ(box_put("r", BOX_LOW, 2 * BYTES), 0);
	a = writer("p/a", BYTES, &at[0]);
	b = writer("p/b", BYTES, &at[1]);
	c = writer("q/c", BYTES, &at[2]);
	d = writer("r/d", BYTES, &at[3]);
	other = writer(NULL, 12 * BYTES, &at[4]);
	EXPECT(reclaim_until(other, at[4], 12 * BYTES, 4 * BYTES), "nothing was reclaimed");
	for (i = 0; i < 4; i++)
		left[i] = box_pages(boxes[i]) * (long)PAGE;
	note("%ld + %ld of %ld, %ld, %ld of %ld are left", left[0], left[1], BYTES, left[2],
	     left[3], BYTES);
	EXPECT_NEAR(left[0] + left[1], BYTES, SLACK);
	/* by what each asks for and uses */
	EXPECT(left[0] >= BYTES / 2 - SLACK, "%ld bytes are left", left[0]);
	EXPECT(left[1] >= BYTES / 4 - SLACK, "%ld bytes are left", left[1]);
	EXPECT(left[2] <= BYTES / 2, "%ld bytes are left", left[2]);
	EXPECT_EQ(actor_do(d, work_present, at[3], BYTES), N);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(box_event(boxes[i], "low"), 0);
	actor_end(a);
	actor_end(b);
	actor_end(c);
	actor_end(d);
	actor_end(other);
}

/*
 * If nothing else is left, protected pages are reclaimed, which is an event.  They are
 * protected again afterwards.
 */
static void low_event(void)
{
	struct actor *a, *b;
	long at, other, count;

	box_make("p");
	box_make("p/a");
	EXPECT_EQ(box_put("p", BOX_LOW, BOX_MAX), 0);
	EXPECT_EQ(box_put("p/a", BOX_LOW, BOX_MAX), 0);
	a = writer("p/a", BYTES, &at);
	EXPECT(reclaim_until(a, at, BYTES, BYTES / 2), "%ld pages stay",
	       actor_do(a, work_present, at, BYTES));
	note("%ld events", box_event("p/a", "low"));
	EXPECT(box_event("p/a", "low") > 0, "no event");
	EXPECT_EQ(box_event("p/a", "low"), box_event_local("p/a", "low"));
	EXPECT_EQ(box_event("p", "low"), box_event("p/a", "low"));
	EXPECT_EQ(box_event_local("p", "low"), 0);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 3), 0);

	b = writer(NULL, 8 * BYTES, &other);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 3), 0);
	/* it is lifted for a second */
	pause_ms(1500);
	count = box_event("p/a", "low");
	EXPECT(reclaim_until(b, other, 8 * BYTES, 6 * BYTES), "nothing was reclaimed");
	EXPECT_EQ(actor_do(a, work_present, at, BYTES), N);
	EXPECT_EQ(box_event("p/a", "low"), count);
	actor_end(a);
	actor_end(b);
}

/* A process outside needs more than there is: it swaps, and what is protected stays. */
static void low_pressure(void)
{
	const long size = 32 * (long)MB;
	struct actor *a, *b;
	long at, other;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LOW, size + SLACK), 0);
	a = writer("a", size, &at);
	leave_memory(96);
	b = writer(NULL, 160 * (long)MB, &other);
	note("%ld of %ld pages", actor_do(a, work_present, at, size), size / (long)PAGE);
	EXPECT_EQ(actor_do(a, work_present, at, size), size / (long)PAGE);
	EXPECT_EQ(box_event("a", "low"), 0);
	EXPECT(proc_status_kb(b->pid, "VmSwap") > 0, "there was no shortage");
	EXPECT_EQ(actor_do(b, work_check, other, 160 * (long)MB, 3), 0);
	EXPECT_EQ(actor_do(a, work_check, at, size, 3), 0);
	actor_end(a);
	actor_end(b);
}

/* More is protected than there is memory: that ends in swap, and not in an OOM. */
static void low_overcommitted(void)
{
	const long size = 256 * (long)MB, chunk = 8 * (long)MB;
	long at, ret, written = 0;
	struct actor *a;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LOW, BOX_MAX), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, size, ANON);
	leave_memory(96);
	/* What is available is an estimate, and other processes are swapped out first. */
	while (written < size && proc_status_kb(a->pid, "VmSwap") < 2 * chunk / 1024) {
		actor_send(a, (actor_fn)work_write, at + written, chunk, 3, 0);
		/*
		 * Each failed pass over all pages lifts the protection for a second; an
		 * emulated processor is slow at it.
		 */
		EXPECT(actor_reply(a, &ret, 300), "the process was killed");
		written += chunk;
	}
	note("%ld events, %ld kB in swap of %ld MB", box_event("a", "low"),
	     proc_status_kb(a->pid, "VmSwap"), written / (long)MB);
	EXPECT(proc_status_kb(a->pid, "VmSwap") > 0, "there was no shortage");
	EXPECT(box_event("a", "low") > 0, "no event");
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	for (; written; written -= chunk) {
		actor_send(a, (actor_fn)work_check, at + written - chunk, chunk, 3, 0);
		EXPECT(actor_reply(a, &ret, 300), "the process was killed");
		EXPECT_EQ(ret, 0);
	}
	actor_end(a);
}

const struct vm_case low_cases[] = {
	{ "low_keeps", low_keeps },
	{ "low_excess", low_excess },
	{ "low_nested", low_nested },
	{ "low_event", low_event },
	{ "low_pressure", low_pressure },
	{ "low_overcommitted", low_overcommitted, .seconds = 640 },
	{ }
};
