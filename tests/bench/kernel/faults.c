// SPDX-License-Identifier: GPL-2.0
/*
 * What a page costs that is faulted in and unmapped, alone, in a huge page and in a fork, and
 * what it costs while two tasks take turns.
 */
#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The tick of the clock takes thousands of instructions every four million.  A round is so
 * long that one tick more or less does not show in what a page or a fork takes.
 */
#define ANON_TIMES 4
#define FILE_TIMES 16
#define FORK_TIMES 16

static long anon_round(void)
{
	unsigned long start = instructions();
	int i;

	for (i = 0; i < ANON_TIMES; i++)
		fault_anon();
	return instructions() - start;
}

static int mapped_file;

static long file_round(void)
{
	unsigned long start = instructions();
	char *p;
	int i;

	for (i = 0; i < FILE_TIMES; i++) {
		p = map(FILE_BYTES, MAP_PRIVATE, mapped_file);
		look(p, FILE_BYTES);
		munmap(p, FILE_BYTES);
	}
	return instructions() - start;
}

/*
 * The median fault and the median unmapping of single pages: few of them contain a tick, which
 * takes more than the difference to measure.
 */
#define HUGE_PAGES 31

static long thp_round(void)
{
	char *all = map((HUGE_PAGES + 1) * HUGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), *p;
	long faults[HUGE_PAGES], unmaps[HUGE_PAGES], i;
	unsigned long start;

	p = (char *)(((long)all + HUGE - 1) & -HUGE);
	madvise(p, HUGE_PAGES * HUGE, MADV_HUGEPAGE);
	for (i = 0; i < HUGE_PAGES; i++) {
		start = instructions();
		p[i * HUGE] = 1;
		faults[i] = instructions() - start;
	}
	for (i = 0; i < HUGE_PAGES; i++) {
		start = instructions();
		madvise(p + i * HUGE, HUGE, MADV_DONTNEED);
		unmaps[i] = instructions() - start;
	}
	munmap(all, (HUGE_PAGES + 1) * HUGE);
	qsort(faults, HUGE_PAGES, sizeof(*faults), by_value);
	qsort(unmaps, HUGE_PAGES, sizeof(*unmaps), by_value);
	return faults[HUGE_PAGES / 2] + unmaps[HUGE_PAGES / 2];
}

static long fork_round(void)
{
	unsigned long start = instructions();
	int i;

	for (i = 0; i < FORK_TIMES; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return instructions() - start;
}

/* Two tasks take turns on the processor, with a few pages each time. */
#define TURNS	   256
#define TURN_PAGES 16

static int turn_begins[2], turn_ends[2];

static void turn(char *p)
{
	touch(p, TURN_PAGES * PAGE);
	madvise(p, TURN_PAGES * PAGE, MADV_DONTNEED);
}

static long turns_round(void)
{
	char *p = map(TURN_PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), c = 0;
	unsigned long start = instructions();
	int i;

	for (i = 0; i < TURNS; i++) {
		turn(p);
		if (write(turn_begins[1], &c, 1) != 1 || read(turn_ends[0], &c, 1) != 1)
			printf("turns: %s\n", strerror(errno));
	}
	munmap(p, TURN_PAGES * PAGE);
	return instructions() - start;
}

static void turns_row(const char *name, const char *other)
{
	pid_t pid;

	if (!wanted(name) || pipe(turn_begins) || pipe(turn_ends))
		return;
	limit(other, 512 * MB);
	pid = fork();
	if (!pid) {
		char *p = map(TURN_PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), c;

		close(turn_begins[1]);
		enter(other);
		while (read(turn_begins[0], &c, 1) == 1) {
			turn(p);
			if (write(turn_ends[1], &c, 1) != 1)
				break;
		}
		_exit(0);
	}
	row(name, 2 * TURNS * TURN_PAGES, turns_round);
	close(turn_begins[0]), close(turn_begins[1]);
	close(turn_ends[0]), close(turn_ends[1]);
	waitpid(pid, NULL, 0);
}

void measure_faults(int file)
{
	char *p;

	mapped_file = file;
	limit("big", 512 * MB);
	enter("big");
	row("anon", ANON_TIMES * ANON_BYTES / PAGE, anon_round);
	row("file", FILE_TIMES * FILE_BYTES / PAGE, file_round);
	row("thp", 1, thp_round);
	turns_row("turns_one", "big");
	turns_row("turns_two", "two");
	p = map(64 * MB, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	touch(p, 64 * MB);
	row("fork", FORK_TIMES, fork_round);
	munmap(p, 64 * MB);
}
