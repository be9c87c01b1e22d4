// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once: eight tasks in two containers fault, fork, exec, mremap,
 * mlock, madvise, swap, migrate between nodes and between containers, split
 * huge pages and die, for a minute or stress= seconds.  Meanwhile no limit is
 * exceeded by more than the bound; afterwards every counter is back at zero.
 */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TASKS	8
#define LIMIT	(12 * (long)MB)
#define FILE_	"/data/stress"
#define FILE_BYTES (4 * (long)MB)

static const char *const boxes[] = { "a", "b" };

static unsigned int roll(unsigned int *state, unsigned int sides)
{
	*state = *state * 1103515245 + 12345;
	return (*state >> 16) % sides;
}

/* A region with known contents, so that a page mixed up shows. */
struct region {
	long at, bytes, seed;
	bool locked, shared;
};

static void region_check(struct region *r)
{
	long bad = work_check(r->at, r->bytes, r->seed);

	if (bad)
		FAIL("%ld of %ld pages have another's contents", bad,
		     r->bytes / (long)PAGE);
}

static void region_new(struct region *r, unsigned int *dice)
{
	r->bytes = (1 + roll(dice, 640)) * (long)PAGE;
	r->seed = *dice;
	r->locked = r->shared = false;
	if (roll(dice, 4) == 0) {
		r->bytes = HUGE;
		r->at = work_map_huge(r->bytes);
	} else {
		r->shared = !roll(dice, 4);
		r->at = work_map(r->bytes, r->shared ? SHARED_ANON : ANON);
	}
	if (r->at < 0)
		FAIL("mmap: %s", strerror(-r->at));
	work_write(r->at, r->bytes, r->seed);
}

static void region_drop(struct region *r)
{
	if (r->at)
		munmap((void *)r->at, r->bytes);
	r->at = 0;
}

static void child_dies(struct region *r, unsigned int *dice)
{
	pid_t pid = fork();

	if (!pid) {
		char *argv[] = { "/init", "child", NULL };
		long own;

		/* what it writes must not be its parent's as well */
		if (r->shared) {
			own = work_map(r->bytes, ANON);
			region_check(r);
			if (own < 0)
				_exit(0);
			r->at = own;
		}

		switch (roll(dice, 4)) {
		case 0:
			execve(argv[0], argv, NULL);
			_exit(1);
		case 1:
			work_write(r->at, r->bytes, 1);
			raise(SIGKILL);
			/* fall through */
		case 2:
			work_write(r->at, r->bytes / 2, 2);
			_exit(0);
		default:
			if (!r->shared)
				region_check(r);
			_exit(0);
		}
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void one_step(struct region *r, unsigned int *dice, int file)
{
	long at;
	void *p;

	switch (roll(dice, 14)) {
	case 0:
		region_check(r);
		region_drop(r);
		region_new(r, dice);
		break;
	case 1:
		child_dies(r, dice);
		break;
	case 2:
		p = mremap((void *)r->at, r->bytes, r->bytes, MREMAP_MAYMOVE);
		if (p != MAP_FAILED)
			r->at = (long)p;
		/* to elsewhere, which splits what huge page there is */
		at = work_map(r->bytes, ANON);
		if (at > 0) {
			p = mremap((void *)r->at, r->bytes, r->bytes,
				   MREMAP_MAYMOVE | MREMAP_FIXED, at);
			if (p != MAP_FAILED)
				r->at = (long)p;
			else
				work_unmap(at, r->bytes);
		}
		break;
	case 3:
		if (!r->locked && r->bytes < (long)MB / 2)
			r->locked = !mlock((void *)r->at, r->bytes);
		else if (r->locked)
			r->locked = munlock((void *)r->at, r->bytes) != 0;
		break;
	case 4:
		work_advise(r->at, r->bytes, MADV_PAGEOUT);
		break;
	case 5:
		work_advise(r->at, r->bytes, MADV_COLD);
		break;
	case 6:
		region_check(r);
		work_move(r->at, r->bytes, roll(dice, 2));
		break;
	case 7:	/* a hole in a huge page, or in any other */
		at = r->at + r->bytes / 2 / (long)PAGE * (long)PAGE;
		if (!munlock((void *)r->at, r->bytes))
			r->locked = false;
		work_advise(r->at, r->bytes, MADV_DONTNEED);
		work_write(r->at, r->bytes, r->seed);
		break;
	case 8:
		text_writef("/sys/kernel/debug/split_huge_pages", "%d,0x%lx,0x%lx",
			    getpid(), r->at, r->at + r->bytes);
		break;
	case 9:	/* the other container, with everything that is charged here */
		text_write(box_path(boxes[roll(dice, 2)], "cgroup.procs"), "0");
		break;
	case 10:
		work_prefer_node((long)roll(dice, 3) - 1);
		break;
	case 11:
	case 12:
		p = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE,
			 roll(dice, 2) ? MAP_SHARED : MAP_PRIVATE, file, 0);
		if (p == MAP_FAILED)
			break;
		if (roll(dice, 2))
			work_write((long)p, FILE_BYTES / 4, 9);
		work_read((long)p, FILE_BYTES);
		munmap(p, FILE_BYTES);
		break;
	default:
		region_check(r);
		work_write(r->at, r->bytes, r->seed);
	}
}

static void __attribute__((noreturn)) stress_task(int n, double until)
{
	struct region r[3] = { 0 };
	unsigned int dice = n * 7919 + 1;
	int file = open(FILE_, O_RDWR);
	int i;

	while (now() < until) {
		i = roll(&dice, 3);
		if (!r[i].at)
			region_new(&r[i], &dice);
		one_step(&r[i], &dice, file);
		/* some leave with all they have */
		if (roll(&dice, 400) == 0)
			_exit(3);
	}
	for (i = 0; i < 3; i++)
		if (r[i].at)
			region_check(&r[i]);
	_exit(3);
}

static pid_t start_task(int n, double until)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (box_attach(boxes[n % 2], 0))
		FAIL("cannot attach");
	stress_task(n, until);
}

static unsigned int duration(void)
{
	const char *wish = getenv("stress");

	return wish && *wish ? atol(wish) : 60;
}

static void stress(void)
{
	unsigned int seconds = duration();
	double begin = now(), until = begin + seconds;
	long usage, worst = 0, deaths = 0, slack, looks = 0;
	pid_t pids[TASKS];
	bool toggled = false;
	int i, status;
	pid_t pid;

	EXPECT_EQ(work_write_file(FILE_, FILE_BYTES), 0);
	for (i = 0; i < 2; i++) {
		box_make(boxes[i]);
		EXPECT_EQ(box_put(boxes[i], BOX_LIMIT, LIMIT), 0);
	}
	/* the second has a worker as well */
	EXPECT_EQ(box_put("b", BOX_WMARK_HIGH, LIMIT * 3 / 4), 0);
	EXPECT_EQ(box_put("b", BOX_WMARK_LOW, LIMIT / 2), 0);
	slack = box_slack_huge(TASKS * 2);	/* each may have a child */
	for (i = 0; i < TASKS; i++)
		pids[i] = start_task(i, until);
	while (now() < until) {
		for (i = 0; i < 2; i++) {
			usage = box_usage(boxes[i]);
			if (usage - LIMIT > worst)
				worst = usage - LIMIT;
			looks++;
			EXPECT(usage <= LIMIT + slack, "%s uses %ld, %ld above its limit",
			       boxes[i], usage, usage - LIMIT);
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (WIFEXITED(status) && WEXITSTATUS(status) != 3)
				FAIL("task %d ended with %d", pid, WEXITSTATUS(status));
			for (i = 0; i < TASKS; i++)
				if (pids[i] == pid && now() < until) {
					deaths++;
					pids[i] = start_task(i + deaths * TASKS, until);
				}
		}
		/* both ways to age pages, and the change between them */
		if (!toggled && now() > begin + seconds / 2) {
			text_write("/sys/kernel/mm/lru_gen/enabled",
				   world.lru_gen ? "n" : "y");
			toggled = true;
		}
		pause_ms(20);
	}
	for (i = 0; i < 2; i++) {
		long peak = box_get(boxes[i], BOX_PEAK);

		EXPECT(peak <= LIMIT + slack, "%s had a peak %ld above its limit",
		       boxes[i], peak - LIMIT);
		if (peak - LIMIT > worst)
			worst = peak - LIMIT;
	}
	while (waitpid(-1, &status, 0) > 0)
		if (WIFEXITED(status) && WEXITSTATUS(status) != 3)
			FAIL("a task ended with %d", WEXITSTATUS(status));
	/* a child of a task has failed, whose status the task does not look at */
	if (*verdict_why())
		_exit(1);
	note("%ld tasks died, %ld looks, %ld bytes above the limit at worst (bound %ld)",
	     deaths, looks, worst, slack);
	for (i = 0; i < 2; i++) {
		note("%s: limit met %ld times, %ld pages past it in all, %ld scanned, %ld freed, %ld killed",
		     boxes[i], box_event(boxes[i], "max"), box_stat(boxes[i], "overrun"),
		     box_stat(boxes[i], "pgscan"),
		     box_stat(boxes[i], "pgsteal"), box_event(boxes[i], "oom_kill"));
		EXPECT(UNTIL(20, !box_usage(boxes[i])), "%s still uses %ld", boxes[i],
		       box_usage(boxes[i]));
		EXPECT_EQ(box_pages(boxes[i]), 0);
		EXPECT_EQ(box_stat(boxes[i], "anon"), 0);
		EXPECT_EQ(box_stat(boxes[i], "file"), 0);
		EXPECT(box_event(boxes[i], "max") > 0, "%s never hit its limit", boxes[i]);
	}
	unlink(FILE_);
}

const struct vm_case stress_cases[] = {
	{ "stress", stress, .seconds = 780, .more = duration, .flags = ONCE },
	{ }
};
