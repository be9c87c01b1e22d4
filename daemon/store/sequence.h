/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers of events. They are reserved on disk in blocks, so that a number is never used
 * again after a crash; a crash skips the unused numbers of a block.
 */
#ifndef RSSD_SEQUENCE_H
#define RSSD_SEQUENCE_H

#include <stdint.h>

#include "shared/cleanup.h"

struct failure;
struct jobs;
struct sequence;
struct state;

/* How many numbers one write reserves. */
#define SEQUENCE_BLOCK 4096

/**
 * sequence_open() - read the next number and reserve the first block
 * @state, @jobs: must outlive the sequence
 * @directory: the directory of @state, for messages
 *
 * Blocks on the disk: call it at the start. Return: 0, or a failure.
 */
int sequence_open(struct state *state, struct jobs *jobs, const char *directory,
		  struct sequence **ret, struct failure *failure);
/* Saves the next number, so that a regular stop skips none. */
struct sequence *sequence_free(struct sequence *sequence);
DEFINE_CLEANUP(struct sequence *, sequence_free);

/* Returns the number of the next event. */
uint64_t sequence_next(const struct sequence *sequence);
/* Takes the next number. A worker reserves the next block well before this one is used up. */
uint64_t sequence_take(struct sequence *sequence);

#endif
