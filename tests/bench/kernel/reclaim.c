// SPDX-License-Identifier: GPL-2.0
/*
 * A container at its limit: what a page costs that is reclaimed, and how long a fault waits.
 */
#define _GNU_SOURCE
#include "measure.h"
#include "text.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * A region three times the limit is written once: what does not fit goes to
 * zram.  The fault itself is in the figure, in every column alike.
 */
static void reclaim_row(const char *name)
{
	char stat[PATH_MAX];
	long freed, scanned, took, i;
	unsigned long start;
	char *p;

	snprintf(stat, sizeof(stat), CG "/small/%s", controller->stat);
	limit("small", 32 * MB);
	enter("small");
	p = map(96 * MB, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	/* no two pages alike, and not one that zram would store as a word */
	for (i = 0; i < 40 * MB; i += PAGE)
		memset(p + i, i >> 12, 64);
	freed = vmstat("pswpout");
	scanned = text_key(stat, "pgscan");
	start = instructions();
	for (i = 40 * MB; i < 96 * MB; i += PAGE)
		memset(p + i, i >> 12, 64);
	took = instructions() - start;
	freed = vmstat("pswpout") - freed;
	scanned = text_key(stat, "pgscan") - scanned;
	report(name, freed ? took / freed : 0);
	report_text("%s_scanned_per_1000 %ld", name, freed ? scanned * 1000 / freed : 0);
	printf("%s: %ld pages out, %ld scanned, %ld instructions\n", name, freed, scanned, took);
	enter("big");
	munmap(p, 96 * MB);
}

void measure_reclaim(void)
{
	if (wanted("reclaim"))
		reclaim_row("reclaim");
}

#define OTHERS 1000

void measure_others(void)
{
	static pid_t pid[OTHERS];
	char name[32];
	int i, p[2];
	char c;

	if (!wanted("others") || pipe(p))
		return;
	for (i = 0; i < OTHERS; i++) {
		snprintf(name, sizeof(name), "o%d", i);
		limit(name, 16 * MB);
		pid[i] = fork();
		if (!pid[i]) {
			enter(name);
			touch(map(16 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), 16 * PAGE);
			if (write(p[1], "", 1) != 1)
				_exit(1);
			pause();
			_exit(0);
		}
		if (pid[i] < 0 || read(p[0], &c, 1) != 1) {
			printf("others: only %d\n", i);
			break;
		}
	}
	reclaim_row("others");
	while (i-- > 0) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	for (i = 0; i < OTHERS; i++) {
		snprintf(name, sizeof(name), CG "/o%d", i);
		rmdir(name);
	}
}

/*
 * Faults near the limit, each measured: a task that writes 64 new pages, then
 * sleeps, so that a worker can make room before the next ones.
 */
static void latency_row(const char *name, bool watermarks)
{
	static long took[8192];
	char events[PATH_MAX];
	struct timespec pause = { .tv_nsec = 10000000 };
	const long n = sizeof(took) / sizeof(*took);
	long i, hits;
	char *p;

	snprintf(events, sizeof(events), CG "/near/%s", controller->events);
	limit("near", 16 * MB);
	if (watermarks) {
		put(CG "/near/rss.wmark_high_in_bytes", "12M");
		put(CG "/near/rss.wmark_low_in_bytes", "10M");
	}
	enter("near");
	p = map((n + 4096) * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	for (i = 0; i < 4096; i++) {
		memset(p + i * PAGE, i, 64);
		if (i % 64 == 63)
			nanosleep(&pause, NULL);
	}
	hits = text_key(events, "max");
	for (; i < 4096 + n; i++) {
		unsigned long start = instructions();

		*(volatile long *)(p + i * PAGE) = i * 0x9e3779b97f4a7c15;
		took[i - 4096] = instructions() - start;
		memset(p + i * PAGE + 8, i, 64);
		if (i % 64 == 63)
			nanosleep(&pause, NULL);
	}
	hits = text_key(events, "max") - hits;
	qsort(took, n, sizeof(*took), by_value);
	report_text("%s_p50 %ld", name, took[n / 2]);
	report_text("%s_p99 %ld", name, took[n * 99 / 100]);
	report_text("%s_max %ld", name, took[n - 1]);
	report_text("%s_hits %ld", name, hits);
	enter("big");
	munmap(p, (n + 4096) * PAGE);
	rmdir(CG "/near");
}

void measure_latency(void)
{
	if (!wanted("near"))
		return;
	latency_row("near", false);
	if (controller->has_watermarks)
		latency_row("wmark", true);
}
