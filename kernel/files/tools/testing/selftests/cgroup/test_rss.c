// SPDX-License-Identifier: GPL-2.0
/*
 * The rss controller: what is charged, the limit, reclaim, protection, OOM, watermarks,
 * events.
 *
 * Nothing here depends on swap: what must be reclaimed is page cache, and what
 * must not be is locked.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest.h"
#include "cgroup_util.h"

/* What a process maps in addition to what a test asks for, and rounding. */
#define SLACK		MB(1)
#define TIMEOUT_MS	30000

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

enum memory {
	MEMORY_ANON,
	MEMORY_LOCKED,		/* anonymous, cannot be reclaimed */
	MEMORY_FILE,		/* a file, mapped */
	MEMORY_READ,		/* a file, read into a small buffer */
};

/* A process in a cgroup that uses some memory, then waits. */
struct task {
	enum memory memory;
	size_t size;
	int fd;			/* of the file */
	int ready[2];
	pid_t pid;
};

static int use_file(struct task *task)
{
	static char buf[64 << 10];
	size_t done;

	for (done = 0; done < task->size; done += sizeof(buf))
		if (pread(task->fd, buf, sizeof(buf), done) != sizeof(buf))
			return -1;
	return 0;
}

static int use_mapping(struct task *task)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS, advice = MADV_POPULATE_WRITE;
	void *p;

	if (task->memory == MEMORY_FILE) {
		flags = MAP_SHARED;
		advice = MADV_POPULATE_READ;
	}
	p = mmap(NULL, task->size, PROT_READ | PROT_WRITE, flags, task->fd, 0);
	if (p == MAP_FAILED)
		return -1;
	return task->memory == MEMORY_LOCKED ? mlock(p, task->size) :
					       madvise(p, task->size, advice);
}

static int task_main(const char *cgroup, void *arg)
{
	struct task *task = arg;

	if (task->memory == MEMORY_READ ? use_file(task) : use_mapping(task))
		return 1;
	if (write(task->ready[1], "", 1) != 1)
		return 1;
	for (;;)
		pause();
}

/* Returns 0 when the task has used its memory, -1 if it ended before. */
static int task_start(struct task *task, const char *cgroup)
{
	struct pollfd pollfd = { .events = POLLIN };
	char c;
	int ret;

	if (pipe2(task->ready, O_CLOEXEC))
		return -1;
	task->pid = cg_run_nowait(cgroup, task_main, task);
	close(task->ready[1]);
	pollfd.fd = task->ready[0];
	ret = task->pid > 0 && poll(&pollfd, 1, TIMEOUT_MS) == 1 &&
	      read(task->ready[0], &c, 1) == 1 ? 0 : -1;
	close(task->ready[0]);
	return ret;
}

/* Returns the wait status. */
static int task_end(struct task *task)
{
	int status = -1;

	if (task->pid <= 0)
		return -1;
	kill(task->pid, SIGKILL);
	waitpid(task->pid, &status, 0);
	task->pid = 0;
	return status;
}

/* A file without a name, with its pages in the page cache. */
static int new_file(size_t size)
{
	static char buf[64 << 10];
	size_t done;
	int fd;

	fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
	if (fd < 0)
		return -1;
	for (done = 0; done < size; done += sizeof(buf)) {
		if (pwrite(fd, buf, sizeof(buf), done) != sizeof(buf)) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

static char *new_cgroup(const char *parent, const char *name)
{
	char *cgroup = cg_name(parent, name);

	if (cgroup && cg_create(cgroup)) {
		free(cgroup);
		return NULL;
	}
	return cgroup;
}

static void end_cgroup(char *cgroup)
{
	if (cgroup) {
		cg_killall(cgroup);
		cg_destroy(cgroup);
	}
	free(cgroup);
}

/* Returns 0 once the value of a file is between @low and @high. */
static int wait_for_range(const char *cgroup, const char *control, long low, long high)
{
	long value;
	int ms;

	for (ms = 0; ms < TIMEOUT_MS; ms += 10) {
		value = cg_read_long(cgroup, control);
		if (value >= low && value <= high)
			return 0;
		usleep(10000);
	}
	ksft_print_msg("%s: %ld, not in %ld to %ld\n", control, value, low, high);
	return -1;
}

static int in_range(const char *cgroup, const char *control, long low, long high)
{
	long value = cg_read_long(cgroup, control);

	if (value >= low && value <= high)
		return 1;
	ksft_print_msg("%s: %ld, not in %ld to %ld\n", control, value, low, high);
	return 0;
}

static long event_count(const char *cgroup, const char *file, const char *key)
{
	char line[32];

	snprintf(line, sizeof(line), "%s ", key);
	return cg_read_key_long(cgroup, file, line);
}

/* Mapped pages are charged, until they are unmapped. */
static int test_rss_current(const char *root)
{
	struct task task = { .memory = MEMORY_ANON, .size = MB(8), .fd = -1 };
	int ret = KSFT_FAIL;
	char *cgroup;

	cgroup = new_cgroup(root, "rss_current");
	if (!cgroup)
		goto cleanup;
	if (!in_range(cgroup, "rss.current", 0, 0))
		goto cleanup;
	if (task_start(&task, cgroup))
		goto cleanup;
	if (!in_range(cgroup, "rss.current", MB(8), MB(8) + SLACK))
		goto cleanup;
	if (cg_read_key_long(cgroup, "rss.stat", "anon ") < MB(8))
		goto cleanup;
	task_end(&task);
	if (wait_for_range(cgroup, "rss.current", 0, SLACK))
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&task);
	end_cgroup(cgroup);
	return ret;
}

/* Page cache is charged while it is mapped only. */
static int test_rss_page_cache(const char *root)
{
	struct task task = { .memory = MEMORY_READ, .size = MB(8) };
	int ret = KSFT_FAIL;
	char *cgroup;

	task.fd = new_file(task.size);
	cgroup = new_cgroup(root, "rss_page_cache");
	if (task.fd < 0 || !cgroup)
		goto cleanup;
	if (task_start(&task, cgroup))
		goto cleanup;
	if (!in_range(cgroup, "rss.current", 0, SLACK))
		goto cleanup;
	task_end(&task);

	task.memory = MEMORY_FILE;
	if (task_start(&task, cgroup))
		goto cleanup;
	if (!in_range(cgroup, "rss.current", MB(8), MB(8) + SLACK))
		goto cleanup;
	if (cg_read_key_long(cgroup, "rss.stat", "file ") < MB(8))
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&task);
	close(task.fd);
	end_cgroup(cgroup);
	return ret;
}

/* The cgroup that mapped a page first is charged, until the page is unmapped by all. */
static int test_rss_shared(const char *root)
{
	struct task first = { .memory = MEMORY_FILE, .size = MB(8) }, second;
	char *one, *two;
	int ret = KSFT_FAIL;

	first.fd = new_file(first.size);
	second = first;
	one = new_cgroup(root, "rss_shared_1");
	two = new_cgroup(root, "rss_shared_2");
	if (first.fd < 0 || !one || !two)
		goto cleanup;
	if (task_start(&first, one) || task_start(&second, two))
		goto cleanup;
	if (!in_range(one, "rss.current", MB(8), MB(8) + SLACK) ||
	    !in_range(two, "rss.current", 0, SLACK))
		goto cleanup;
	task_end(&first);
	/* A page of the program itself may be mapped by others, too. */
	if (wait_for_range(one, "rss.current", MB(8), MB(8) + SLACK))
		goto cleanup;
	task_end(&second);
	if (wait_for_range(one, "rss.current", 0, SLACK))
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&first);
	task_end(&second);
	close(first.fd);
	end_cgroup(one);
	end_cgroup(two);
	return ret;
}

/* At the limit, page cache is unmapped, and no process killed. */
static int test_rss_max(const char *root)
{
	struct task task = { .memory = MEMORY_FILE, .size = MB(16) };
	int ret = KSFT_FAIL;
	char *cgroup;

	task.fd = new_file(task.size);
	cgroup = new_cgroup(root, "rss_max");
	if (task.fd < 0 || !cgroup)
		goto cleanup;
	if (cg_read_strcmp(cgroup, "rss.max", "max\n"))
		goto cleanup;
	if (cg_write(cgroup, "rss.max", "8M"))
		goto cleanup;
	if (task_start(&task, cgroup))
		goto cleanup;
	if (!in_range(cgroup, "rss.current", MB(4), MB(8)))
		goto cleanup;
	if (event_count(cgroup, "rss.events", "max") <= 0 ||
	    event_count(cgroup, "rss.events", "reclaim") <= 0 ||
	    event_count(cgroup, "rss.events", "oom") != 0)
		goto cleanup;
	/* a limit below usage makes room first */
	if (cg_write(cgroup, "rss.max", "2M"))
		goto cleanup;
	if (!in_range(cgroup, "rss.current", 0, MB(2)))
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&task);
	close(task.fd);
	end_cgroup(cgroup);
	return ret;
}

/* A limit below what cannot be reclaimed is refused, and the old one stays. */
static int test_rss_max_busy(const char *root)
{
	struct task task = { .memory = MEMORY_LOCKED, .size = MB(8), .fd = -1 };
	int ret = KSFT_FAIL;
	char *cgroup;

	cgroup = new_cgroup(root, "rss_max_busy");
	if (!cgroup || cg_write(cgroup, "rss.max", "32M"))
		goto cleanup;
	if (task_start(&task, cgroup))
		goto cleanup;
	if (cg_write(cgroup, "rss.max", "4M") != -EBUSY)
		goto cleanup;
	if (!in_range(cgroup, "rss.max", MB(32), MB(32)))
		goto cleanup;
	if (cg_write(cgroup, "rss.max", "4 M") != -EINVAL ||
	    cg_write(cgroup, "rss.max", "-1") != -EINVAL ||
	    cg_write(cgroup, "rss.max", "16E") != -ERANGE)
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&task);
	end_cgroup(cgroup);
	return ret;
}

/* A process of the cgroup is killed when nothing can be reclaimed. */
static int test_rss_oom(const char *root)
{
	struct task task = { .memory = MEMORY_LOCKED, .size = MB(16), .fd = -1 };
	char *parent, *child = NULL;
	int ret = KSFT_FAIL, status;

	parent = new_cgroup(root, "rss_oom");
	if (!parent || cg_write(parent, "cgroup.subtree_control", "+rss"))
		goto cleanup;
	child = new_cgroup(parent, "child");
	if (!child || cg_write(child, "rss.max", "8M"))
		goto cleanup;
	if (!task_start(&task, child))
		goto cleanup;
	status = task_end(&task);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		goto cleanup;
	if (event_count(child, "rss.events.local", "oom_kill") != 1 ||
	    event_count(parent, "rss.events.local", "oom_kill") != 0 ||
	    event_count(parent, "rss.events", "oom_kill") != 1)
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&task);
	end_cgroup(child);
	end_cgroup(parent);
	return ret;
}

/* With rss.oom.group, all processes are killed together. */
static int test_rss_oom_group(const char *root)
{
	struct task bystander = { .memory = MEMORY_ANON, .size = MB(1), .fd = -1 };
	struct task task = { .memory = MEMORY_LOCKED, .size = MB(16), .fd = -1 };
	int ret = KSFT_FAIL, status;
	char *cgroup;

	cgroup = new_cgroup(root, "rss_oom_group");
	if (!cgroup || cg_write(cgroup, "rss.max", "8M") ||
	    cg_write(cgroup, "rss.oom.group", "1"))
		goto cleanup;
	if (task_start(&bystander, cgroup))
		goto cleanup;
	if (!task_start(&task, cgroup))
		goto cleanup;
	/* not by task_end(), which would kill it as well */
	if (waitpid(bystander.pid, &status, 0) != bystander.pid)
		goto cleanup;
	bystander.pid = 0;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&bystander);
	task_end(&task);
	end_cgroup(cgroup);
	return ret;
}

/* Background reclaim begins above the high watermark and ends at the low one. */
static int test_rss_wmark(const char *root)
{
	struct task task = { .memory = MEMORY_FILE, .size = MB(16) };
	int ret = KSFT_FAIL;
	char *cgroup;

	task.fd = new_file(task.size);
	cgroup = new_cgroup(root, "rss_wmark");
	if (task.fd < 0 || !cgroup)
		goto cleanup;
	if (task_start(&task, cgroup))
		goto cleanup;
	if (cg_write(cgroup, "rss.wmark_low", "4M") ||
	    cg_write(cgroup, "rss.wmark_high", "8M") ||
	    cg_write(cgroup, "rss.wmark_low", "9M") != -EINVAL)
		goto cleanup;
	if (wait_for_range(cgroup, "rss.current", 0, MB(4)))
		goto cleanup;
	if (event_count(cgroup, "rss.events", "wmark_high") != 1 ||
	    event_count(cgroup, "rss.events", "max") != 0)
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&task);
	close(task.fd);
	end_cgroup(cgroup);
	return ret;
}

/* A write to rss.reclaim reclaims as much, or fails. */
static int test_rss_reclaim(const char *root)
{
	struct task task = { .memory = MEMORY_FILE, .size = MB(16) };
	int ret = KSFT_FAIL;
	long before, after;
	char *cgroup;

	task.fd = new_file(task.size);
	cgroup = new_cgroup(root, "rss_reclaim");
	if (task.fd < 0 || !cgroup)
		goto cleanup;
	if (task_start(&task, cgroup))
		goto cleanup;
	before = cg_read_long(cgroup, "rss.current");
	if (cg_write(cgroup, "rss.reclaim", "4M swappiness=0"))
		goto cleanup;
	after = cg_read_long(cgroup, "rss.current");
	if (after > before - MB(4) || after < before - MB(8))
		goto cleanup;
	if (cg_write(cgroup, "rss.reclaim", "4M swappiness=201") != -EINVAL ||
	    cg_write(cgroup, "rss.reclaim", "1G") != -EAGAIN)
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&task);
	close(task.fd);
	end_cgroup(cgroup);
	return ret;
}

/* Protection is set for a cgroup alone; a bad value changes nothing. */
static int test_rss_low_values(const char *root)
{
	char *parent, *child = NULL;
	int ret = KSFT_FAIL;

	parent = new_cgroup(root, "rss_low_values");
	if (!parent || cg_write(parent, "cgroup.subtree_control", "+rss"))
		goto cleanup;
	if (cg_read_strcmp(parent, "rss.low", "0\n"))
		goto cleanup;
	if (cg_write(parent, "rss.low", "8M") ||
	    !in_range(parent, "rss.low", MB(8), MB(8)))
		goto cleanup;
	if (cg_write(parent, "rss.low", "8 M") != -EINVAL ||
	    cg_write(parent, "rss.low", "-1") != -EINVAL ||
	    cg_write(parent, "rss.low", "min") != -EINVAL ||
	    cg_write(parent, "rss.low", "16E") != -ERANGE ||
	    !in_range(parent, "rss.low", MB(8), MB(8)))
		goto cleanup;
	child = new_cgroup(parent, "child");
	if (!child || cg_read_strcmp(child, "rss.low", "0\n"))
		goto cleanup;
	/* more than the parent has is no error: what is in effect is less */
	if (cg_write(child, "rss.low", "max") || cg_read_strcmp(child, "rss.low", "max\n"))
		goto cleanup;
	if (cg_write(parent, "rss.low", "0") || cg_read_strcmp(parent, "rss.low", "0\n") ||
	    cg_read_strcmp(child, "rss.low", "max\n"))
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	end_cgroup(child);
	end_cgroup(parent);
	return ret;
}

/* Reclaims from all of the machine until a cgroup maps no more than @high bytes. */
static int reclaim_globally(const char *root, const char *cgroup, long high)
{
	int rounds;

	for (rounds = 0; rounds < 200; rounds++) {
		if (cg_read_long(cgroup, "rss.current") <= high)
			return 0;
		/* EAGAIN if less was reclaimed */
		cg_write(root, "memory.reclaim", "2M");
	}
	return in_range(cgroup, "rss.current", 0, high) ? 0 : -1;
}

/*
 * Global reclaim takes what rss.low protects last:
 *
 *	0	rss.low 8M
 *	0/0	rss.low 12M, maps 8M
 *	0/1	rss.low 4M, maps 8M
 *	1	rss.low 0
 *	1/0	rss.low 16M, maps 8M
 *	2	rss.low 0, maps 32M
 *
 * Most of 2 and of 1/0, whose parent has no protection to give, is reclaimed, and
 * 8M are left of 0.
 */
static int test_rss_low(const char *root)
{
	static const char *const names[] = { "rss_low_0", "rss_low_1", "rss_low_2" };
	static const struct {
		int parent;
		char *low;
	} children[] = { { 0, "12M" }, { 0, "4M" }, { 1, "16M" } };
	struct task tasks[4] = { };
	char *parent[3] = { }, *child[3] = { };
	int ret = KSFT_FAIL, i;

	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		tasks[i].fd = -1;
	if (cg_read_strstr(root, "cgroup.controllers", "memory"))
		return KSFT_SKIP;
	for (i = 0; i < ARRAY_SIZE(parent); i++) {
		parent[i] = new_cgroup(root, names[i]);
		if (!parent[i])
			goto cleanup;
	}
	if (cg_write(parent[0], "cgroup.subtree_control", "+rss") ||
	    cg_write(parent[1], "cgroup.subtree_control", "+rss") ||
	    cg_write(parent[0], "rss.low", "8M"))
		goto cleanup;
	for (i = 0; i < ARRAY_SIZE(child); i++) {
		child[i] = new_cgroup(parent[children[i].parent], i == 1 ? "1" : "0");
		if (!child[i] || cg_write(child[i], "rss.low", children[i].low))
			goto cleanup;
	}
	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		tasks[i].memory = MEMORY_FILE;
		tasks[i].size = i < ARRAY_SIZE(child) ? MB(8) : MB(32);
		tasks[i].fd = new_file(tasks[i].size);
		/* dirty pages cannot be freed */
		if (tasks[i].fd < 0 || fsync(tasks[i].fd) ||
		    task_start(&tasks[i], i < ARRAY_SIZE(child) ? child[i] : parent[2]))
			goto cleanup;
	}
	if (!in_range(parent[0], "rss.current", MB(16), MB(16) + 2 * SLACK))
		goto cleanup;

	if (reclaim_globally(root, parent[2], MB(8)) ||
	    reclaim_globally(root, child[2], MB(2)))
		goto cleanup;
	if (!in_range(parent[0], "rss.current", MB(8) - SLACK, MB(8) + SLACK))
		goto cleanup;
	if (event_count(parent[0], "rss.events", "low") != 0)
		goto cleanup;

	if (cg_write(parent[0], "rss.low", "0") ||
	    reclaim_globally(root, parent[0], MB(4)))
		goto cleanup;
	/* that was not protected */
	if (event_count(parent[0], "rss.events", "low") != 0)
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		task_end(&tasks[i]);
		close(tasks[i].fd);
	}
	for (i = 0; i < ARRAY_SIZE(child); i++)
		end_cgroup(child[i]);
	for (i = 0; i < ARRAY_SIZE(parent); i++)
		end_cgroup(parent[i]);
	return ret;
}

/* A write to rss.peak resets it for reads of that open file. */
static int test_rss_peak(const char *root)
{
	struct task task = { .memory = MEMORY_ANON, .size = MB(8), .fd = -1 };
	int ret = KSFT_FAIL, fd = -1;
	char *cgroup;

	cgroup = new_cgroup(root, "rss_peak");
	if (!cgroup)
		goto cleanup;
	fd = cg_open(cgroup, "rss.peak", O_RDWR);
	if (fd < 0)
		goto cleanup;
	if (task_start(&task, cgroup))
		goto cleanup;
	task_end(&task);
	if (wait_for_range(cgroup, "rss.current", 0, SLACK))
		goto cleanup;
	if (cg_read_long_fd(fd) < MB(8))
		goto cleanup;
	if (write(fd, "reset", 5) != 5)
		goto cleanup;
	if (cg_read_long_fd(fd) >= MB(8))
		goto cleanup;
	if (cg_read_long(cgroup, "rss.peak") < MB(8))
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&task);
	if (fd >= 0)
		close(fd);
	end_cgroup(cgroup);
	return ret;
}

/* A change of rss.events wakes poll(). */
static int test_rss_events_poll(const char *root)
{
	struct task task = { .memory = MEMORY_FILE, .size = MB(16) };
	struct pollfd pollfd = { .events = POLLPRI };
	int ret = KSFT_FAIL;
	char buf[256];
	char *cgroup;

	task.fd = new_file(task.size);
	cgroup = new_cgroup(root, "rss_events_poll");
	if (task.fd < 0 || !cgroup)
		goto cleanup;
	pollfd.fd = cg_open(cgroup, "rss.events", O_RDONLY);
	if (pollfd.fd < 0 || read(pollfd.fd, buf, sizeof(buf)) <= 0)
		goto cleanup;
	if (poll(&pollfd, 1, 0) != 0)
		goto cleanup;
	if (cg_write(cgroup, "rss.max", "8M") || task_start(&task, cgroup))
		goto cleanup;
	if (poll(&pollfd, 1, TIMEOUT_MS) != 1 || !(pollfd.revents & POLLPRI))
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&task);
	close(task.fd);
	if (pollfd.fd > 0)
		close(pollfd.fd);
	end_cgroup(cgroup);
	return ret;
}

/* Pages that are still mapped are charged to the parent after a removal. */
static int test_rss_reparent(const char *root)
{
	struct task first = { .memory = MEMORY_FILE, .size = MB(8) }, second;
	char *parent, *child = NULL, *other = NULL;
	int ret = KSFT_FAIL;

	first.fd = new_file(first.size);
	second = first;
	parent = new_cgroup(root, "rss_reparent");
	if (first.fd < 0 || !parent || cg_write(parent, "cgroup.subtree_control", "+rss"))
		goto cleanup;
	child = new_cgroup(parent, "child");
	other = new_cgroup(root, "rss_reparent_other");
	if (!child || !other)
		goto cleanup;
	if (task_start(&first, child) || task_start(&second, other))
		goto cleanup;
	task_end(&first);
	if (cg_destroy(child))
		goto cleanup;
	free(child);
	child = NULL;
	/* A page of the program itself may be mapped by others, too. */
	if (wait_for_range(parent, "rss.current", MB(8), MB(8) + SLACK))
		goto cleanup;
	task_end(&second);
	if (wait_for_range(parent, "rss.current", 0, SLACK))
		goto cleanup;
	ret = KSFT_PASS;

cleanup:
	task_end(&first);
	task_end(&second);
	close(first.fd);
	end_cgroup(child);
	end_cgroup(other);
	end_cgroup(parent);
	return ret;
}

#define T(x) { x, #x }

static struct {
	int (*fn)(const char *root);
	const char *name;
} tests[] = {
	T(test_rss_current),
	T(test_rss_page_cache),
	T(test_rss_shared),
	T(test_rss_max),
	T(test_rss_max_busy),
	T(test_rss_oom),
	T(test_rss_oom_group),
	T(test_rss_wmark),
	T(test_rss_reclaim),
	T(test_rss_low_values),
	T(test_rss_low),
	T(test_rss_peak),
	T(test_rss_events_poll),
	T(test_rss_reparent),
};

#undef T

int main(int argc, char **argv)
{
	char root[PATH_MAX];
	int i;

	ksft_print_header();
	if (cg_find_unified_root(root, sizeof(root), NULL))
		ksft_exit_skip("cgroup v2 isn't mounted\n");
	if (cg_read_strstr(root, "cgroup.controllers", "rss"))
		ksft_exit_skip("the rss controller isn't available\n");
	if (cg_read_strstr(root, "cgroup.subtree_control", "rss") &&
	    cg_write(root, "cgroup.subtree_control", "+rss"))
		ksft_exit_skip("the rss controller cannot be enabled\n");

	ksft_set_plan(ARRAY_SIZE(tests));
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		ksft_test_result_report(tests[i].fn(root), "%s\n", tests[i].name);
	ksft_finished();
}
