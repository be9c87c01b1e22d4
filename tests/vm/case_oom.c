// SPDX-License-Identifier: GPL-2.0
/* When nothing can be reclaimed: which process is killed, and which is not. */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES	(8 * (long)MB)

/* init.c puts it back */
static void no_swap(void)
{
	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
}

/* Write more than the limit; the actor is killed meanwhile. */
static void overrun(struct actor *a, long bytes)
{
	long at = actor_do(a, work_map, bytes, ANON);

	EXPECT(at > 0, "cannot map: %s", strerror(-at));
	actor_send(a, (actor_fn)work_write, at, bytes, 1, 0);
}

static void expect_killed(struct actor *a)
{
	long ret;

	EXPECT(!actor_reply(a, &ret, 60), "process %d went past the limit", a->pid);
	EXPECT(WIFSIGNALED(a->status) && WTERMSIG(a->status) == SIGKILL,
	       "process %d ended with %#x", a->pid, a->status);
}

/* Returns true if the kernel log contains @text. */
static bool logged(const char *text)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char record[8192];
	bool found = false;
	ssize_t n;

	while (!found && ((n = read(fd, record, sizeof(record) - 1)) > 0 ||
			  (n < 0 && errno == EPIPE))) {
		record[n > 0 ? n : 0] = '\0';
		found = strstr(record, text);
	}
	close(fd);
	return found;
}

static void oom_kills(void)
{
	struct actor *a;

	no_swap();
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	overrun(a, 2 * BYTES);
	expect_killed(a);
	EXPECT_EQ(box_event("a", "oom_kill"), 1);
	EXPECT(box_event("a", "oom") >= 1, "no oom event");
	EXPECT(logged(",oom_rss=/a,task_rss=/a,"), "the log does not name the container");
	EXPECT(logged(" limit 8192kB,"), "the log does not name the limit");
	EXPECT(box_get("a", BOX_PEAK) <= BYTES + box_slack(1), "peak %ld",
	       box_get("a", BOX_PEAK));
	EXPECT(UNTIL(10, !box_usage("a")), "usage %ld", box_usage("a"));
	actor_end(a);
}

/* The process with the highest score in the container, not the one that faults, nor one outside. */
static void oom_picks_the_worst(void)
{
	struct actor *small, *big, *outside;
	long at;

	no_swap();
	box_make("a");
	box_make("b");
	EXPECT_EQ(box_put("a", BOX_LIMIT, 2 * BYTES), 0);
	outside = actor_new("b");
	at = actor_do(outside, work_map, 8 * BYTES, ANON);
	actor_do(outside, work_write, at, 8 * BYTES, 1);
	big = actor_new("a");
	at = actor_do(big, work_map, BYTES + BYTES / 2, ANON);
	actor_do(big, work_write, at, BYTES + BYTES / 2, 1);
	small = actor_new("a");
	at = actor_do(small, work_map, BYTES, ANON);
	EXPECT_EQ(actor_do(small, work_write, at, BYTES, 2), 0);
	EXPECT(actor_gone(big, 30), "the worst one lives");
	EXPECT(WIFSIGNALED(big->status), "status %#x", big->status);
	EXPECT_EQ(actor_do(small, work_check, at, BYTES, 2), 0);
	EXPECT_EQ(actor_do(outside, work_present, 0, 0), 0);
	EXPECT_EQ(box_event("a", "oom_kill"), 1);
	EXPECT_EQ(box_event("b", "oom_kill"), 0);
	actor_end(small);
	actor_end(big);
	actor_end(outside);
}

static int __attribute__((noreturn)) idle_thread(void *unused)
{
	(void)unused;
	for (;;)
		syscall(SYS_pause);
}

/* Threads that make a scan of all tasks slow.  They share the caller's TLS and signals. */
static long idle_threads(long count)
{
	const long size = 1024;
	long stacks = work_map(count * size, ANON);

	for (long i = 1; i <= count; i++)
		if (clone(idle_thread, (void *)(stacks + i * size), CLONE_VM | CLONE_FS |
			  CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL) < 0)
			return -errno;
	return 0;
}

/*
 * Two processes hit the limit at once.  While the second selects a victim, the victim of the first
 * frees its memory: no other process is killed.
 */
static void oom_room_meanwhile(void)
{
	struct actor *crowd, *big, *small[2];
	long at, ret, where[2];

	no_swap();
	box_make("p");
	box_make("p/crowd");
	box_make("p/work");	/* scanned last */
	EXPECT_EQ(box_put("p", BOX_LIMIT, 2 * BYTES), 0);
	crowd = actor_new("p/crowd");
	EXPECT_EQ(actor_do(crowd, idle_threads, 1500), 0);
	for (size_t i = 0; i < ARRAY_SIZE(small); i++) {
		small[i] = actor_new("p/work");
		where[i] = actor_do(small[i], work_map, BYTES / 2, ANON);
	}
	for (int round = 1; round <= 8; round++) {
		big = actor_new("p/work");
		at = actor_do(big, work_map, BYTES + BYTES / 2, ANON);
		EXPECT_EQ(actor_do(big, work_write, at, BYTES + BYTES / 2, 1), 0);
		for (size_t i = 0; i < ARRAY_SIZE(small); i++)
			actor_send(small[i], (actor_fn)work_write, where[i], BYTES / 2, round, 0);
		for (size_t i = 0; i < ARRAY_SIZE(small); i++)
			EXPECT(actor_reply(small[i], &ret, 60) && !ret,
			       "small process %zu was killed in round %d", i, round);
		EXPECT(actor_gone(big, 30), "the worst one lives");
		EXPECT_EQ(box_event("p", "oom_kill"), round);
		for (size_t i = 0; i < ARRAY_SIZE(small); i++)
			actor_do(small[i], work_advise, where[i], BYTES / 2, MADV_DONTNEED);
		actor_end(big);
	}
	for (size_t i = 0; i < ARRAY_SIZE(small); i++)
		actor_end(small[i]);
	actor_end(crowd);
}

static void oom_subtree(void)
{
	struct actor *a, *b, *beside;
	long at;

	no_swap();
	box_make("p");
	box_make("p/a");
	box_make("p/b");
	box_make("q");
	EXPECT_EQ(box_put("p", BOX_LIMIT, 2 * BYTES), 0);
	beside = actor_new("q");
	at = actor_do(beside, work_map, 4 * BYTES, ANON);
	actor_do(beside, work_write, at, 4 * BYTES, 1);
	a = actor_new("p/a");
	at = actor_do(a, work_map, BYTES + BYTES / 2, ANON);
	actor_do(a, work_write, at, BYTES + BYTES / 2, 1);
	b = actor_new("p/b");
	at = actor_do(b, work_map, BYTES, ANON);
	EXPECT_EQ(actor_do(b, work_write, at, BYTES, 3), 0);
	EXPECT(actor_gone(a, 30), "the worst of the subtree lives");
	EXPECT_EQ(actor_do(b, work_check, at, BYTES, 3), 0);
	EXPECT_EQ(actor_do(beside, work_present, 0, 0), 0);
	EXPECT_EQ(box_event("p", "oom_kill"), 1);
	actor_end(a);
	actor_end(b);
	actor_end(beside);
}

static void oom_group(void)
{
	struct actor *a, *b, *c, *outside;

	no_swap();
	box_make("a");
	box_make("b");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	EXPECT_EQ(box_put("a", BOX_OOM_GROUP, 1), 0);
	outside = actor_new("b");
	b = actor_new("a");
	c = actor_new("a");
	a = actor_new("a");
	overrun(a, 2 * BYTES);
	expect_killed(a);
	EXPECT(actor_gone(b, 30) && actor_gone(c, 30), "one of the group lives");
	EXPECT(WIFSIGNALED(b->status) && WIFSIGNALED(c->status), "not killed");
	EXPECT_EQ(actor_do(outside, work_present, 0, 0), 0);
	EXPECT_EQ(box_event("a", "oom_kill"), 3);
	EXPECT(UNTIL(10, !box_usage("a")), "usage %ld", box_usage("a"));
	actor_end(a);
	actor_end(b);
	actor_end(c);
	actor_end(outside);
}

/* No process may be killed: the task must neither spin nor hang. */
static void oom_unkillable(void)
{
	struct actor *a;
	char path[64];
	long at, ret;

	no_swap();
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", a->pid);
	EXPECT_EQ(text_write(path, "-1000"), 0);
	at = actor_do(a, work_map, BYTES * 2, ANON);
	actor_send(a, (actor_fn)work_write, at, BYTES * 2, 1, 0);
	pause_ms(500);
	/* it waits, faults in circles or dies by SIGBUS: a signal ends it */
	kill(a->pid, SIGKILL);
	EXPECT(!actor_reply(a, &ret, 30) || ret == 0, "not killable");
	if (!a->gone)
		EXPECT(actor_gone(a, 30), "a dying task does not get out");
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	actor_end(a);
	EXPECT(UNTIL(10, !box_usage("a")), "usage %ld", box_usage("a"));
}

static void *faulter(void *arg)
{
	long at = work_map(BYTES, ANON);

	(void)arg;
	work_write(at, BYTES, 1);
	pause();
	return NULL;
}

static long many_threads(void)
{
	pthread_t t[8];

	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		if (pthread_create(&t[i], NULL, faulter, NULL))
			return -errno;
	pause();
	return 0;
}

/* Eight threads in the charge path at once: all leave it after the kill. */
static void oom_dying_threads(void)
{
	struct actor *a;
	double start;

	no_swap();
	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	a = actor_new("a");
	start = now();
	actor_send(a, (actor_fn)many_threads, 0, 0, 0, 0);
	EXPECT(actor_gone(a, 60), "the process lives");
	note("gone after %.1f s", now() - start);
	EXPECT_EQ(box_event("a", "oom_kill"), 1);
	EXPECT(UNTIL(10, !box_usage("a")), "usage %ld", box_usage("a"));
	/* the pages of a dying task may pass the limit; the next one's not */
	actor_end(a);
}

/* SIGKILL from outside while the task reclaims: out at once. */
static void oom_killed_in_reclaim(void)
{
	struct actor *a;
	long at, ret;
	double start;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES / 4), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, 16 * BYTES, ANON);
	actor_send(a, (actor_fn)work_write, at, 16 * BYTES, 1, 0);
	EXPECT(UNTIL(20, box_event("a", "max") > 0), "no reclaim");
	start = now();
	kill(a->pid, SIGKILL);
	EXPECT(!actor_reply(a, &ret, 30), "it was through already");
	note("gone %.2f s after SIGKILL", now() - start);
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	EXPECT(UNTIL(10, !box_usage("a")), "usage %ld", box_usage("a"));
	actor_end(a);
}

/*
 * A shortage of the whole machine is none of the containers' business: the
 * worst task of all dies, and here it is one outside.
 */
static void oom_global(void)
{
	struct actor *inside, *outside;
	char path[64];
	long at, free;

	no_swap();
	box_make("a");
	inside = actor_new("a");
	at = actor_do(inside, work_map, BYTES, ANON);
	actor_do(inside, work_write, at, BYTES, 4);
	/* huge pages that cannot be reclaimed take most of the machine quickly */
	free = text_key("/proc/meminfo", "MemAvailable") / 1024;
	text_writef("/proc/sys/vm/nr_hugepages", "%ld", (free - 160) / 2);
	text_write("/proc/sys/vm/overcommit_memory", "1");
	outside = actor_new(NULL);
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", outside->pid);
	EXPECT_EQ(text_write(path, "1000"), 0);
	overrun(outside, 1024L * MB);
	expect_killed(outside);
	text_write("/proc/sys/vm/nr_hugepages", "0");
	EXPECT_EQ(actor_do(inside, work_check, at, BYTES, 4), 0);
	EXPECT_EQ(box_event("a", "oom"), 0);
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	actor_end(inside);
	actor_end(outside);
}

const struct vm_case oom_cases[] = {
	{ "oom_kills", oom_kills },
	{ "oom_picks_the_worst", oom_picks_the_worst },
	{ "oom_room_meanwhile", oom_room_meanwhile },
	{ "oom_subtree", oom_subtree },
	{ "oom_group", oom_group },
	{ "oom_unkillable", oom_unkillable },
	{ "oom_dying_threads", oom_dying_threads },
	{ "oom_killed_in_reclaim", oom_killed_in_reclaim },
	{ "oom_global", oom_global, .flags = ONCE },
	{ }
};
