// SPDX-License-Identifier: GPL-2.0
/* The lists of a container follow each move of a folio on the LRU. */
#define _GNU_SOURCE
#include "vm.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define N	2048L
#define BYTES	(N * (long)PAGE)	/* 8 MB */

/*
 * Does lru_gen set PG_active when a fault brings a page in?  6.1 and 6.12 do; 7.3
 * does only if the page was in use before it was reclaimed.
 */
static bool faulted_is_active(void)
{
	struct utsname name;
	int version = 0;

	uname(&name);
	sscanf(name.release, "%d", &version);
	return version < 7;
}

/* The container's lists follow a folio's moves on the LRU. */
static void lists_moved(void)
{
	long at, file, quarter = BYTES / 16, size = BYTES / 4;
	struct actor *a;

	EXPECT_EQ(work_write_file("/data/f", size), 0);
	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map, size, ANON);
	actor_do(a, work_write, at, size, 12);
	EXPECT_EQ(actor_do(a, work_lock, at, size), 0);
	EXPECT(UNTIL(10, box_stat("a", "unevictable") >= size - quarter), "%ld locked",
	       box_stat("a", "unevictable"));
	EXPECT_EQ(actor_do(a, work_unlock, at, size), 0);
	EXPECT(UNTIL(10, box_stat("a", "unevictable") <= quarter), "%ld locked",
	       box_stat("a", "unevictable"));
	if (world.lru_gen) {
		file = actor_do(a, work_map, size, ANON);
		actor_do(a, work_write, file, size, 12);
		if (faulted_is_active())
			EXPECT(UNTIL(10, box_stat("a", "active_anon") >= size - quarter),
			       "%ld active", box_stat("a", "active_anon"));
		else
			EXPECT(UNTIL(10, box_stat("a", "inactive_anon") >= 2 * size - quarter),
			       "%ld inactive", box_stat("a", "inactive_anon"));
		EXPECT_EQ(actor_do(a, work_advise, file, size, MADV_COLD), 0);
		EXPECT(UNTIL(10, box_stat("a", "inactive_anon") >= size - quarter),
		       "%ld inactive", box_stat("a", "inactive_anon"));
	} else {
		file = actor_do(a, work_map_file, "/data/f", size, 0);
		actor_do(a, work_read, file, size);
		EXPECT(UNTIL(10, box_stat("a", "inactive_file") >= size - quarter),
		       "%ld inactive", box_stat("a", "inactive_file"));
		/* the second read() activates */
		EXPECT_EQ(work_read_file("/data/f"), size);
		EXPECT_EQ(work_read_file("/data/f"), size);
		EXPECT(UNTIL(10, box_stat("a", "active_file") >= size - quarter),
		       "%ld active", box_stat("a", "active_file"));
		EXPECT_EQ(actor_do(a, work_advise, file, size, MADV_COLD), 0);
		EXPECT(UNTIL(10, box_stat("a", "inactive_file") >= size - quarter),
		       "%ld inactive", box_stat("a", "inactive_file"));
	}
	actor_end(a);
	unlink("/data/f");
}

/* LRU batches of all CPUs are empty then.  Migration empties them, and here moves nothing. */
static void drain_batches(void)
{
	unsigned long node = 1;

	EXPECT_EQ(syscall(SYS_migrate_pages, 0, 64, &node, &node), 0);
}

/* Folios of both lists are charged in one window, each chunk of five to its own list. */
static void lists_window(void)
{
	const long chunk = 5 * PAGE, size = 48 * chunk;
	static char block[5 * PAGE];
	struct actor *a;
	long at, i;
	int fd;

	if (world.lru_gen)
		skip("read() does not activate with lru_gen");
	EXPECT_EQ(work_write_file("/data/f", size), 0);
	fd = open("/data/f", O_RDONLY);
	for (i = 0; i < size; i += chunk) {
		/* the second read() activates */
		EXPECT_EQ(pread(fd, block, chunk, i), chunk);
		if (i / chunk % 2)
			EXPECT_EQ(pread(fd, block, chunk, i), chunk);
	}
	close(fd);
	drain_batches();
	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map_file, "/data/f", size, 0);
	actor_do(a, work_read, at, size);
	EXPECT_EQ(box_stat("a", "active_file"), size / 2);
	EXPECT_EQ(box_stat("a", "inactive_file"), size / 2);
	EXPECT_EQ(actor_do(a, work_unmap, at, size), 0);
	EXPECT_EQ(box_stat("a", "active_file") + box_stat("a", "inactive_file"), 0);
	actor_end(a);
	unlink("/data/f");
}

/* Makes lru_gen age, or evict the oldest generation, of all memory of a node. */
static void lru_gen_command(char command, int node, const char *options)
{
	static char text[65536];
	char *line, *save;
	long min = -1, max = -1, seq;
	int id = -1, at = -1;

	EXPECT(text_read("/sys/kernel/debug/lru_gen", text, sizeof(text)) > 0, "no lru_gen");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "memcg %d", &id) == 1 && max >= 0)
			break;
		if (sscanf(line, " node %d", &at) == 1)
			continue;
		if (at == node && sscanf(line, " %ld", &seq) == 1) {
			min = min < 0 ? seq : min;
			max = seq;
		}
	}
	EXPECT(max >= 0, "no generations of node %d", node);
	/* the first memcg is the root */
	text_writef("/sys/kernel/debug/lru_gen", "%c 1 %d %ld %s", command, node,
		    command == '+' ? max : min, options);
}

static void make_cold(struct actor *a, long at, long size)
{
	EXPECT_EQ(actor_do(a, work_advise, at, size, MADV_COLD), 0);
	drain_batches();
	EXPECT(UNTIL(10, box_stat("a", "inactive_anon") >= size - size / 8), "%ld inactive",
	       box_stat("a", "inactive_anon"));
}

/* An actor in container "a" that has mapped anonymous pages on node 0. */
static struct actor *new_on_node(long *at, long size)
{
	struct actor *a;

	if (!world.lru_gen)
		skip("the classic LRU");
	box_make("a");
	a = actor_new("a");
	*at = actor_do(a, work_map, size, ANON);
	EXPECT_EQ(actor_do(a, work_bind, *at, size, 0), 0);
	actor_do(a, work_write, *at, size, 12);
	return a;
}

static bool are_active(long size)
{
	return box_stat("a", "active_anon") >= size - size / 8;
}

/*
 * Twice, as 7.3 promotes what a walk found in use twice.  The walk does not flush the TLB,
 * and a read of a page that is in there does not set the accessed bit.
 */
static void use_and_age(struct actor *a, long at, long size)
{
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(actor_do(a, work_flush_tlb, at, size), 0);
		actor_do(a, work_read, at, size);
		lru_gen_command('+', 0, "1 1");
	}
}

/* lru_gen found pages in use while it aged: they leave the cold end of the container's list. */
static void lists_aged(void)
{
	long at, size = 2 * (long)MB;
	struct actor *a = new_on_node(&at, size);
	int round;

	make_cold(a, at, size);
	for (round = 0; round < 8 && !are_active(size); round++) {
		use_and_age(a, at, size);
		lru_gen_command('-', 0, "200 4096");
	}
	note("%ld of %ld active after %d rounds", box_stat("a", "active_anon"), size, round);
	EXPECT(are_active(size), "%ld of %ld are active", box_stat("a", "active_anon"), size);
	EXPECT_EQ(actor_do(a, work_present, at, size), size / (long)PAGE);
	make_cold(a, at, size);
	actor_end(a);
}

/*
 * A walk of the page tables promoted folios of the oldest generation, and aging closes that
 * generation before anything is evicted from it: they leave the cold end as well.
 */
static void lists_aged_oldest(void)
{
	long at, size = 2 * (long)MB;
	struct actor *a = new_on_node(&at, size);

	make_cold(a, at, size);
	/*
	 * They were in the second youngest of up to four generations.  The second aging of
	 * use_and_age() closes the one that they are in.
	 */
	lru_gen_command('+', 0, "1 1");
	EXPECT(!are_active(size), "%ld active", box_stat("a", "active_anon"));
	use_and_age(a, at, size);
	EXPECT(are_active(size), "%ld of %ld are active", box_stat("a", "active_anon"), size);
	actor_end(a);
}

/* Reclaim puts folios back that are in use: they are active then. */
static void lists_putback(void)
{
	long at[2], size = 2 * (long)MB, before;
	struct actor *a;

	EXPECT_EQ(work_write_file("/data/f", size), 0);
	box_make("a");
	a = actor_new("a");
	at[0] = actor_do(a, work_map_file, "/data/f", size, 0);
	actor_do(a, work_read, at[0], size);
	EXPECT_EQ(actor_do(a, work_advise, at[0], size, MADV_COLD), 0);
	EXPECT(UNTIL(10, box_stat("a", "inactive_file") >= size - size / 8), "%ld inactive",
	       box_stat("a", "inactive_file"));
	/* two page tables that refer to a page activate it when it is scanned */
	at[1] = actor_do(a, work_map_file, "/data/f", size, 0);
	actor_do(a, work_read, at[0], size);
	actor_do(a, work_read, at[1], size);
	before = box_stat("a", "active_file");
	EXPECT(before <= size / 4, "%ld active", before);
	/* from files only; a batch of 32 pages is the least that is isolated */
	text_write(box_file("a", BOX_RECLAIM), "4096 swappiness=0");
	note("%ld of %ld active", box_stat("a", "active_file"), size);
	EXPECT(UNTIL(10, box_stat("a", "active_file") >= before + 32 * (long)PAGE),
	       "%ld of %ld are active", box_stat("a", "active_file"), size);
	actor_end(a);
	unlink("/data/f");
}

/*
 * Reclaim finds mapped pages dirty and marks them, so that the end of their writeback
 * rotates them to the tail of the inactive list.  The disk is slow, so they are mapped
 * again before.
 */
static void lists_rotated(void)
{
	long at, other, size = 48 * (long)PAGE, active, n, ret;
	struct actor *a;
	char refs[64];
	double end;
	int fd;

	if (world.lru_gen)
		skip("no active list to rotate from");
	EXPECT_EQ(work_write_file("/data/f", size), 0);
	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map_file, SLOW_DISK, size, 1);
	EXPECT(at > 0, "cannot map: %s", strerror(-at));
	EXPECT_EQ(work_keep_disk_busy(SLOW_DISK, 8 * SLOW_DISK_RATE), 0);
	actor_do(a, work_write, at, size, 5);
	drain_batches();
	/*
	 * The first scan takes them, as they are not in use.  It starts their writeback, and
	 * a second one could wait for that until the disk is no longer busy.
	 */
	snprintf(refs, sizeof(refs), "/proc/%d/clear_refs", a->pid);
	EXPECT_EQ(text_write(refs, "1"), 0);
	/* they are unmapped, and active until they are clean */
	text_writef(box_file("a", BOX_RECLAIM), "%ld swappiness=0", size / 2);
	/* to read a page that is not under writeback clears the mark: it is PG_readahead */
	EXPECT_EQ(work_start_writeback(SLOW_DISK, size), 0);
	actor_do(a, work_read, at, size);
	active = box_stat("a", "active_file");
	note("%ld of %ld active", active, size);
	EXPECT(active >= size / 3, "%ld of %ld are active", active, size);
	/* pages of another file get to the inactive list first */
	other = actor_do(a, work_map_file, "/data/f", size, 0);
	actor_do(a, work_read, other, size);
	EXPECT_EQ(actor_do(a, work_advise, other, size, MADV_COLD), 0);
	fd = open(SLOW_DISK, O_RDWR | O_CLOEXEC);
	EXPECT(fd >= 0 && !fsync(fd), "cannot write back");
	close(fd);
	for (end = now() + 10; now() < end; pause_ms(500)) {
		drain_batches();
		active = box_stat("a", "active_file");
		if (active <= size / 8)
			break;
	}
	EXPECT(active <= size / 8, "%ld of %ld are active", active, size);
	EXPECT(box_stat("a", "inactive_file") >= size + size / 2, "%ld of %ld are inactive",
	       box_stat("a", "inactive_file"), 2 * size);
	n = size / (long)PAGE;
	EXPECT_EQ(actor_do(a, work_present, at, size), n);
	EXPECT_EQ(actor_do(a, work_present, other, size), n);
	/* the rotated ones are at its tail, and are reclaimed before those */
	EXPECT_EQ(text_write(refs, "1"), 0);
	ret = text_writef(box_file("a", BOX_RECLAIM), "%ld swappiness=0", size / 4);
	EXPECT_EQ(ret, 0);
	note("%ld and %ld of %ld are left", actor_do(a, work_present, at, size),
	     actor_do(a, work_present, other, size), n);
	EXPECT(actor_do(a, work_present, at, size) <= n - n / 4, "too many are left");
	EXPECT_EQ(actor_do(a, work_present, other, size), n);
	EXPECT_EQ(actor_do(a, work_check, at, size, 5), 0);
	actor_end(a);
	unlink("/data/f");
}

const struct vm_case lists_cases[] = {
	{ "lists_moved", lists_moved },
	{ "lists_window", lists_window },
	{ "lists_aged", lists_aged },
	{ "lists_aged_oldest", lists_aged_oldest },
	{ "lists_putback", lists_putback },
	{ "lists_rotated", lists_rotated },
	{ }
};
