// SPDX-License-Identifier: GPL-2.0
/* What actors do with memory.  Every function returns -errno on failure. */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long ret_addr(void *p)
{
	return p == MAP_FAILED ? -errno : (long)p;
}

static long ret_errno(long ret)
{
	return ret < 0 ? -errno : ret;
}

long work_map(long bytes, long kind)
{
	int flags = MAP_ANONYMOUS;

	flags |= kind == SHARED_ANON ? MAP_SHARED : MAP_PRIVATE;
	return ret_addr(mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0));
}

long work_map_huge(long bytes)
{
	long at = work_map(bytes + HUGE, ANON), start;

	if (at < 0)
		return at;
	start = (at + HUGE - 1) & ~(HUGE - 1);
	if (start > at)
		munmap((void *)at, start - at);
	munmap((void *)(start + bytes), at + HUGE - start);
	return madvise((void *)start, bytes, MADV_HUGEPAGE) ? -errno : start;
}

long work_map_file(const char *path, long bytes, long shared)
{
	int fd = open(path, shared ? O_RDWR : O_RDONLY);
	long at;

	if (fd < 0)
		return -errno;
	at = ret_addr(mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   shared ? MAP_SHARED : MAP_PRIVATE, fd, 0));
	close(fd);
	return at;
}

long work_unmap(long addr, long bytes)
{
	return ret_errno(munmap((void *)addr, bytes));
}

/* A word a page, which names the page: a page that got lost or mixed up shows. */
static unsigned long word(unsigned long i, long seed)
{
	return (i + 1) * 0x9e3779b97f4a7c15UL ^ (unsigned long)seed;
}

long work_write(long addr, long bytes, long seed)
{
	long i;

	for (i = 0; i < bytes / (long)PAGE; i++)
		*(volatile unsigned long *)(addr + i * PAGE) = word(i, seed);
	return 0;
}

long work_check(long addr, long bytes, long seed)
{
	long i, bad = 0;

	for (i = 0; i < bytes / (long)PAGE; i++)
		bad += *(volatile unsigned long *)(addr + i * PAGE) != word(i, seed);
	return bad;
}

long work_read(long addr, long bytes)
{
	long i, sum = 0;

	for (i = 0; i < bytes / (long)PAGE; i++)
		sum += *(volatile unsigned char *)(addr + i * PAGE);
	return sum & 0xff;
}

long work_read_for(long addr, long bytes, long ms)
{
	double end = now() + ms / 1000.0;

	do
		work_read(addr, bytes);
	while (now() < end);
	return 0;
}

/* Removing a permission flushes them from the TLB. */
long work_flush_tlb(long addr, long bytes)
{
	int err = ret_errno(mprotect((void *)addr, bytes, PROT_READ));

	return err ?: ret_errno(mprotect((void *)addr, bytes, PROT_READ | PROT_WRITE));
}

long work_advise(long addr, long bytes, long advice)
{
	return ret_errno(madvise((void *)addr, bytes, advice));
}

long work_lock(long addr, long bytes)
{
	return ret_errno(mlock((void *)addr, bytes));
}

long work_unlock(long addr, long bytes)
{
	return ret_errno(munlock((void *)addr, bytes));
}

long work_resident(long addr, long bytes)
{
	static unsigned char vec[65536];
	long i, n = 0;

	if (bytes / PAGE > sizeof(vec))
		return -E2BIG;
	if (mincore((void *)addr, bytes, vec))
		return -errno;
	for (i = 0; i < bytes / (long)PAGE; i++)
		n += vec[i] & 1;
	return n;
}

long work_present(long addr, long bytes)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	long i, n = 0;
	uint64_t e[512];

	if (fd < 0)
		return -errno;
	for (i = 0; i < bytes / (long)PAGE; i++) {
		if (i % 512 == 0 &&
		    pread(fd, e, sizeof(e), (addr / PAGE + i) * 8) <= 0)
			break;
		n += e[i % 512] >> 63;
	}
	close(fd);
	return n;
}

long work_bind(long addr, long bytes, long node)
{
	unsigned long mask = 1UL << node;

	return ret_errno(syscall(SYS_mbind, addr, bytes, MPOL_BIND, &mask, 64, 0));
}

long work_prefer_node(long node)
{
	unsigned long mask = 1UL << node;

	if (node < 0)
		return ret_errno(syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0));
	return ret_errno(syscall(SYS_set_mempolicy, MPOL_BIND, &mask, 64));
}

static long move_pages_to(long addr, long bytes, long node, int flags)
{
	long n = bytes / PAGE, i, moved = 0;
	void **pages = calloc(n, sizeof(*pages));
	int *nodes = calloc(n, sizeof(*nodes));
	int *status = calloc(n, sizeof(*status));

	for (i = 0; i < n; i++) {
		pages[i] = (void *)(addr + i * PAGE);
		nodes[i] = node;
	}
	if (syscall(SYS_move_pages, 0, n, pages, nodes, status, flags) < 0)
		moved = -errno;
	else
		for (i = 0; i < n; i++)
			moved += status[i] == node;
	free(pages);
	free(nodes);
	free(status);
	return moved;
}

long work_move(long addr, long bytes, long node)
{
	return move_pages_to(addr, bytes, node, MPOL_MF_MOVE);
}

long work_move_all(long addr, long bytes, long node)
{
	return move_pages_to(addr, bytes, node, MPOL_MF_MOVE_ALL);
}

long work_node_of(long addr)
{
	void *page = (void *)addr;
	int status = -1;

	if (syscall(SYS_move_pages, 0, 1, &page, NULL, &status, 0))
		return -errno;
	return status;
}

long work_on_node(long addr, long bytes, long node)
{
	long i, n = 0;

	for (i = 0; i < bytes / (long)PAGE; i++)
		n += work_node_of(addr + i * PAGE) == node;
	return n;
}

long work_run_on(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return ret_errno(sched_setaffinity(0, sizeof(set), &set));
}

long work_fork(void)
{
	pid_t pid = fork();

	if (pid)
		return ret_errno(pid);
	for (;;)
		pause();
}

long work_kill(long pid)
{
	kill(pid, SIGKILL);
	return ret_errno(waitpid(pid, NULL, 0));
}

long work_write_file(const char *path, long bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	static char block[65536];
	long left;

	if (fd < 0)
		return -errno;
	memset(block, 'r', sizeof(block));
	for (left = bytes; left > 0; left -= sizeof(block))
		if (write(fd, block, left < (long)sizeof(block) ? left : (long)sizeof(block)) < 0)
			return -errno;
	if (fsync(fd) && errno != EINVAL)
		return -errno;
	close(fd);
	return 0;
}

long work_read_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	static char block[65536];
	long n, all = 0;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, block, sizeof(block))) > 0)
		all += n;
	close(fd);
	return n < 0 ? -errno : all;
}

/* The disk defers what follows until this write is paid for by its rate. */
long work_keep_disk_busy(const char *path, long bytes)
{
	int fd = open(path, O_WRONLY);
	static char block[65536];
	long left;

	if (fd < 0)
		return -errno;
	lseek(fd, MB, SEEK_SET);
	for (left = bytes; left > 0; left -= sizeof(block))
		if (write(fd, block, sizeof(block)) <= 0)
			return -errno;
	if (fsync(fd))
		return -errno;
	close(fd);
	return 0;
}

long work_start_writeback(const char *path, long bytes)
{
	int fd = open(path, O_RDWR);

	if (fd < 0 || sync_file_range(fd, 0, bytes, SYNC_FILE_RANGE_WRITE))
		return -errno;
	close(fd);
	return 0;
}

long work_map_hugetlb(long bytes)
{
	return ret_addr(mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0));
}

long work_map_device(const char *path, long offset, long bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long at;

	if (fd < 0)
		return -errno;
	at = ret_addr(mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, offset));
	close(fd);
	return at;
}

long work_swapon(const char *dev)
{
	return ret_errno(swapon(dev, 0));
}

long work_swapoff(const char *dev)
{
	return ret_errno(swapoff(dev));
}

long work_userfault(long addr, long bytes)
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
