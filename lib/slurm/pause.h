/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pause between two tries, or for another program. */
#ifndef SLURM_PAUSE_H
#define SLURM_PAUSE_H

#include <time.h>

/* @ms: below a second */
static inline void pause_ms(long ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000000 };

	(void)nanosleep(&pause, NULL);
}

#endif
