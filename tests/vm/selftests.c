// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the kernel's own tests and hands on every line they print; what the
 * lines mean is decided outside, by comparing two kernels.
 */
#define _GNU_SOURCE
#include "vm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *program, *arg;
	unsigned int seconds;
} tests[] = {
	/* the first two do not mind each other */
	{ "split_huge_page_test", NULL, 400 },
	{ "migration", NULL, 400 },
	{ "mremap_test", NULL, 120 },
	{ "madv_populate", NULL, 60 },
	{ "mlock2-tests", NULL, 60 },
	{ "ksm_functional_tests", NULL, 120 },
	{ "cow", NULL, 240 },
	{ "uffd-unit-tests", NULL, 600 },
	{ "khugepaged", NULL, 240 },
	{ "test_core", NULL, 120 },
	{ "test_kill", NULL, 120 },
	{ "test_freezer", NULL, 120 },
	{ "test_memcontrol", NULL, 240 },
	/* the controller's own, for which selftests.sh has a rule of its own */
	{ "test_rss", NULL, 120 },
};

/* Its lines go to @verdict, each after @label. */
static void run(const char *program, const char *arg, unsigned int seconds, const char *label,
		FILE *verdict)
{
	double start = now();
	char line[1024], path[64];
	size_t have = 0;
	int p[2], status;
	pid_t pid;

	if (pipe(p))
		return;
	snprintf(path, sizeof(path), "/selftests/%s", program);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		setsid();
		dup2(p[1], 1);
		dup2(p[1], 2);
		close(p[0]);
		close(p[1]);
		/* on a disk: some want files without a name */
		if (chdir("/data"))
			_exit(127);
		execl(path, program, arg, NULL);
		_exit(127);
	}
	close(p[1]);
	printf("== selftest %s\n", program);
	fflush(stdout);
	while (now() - start < seconds) {
		struct pollfd f = { .fd = p[0], .events = POLLIN };
		char c;

		if (poll(&f, 1, 1000) <= 0)
			continue;
		if (read(p[0], &c, 1) != 1)
			break;
		if (c != '\n' && have < sizeof(line) - 1) {
			line[have++] = c;
			continue;
		}
		line[have] = '\0';
		fprintf(verdict, "%s: %s\n", label, line);
		have = 0;
	}
	if (now() - start >= seconds) {
		fprintf(verdict, "%s: hung\n", label);
		kill(-pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	close(p[0]);
	fprintf(verdict, "%s: exit %d (%.0f s)\n", label,
		WIFEXITED(status) ? WEXITSTATUS(status) : -1, now() - start);
	fflush(verdict);
}

static void kill_all(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static bool wanted(const char *only, size_t i)
{
	return i < ARRAY_SIZE(tests) &&
	       (!strcmp(only, "1") || !strcmp(only, tests[i].program));
}

/* Runs it several times: the lines of the third run follow "NAME/3". */
static int run_often(const char *program, unsigned int times, FILE *verdict)
{
	char label[64];

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		if (strcmp(program, tests[i].program) != 0)
			continue;
		for (unsigned int n = 1; n <= times; n++) {
			snprintf(label, sizeof(label), "%s/%u", program, n);
			run(program, tests[i].arg, tests[i].seconds, label, verdict);
			kill_all();
		}
	}
	fprintf(verdict, "end: 0 passed, 0 failed, 0 skipped\n");
	return 0;
}

int selftests_run(FILE *verdict)
{
	const char *only = getenv("selftests"), *times = getenv("times");

	/* whole lines, as two programs may be writing at once */
	setvbuf(verdict, NULL, _IOLBF, 4096);
	setenv("PATH", "/selftests", 1);
	setenv("HOME", "/tmp", 1);
	mkdir("/sys/fs/cgroup", 0755);
	mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	/* the tests want a few huge pages, as run_vmtests.sh gives them */
	text_write("/proc/sys/vm/nr_hugepages", "40");
	text_write("/proc/sys/vm/overcommit_memory", "1");
	if (times)
		return run_often(only, atoi(times), verdict);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		pid_t pid = 0;

		if (!wanted(only, i))
			continue;
		if (i == 0 && wanted(only, 1) && !(pid = fork())) {
			run(tests[1].program, tests[1].arg, tests[1].seconds, tests[1].program,
			    verdict);
			_exit(0);
		}
		run(tests[i].program, tests[i].arg, tests[i].seconds, tests[i].program, verdict);
		if (pid) {
			waitpid(pid, NULL, 0);
			i++;
		}
		kill_all();
	}
	fprintf(verdict, "end: 0 passed, 0 failed, 0 skipped\n");
	return 0;
}
