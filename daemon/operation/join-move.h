/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attaches the processes that a scan found for a container, and counts and logs what became of
 * each of them.
 */
#ifndef RSSD_JOIN_MOVE_H
#define RSSD_JOIN_MOVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct container;
struct scan;

/* Processes whose refusal is remembered, so that it is logged once. */
#define REFUSED_MAX 64

/* Counts since the start. */
struct join_outcomes {
	uint64_t joined, vanished, refused;
	pid_t refused_pids[REFUSED_MAX];
	size_t n_refused; /* ever */
};

/**
 * join_move() - attach the processes that @scan found for one of its sets
 * @container: the container of the set
 * @set: index of the set
 * @outcomes, @done, @userdata: @outcomes is updated, then @done is called
 *
 * Return: 1 if an attach was started (then @done is called once, from the loop), 0 if there is
 * no such process or attach refused at once, which is logged, or a negative errno.
 */
int join_move(struct container *container, const struct scan *scan, size_t set,
	      struct join_outcomes *outcomes, void (*done)(void *userdata), void *userdata);

#endif
