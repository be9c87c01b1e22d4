// SPDX-License-Identifier: GPL-2.0
/* What is charged, what is not, and by how much: always exact. */
#define _GNU_SOURCE
#include "vm.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BOX	"a"
#define N	1024L
#define BYTES	(N * (long)PAGE)
#define NUMA_BALANCING	"/sys/kernel/debug/sched/numa_balancing/"

/* Pages that the box gained since the last call. */
static long gained(void)
{
	static long before;
	long pages = box_pages(BOX), delta = pages - before;

	before = pages;
	return delta;
}

static struct actor *one_actor(void)
{
	struct actor *a;

	box_make(BOX);
	a = actor_new(BOX);
	gained();
	return a;
}

static long mapped(struct actor *a, long addr)
{
	EXPECT(addr > 0, "cannot map: %s", strerror(-addr));
	(void)a;
	return addr;
}

static void charge_anon(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map, BYTES, ANON));

	EXPECT_EQ(gained(), 0);
	actor_do(a, work_write, at, BYTES, 1);
	EXPECT_EQ(gained(), N);
	EXPECT(box_usage(BOX) >= BYTES, "usage is %ld", box_usage(BOX));
	actor_do(a, work_unmap, at, BYTES / 4);
	EXPECT_EQ(gained(), -N / 4);
	actor_do(a, work_advise, at + BYTES / 4, BYTES / 4, MADV_DONTNEED);
	EXPECT_EQ(gained(), -N / 4);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
	EXPECT_EQ(box_usage(BOX), 0);
}

static long remap(long addr, long bytes)
{
	return (long)mremap((void *)addr, bytes, bytes * 2, MREMAP_MAYMOVE);
}

static void charge_mremap(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map, BYTES, ANON));

	actor_do(a, work_write, at, BYTES, 2);
	EXPECT_EQ(gained(), N);
	at = actor_do(a, remap, at, BYTES);
	EXPECT_EQ(gained(), 0);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 2), 0);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

static void charge_mlock(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map, BYTES, ANON));

	EXPECT_EQ(actor_do(a, work_lock, at, BYTES), 0);
	EXPECT_EQ(gained(), N);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

static void charge_zero_page(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map, BYTES, ANON));

	actor_do(a, work_read, at, BYTES);
	EXPECT_EQ(actor_do(a, work_present, at, BYTES), N);
	gained();
	actor_do(a, work_read, at, BYTES);
	EXPECT_EQ(gained(), 0);
	EXPECT(box_pages(BOX) < N / 2, "%ld pages", box_pages(BOX));
	/* from the zero page to pages of one's own */
	actor_do(a, work_write, at, BYTES, 3);
	EXPECT_EQ(gained(), N);
	actor_end(a);
}

static void charge_huge_zero_page(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map_huge, HUGE));

	gained();
	actor_do(a, work_read, at, HUGE);
	EXPECT_EQ(gained(), 0);
	actor_do(a, work_write, at, PAGE, 3);
	EXPECT(gained() > 0, "nothing charged");
	actor_end(a);
}

static void charge_hugetlb(void)
{
	struct actor *a = one_actor();
	long at;

	text_write("/proc/sys/vm/nr_hugepages", "4");
	if (text_number("/proc/sys/vm/nr_hugepages") < 4)
		skip("no huge pages to be had");
	at = actor_do(a, work_map_hugetlb, HUGE * 2);
	mapped(a, at);
	gained();
	actor_do(a, work_write, at, HUGE * 2, 1);
	EXPECT_EQ(gained(), 0);
	actor_end(a);
}

/* Raw frames of the firmware: no struct page's mapcount is involved. */
static void charge_pfnmap(void)
{
	struct actor *a = one_actor();
	long at = actor_do(a, work_map_device, "/dev/mem", 0xf0000, 0x10000);

	mapped(a, at);
	gained();
	actor_do(a, work_read, at, 0x10000);
	EXPECT_EQ(gained(), 0);
	actor_end(a);
}

static void charge_file_private(void)
{
	struct actor *a = one_actor();
	long at, read;

	EXPECT_EQ(work_write_file("/data/f", BYTES), 0);
	at = mapped(a, actor_do(a, work_map_file, "/data/f", BYTES, 0));
	gained();
	/* one read maps what fault-around finds: all of it counts */
	actor_do(a, work_read, at, PAGE);
	read = gained();
	EXPECT_EQ(read, actor_do(a, work_present, at, BYTES));
	EXPECT(read >= 1, "%ld pages", read);
	gained();
	actor_do(a, work_read, at, BYTES);
	EXPECT_EQ(read + gained(), N);
	/* a private copy takes the place of the file's page */
	actor_do(a, work_write, at, BYTES, 4);
	EXPECT_EQ(gained(), 0);
	actor_do(a, work_unmap, at, BYTES);
	EXPECT_EQ(gained(), -N);
	actor_end(a);
	unlink("/data/f");
}

static void charge_file_shared(void)
{
	struct actor *a = one_actor();
	long at;

	EXPECT_EQ(work_write_file("/data/f", BYTES), 0);
	at = mapped(a, actor_do(a, work_map_file, "/data/f", BYTES, 1));
	gained();
	actor_do(a, work_write, at, BYTES, 5);
	EXPECT_EQ(gained(), N);
	/* truncated under the mapping */
	EXPECT_EQ(truncate("/data/f", BYTES / 2), 0);
	EXPECT_EQ(gained(), -N / 2);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
	unlink("/data/f");
}

#define CHUNK	5L

/* Read each second chunk of five pages. */
static long read_chunks(long addr, long bytes)
{
	long i;

	for (i = 0; i < bytes; i += 2 * CHUNK * PAGE)
		work_read(addr + i, CHUNK * PAGE);
	return 0;
}

/* Deactivate the first two pages of each. */
static long cool_chunks(long addr, long bytes)
{
	long i;

	for (i = 0; i < bytes; i += 2 * CHUNK * PAGE)
		work_advise(addr + i, 2 * PAGE, MADV_COLD);
	return 0;
}

static void fault_around(long bytes)
{
	int err = text_writef("/sys/kernel/debug/fault_around_bytes", "%ld", bytes);

	EXPECT(!err, "fault_around_bytes: %s", strerror(-err));
}

/*
 * Fault-around and munmap() charge and uncharge many folios at once: here more than a
 * window holds, of two containers, on two lists each, and some that are mapped elsewhere.
 */
static void charge_windows(void)
{
	long pages = 48 * CHUNK, size = pages * PAGE, at, other, of_a, of_b, round;
	struct actor *a, *b;

	EXPECT_EQ(work_write_file("/data/windows", size), 0);
	box_make("a");
	box_make("b");
	a = actor_new("a");
	b = actor_new("b");
	for (round = 0; round < 3; round++) {
		/* whole windows, all of one container */
		fault_around(64 * PAGE);
		of_a = box_pages("a");
		at = mapped(a, actor_do(a, work_map_file, "/data/windows", size, 0));
		actor_do(a, work_read, at, size);
		EXPECT_EQ(actor_do(a, work_present, at, size), pages);
		if (round)
			EXPECT_EQ(box_pages("a") - of_a, pages);
		actor_do(a, work_unmap, at, size);
		if (round)
			EXPECT_EQ(box_pages("a"), of_a);

		/* the second read() activates */
		work_read_file("/data/windows");
		work_read_file("/data/windows");
		fault_around(PAGE);
		of_a = box_pages("a");
		of_b = box_pages("b");
		other = mapped(b, actor_do(b, work_map_file, "/data/windows", size, 0));
		actor_do(b, read_chunks, other, size);
		if (round)
			EXPECT_EQ(box_pages("b") - of_b, pages / 2);
		actor_do(b, cool_chunks, other, size);
		fault_around(64 * PAGE);
		at = mapped(a, actor_do(a, work_map_file, "/data/windows", size, 0));
		actor_do(a, work_read, at, size);
		EXPECT_EQ(actor_do(a, work_present, at, size), pages);
		if (round) {
			EXPECT_EQ(box_pages("a") - of_a, pages / 2);
			EXPECT_EQ(box_pages("b") - of_b, pages / 2);
		}
		if (round == 1) {
			/* b's stay charged until a unmaps them as well */
			actor_do(b, work_unmap, other, size);
			EXPECT_EQ(box_pages("b") - of_b, pages / 2);
			actor_do(a, work_unmap, at, size);
		} else {
			actor_do(a, work_unmap, at, size);
			if (round)
				EXPECT_EQ(box_pages("b") - of_b, pages / 2);
			actor_do(b, work_unmap, other, size);
		}
		if (round) {
			EXPECT_EQ(box_pages("a"), of_a);
			EXPECT_EQ(box_pages("b"), of_b);
		}
	}
	fault_around(16 * PAGE);
	actor_end(a);
	actor_end(b);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_pages("b"), 0);
	EXPECT_EQ(box_stat("a", "inactive_file") + box_stat("a", "active_file"), 0);
	EXPECT_EQ(box_stat("b", "inactive_file") + box_stat("b", "active_file"), 0);
	unlink("/data/windows");
}

static void charge_page_cache(void)
{
	struct actor *a = one_actor();

	actor_do(a, work_write_file, "/data/f", PAGE * 16);
	actor_do(a, work_read_file, "/data/f");
	gained();
	EXPECT_EQ(actor_do(a, work_write_file, "/data/f", BYTES), 0);
	EXPECT_EQ(actor_do(a, work_read_file, "/data/f"), BYTES);
	EXPECT_EQ(gained(), 0);
	actor_end(a);
	unlink("/data/f");
}

static void charge_shmem(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map, BYTES, SHARED_ANON));

	actor_do(a, work_write, at, BYTES, 6);
	EXPECT_EQ(gained(), N);
	/* unmapped but still in the page cache: not counted */
	actor_do(a, work_advise, at, BYTES, MADV_DONTNEED);
	EXPECT_EQ(gained(), -N);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 6), 0);
	EXPECT_EQ(gained(), N);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

/* Split the huge pages of a range, which has no hole. */
static void split_huge(struct actor *a, long at, long bytes)
{
	long before = vmstat("thp_split_page");

	int err = text_writef("/sys/kernel/debug/split_huge_pages", "%d,0x%lx,0x%lx",
			      a->pid, at, at + bytes);

	EXPECT(!err, "%s", strerror(-err));
	EXPECT(vmstat("thp_split_page") > before, "nothing was split");
}

static void charge_thp(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map_huge, HUGE * 2));

	gained();
	/* every page has contents: a split maps the zero page for empty ones */
	actor_do(a, work_write, at, HUGE, 7);
	if (actor_do(a, work_present, at, HUGE) != 512)
		skip("no huge page was to be had");
	actor_do(a, work_write, at + HUGE, PAGE, 7);
	gained();
	actor_do(a, work_advise, at + HUGE, HUGE, MADV_DONTNEED);
	EXPECT_EQ(gained(), -512);
	actor_do(a, work_write, at + HUGE, HUGE, 7);
	EXPECT_EQ(gained(), 512);
	/* mapped by pages from here on: the folio is charged as a whole */
	actor_do(a, work_unmap, at + HUGE, HUGE / 2);
	EXPECT_EQ(gained(), 0);
	actor_do(a, work_advise, at + HUGE + HUGE / 2, PAGE, MADV_DONTNEED);
	EXPECT_EQ(gained(), 0);
	/* until it is split, which frees the pages that are not mapped */
	split_huge(a, at, HUGE);
	EXPECT_EQ(gained(), 0);
	split_huge(a, at + HUGE + HUGE / 2, HUGE / 2);
	EXPECT_EQ(gained(), -257);
	EXPECT_EQ(actor_do(a, work_present, at, HUGE), 512);
	EXPECT_EQ(box_stat(BOX, "overrun"), 0);
	EXPECT_EQ(actor_do(a, work_check, at, HUGE, 7), 0);
	actor_do(a, work_unmap, at, HUGE);
	EXPECT_EQ(gained(), -512);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

static void charge_thp_fork(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map_huge, HUGE)), child;

	actor_do(a, work_write, at, HUGE, 8);
	if (actor_do(a, work_present, at, HUGE) != 512)
		skip("no huge page was to be had");
	child = actor_do(a, work_fork);
	gained();
	/* the parent's copy of one page of a huge page that is shared */
	actor_do(a, work_write, at, PAGE, 8);
	EXPECT(gained() >= 1, "a copy is not charged");
	actor_do(a, work_kill, child);
	EXPECT_NEAR(box_pages(BOX), 512, 64);
	EXPECT_EQ(actor_do(a, work_check, at, HUGE, 8), 0);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

static void charge_large_folio(void)
{
	struct actor *a = one_actor();
	long at;

	if (text_write("/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled",
		       "always"))
		skip("no folios of 64 KiB");
	at = mapped(a, actor_do(a, work_map_huge, HUGE));
	/* not huge: the folio must be one of 16 pages */
	actor_do(a, work_advise, at, HUGE, MADV_NOHUGEPAGE);
	actor_do(a, work_unmap, at, HUGE);
	at = mapped(a, actor_do(a, work_map, MB, ANON));
	at = (at + 0xffff) & ~0xffffL;
	gained();
	actor_do(a, work_write, at, PAGE, 9);
	EXPECT_EQ(gained(), 16);
	actor_do(a, work_unmap, at + 4 * PAGE, 4 * PAGE);
	EXPECT_EQ(gained(), 0);
	actor_do(a, work_unmap, at, 4 * PAGE);
	EXPECT_EQ(gained(), 0);
	actor_do(a, work_unmap, at + 8 * PAGE, 8 * PAGE);
	EXPECT_EQ(gained(), -16);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

/* Huge pages of which one page stays mapped do not escape the limit. */
static void charge_thp_remnants(void)
{
	long limit = 16 * (long)MB, before, used, at, i;
	struct actor *a = one_actor();

	before = text_key("/proc/meminfo", "MemFree:");
	EXPECT_EQ(box_put(BOX, BOX_LIMIT, limit), 0);
	for (i = 0; i < 48; i++) {
		at = mapped(a, actor_do(a, work_map_huge, HUGE));
		actor_do(a, work_write, at, HUGE, 7);
		if (!i && box_pages(BOX) < 512)
			skip("no huge page was to be had");
		actor_do(a, work_unmap, at + PAGE, HUGE - PAGE);
	}
	used = (before - text_key("/proc/meminfo", "MemFree:")) * 1024;
	note("%ld MB of memory for a limit of %ld MB", used / (long)MB, limit / (long)MB);
	EXPECT(used < 2 * limit, "%ld bytes are used, the limit is %ld", used, limit);
	EXPECT_EQ(box_event(BOX, "oom_kill"), 0);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

/* Pages charged past the limit: by a path that did not foresee a large folio. */
static void charge_overrun(void)
{
	struct actor *a, *none;
	long at, limit;

	if (text_write("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "force"))
		skip("no huge pages in tmpfs");
	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	none = actor_new(NULL);
	EXPECT_EQ(actor_do(none, work_write_file, "/tmp/huge", HUGE), 0);
	actor_end(none);
	a = one_actor();
	at = mapped(a, actor_do(a, work_map_file, "/tmp/huge", PAGE, 1));
	actor_do(a, work_present, at, PAGE);
	EXPECT_EQ(box_stat(BOX, "overrun"), 0);
	limit = box_usage(BOX) + 100 * (long)PAGE;
	EXPECT_EQ(box_put(BOX, BOX_LIMIT, limit), 0);
	actor_do(a, work_read, at, PAGE);
	if (box_usage(BOX) <= limit)
		skip("the file is not in a huge page");
	EXPECT_EQ(box_stat(BOX, "overrun"), (box_usage(BOX) - limit) / (long)PAGE);
	actor_do(a, work_unmap, at, PAGE);
	EXPECT(box_usage(BOX) <= limit, "usage %ld", box_usage(BOX));
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

static void charge_ksm(void)
{
	long at[2], merged = text_number("/sys/kernel/mm/ksm/pages_sharing");
	struct actor *a = one_actor();
	int i;

	if (merged < 0)
		skip("no KSM");
	for (i = 0; i < 2; i++) {
		at[i] = mapped(a, actor_do(a, work_map, BYTES / 4, ANON));
		actor_do(a, work_write, at[i], BYTES / 4, 10);
		actor_do(a, work_advise, at[i], BYTES / 4, MADV_MERGEABLE);
	}
	gained();
	text_write("/sys/kernel/mm/ksm/sleep_millisecs", "0");
	text_write("/sys/kernel/mm/ksm/pages_to_scan", "2000");
	text_write("/sys/kernel/mm/ksm/run", "1");
	EXPECT(UNTIL(60, text_number("/sys/kernel/mm/ksm/pages_sharing") >= N / 4),
	       "%ld pages shared", text_number("/sys/kernel/mm/ksm/pages_sharing"));
	text_write("/sys/kernel/mm/ksm/run", "0");
	EXPECT_EQ(gained(), -N / 4);
	text_write("/sys/kernel/mm/ksm/run", "2");
	EXPECT_EQ(gained(), N / 4);
	EXPECT_EQ(box_stat(BOX, "overrun"), 0);
	EXPECT_EQ(actor_do(a, work_check, at[1], BYTES / 4, 10), 0);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

static void charge_swapped_in(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map, BYTES, ANON)), out;

	actor_do(a, work_write, at, BYTES, 11);
	gained();
	EXPECT_EQ(actor_do(a, work_advise, at, BYTES, MADV_PAGEOUT), 0);
	out = -gained();
	EXPECT(out > N * 9 / 10, "only %ld of %ld pages went out", out, N);
	EXPECT_EQ(actor_do(a, work_present, at, BYTES), N - out);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 11), 0);
	gained();
	EXPECT_EQ(actor_do(a, work_present, at, BYTES), N);
	EXPECT_NEAR(box_pages(BOX), N, 64);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

/*
 * One container is at its limit and cannot swap: swapoff brings in the pages of
 * the others all the same, and OOM in that container makes room for its own.
 */
static void charge_swapoff_at_limit(void)
{
	struct actor *full, *other;
	long at, base;

	box_make("full");
	full = actor_new("full");
	other = one_actor();
	at = mapped(full, actor_do(full, work_map, BYTES, ANON));
	actor_do(full, work_write, at, BYTES, 12);
	actor_do(full, work_advise, at, BYTES, MADV_PAGEOUT);
	EXPECT_EQ(box_put("full", BOX_LIMIT, box_usage("full") + BYTES / 2), 0);
	at = mapped(other, actor_do(other, work_map, BYTES, ANON));
	base = box_pages(BOX);
	actor_do(other, work_write, at, BYTES, 13);
	actor_do(other, work_advise, at, BYTES, MADV_PAGEOUT);
	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	EXPECT_NEAR(box_pages(BOX), base + N, 8);
	EXPECT_EQ(actor_do(other, work_check, at, BYTES, 13), 0);
	EXPECT(actor_gone(full, 30), "the process lives");
	EXPECT_EQ(box_event("full", "oom_kill"), 1);
	actor_end(full);
	actor_end(other);
	EXPECT_EQ(box_pages(BOX), 0);
	EXPECT_EQ(box_pages("full"), 0);
}

/* Brought in by swapoff, which runs outside all containers. */
static void charge_swapoff(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map, BYTES, ANON)), base;

	base = box_pages(BOX);
	actor_do(a, work_write, at, BYTES, 12);
	actor_do(a, work_advise, at, BYTES, MADV_PAGEOUT);
	EXPECT(box_pages(BOX) < base + N / 4, "%ld pages", box_pages(BOX));
	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	EXPECT_EQ(work_swapon("/dev/zram0"), 0);
	EXPECT_NEAR(box_pages(BOX), base + N, 8);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 12), 0);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

static void charge_migrated(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map, BYTES, ANON)), node;

	actor_do(a, work_write, at, BYTES, 13);
	node = actor_do(a, work_node_of, at);
	EXPECT(node >= 0, "no NUMA: %ld", node);
	actor_do(a, work_move, at, BYTES, node);	/* the arrays it needs */
	gained();
	EXPECT(actor_do(a, work_move, at, BYTES, !node) > N * 9 / 10, "not moved");
	EXPECT_EQ(gained(), 0);
	EXPECT_EQ(box_stat(BOX, "overrun"), 0);
	EXPECT_EQ(actor_do(a, work_node_of, at), !node);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 13), 0);
	/* the lists are per node: it must be found on the new one */
	EXPECT_EQ(actor_do(a, work_advise, at, BYTES, MADV_PAGEOUT), 0);
	EXPECT(-gained() > N * 9 / 10, "not reclaimed from the other node");
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

/*
 * The owner of pages is carried along by migration, compaction and split, also
 * if the process that maps them has left the container.
 */
static void charge_owner_carried(void)
{
	struct actor *a = one_actor();
	long at, huge, node;

	at = mapped(a, actor_do(a, work_map, BYTES, ANON));
	actor_do(a, work_write, at, BYTES, 16);
	huge = mapped(a, actor_do(a, work_map_huge, HUGE));
	actor_do(a, work_write, huge, HUGE, 17);
	node = actor_do(a, work_node_of, at);
	EXPECT(node >= 0, "no NUMA: %ld", node);
	EXPECT_EQ(box_attach(NULL, a->pid), 0);
	actor_do(a, work_move, at, BYTES, node);	/* the arrays it needs */
	gained();
	EXPECT(actor_do(a, work_move, at, BYTES, !node) > N * 9 / 10, "not moved");
	EXPECT_EQ(gained(), 0);
	text_write("/proc/sys/vm/compact_memory", "1");
	EXPECT_EQ(gained(), 0);
	EXPECT(actor_do(a, work_move, huge, HUGE, !node) > 0, "not moved");
	EXPECT_EQ(gained(), 0);
	split_huge(a, huge, HUGE);
	EXPECT_EQ(gained(), 0);
	EXPECT(actor_do(a, work_move, huge, HUGE, node) > 0, "not moved");
	EXPECT_EQ(gained(), 0);
	EXPECT_EQ(box_stat(BOX, "overrun"), 0);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 16), 0);
	EXPECT_EQ(actor_do(a, work_check, huge, HUGE, 17), 0);
	/* the lists have followed: the container's reclaim finds the pages */
	EXPECT_EQ(box_put(BOX, BOX_RECLAIM, BYTES), 0);
	EXPECT(-gained() >= N, "not reclaimed");
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

/* Shared with a process outside, which comes first when pages are mapped again. */
static void charge_migrated_shared(void)
{
	struct actor *a, *none;
	long at, at_none, node;

	EXPECT_EQ(work_write_file("/data/f", BYTES), 0);
	none = actor_new(NULL);
	at_none = mapped(none, actor_do(none, work_map_file, "/data/f", BYTES, 1));
	a = one_actor();
	at = mapped(a, actor_do(a, work_map_file, "/data/f", BYTES, 1));
	gained();
	actor_do(a, work_write, at, BYTES, 18);
	EXPECT_EQ(gained(), N);
	actor_do(none, work_read, at_none, BYTES);
	EXPECT_EQ(gained(), 0);
	node = actor_do(a, work_node_of, at);
	EXPECT(node >= 0, "no NUMA: %ld", node);
	EXPECT(actor_do(none, work_move_all, at_none, BYTES, !node) > N * 9 / 10,
	       "not moved");
	EXPECT_EQ(gained(), 0);
	actor_do(none, work_unmap, at_none, BYTES);
	EXPECT_EQ(gained(), 0);
	actor_do(a, work_unmap, at, BYTES);
	EXPECT_EQ(gained(), -N);
	actor_end(none);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
	unlink("/data/f");
}

/*
 * Hinting faults of an actor move the pages that it reads to its node.  The lists
 * follow, and no charge changes.
 */
static void balance(struct actor *a, long at, long bytes, int node)
{
	long n = bytes / (long)PAGE, there, listed = box_node_pages(BOX, node), moved;

	EXPECT_EQ(actor_do(a, work_on_node, at, bytes, node), 0);
	moved = vmstat("numa_pages_migrated");
	EXPECT_EQ(text_write("/proc/sys/kernel/numa_balancing", "1"), 0);
	EXPECT(UNTIL(30, (actor_do(a, work_read_for, at, bytes, 200),
			  there = actor_do(a, work_on_node, at, bytes, node)) > n * 9 / 10),
	       "%ld of %ld pages were moved", there, n);
	EXPECT_EQ(text_write("/proc/sys/kernel/numa_balancing", "0"), 0);
	moved = vmstat("numa_pages_migrated") - moved;
	listed = box_node_pages(BOX, node) - listed;
	note("%ld of %ld pages are there, %ld were migrated, %ld listed", there, n, moved, listed);
	EXPECT(moved >= there, "%ld of %ld pages were moved by NUMA balancing", moved, there);
	EXPECT_EQ(gained(), 0);
	/* some of the process's other pages are moved, and some wait in batches for the LRU */
	EXPECT_NEAR(listed, there, N / 8);
}

/*
 * The node of an actor that stays on one CPU, by a page that it takes: with
 * numa=fake, getcpu() returns another one for some emulated CPUs.
 */
static long run_on(struct actor *a, long cpu)
{
	long at, node;

	EXPECT_EQ(actor_do(a, work_run_on, cpu), 0);
	at = mapped(a, actor_do(a, work_map, PAGE, ANON));
	actor_do(a, work_write, at, PAGE, 21);
	node = actor_do(a, work_node_of, at);
	actor_do(a, work_unmap, at, PAGE);
	EXPECT(node == 0 || node == 1, "a page is on node %ld", node);
	return node;
}

/*
 * NUMA balancing moves pages of an owner whose container the process has left, small
 * and huge ones, and pages that a process outside maps first.
 */
static void charge_numa_balanced(void)
{
	struct actor *a, *none;
	long at, huge, file, file_none, node;

	if (text_write(NUMA_BALANCING "scan_delay_ms", "10") ||
	    text_write(NUMA_BALANCING "scan_period_min_ms", "100"))
		skip("no NUMA balancing");
	none = actor_new(NULL);
	node = run_on(none, 1);
	EXPECT_EQ(actor_do(none, work_prefer_node, !node), 0);
	EXPECT_EQ(actor_do(none, work_write_file, "/data/f", BYTES), 0);
	file_none = mapped(none, actor_do(none, work_map_file, "/data/f", BYTES, 1));
	EXPECT_EQ(actor_do(none, work_prefer_node, -1), 0);

	a = one_actor();
	EXPECT_EQ(run_on(a, 1), node);
	EXPECT_EQ(actor_do(a, work_prefer_node, !node), 0);
	at = mapped(a, actor_do(a, work_map, BYTES, ANON));
	actor_do(a, work_write, at, BYTES, 19);
	huge = mapped(a, actor_do(a, work_map_huge, HUGE));
	actor_do(a, work_write, huge, PAGE, 20);
	EXPECT_EQ(actor_do(a, work_present, huge, HUGE), (long)(HUGE / PAGE));
	actor_do(a, work_write, huge, HUGE, 20);
	EXPECT_EQ(actor_do(a, work_prefer_node, -1), 0);
	file = mapped(a, actor_do(a, work_map_file, "/data/f", BYTES, 1));
	actor_do(a, work_read_for, at, PAGE, 0);
	actor_do(a, work_on_node, at, PAGE, node);
	gained();
	actor_do(a, work_read, file, BYTES);
	EXPECT_EQ(gained(), N);
	EXPECT_EQ(run_on(none, 1), node);
	actor_do(none, work_read, file_none, BYTES);
	EXPECT_EQ(gained(), 0);
	EXPECT_EQ(box_attach(NULL, a->pid), 0);

	balance(a, at, BYTES, node);
	balance(a, huge, HUGE, node);
	balance(none, file_none, BYTES, node);
	EXPECT_EQ(box_stat(BOX, "overrun"), 0);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 19), 0);
	EXPECT_EQ(actor_do(a, work_check, huge, HUGE, 20), 0);
	actor_do(none, work_unmap, file_none, BYTES);
	EXPECT_EQ(gained(), 0);
	actor_do(a, work_unmap, file, BYTES);
	EXPECT_EQ(gained(), -N);
	actor_do(a, work_unmap, huge, HUGE);
	EXPECT_EQ(gained(), -(long)(HUGE / PAGE));
	/* the container's reclaim finds the pages on the other node */
	EXPECT_EQ(box_put(BOX, BOX_RECLAIM, BYTES / 2), 0);
	EXPECT(-gained() >= N / 2, "not reclaimed");
	actor_end(none);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
	unlink("/data/f");
}

static void charge_fork(void)
{
	struct actor *a = one_actor();
	long at = mapped(a, actor_do(a, work_map, BYTES, ANON)), child, own;

	actor_do(a, work_write, at, BYTES, 14);
	child = actor_do(a, work_fork);
	actor_do(a, work_kill, child);
	gained();
	child = actor_do(a, work_fork);
	own = gained();		/* its stack and the like */
	EXPECT(own < 64, "fork charged %ld pages", own);
	actor_do(a, work_write, at, BYTES, 15);
	EXPECT_NEAR(gained(), N, 8);	/* its own stack is copied as well */
	actor_do(a, work_kill, child);
	EXPECT_NEAR(gained(), -N, 64);
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 15), 0);
	actor_end(a);
	EXPECT_EQ(box_pages(BOX), 0);
}

const struct vm_case charge_cases[] = {
	{ "charge_anon", charge_anon },
	{ "charge_mremap", charge_mremap },
	{ "charge_mlock", charge_mlock },
	{ "charge_zero_page", charge_zero_page },
	{ "charge_huge_zero_page", charge_huge_zero_page },
	{ "charge_hugetlb", charge_hugetlb },
	{ "charge_pfnmap", charge_pfnmap },
	{ "charge_file_private", charge_file_private },
	{ "charge_file_shared", charge_file_shared },
	{ "charge_windows", charge_windows },
	{ "charge_page_cache", charge_page_cache },
	{ "charge_shmem", charge_shmem },
	{ "charge_thp", charge_thp },
	{ "charge_thp_fork", charge_thp_fork },
	{ "charge_large_folio", charge_large_folio },
	{ "charge_thp_remnants", charge_thp_remnants },
	{ "charge_overrun", charge_overrun },
	{ "charge_ksm", charge_ksm },
	{ "charge_swapped_in", charge_swapped_in },
	{ "charge_swapoff", charge_swapoff },
	{ "charge_swapoff_at_limit", charge_swapoff_at_limit },
	{ "charge_migrated", charge_migrated },
	{ "charge_owner_carried", charge_owner_carried },
	{ "charge_migrated_shared", charge_migrated_shared },
	{ "charge_numa_balanced", charge_numa_balanced },
	{ "charge_fork", charge_fork },
	{ }
};
