// SPDX-License-Identifier: GPL-2.0
/* What a path charged ahead and did not map is returned at its end, not by the next fault. */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define N	64L
#define BYTES	(N * (long)PAGE)

/*
 * A task that sleeps holds no reserve.  rss.current counts reserves, and rss.stat
 * does not.
 */
static void expect_no_reserve(const char *what)
{
	EXPECT(UNTIL(5, box_usage("a") == box_pages("a") * (long)PAGE),
	       "%ld pages are reserved after %s",
	       box_usage("a") / (long)PAGE - box_pages("a"), what);
}

/* Copies page by page, and each page a second time, which is refused. */
static long uffd_copy(long addr, long bytes, long x, long y)
{
	static char from[PAGE] __attribute__((aligned(PAGE)));
	long fd = work_userfault(addr, bytes), at;

	(void)x;
	(void)y;
	if (fd < 0)
		return fd;
	for (at = addr; at < addr + bytes; at += PAGE) {
		struct uffdio_copy copy = { .dst = at, .src = (long)from, .len = PAGE };

		if (ioctl(fd, UFFDIO_COPY, &copy))
			return -errno;
		copy.copy = 0;
		if (!ioctl(fd, UFFDIO_COPY, &copy) || errno != EEXIST)
			return -EILSEQ;
	}
	close(fd);
	return 0;
}

static void reserve_userfault(void)
{
	struct actor *a;
	long at, ret;

	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map, BYTES, ANON);
	ret = actor_do(a, uffd_copy, at, BYTES);
	if (ret == -ENOSYS)
		skip("this kernel has no userfaultfd");
	EXPECT(!ret, "%s", strerror(-ret));
	expect_no_reserve("UFFDIO_COPY");
	actor_end(a);
}

/* Collapse charges a huge page; the pages that it swaps in take from that. */
static void reserve_collapse(void)
{
	long at, ret = -EAGAIN;
	struct actor *a;
	double end;

	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map_huge, HUGE);
	EXPECT_EQ(actor_do(a, work_advise, at, HUGE, MADV_NOHUGEPAGE), 0);
	actor_do(a, work_write, at, HUGE, 1);
	EXPECT_EQ(actor_do(a, work_advise, at, HUGE / 2, MADV_PAGEOUT), 0);
	EXPECT_EQ(actor_do(a, work_advise, at, HUGE, MADV_HUGEPAGE), 0);
	EXPECT(actor_do(a, work_present, at, HUGE) < (long)(HUGE / PAGE), "nothing was swapped out");
	/* it is tried again: an LRU batch may hold a page that was swapped in just now */
	for (end = now() + 20; now() < end; pause_ms(10)) {
		ret = actor_do(a, work_advise, at, HUGE, MADV_COLLAPSE);
		expect_no_reserve("MADV_COLLAPSE");
		if (ret != -EAGAIN)
			break;
	}
	EXPECT(!ret, "%s", strerror(-ret));
	EXPECT_EQ(actor_do(a, work_check, at, HUGE, 1), 0);
	actor_end(a);
}

/* As in mm/gup_test.h. */
struct pin {
	uint64_t addr, size;
	uint32_t flags;	/* 1: for writing */
};
#define PIN_START	_IOW('g', 7, struct pin)

/* Pins pages until the process ends, so that fork() copies them. */
static long pin(long addr, long bytes, long x, long y)
{
	struct pin pin = { .addr = addr, .size = bytes, .flags = 1 };
	int fd = open("/sys/kernel/debug/gup_test", O_RDWR | O_CLOEXEC);

	(void)x;
	(void)y;
	if (fd < 0)
		return -errno;
	return ioctl(fd, PIN_START, &pin) ? -errno : 0;
}

/* Shared by the threads of an actor, and with its children. */
static struct forker {
	volatile long tid, child;
	volatile bool go;
	char stack[256 << 10] __attribute__((aligned(16)));
} *forker;

/*
 * Forks, and stops without a fault that would return what fork() left: its stack is
 * shared memory, which fork() does not write-protect, and the child does not use it.
 */
static void *__attribute__((noreturn)) fork_and_stop(void *unused)
{
	long pid = SYS_fork;

	(void)unused;
	forker->tid = gettid();
	while (!forker->go)
		pause_ms(1);
	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 2f\n"
		     "1:\tmov %1, %%eax\n\t"
		     "syscall\n\t"
		     "jmp 1b\n"
		     "2:"
		     : "+a"(pid) : "i"(SYS_pause) : "rcx", "r11", "memory");
	forker->child = pid;
	for (;;)
		syscall(SYS_pause);
}

/* Starts the thread.  Returns its tid. */
static long start_forker(long w, long x, long y, long z)
{
	pthread_attr_t attr;
	pthread_t thread;

	(void)w, (void)x, (void)y, (void)z;
	forker = (void *)work_map(sizeof(*forker), SHARED_ANON);
	if ((long)forker < 0)
		return (long)forker;
	pthread_attr_init(&attr);
	if (pthread_attr_setstack(&attr, forker->stack, sizeof(forker->stack)) ||
	    pthread_create(&thread, &attr, fork_and_stop, NULL))
		return -EAGAIN;
	while (!forker->tid)
		pause_ms(1);
	return forker->tid;
}

static long let_it_fork(long w, long x, long y, long z)
{
	(void)w, (void)x, (void)y, (void)z;
	forker->go = true;
	while (!forker->child)
		pause_ms(1);
	return forker->child;
}

/*
 * fork() copies pinned pages, and charges ahead for each.  In v1 the thread that
 * forks can be in another container than the mm that it copies.  The child's pages
 * are charged there, and what was charged to the first one is left over.
 */
static void reserve_fork(void)
{
	const char *child = world.v2 ? "a" : "b";
	long at, ret, before;
	struct actor *a;

	box_make("a");
	box_make("b");
	a = actor_new("a");
	at = actor_do(a, work_map, BYTES, ANON);
	actor_do(a, work_write, at, BYTES, 1);
	ret = actor_do(a, pin, at, BYTES);
	if (ret == -ENOENT)
		skip("this kernel has no gup_test");
	EXPECT(!ret, "cannot pin: %s", strerror(-ret));
	ret = actor_do(a, start_forker);
	EXPECT(ret > 0, "%s", strerror(-ret));
	if (!world.v2)
		EXPECT_EQ(box_attach_thread("b", ret), 0);
	before = box_pages(child);
	ret = actor_do(a, let_it_fork);
	EXPECT(ret > 0, "fork: %s", strerror(-ret));
	EXPECT(box_pages(child) >= before + N, "%ld pages were copied",
	       box_pages(child) - before);
	expect_no_reserve("fork");
	EXPECT_EQ(actor_do(a, work_kill, ret), ret);
	kill(a->pid, SIGKILL);
	EXPECT(actor_gone(a, 30), "it does not die");
	actor_end(a);
}

const struct vm_case reserve_cases[] = {
	{ "reserve_fork", reserve_fork },
	{ "reserve_userfault", reserve_userfault },
	{ "reserve_collapse", reserve_collapse },
	{ }
};
