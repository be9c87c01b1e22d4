// SPDX-License-Identifier: GPL-2.0
/*
 * Which locks tasks wait for that fault at once: the figures of /proc/lock_stat.
 */
#define _GNU_SOURCE
#include "measure.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_TASKS 8

static void lock_row(const char *name, int tasks, bool each)
{
	unsigned long seconds = getenv("seconds") ? atol(getenv("seconds")) : 12;
	char line[512], *class, place[16];
	long pages = 0, got;
	pid_t pid[MAX_TASKS];
	int p[2], i;
	FILE *f;

	for (i = 0; i < tasks; i++) {
		snprintf(place, sizeof(place), "l%d", i);
		limit(place, 512 * MB);
	}
	if (pipe(p))
		return;
	put("/proc/lock_stat", "0");
	put("/proc/sys/kernel/lock_stat", "1");
	for (i = 0; i < tasks; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			cpu_set_t cpus;
			long n = 0, end;

			CPU_ZERO(&cpus);
			CPU_SET(i, &cpus);
			sched_setaffinity(0, sizeof(cpus), &cpus);
			snprintf(place, sizeof(place), "l%d", each ? i : 0);
			enter(place);
			end = time(NULL) + seconds;
			while (time(NULL) < end) {
				fault_anon();
				n += ANON_BYTES / PAGE;
			}
			if (write(p[1], &n, sizeof(n)) != sizeof(n))
				_exit(1);
			_exit(0);
		}
	}
	for (i = 0; i < tasks; i++) {
		if (read(p[0], &got, sizeof(got)) == sizeof(got))
			pages += got;
	}
	for (i = 0; i < tasks; i++)
		waitpid(pid[i], NULL, 0);
	put("/proc/sys/kernel/lock_stat", "0");
	report_text("%s_pages %ld", name, pages);
	f = fopen("/proc/lock_stat", "r");
	while (f && fgets(line, sizeof(line), f)) {
		double cont, wmin, wmax, wtot, wavg, bounce, acq;
		char *colon = strrchr(line, ':');

		/* class: con-bounces contentions wait... acq-bounces acquisitions */
		if (!colon || sscanf(colon + 1, "%lf %lf %lf %lf %lf %lf %lf %lf", &bounce, &cont,
				     &wmin, &wmax, &wtot, &wavg, &bounce, &acq) != 8)
			continue;
		*colon = '\0';
		class = line + strspn(line, " &");
		for (char *c = class; *c; c++)
			if (*c == ' ')
				*c = '_';
		/* taken for each page, or for each batch of the LRU */
		if (acq < pages / 64)
			continue;
		/* wait times are microseconds; the share is of all CPUs' time */
		report_text("%s_lock %s %.0f %.0f %.4f", name, class, cont, acq,
			wtot / (1e6 * tasks * seconds) * 100);
	}
	if (f)
		fclose(f);
}

void measure_locks(int tasks)
{
	if (tasks < 1 || tasks > MAX_TASKS)
		tasks = 2;
	lock_row("one", tasks, false);
	lock_row("each", tasks, true);
}
