// SPDX-License-Identifier: GPL-2.0
/* What a path charged ahead and did not map is returned at its end, not by the next fault. */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
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

static long register_range(long addr, long bytes)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = addr, .len = bytes },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
		return -errno;
	return fd;
}

/* Copies page by page, and each page a second time, which is refused. */
static long uffd_copy(long addr, long bytes, long x, long y)
{
	static char from[PAGE] __attribute__((aligned(PAGE)));
	long fd = register_range(addr, bytes), at;

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
	struct actor *a;
	long at, ret;

	box_make("a");
	a = actor_new("a");
	at = actor_do(a, work_map_huge, HUGE);
	EXPECT_EQ(actor_do(a, work_advise, at, HUGE, MADV_NOHUGEPAGE), 0);
	actor_do(a, work_write, at, HUGE, 1);
	EXPECT_EQ(actor_do(a, work_advise, at, HUGE / 2, MADV_PAGEOUT), 0);
	EXPECT_EQ(actor_do(a, work_advise, at, HUGE, MADV_HUGEPAGE), 0);
	/* a page that was just swapped in may be held by the LRU's batch of a CPU */
	EXPECT(UNTIL(20, (ret = actor_do(a, work_advise, at, HUGE, MADV_COLLAPSE)) != -EAGAIN) &&
	       !ret, "%s", strerror(-ret));
	expect_no_reserve("MADV_COLLAPSE");
	EXPECT_EQ(actor_do(a, work_check, at, HUGE, 1), 0);
	actor_end(a);
}

const struct vm_case reserve_cases[] = {
	{ "reserve_userfault", reserve_userfault },
	{ "reserve_collapse", reserve_collapse },
	{ }
};
