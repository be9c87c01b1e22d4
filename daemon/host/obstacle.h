/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports why a killed process has not ended, from /proc and the v1 freezer. */
#ifndef RSSD_OBSTACLE_H
#define RSSD_OBSTACLE_H

#include <stddef.h>
#include <sys/types.h>

#define OBSTACLE_TEXT_MAX 256

enum obstacle {
	OBSTACLE_NONE,	  /* none found: the process is slow to end, or has ended */
	OBSTACLE_FROZEN,  /* by a v1 freezer; SIGKILL takes effect when it is thawed */
	OBSTACLE_STOPPED, /* by SIGSTOP or a debugger; SIGKILL still ends it */
	OBSTACLE_SLEEP,	  /* in an uninterruptible sleep, for example on disk I/O */
};

/**
 * obstacle_of() - find what keeps a process from ending
 * @text: "process 12 (sh) is frozen by /sys/fs/cgroup/freezer/jobs"; "" for OBSTACLE_NONE
 */
enum obstacle obstacle_of(pid_t pid, char text[OBSTACLE_TEXT_MAX]);

#endif
