// SPDX-License-Identifier: GPL-2.0
/* Collapse into huge pages, and compaction: what they replace stays charged, exactly. */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define KHUGEPAGED	"/sys/kernel/mm/transparent_hugepage/khugepaged/"
#define N		(HUGE / PAGE)

/* An actor in "a" that has written each second page of a huge page's range. */
static struct actor *half_written(long *at)
{
	struct actor *a;
	unsigned long i;

	box_make("a");
	a = actor_new("a");
	*at = actor_do(a, work_map_huge, HUGE);
	EXPECT(*at > 0, "cannot map: %s", strerror(-*at));
	EXPECT_EQ(actor_do(a, work_advise, *at, HUGE, MADV_NOHUGEPAGE), 0);
	for (i = 0; i < N; i += 2)
		actor_do(a, work_write, *at + i * PAGE, PAGE, 1);
	return a;
}

/* Are they as half_written() left them? */
static void check_half(struct actor *a, long at)
{
	unsigned long i;

	for (i = 0; i < N; i += 2)
		EXPECT_EQ(actor_do(a, work_check, at + i * PAGE, PAGE, 1), 0);
}

/* It is tried again, as LRU batches and migration hold pages for a moment. */
static long collapse(struct actor *a, long at)
{
	long ret = -EAGAIN;

	EXPECT_EQ(actor_do(a, work_advise, at, HUGE, MADV_HUGEPAGE), 0);
	UNTIL(20, (ret = actor_do(a, work_advise, at, HUGE, MADV_COLLAPSE)) != -EAGAIN);
	return ret;
}

static bool is_huge(struct actor *a, long at)
{
	return actor_do(a, work_present, at, HUGE) == (long)N;
}

/* MADV_COLLAPSE: the huge page is charged instead of the small ones. */
static void large_collapse(void)
{
	struct actor *a;
	long at, before, ret;

	a = half_written(&at);
	before = box_pages("a");
	ret = collapse(a, at);
	EXPECT(!ret, "%s", strerror(-ret));
	EXPECT(is_huge(a, at), "%ld pages are there", actor_do(a, work_present, at, HUGE));
	EXPECT_NEAR(box_pages("a"), before + (long)N / 2, 4);
	EXPECT_EQ(box_stat("a", "overrun"), 0);
	check_half(a, at);
	before = box_pages("a");
	actor_do(a, work_unmap, at, HUGE);
	EXPECT_EQ(box_pages("a"), before - (long)N);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), 0);
}

/* Without room for the huge page, the small ones stay; nothing is killed. */
static void large_collapse_at_limit(void)
{
	struct actor *a;
	long at, limit, ret;

	a = half_written(&at);
	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	limit = box_usage("a") + (long)N / 4 * (long)PAGE;
	EXPECT_EQ(box_put("a", BOX_LIMIT, limit), 0);
	ret = collapse(a, at);
	EXPECT(ret == -EBUSY || ret == -ENOMEM, "%s", strerror(-ret));
	EXPECT(box_get("a", BOX_PEAK) <= limit, "peak %ld", box_get("a", BOX_PEAK));
	EXPECT_EQ(box_stat("a", "overrun"), 0);
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	check_half(a, at);
	/* and with room it is collapsed */
	EXPECT_EQ(box_put("a", BOX_LIMIT, limit + 2 * (long)HUGE), 0);
	ret = collapse(a, at);
	EXPECT(!ret, "%s", strerror(-ret));
	check_half(a, at);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), 0);
}

/* khugepaged charges the container that the mm is in now, not that of the small pages. */
static void large_collapse_khugepaged(void)
{
	struct actor *a;
	long at, before;

	a = half_written(&at);
	box_make("b");
	EXPECT_EQ(box_attach("b", a->pid), 0);
	actor_do(a, work_present, at, HUGE);
	before = box_pages("a");
	EXPECT_EQ(text_write(KHUGEPAGED "pages_to_scan", "8192"), 0);
	EXPECT_EQ(text_write(KHUGEPAGED "scan_sleep_millisecs", "100"), 0);
	EXPECT_EQ(actor_do(a, work_advise, at, HUGE, MADV_HUGEPAGE), 0);
	EXPECT(UNTIL(60, is_huge(a, at)), "nothing was collapsed");
	EXPECT_NEAR(box_pages("a"), before - (long)N / 2, 4);
	EXPECT(box_pages("b") >= (long)N, "%ld pages", box_pages("b"));
	EXPECT_EQ(box_stat("b", "overrun"), 0);
	check_half(a, at);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_pages("b"), 0);
}

/* Maps a file where a huge page can map it. */
static long map_file_aligned(const char *path, long y, long z, long w)
{
	long at = work_map_huge(HUGE);
	int fd = open(path, O_RDWR);
	void *p;

	(void)y, (void)z, (void)w;
	if (fd < 0 || at < 0)
		return -ENOENT;
	p = mmap((void *)at, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? -errno : at;
}

/* A file of which each page is mapped: as many are charged before and after. */
static void large_collapse_file(void)
{
	struct actor *a;
	long at, before, ret;

	EXPECT_EQ(work_write_file("/tmp/f", HUGE), 0);
	box_make("a");
	a = actor_new("a");
	at = actor_do(a, map_file_aligned, "/tmp/f");
	EXPECT(at > 0, "cannot map: %s", strerror(-at));
	actor_do(a, work_present, at, PAGE);
	before = box_pages("a");
	actor_do(a, work_write, at, HUGE, 2);
	EXPECT_EQ(box_pages("a"), before + (long)N);
	ret = collapse(a, at);
	if (ret == -EINVAL)
		skip("no huge pages in tmpfs");
	EXPECT(!ret, "%s", strerror(-ret));
	EXPECT_EQ(actor_do(a, work_check, at, HUGE, 2), 0);
	EXPECT_EQ(box_pages("a"), before + (long)N);
	/* the split of a huge mapping of a file unmaps it; a fault maps the one page again */
	actor_do(a, work_unmap, at + PAGE, HUGE - PAGE);
	EXPECT_EQ(box_pages("a"), before);
	actor_do(a, work_read, at, PAGE);
	/* the folio is charged whole while one page of it is mapped */
	EXPECT_EQ(box_pages("a"), before + (long)N);
	actor_do(a, work_unmap, at, PAGE);
	EXPECT_EQ(box_pages("a"), before);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), 0);
}

/* Where the pages of a range are in memory, and how many were moved since. */
static long moved_pages(long at, long bytes, long x, long y)
{
	static uint64_t was[4096];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t is[4096];
	long n = bytes / (long)PAGE, moved = 0, i;

	(void)x, (void)y;
	if (fd < 0 || n > 4096 || pread(fd, is, n * 8, at / (long)PAGE * 8) != n * 8)
		return -EIO;
	close(fd);
	for (i = 0; i < n; i++) {
		/* the frame number, if the page is present */
		is[i] = is[i] >> 63 ? is[i] & ((1UL << 55) - 1) : 0;
		moved += is[i] != was[i];
		was[i] = is[i];
	}
	return moved;
}

/* Compaction moves pages of an owner whose container the process has left. */
static void large_compacted(void)
{
	const long bytes = 8 * (long)MB, n = bytes / (long)PAGE, below = 96 * (long)MB;
	struct actor *a, *other;
	long at, hole, before, moved, i;

	box_make("a");
	a = actor_new("a");
	other = actor_new(NULL);
	EXPECT_EQ(actor_do(a, work_prefer_node, 0), 0);
	EXPECT_EQ(actor_do(other, work_prefer_node, 0), 0);
	/* or they would be at the end of the node, where compaction moves pages to */
	hole = actor_do(other, work_map, below, ANON);
	actor_do(other, work_write, hole, below, 3);
	at = actor_do(a, work_map, bytes, ANON);
	hole = actor_do(other, work_map, bytes, ANON);
	/* their pages alternate in memory, and then every second one is free */
	for (i = 0; i < n; i += 16) {
		actor_do(a, work_write, at + i * PAGE, 16 * PAGE, 3);
		actor_do(other, work_write, hole + i * PAGE, 16 * PAGE, 3);
	}
	EXPECT_EQ(box_attach(NULL, a->pid), 0);
	actor_do(a, moved_pages, at, bytes);
	actor_end(other);
	before = box_pages("a");
	for (i = 0, moved = 0; i < 5 && moved < n / 8; i++) {
		EXPECT_EQ(text_write("/proc/sys/vm/compact_memory", "1"), 0);
		moved += actor_do(a, moved_pages, at, bytes);
	}
	note("%ld of %ld pages were moved", moved, n);
	EXPECT(moved >= n / 8, "%ld of %ld pages were moved", moved, n);
	EXPECT_EQ(box_pages("a"), before);
	EXPECT_EQ(box_stat("a", "overrun"), 0);
	for (i = 0; i < n; i += 16)
		EXPECT_EQ(actor_do(a, work_check, at + i * PAGE, 16 * PAGE, 3), 0);
	/* the lists have followed */
	EXPECT_EQ(box_put("a", BOX_RECLAIM, bytes), 0);
	EXPECT(box_pages("a") < before - n / 2, "%ld of %ld pages are left", box_pages("a"),
	       before);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), 0);
}

const struct vm_case large_cases[] = {
	{ "large_collapse", large_collapse },
	{ "large_collapse_at_limit", large_collapse_at_limit },
	{ "large_collapse_khugepaged", large_collapse_khugepaged },
	{ "large_collapse_file", large_collapse_file },
	{ "large_compacted", large_compacted },
	{ }
};
