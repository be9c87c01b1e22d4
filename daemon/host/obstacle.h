/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a process that was killed does not end: what /proc and the freezer say of it. */
#ifndef RSSD_OBSTACLE_H
#define RSSD_OBSTACLE_H

#include <stddef.h>
#include <sys/types.h>

#define OBSTACLE_TEXT_MAX 256

enum obstacle {
	OBSTACLE_NONE,	  /* nothing is seen: it is just slow, or has ended */
	OBSTACLE_FROZEN,  /* a freezer of v1 holds it; SIGKILL waits until it is thawed */
	OBSTACLE_STOPPED, /* by SIGSTOP or a debugger; SIGKILL ends it all the same */
	OBSTACLE_SLEEP,	  /* in an uninterruptible sleep, as for a disk */
};

/**
 * obstacle_of() - look at a process
 * @text: "process 12 (sh) is frozen by /sys/fs/cgroup/freezer/jobs"; "" for OBSTACLE_NONE
 */
enum obstacle obstacle_of(pid_t pid, char text[OBSTACLE_TEXT_MAX]);

#endif
