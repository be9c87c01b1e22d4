// SPDX-License-Identifier: GPL-2.0
/* Reclaim before a fault has to wait: watermarks, on request, and before a limit is lowered. */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES	(8 * (long)MB)

static struct actor *filled(const char *box, long bytes, long *at)
{
	struct actor *a;

	box_make(box);
	a = actor_new(box);
	*at = actor_do(a, work_map, bytes, ANON);
	actor_do(a, work_write, *at, bytes, 1);
	return a;
}

/* The worker starts above high and stops below low; the task does not reclaim. */
static void background_watermarks(void)
{
	struct actor *a;
	long at, step;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, 4 * BYTES), 0);
	EXPECT_EQ(box_put("a", BOX_WMARK_HIGH, BYTES), 0);
	EXPECT_EQ(box_put("a", BOX_WMARK_LOW, BYTES / 2), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, 3 * BYTES, ANON);
	for (step = 0; step < 12; step++) {
		actor_do(a, work_write, at + step * BYTES / 4, BYTES / 4, 1);
		EXPECT(UNTIL(30, box_usage("a") <= BYTES), "usage stays at %ld",
		       box_usage("a"));
	}
	EXPECT(UNTIL(30, box_usage("a") <= BYTES), "usage %ld", box_usage("a"));
	EXPECT(box_event("a", "wmark_high") > 0, "no watermark event");
	EXPECT_EQ(box_event("a", "max"), 0);
	/* reclaimed by the worker, not by the task */
	EXPECT(proc_status_kb(a->pid, "VmSwap") > 0, "nothing went out");
	actor_end(a);
	EXPECT_EQ(box_usage("a"), 0);
}

/* Once started, it reclaims to the low watermark, and no further. */
static void background_stops_at_low(void)
{
	struct actor *a;
	long at;

	a = filled("a", 2 * BYTES, &at);
	EXPECT_EQ(box_put("a", BOX_WMARK_LOW, BYTES), 0);
	EXPECT_EQ(box_put("a", BOX_WMARK_HIGH, BYTES + BYTES / 2), 0);
	/* a watermark set below the usage counts as exceeded */
	EXPECT(UNTIL(30, box_usage("a") <= BYTES), "usage stays at %ld", box_usage("a"));
	pause_ms(300);
	EXPECT(box_usage("a") >= BYTES - BYTES / 8, "it went on to %ld", box_usage("a"));
	actor_end(a);
}

static void background_of_parent(void)
{
	struct actor *a;
	long at;

	box_make("p");
	EXPECT_EQ(box_put("p", BOX_WMARK_HIGH, BYTES), 0);
	EXPECT_EQ(box_put("p", BOX_WMARK_LOW, BYTES / 2), 0);
	box_make("p/a");
	a = actor_new("p/a");
	at = actor_do(a, work_map, 2 * BYTES, ANON);
	actor_do(a, work_write, at, 2 * BYTES, 1);
	EXPECT(UNTIL(30, box_usage("p") <= BYTES), "usage stays at %ld", box_usage("p"));
	EXPECT_EQ(actor_do(a, work_check, at, 2 * BYTES, 1), 0);
	actor_end(a);
}

static void background_on_request(void)
{
	long at, before;
	struct actor *a;

	a = filled("a", BYTES, &at);
	before = box_usage("a");
	EXPECT_EQ(box_put("a", BOX_RECLAIM, BYTES / 2), 0);
	EXPECT(box_usage("a") <= before - BYTES / 2, "usage %ld of %ld",
	       box_usage("a"), before);
	EXPECT(box_usage("a") >= before - BYTES, "far too much: %ld", box_usage("a"));
	EXPECT_EQ(actor_do(a, work_check, at, BYTES, 1), 0);
	/* more than there is: reclaim what is possible, and return an error */
	EXPECT_EQ(box_put("a", BOX_RECLAIM, 100 * BYTES), -EAGAIN);
	actor_end(a);
}

/* "swappiness=" of a request decides which pages go, whatever vm.swappiness is. */
static void background_request_swappiness(void)
{
	long anon, file, before[2];
	struct actor *a;
	int err;

	EXPECT_EQ(work_write_file("/data/f", BYTES), 0);
	a = filled("a", BYTES, &anon);
	file = actor_do(a, work_map_file, "/data/f", BYTES, 0);
	actor_do(a, work_read, file, BYTES);
	text_write("/proc/sys/vm/swappiness", "200");
	before[0] = box_stat("a", "anon");
	before[1] = box_stat("a", "file");
	err = text_writef(box_file("a", BOX_RECLAIM), "%ld swappiness=0", BYTES / 2);
	EXPECT_EQ(err, 0);
	EXPECT_EQ(box_stat("a", "anon"), before[0]);
	EXPECT(box_stat("a", "file") <= before[1] - BYTES / 2, "file: %ld of %ld",
	       box_stat("a", "file"), before[1]);
	text_write("/proc/sys/vm/swappiness", "0");
	before[1] = box_stat("a", "file");
	err = text_writef(box_file("a", BOX_RECLAIM), "%ld swappiness=200", BYTES / 2);
	EXPECT_EQ(err, 0);
	EXPECT_EQ(box_stat("a", "file"), before[1]);
	EXPECT(box_stat("a", "anon") <= before[0] - BYTES / 2, "anon: %ld of %ld",
	       box_stat("a", "anon"), before[0]);
	EXPECT_EQ(text_write(box_file("a", BOX_RECLAIM), "1M swappiness=201"), -EINVAL);
	EXPECT_EQ(text_write(box_file("a", BOX_RECLAIM), "1M swapiness=1"), -EINVAL);
	actor_end(a);
	unlink("/data/f");
}

static void background_limit_lowered(void)
{
	struct actor *a;
	long at;

	a = filled("a", 2 * BYTES, &at);
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES), 0);
	EXPECT_EQ(box_get("a", BOX_LIMIT), BYTES);
	EXPECT(box_usage("a") <= BYTES + box_slack(1), "usage %ld", box_usage("a"));
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	EXPECT_EQ(actor_do(a, work_check, at, 2 * BYTES, 1), 0);
	actor_end(a);
}

/* If it fails, the old limit stays, and no process is killed. */
static void background_limit_refused(void)
{
	struct actor *a;
	long at;

	box_make("a");
	EXPECT_EQ(box_put("a", BOX_LIMIT, 4 * BYTES), 0);
	a = actor_new("a");
	at = actor_do(a, work_map, BYTES, ANON);
	EXPECT_EQ(actor_do(a, work_lock, at, BYTES), 0);
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES / 2), -EBUSY);
	EXPECT_EQ(box_get("a", BOX_LIMIT), 4 * BYTES);
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	at = actor_do(a, work_map, BYTES, ANON);
	actor_do(a, work_write, at, BYTES, 1);
	EXPECT_EQ(box_event("a", "max"), 0);
	actor_end(a);
}

static long write_until_killed(long addr, long bytes, long seed, long unused)
{
	while (!unused)
		work_write(addr, bytes, seed++);
	return 0;
}

/*
 * Processes fault their pages in as fast as they are reclaimed.  The write ends
 * although each round of reclaim succeeds.
 */
static void background_limit_contended(void)
{
	struct actor *a[4];
	double start;
	long at, ret;
	size_t i;

	box_make("a");
	for (i = 0; i < ARRAY_SIZE(a); i++) {
		a[i] = actor_new("a");
		at = actor_do(a[i], work_map, BYTES / 16, ANON);
		actor_do(a[i], work_write, at, BYTES / 16, 1);
		actor_send(a[i], write_until_killed, at, BYTES / 16, 1, 0);
	}
	start = now();
	ret = box_put("a", BOX_LIMIT, PAGE);
	note("%ld after %.1f s, %ld rounds of reclaim", ret, now() - start,
	     box_event("a", "reclaim"));
	EXPECT(ret == -EBUSY || !ret, "%s", strerror(-ret));
	EXPECT(now() - start < 60, "%.1f s", now() - start);
	for (i = 0; i < ARRAY_SIZE(a); i++) {
		kill(a[i]->pid, SIGKILL);
		EXPECT(actor_gone(a[i], 30), "it does not die");
		actor_end(a[i]);
	}
}

static void nothing(int sig)
{
	(void)sig;
}

/*
 * The writer can be interrupted.  Pages that are used all the time, locked or
 * on a swap device that is full make it take long; here it is all three of
 * them that decide, and EBUSY before the signal is as good an answer.
 */
static void background_limit_interrupted(void)
{
	struct sigaction act = { .sa_handler = nothing };
	struct actor *a;
	int status;
	pid_t pid;
	long at;

	a = filled("a", 6 * BYTES, &at);
	pid = fork();
	if (!pid) {
		int err;

		sigaction(SIGUSR1, &act, NULL);
		err = box_put("a", BOX_LIMIT, PAGE);
		_exit(err == -EINTR ? 10 : err == -EBUSY ? 11 : err ? 12 : 13);
	}
	/* well on its way */
	EXPECT(UNTIL(20, box_usage("a") < 5 * BYTES), "no reclaim began");
	EXPECT(UNTIL(30, kill(pid, SIGUSR1) ||
		     waitpid(pid, &status, WNOHANG) == pid), "it cannot be interrupted");
	EXPECT(WIFEXITED(status), "died by signal %d", WTERMSIG(status));
	EXPECT(WEXITSTATUS(status) == 10 || WEXITSTATUS(status) == 11,
	       "the write ended in %d", WEXITSTATUS(status));
	if (WEXITSTATUS(status) == 11)
		note("refused before the signal came");
	EXPECT(box_get("a", BOX_LIMIT) > 1L << 40, "limit %ld", box_get("a", BOX_LIMIT));
	EXPECT_EQ(box_event("a", "oom_kill"), 0);
	actor_end(a);
}

/* Without swap and file pages, nothing can be reclaimed. */
static void background_no_swap(void)
{
	struct actor *a;
	long at;

	EXPECT_EQ(work_swapoff("/dev/zram0"), 0);
	a = filled("a", BYTES, &at);
	EXPECT_EQ(box_put("a", BOX_LIMIT, BYTES / 2), -EBUSY);
	EXPECT_EQ(box_put("a", BOX_RECLAIM, BYTES / 2), -EAGAIN);
	EXPECT_EQ(actor_do(a, work_present, at, BYTES), BYTES / (long)PAGE);
	actor_end(a);
}

const struct vm_case background_cases[] = {
	{ "background_watermarks", background_watermarks },
	{ "background_stops_at_low", background_stops_at_low },
	{ "background_of_parent", background_of_parent },
	{ "background_on_request", background_on_request },
	{ "background_request_swappiness", background_request_swappiness },
	{ "background_limit_lowered", background_limit_lowered },
	{ "background_limit_refused", background_limit_refused },
	{ "background_limit_contended", background_limit_contended, .seconds = 120 },
	{ "background_limit_interrupted", background_limit_interrupted },
	{ "background_no_swap", background_no_swap },
	{ }
};
