/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reclaims memory of a container, on a worker and within the configured time. */
#ifndef RSSD_RECLAIM_H
#define RSSD_RECLAIM_H

#include <stdint.h>

struct container;
struct failure;

/* @reclaimed: in bytes, less than requested if there was no more; COUNTER_ABSENT: unknown */
typedef void (*reclaim_done_fn)(int error, const struct failure *failure, uint64_t reclaimed,
				void *userdata);

/*
 * @swappiness: how reclaim is divided, from only file pages (0) to anonymous pages first (200);
 * SWAPPINESS_DEFAULT: as the machine does. Return: 0 (then @done is called from the loop), or a failure at once.
 */
int reclaim_start(struct container *container, uint64_t bytes, int swappiness, reclaim_done_fn done,
		  void *userdata, struct failure *failure);

#endif
