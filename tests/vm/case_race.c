// SPDX-License-Identifier: GPL-2.0
/*
 * Two processors at the same page, container or process.  What is tested is
 * that the counters come out exact and the log stays clean; init.c looks.
 */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS	5
#define FILE_	"/tmp/raced"

static long seconds_left(double until)
{
	return now() < until;
}

static long on_cpu(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* Maps, touches and unmaps a few file pages as fast as it can. */
static long map_and_unmap(long cpu, long pages, long seconds)
{
	int fd = open(FILE_, O_RDWR);
	double until = now() + seconds;
	long n = 0;

	on_cpu(cpu);
	while (seconds_left(until)) {
		char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, 0);

		if (p == MAP_FAILED)
			return -errno;
		work_write((long)p, pages * PAGE, 1);
		munmap(p, pages * PAGE);
		n++;
	}
	close(fd);
	return n;
}

static void make_file(long bytes)
{
	int fd = open(FILE_, O_RDWR | O_CREAT | O_TRUNC, 0600);

	EXPECT(fd >= 0 && !ftruncate(fd, bytes), "%s", strerror(errno));
	close(fd);
}

/* The race that ended the series of 2007: the last unmapping and a first mapping. */
static void race_last_unmap(void)
{
	struct actor *a, *b;
	long n;

	make_file(4 * PAGE);
	box_make("a");
	box_make("b");
	a = actor_new("a");
	b = actor_new("b");
	actor_send(a, (actor_fn)map_and_unmap, 0, 4, SECONDS, 0);
	actor_send(b, (actor_fn)map_and_unmap, 1, 4, SECONDS, 0);
	EXPECT(actor_reply(a, &n, 60) && n > 0, "%ld", n);
	EXPECT(actor_reply(b, &n, 60) && n > 0, "%ld", n);
	note("%ld rounds", n);
	EXPECT(box_pages("a") < 128 && box_pages("b") < 128, "%ld and %ld pages",
	       box_pages("a"), box_pages("b"));
	actor_end(a);
	actor_end(b);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_pages("b"), 0);
}

static long read_over(long cpu, long seconds)
{
	double until = now() + seconds;
	long n = 0;

	on_cpu(cpu);
	while (seconds_left(until)) {
		/* the second read marks the page accessed: activation */
		work_read_file(FILE_);
		work_read_file(FILE_);
		n++;
	}
	return n;
}

/* A page is activated by read() while it is mapped, unmapped, mapped elsewhere. */
static void race_activation(void)
{
	struct actor *a, *b;
	long n;

	make_file(64 * PAGE);
	box_make("a");
	box_make("b");
	a = actor_new("a");
	b = actor_new("b");
	actor_send(a, (actor_fn)map_and_unmap, 0, 64, SECONDS, 0);
	actor_send(b, (actor_fn)read_over, 1, SECONDS, 0, 0);
	EXPECT(actor_reply(a, &n, 60) && n > 0, "%ld", n);
	EXPECT(actor_reply(b, &n, 60) && n > 0, "%ld", n);
	actor_end(a);
	actor_end(b);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_pages("b"), 0);
}

static long churn(long cpu, long bytes, long seconds)
{
	double until = now() + seconds;
	long n = 0;

	on_cpu(cpu);
	while (seconds_left(until)) {
		long at = work_map(bytes, ANON);

		if (at < 0)
			return at;
		work_write(at, bytes, n);
		if (work_check(at, bytes, n))
			return -EBADMSG;
		work_unmap(at, bytes);
		n++;
	}
	return n;
}

/* Moved back and forth while it faults. */
static void race_move(void)
{
	double until = now() + SECONDS;
	struct actor *a;
	long n, moves;

	box_make("a");
	box_make("b");
	EXPECT_EQ(box_put("a", BOX_LIMIT, MB), 0);
	EXPECT_EQ(box_put("b", BOX_LIMIT, MB), 0);
	a = actor_new("a");
	actor_send(a, (actor_fn)churn, 0, 4 * MB, SECONDS + 2, 0);
	for (moves = 0; now() < until; moves++) {
		EXPECT_EQ(box_attach(moves & 1 ? "a" : "b", a->pid), 0);
		pause_ms(moves % 7);
	}
	note("%ld moves", moves);
	EXPECT(actor_reply(a, &n, 60) && n > 0, "%ld", n);
	EXPECT_EQ(box_event("a", "oom_kill") + box_event("b", "oom_kill"), 0);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_pages("b"), 0);
	EXPECT_EQ(box_usage("a"), 0);
	EXPECT_EQ(box_usage("b"), 0);
}

/* A CPU goes offline and comes back, with its stock, under tasks that fault. */
static void race_hotplug(void)
{
	static const char file[] = "/sys/devices/system/cpu/cpu1/online";
	double until = now() + SECONDS;
	struct actor *a, *b;
	long n, rounds;
	int err = 0;

	if (access(file, W_OK))
		skip("the CPU cannot go offline");
	box_make("a");
	box_make("b");
	EXPECT_EQ(box_put("a", BOX_LIMIT, MB), 0);
	a = actor_new("a");
	b = actor_new("b");
	actor_send(a, (actor_fn)churn, 1, 2 * MB, SECONDS + 2, 0);
	actor_send(b, (actor_fn)churn, 1, 2 * MB, SECONDS + 2, 0);
	for (rounds = 0; !err && now() < until; rounds++)
		err = text_write(file, "0") ?: text_write(file, "1");
	note("%ld rounds", rounds);
	EXPECT(!err && rounds > 1, "%s", strerror(-err));
	EXPECT(actor_reply(a, &n, 60) && n > 0, "%ld", n);
	EXPECT(actor_reply(b, &n, 60) && n > 0, "%ld", n);
	actor_end(a);
	actor_end(b);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_usage("a"), 0);
	EXPECT_EQ(box_pages("b"), 0);
	EXPECT_EQ(box_usage("b"), 0);
}

/* Leaves a few charges in the stock of a CPU, again and again. */
static long touch_and_pause(long cpu, long pages, long seconds)
{
	double until = now() + seconds;
	long n = 0, at;

	on_cpu(cpu);
	while (seconds_left(until)) {
		at = work_map(pages * (long)PAGE, ANON);
		if (at < 0)
			return at;
		work_write(at, pages * (long)PAGE, 1);
		work_unmap(at, pages * (long)PAGE);
		pause_ms(1);
		n++;
	}
	return n;
}

#define FUNCTION_CALLS	"/sys/kernel/tracing/events/csd/csd_queue_cpu/enable"

/* How often one CPU interrupted another to drain its stock, since the trace was cleared. */
static long drains(void)
{
	static char text[1 << 20];
	const char *at = text;
	long n = 0;

	EXPECT(text_read("/sys/kernel/tracing/trace", text, sizeof(text)) > 0, "no trace");
	EXPECT(strstr(text, "csd_queue_cpu"), "no function call was traced");
	while ((at = strstr(at, "func=rss_drain_stock"))) {
		n++;
		at++;
	}
	return n;
}

/* One task hits the limit hundreds of times: this does not interrupt the other CPU. */
static void race_stock_of_other(void)
{
	struct actor *a, *b;
	long at, n, calls, hits;

	if (text_write(FUNCTION_CALLS, "1"))
		skip("this kernel does not trace calls of functions on other CPUs");
	box_make("a");
	/* so that the other CPU's stock holds less than a reclaim brings */
	EXPECT_EQ(box_put("a", BOX_LIMIT, MB), 0);
	a = actor_new("a");
	b = actor_new("a");
	EXPECT_EQ(actor_do(a, on_cpu, 0), 0);
	at = actor_do(a, work_map, 32 * MB, ANON);
	actor_do(a, work_write, at, 4 * MB, 1);
	actor_send(b, (actor_fn)touch_and_pause, 1, 4, SECONDS, 0);
	text_write("/sys/kernel/tracing/trace", "");
	hits = box_event("a", "max");
	actor_do(a, work_write, at + 4 * MB, 28 * MB, 1);
	hits = box_event("a", "max") - hits;
	/* at least this reaches all CPUs */
	EXPECT_EQ(text_write("/proc/sys/vm/compact_memory", "1"), 0);
	calls = drains();
	note("the limit was hit %ld times, with %ld interrupts", hits, calls);
	EXPECT(hits >= 100, "the limit was hit %ld times", hits);
	EXPECT(calls < hits / 10, "%ld interrupts, the limit was hit %ld times", calls, hits);
	EXPECT(actor_reply(b, &n, 60) && n > 0, "%ld", n);
	actor_end(a);
	actor_end(b);
	EXPECT_EQ(box_usage("a"), 0);
}

/* Containers come and go under pages that others still map and unmap. */
static void race_remove(void)
{
	double until = now() + SECONDS;
	struct actor *b;
	char name[32];
	long n, made;

	make_file(16 * PAGE);
	box_make("p");
	box_make("b");
	b = actor_new("b");
	actor_send(b, (actor_fn)map_and_unmap, 1, 16, SECONDS + 2, 0);
	for (made = 0; now() < until; made++) {
		pid_t pid;

		snprintf(name, sizeof(name), "p/r%ld", made);
		box_make(name);
		pid = fork();
		if (!pid) {
			long at;

			if (box_attach(name, 0))
				_exit(1);
			at = work_map_file(FILE_, 16 * PAGE, 1);
			_exit(at < 0 ? 1 : work_write(at, 16 * PAGE, 1));
		}
		EXPECT_EQ(waitpid(pid, NULL, 0), pid);
		EXPECT(UNTIL(10, !box_remove(name)), "cannot remove %s", name);
	}
	note("%ld containers", made);
	EXPECT(actor_reply(b, &n, 60) && n > 0, "%ld", n);
	actor_end(b);
	EXPECT(UNTIL(10, !box_pages("p")), "%ld pages", box_pages("p"));
	EXPECT_EQ(box_pages("b"), 0);
}

/* Two tasks of one container at its limit, and a limit that moves. */
static void race_limit(void)
{
	double until = now() + SECONDS;
	struct actor *a, *b;
	long n, sets, top = 6 * (long)MB;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, top), 0);
	a = actor_new("a");
	b = actor_new("a");
	actor_send(a, (actor_fn)churn, 0, 4 * MB, SECONDS + 1, 0);
	actor_send(b, (actor_fn)churn, 1, 4 * MB, SECONDS + 1, 0);
	for (sets = 0; now() < until; sets++) {
		int err = box_put("a", BOX_LIMIT, sets & 1 ? 2 * (long)MB : top);

		EXPECT(!err || err == -EBUSY, "%s", strerror(-err));
		EXPECT(box_usage("a") <= top + box_slack(2), "usage %ld", box_usage("a"));
		pause_ms(5);
	}
	EXPECT(actor_reply(a, &n, 60) && n > 0, "%ld", n);
	EXPECT(actor_reply(b, &n, 60) && n > 0, "%ld", n);
	EXPECT(box_get("a", BOX_PEAK) <= top + box_slack(2), "peak %ld",
	       box_get("a", BOX_PEAK));
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	actor_end(a);
	actor_end(b);
	EXPECT_EQ(box_usage("a"), 0);
}

static long fork_storm(long cpu, long seconds)
{
	double until = now() + seconds;
	long at = work_map(MB, ANON), n = 0;
	int status;

	on_cpu(cpu);
	work_write(at, MB, 1);
	while (seconds_left(until)) {
		pid_t pid = fork();

		if (!pid) {
			long bad = work_check(at, MB, 1);

			work_write(at, MB / 4, 2);
			_exit(bad ? 1 : 0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return -EBADMSG;
		n++;
	}
	return n;
}

static void race_fork_and_move(void)
{
	double until = now() + SECONDS;
	struct actor *a;
	long n, moves;

	box_make("a");
	box_make("b");
	EXPECT_EQ(box_put("a", BOX_LIMIT, MB / 2), 0);
	a = actor_new("a");
	actor_send(a, (actor_fn)fork_storm, 1, SECONDS + 1, 0, 0);
	for (moves = 0; now() < until; moves++) {
		EXPECT_EQ(box_attach(moves & 1 ? "a" : "b", a->pid), 0);
		pause_ms(3);
	}
	EXPECT(actor_reply(a, &n, 60) && n > 0, "%ld", n);
	actor_end(a);
	EXPECT_EQ(box_pages("a"), 0);
	EXPECT_EQ(box_pages("b"), 0);
}

/* Created, used, removed: nothing may grow. */
static void race_many_rounds(void)
{
	const char *wish = getenv("rounds");
	long rounds = wish && *wish ? atol(wish) : 10000;
	long i, dying, slab_before, slab_after;
	pid_t pid;

	slab_before = text_key("/proc/meminfo", "Slab");
	for (i = 0; i < rounds; i++) {
		if (i == rounds / 10) {	/* caches are warm by now */
			UNTIL(20, cgroup_dying() <= 1);
			slab_before = text_key("/proc/meminfo", "Slab");
		}
		box_make("a");
		pid = fork();
		if (!pid) {
			long at;

			if (box_attach("a", 0))
				_exit(1);
			at = work_map(4 * PAGE, ANON);
			work_write(at, 4 * PAGE, i);
			_exit(0);
		}
		EXPECT_EQ(waitpid(pid, NULL, 0), pid);
		EXPECT(UNTIL(10, !box_remove("a")), "cannot remove: round %ld", i);
	}
	EXPECT(UNTIL(60, (dying = cgroup_dying()) <= 1), "%ld cgroups are dying", dying);
	UNTIL(10, (slab_after = text_key("/proc/meminfo", "Slab")) < slab_before + 512);
	note("slab %ld kB, then %ld kB", slab_before, slab_after);
	EXPECT(slab_after < slab_before + 1024, "slab grew from %ld to %ld kB",
	       slab_before, slab_after);
	/* a worker frees those of the last container */
	EXPECT(UNTIL(20, slab_active("page_container") <= 0), "%ld page_containers",
	       slab_active("page_container"));
}

const struct vm_case race_cases[] = {
	{ "race_last_unmap", race_last_unmap },
	{ "race_activation", race_activation },
	{ "race_move", race_move },
	{ "race_hotplug", race_hotplug },
	{ "race_stock_of_other", race_stock_of_other },
	{ "race_remove", race_remove },
	{ "race_limit", race_limit },
	{ "race_fork_and_move", race_fork_and_move },
	{ "race_many_rounds", race_many_rounds, .seconds = 600, .flags = ONCE },
	{ }
};
