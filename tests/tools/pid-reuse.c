/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reuses pids: for each pid that it reads, one a line, it kills that process and, once
 * the process has gone, starts a child with the same pid that waits for a signal. It prints
 * "done" or the error, one a line, and ends with its input.
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

/* Start times count in hundredths of a second: after this long, two of them differ. */
static const struct timespec tick = { .tv_nsec = 20 * 1000 * 1000 };

/* Kills it and waits until its parent has reaped it: 10 seconds at most. */
static int end_process(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	for (int i = 0; i < 500; i++) {
		nanosleep(&tick, NULL);
		if (kill(pid, 0) < 0)
			return 0;
	}
	return -ETIMEDOUT;
}

static int start_with_pid(pid_t pid)
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
		int r = pid > 1 ? end_process(pid) : -EINVAL;

		if (r == 0)
			r = start_with_pid(pid);
		puts(r < 0 ? strerror(-r) : "done");
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}
