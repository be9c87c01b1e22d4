/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives the pid of a process to another one: for each pid that it reads, a line
 * each, that process is killed, and once it is gone a child that waits for a
 * signal has its pid. Then it says so, a line each. It ends with its input.
 */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A start time counts in hundredths of a second: so late, nobody has that of the one before. */
static const struct timespec tick = { .tv_nsec = 20 * 1000 * 1000 };

/* Waits until somebody has waited for it: 10 seconds at most. */
static int bury(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	for (int i = 0; i < 500; i++) {
		nanosleep(&tick, NULL);
		if (kill(pid, 0) < 0)
			return 0;
	}
	return -ETIMEDOUT;
}

static int inherit(pid_t pid)
{
	pid_t self = getpid();
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uint64_t)(uintptr_t)&pid,
		.set_tid_size = 1,
	};
	long child = syscall(SYS_clone3, &args, sizeof(args));

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == self)
			pause();
		_exit(EXIT_SUCCESS);
	}
	return child < 0 ? -errno : 0;
}

int main(void)
{
	char line[32];

	while (fgets(line, sizeof(line), stdin)) {
		pid_t pid = atoi(line);
		int r = pid > 1 ? bury(pid) : -EINVAL;

		if (r == 0)
			r = inherit(pid);
		puts(r < 0 ? strerror(-r) : "done");
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}
