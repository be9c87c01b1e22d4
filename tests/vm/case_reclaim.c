// SPDX-License-Identifier: GPL-2.0
/* At the limit: a container's own pages are reclaimed, cold ones first. */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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
	EXPECT(box_event("a", "max") > 0, "the limit was not hit");
	EXPECT(box_stat("a", "pgsteal") >= 2 * N, "%ld pages", box_stat("a", "pgsteal"));
	EXPECT(proc_status_kb(a->pid, "VmSwap") * 1024 >= 2 * BYTES - (long)MB,
	       "%ld kB in swap", proc_status_kb(a->pid, "VmSwap"));
	/* no page is lost or mixed up */
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
	EXPECT(box_event("a", "max") > 0, "the limit was not hit");
	EXPECT_EQ(proc_status_kb(a->pid, "VmSwap"), 0);
	actor_end(a);
	unlink("/data/f");
}

/* Refaults in a mapping count for the container and its parents; those of read() do not. */
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

/* Dirty pages of a file wait for their writeback, and come back as written. */
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

/* A few small pages at the limit: reclaim takes one huge page, not many. */
static void reclaim_thp_one(void)
{
	const long huge = 24 * (long)HUGE;
	long at, more, before;
	struct actor *a;

	box_make("a");
	a = actor_new("a");
	more = actor_do(a, work_map, 4 * PAGE, ANON);
	at = actor_do(a, work_map_huge, huge);
	actor_do(a, work_write, at, huge, 5);
	EXPECT_EQ(box_put("a", BOX_LIMIT, box_usage("a")), 0);
	before = box_stat("a", "pgsteal");
	actor_do(a, work_write, more, 4 * PAGE, 6);
	EXPECT(box_event("a", "max") > 0, "the limit was not hit");
	note("%ld pages were reclaimed", box_stat("a", "pgsteal") - before);
	/* up to a batch of small pages, and the one that completes it */
	EXPECT(box_stat("a", "pgsteal") - before < 512 + 32, "%ld pages were reclaimed",
	       box_stat("a", "pgsteal") - before);
	EXPECT_EQ(actor_do(a, work_check, at, huge, 5), 0);
	actor_end(a);
}

/*
 * An actor in container "a" at its limit, in which nothing can be reclaimed
 * before a slow disk has written it.  The limit is hit by the next page.
 */
static struct actor *only_writeback(long dirty, long *file)
{
	struct actor *a;

	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	box_make("a");
	a = actor_new("a");
	*file = actor_do(a, work_map_file, SLOW_DISK, dirty, 1);
	EXPECT(*file > 0, "cannot map: %s", strerror(-*file));
	/* its fsync() writes all of the device, so it comes first */
	EXPECT_EQ(work_keep_disk_busy(SLOW_DISK, 16 * SLOW_DISK_RATE), 0);
	actor_do(a, work_write, *file, dirty, 7);
	EXPECT_EQ(box_put("a", BOX_LIMIT, box_usage("a")), 0);
	EXPECT_EQ(work_start_writeback(SLOW_DISK, dirty), 0);
	return a;
}

/* All that can be reclaimed is under writeback: wait, do not kill. */
static void reclaim_writeback(void)
{
	const long dirty = 48 * (long)PAGE;
	struct actor *a;
	long file, anon, ret;
	double start;

	a = only_writeback(dirty, &file);
	anon = actor_do(a, work_map, dirty / 2, ANON);
	start = now();
	actor_send(a, (actor_fn)work_write, anon, dirty / 2, 8, 0);
	EXPECT(actor_reply(a, &ret, 80), "the process was killed");
	note("%.1f s", now() - start);
	EXPECT(box_event("a", "max") > 0, "the limit was not hit");
	expect_bounded("a", box_get("a", BOX_LIMIT));
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	EXPECT_EQ(actor_do(a, work_check, anon, dirty / 2, 8), 0);
	EXPECT_EQ(actor_do(a, work_check, file, dirty, 7), 0);
	actor_end(a);
}

static void nothing(int sig)
{
	(void)sig;
}

/* A signal interrupts the write of a limit that waits for a slow disk. */
static void reclaim_writeback_interrupted(void)
{
	struct sigaction act = { .sa_handler = nothing };
	const long dirty = 48 * (long)PAGE;
	struct actor *a;
	double start;
	int status;
	pid_t pid;
	long file;

	a = only_writeback(dirty, &file);
	pid = fork();
	if (!pid) {
		sigaction(SIGUSR1, &act, NULL);
		_exit(-box_put("a", BOX_LIMIT, box_usage("a") - dirty / 2));
	}
	/* what it scans counts at its end, which is far off */
	pause_ms(2000);
	start = now();
	kill(pid, SIGUSR1);
	EXPECT(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "%d", status);
	note("%d after %.1f s", WEXITSTATUS(status), now() - start);
	EXPECT_EQ(WEXITSTATUS(status), EINTR);
	EXPECT(now() - start < 4, "it took %.1f s", now() - start);
	actor_end(a);
}

/* A process that waits in reclaim is attached elsewhere: it goes on there. */
static void reclaim_attached(void)
{
	const long dirty = 48 * (long)PAGE;
	long file, anon, ret, taken;
	struct actor *a;

	box_make("b");
	a = only_writeback(dirty, &file);
	anon = actor_do(a, work_map, dirty / 2, ANON);
	actor_send(a, (actor_fn)work_write, anon, dirty / 2, 8, 0);
	EXPECT(UNTIL(10, box_event("a", "max") > 0), "the limit was not hit");
	pause_ms(1000);
	taken = box_stat("a", "pgsteal");
	EXPECT_EQ(box_attach("b", a->pid), 0);
	EXPECT(actor_reply(a, &ret, 80), "the process was killed");
	EXPECT_EQ(box_stat("a", "pgsteal"), taken);
	EXPECT(box_pages("b") >= dirty / 2 / (long)PAGE, "%ld pages", box_pages("b"));
	actor_end(a);
}

/* Copies into the memory of another process, by its userfaultfd. */
static long copy_into(long pid, long uffd, long addr, long bytes)
{
	struct uffdio_copy copy = { .dst = addr, .len = bytes };
	int fd = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), uffd, 0);

	copy.src = work_map(bytes, ANON);
	work_write(copy.src, bytes, 9);
	if (fd < 0 || ioctl(fd, UFFDIO_COPY, &copy))
		return -errno;
	return copy.copy;
}

/*
 * A process outside waits in reclaim for the memory of one that is killed, and the
 * container is removed: it goes on in the parent, which has no limit.
 */
static void reclaim_removed(void)
{
	const long dirty = 48 * (long)PAGE;
	struct actor *a, *outside;
	long file, anon, uffd, ret;
	double start;

	outside = actor_new(NULL);
	a = only_writeback(dirty, &file);
	EXPECT_EQ(box_put("a", BOX_LIMIT, BOX_MAX), 0);
	anon = actor_do(a, work_map, dirty / 2, ANON);
	uffd = actor_do(a, work_userfault, anon, dirty / 2);
	if (uffd == -ENOSYS)
		skip("this kernel has no userfaultfd");
	EXPECT(uffd >= 0, "%s", strerror(-uffd));
	EXPECT_EQ(box_put("a", BOX_LIMIT, box_usage("a")), 0);
	actor_send(outside, (actor_fn)copy_into, a->pid, uffd, anon, dirty / 2);
	EXPECT(UNTIL(10, box_event("a", "max") > 0), "the limit was not hit");
	kill(a->pid, SIGKILL);
	EXPECT(actor_gone(a, 30), "it does not die");
	EXPECT(UNTIL(10, !box_remove("a")), "busy");
	start = now();
	EXPECT(actor_reply(outside, &ret, 80), "the process was killed");
	note("%.1f s", now() - start);
	EXPECT_EQ(ret, dirty / 2);
	actor_end(outside);
	actor_end(a);
}

/* Pages in use stay, others are reclaimed. */
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

/* Write anonymous pages and read a file, each or both past the limit. */
static void squeeze(int swappiness, bool anon, bool file)
{
	const long limit = 2 * (long)MB;
	struct actor *a;
	long at_anon, at_file, kills;

	text_writef("/proc/sys/vm/swappiness", "%d", swappiness);
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, limit), 0);
	a = actor_new("a");
	at_anon = actor_do(a, work_map, 2 * limit, ANON);
	at_file = actor_do(a, work_map_file, "/data/f", 2 * limit, 0);
	if (anon)
		actor_do(a, work_write, at_anon, 2 * limit, 9);
	if (file)
		actor_do(a, work_read, at_file, 2 * limit);
	if (anon)
		EXPECT_EQ(actor_do(a, work_check, at_anon, 2 * limit, 9), 0);
	kills = box_event("a", "oom_kill");
	EXPECT(!kills, "%ld kills at swappiness %d", kills, swappiness);
	expect_bounded("a", limit);
	actor_end(a);
	EXPECT(UNTIL(10, !box_remove("a")), "busy");
}

/* Whatever the swappiness, what can be reclaimed is, before a process is killed. */
static void reclaim_balance(void)
{
	static const int swappiness[] = { 1, 60, 100, 199, 200 };
	size_t i;

	EXPECT_EQ(work_write_file("/data/f", 4 * MB), 0);
	squeeze(0, false, true);
	for (i = 0; i < ARRAY_SIZE(swappiness); i++) {
		squeeze(swappiness[i], false, true);
		squeeze(swappiness[i], true, false);
		squeeze(swappiness[i], true, true);
	}
	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	squeeze(60, false, true);
	squeeze(200, false, true);
	unlink("/data/f");
}

/* Without swap, files go and anonymous pages stay, whatever the swappiness. */
static void reclaim_balance_no_swap(void)
{
	static const int swappiness[] = { 0, 1, 60, 100, 199, 200 };
	const long limit = 2 * (long)MB;
	struct actor *a;
	long anon, file;
	size_t i;

	EXPECT_EQ(work_write_file("/data/f", 2 * limit), 0);
	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	for (i = 0; i < ARRAY_SIZE(swappiness); i++) {
		text_writef("/proc/sys/vm/swappiness", "%d", swappiness[i]);
		box_make("a");
		EXPECT_EQ(box_put("a", BOX_LIMIT, limit), 0);
		a = actor_new("a");
		anon = actor_do(a, work_map, limit / 2, ANON);
		actor_do(a, work_write, anon, limit / 2, 9);
		file = actor_do(a, work_map_file, "/data/f", 2 * limit, 0);
		actor_do(a, work_read, file, 2 * limit);
		EXPECT_EQ(actor_do(a, work_present, anon, limit / 2), limit / 2 / (long)PAGE);
		expect_bounded("a", limit);
		actor_end(a);
		EXPECT(UNTIL(10, !box_remove("a")), "busy");
	}
	unlink("/data/f");
}

/* With swappiness 0, a container of anonymous pages alone is killed, not swapped. */
static void reclaim_swappiness_zero(void)
{
	long at, ret, swapped = vmstat("pswpout");
	struct actor *a;

	text_write("/proc/sys/vm/swappiness", "0");
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES / 4), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, BYTES / 2, ANON);
	actor_send(a, (actor_fn)work_write, at, BYTES / 2, 9, 0);
	EXPECT(!actor_reply(a, &ret, 60), "the process lives");
	EXPECT_EQ(box_event("a", "oom_kill"), 1);
	EXPECT_EQ(vmstat("pswpout"), swapped);
	actor_end(a);
}

/* memory.swap.max=0 next to it: anonymous pages cannot be swapped, files go. */
static void reclaim_without_memcg_swap(void)
{
	/* in v1 the memory controller is in the other hierarchy */
	const char *memcg = world.v2 ? "/cg2/a" : "/cg2/memcg";
	const long limit = 2 * (long)MB;
	char path[PATH_MAX];
	struct actor *a;
	long at;
	int err;

	if (text_write("/cg2/cgroup.subtree_control", "+memory"))
		skip("no memory controller");
	EXPECT_EQ(work_write_file("/data/f", 3 * limit), 0);
	text_write("/proc/sys/vm/swappiness", "100");
	box_make("a");
	if (!world.v2)
		EXPECT(!mkdir(memcg, 0755), "%s", strerror(errno));
	snprintf(path, sizeof(path), "%s/memory.swap.max", memcg);
	EXPECT_EQ(text_write(path, "0"), 0);
	EXPECT_EQ(box_put("a", BOX_LIMIT, limit), 0);
	/* the pages that it has before are in neither, so they are not reclaimed */
	a = actor_new(NULL);
	snprintf(path, sizeof(path), "%s/cgroup.procs", memcg);
	err = text_writef(path, "%d", a->pid);
	EXPECT(!err, "cannot attach: %s", strerror(-err));
	if (!world.v2)
		EXPECT_EQ(box_attach("a", a->pid), 0);
	at = actor_do(a, work_map, limit / 2, ANON);
	actor_do(a, work_write, at, limit / 2, 9);
	at = actor_do(a, work_map_file, "/data/f", 3 * limit, 0);
	actor_do(a, work_read, at, 3 * limit);
	expect_bounded("a", limit);
	EXPECT_EQ(proc_status_kb(a->pid, "VmSwap"), 0);
	actor_end(a);
	EXPECT(UNTIL(10, !box_remove("a")), "busy");
	if (!world.v2)
		EXPECT(UNTIL(10, !rmdir(memcg)), "busy");
	text_write("/cg2/cgroup.subtree_control", "-memory");
	unlink("/data/f");
}

static long become_io_flusher(long w, long x, long y, long z)
{
	(void)w, (void)x, (void)y, (void)z;
	return prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) ? -errno : 0;
}

/* A task that must not wait for I/O does not swap in its reclaim; clean files go. */
static void reclaim_io_flusher(void)
{
	const long limit = 2 * (long)MB;
	struct actor *a;
	long anon, at;

	EXPECT_EQ(work_write_file("/data/f", 3 * limit), 0);
	text_write("/proc/sys/vm/swappiness", "100");
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, limit), 0);
	a = actor_new("a");
	EXPECT_EQ(actor_do(a, become_io_flusher), 0);
	anon = actor_do(a, work_map, limit / 2, ANON);
	actor_do(a, work_write, anon, limit / 2, 9);
	at = actor_do(a, work_map_file, "/data/f", 3 * limit, 0);
	actor_do(a, work_read, at, 3 * limit);
	EXPECT(box_event("a", "max") > 0, "the limit was not hit");
	expect_bounded("a", limit);
	EXPECT_EQ(proc_status_kb(a->pid, "VmSwap"), 0);
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	EXPECT_EQ(actor_do(a, work_check, anon, limit / 2, 9), 0);
	actor_end(a);
	unlink("/data/f");
}

/* With swappiness 0, file pages are reclaimed and anonymous ones stay. */
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

/* Each node has lists: pages of both are reclaimed, wherever the task runs. */
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

/* Reclaim of one container reclaims nothing of others, nor outside. */
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
	EXPECT_EQ(box_event("b", "max"), 0);
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
	char file[64];
	struct actor *a;
	int node;

	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_do(a, work_write, at, 2 * BYTES, 12);
	before = box_pages("a");
	for (node = 0; node < 2; node++) {
		snprintf(file, sizeof(file), "/sys/devices/system/node/node%d/reclaim", node);
		if (text_writef(file, "%ld swappiness=200", 4 * BYTES) == -ENOENT)
			break;
	}
	/* 6.12 has no such file, and the root memory cgroup does as well */
	for (rounds = 0; rounds < 200 && box_pages("a") > before / 2; rounds++)
		text_writef("/cg2/memory.reclaim", "%ld swappiness=200", BYTES);
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
	{ "reclaim_thp_one", reclaim_thp_one },
	{ "reclaim_writeback", reclaim_writeback },
	{ "reclaim_writeback_interrupted", reclaim_writeback_interrupted },
	{ "reclaim_attached", reclaim_attached },
	{ "reclaim_removed", reclaim_removed },
	{ "reclaim_io_flusher", reclaim_io_flusher },
	{ "reclaim_references", reclaim_references },
	{ "reclaim_mlocked", reclaim_mlocked },
	{ "reclaim_swappiness", reclaim_swappiness },
	{ "reclaim_balance", reclaim_balance },
	{ "reclaim_balance_no_swap", reclaim_balance_no_swap },
	{ "reclaim_swappiness_zero", reclaim_swappiness_zero },
	{ "reclaim_without_memcg_swap", reclaim_without_memcg_swap },
	{ "reclaim_nodes", reclaim_nodes },
	{ "reclaim_isolated", reclaim_isolated },
	{ "reclaim_global", reclaim_global },
	{ }
};
