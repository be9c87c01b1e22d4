/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One job on a thread of its own, for what may block: reclaim, and writing
 * state to disk. The loop starts it and hears when it is done; while it runs,
 * the two share nothing but what the job was given.
 */
#ifndef RSSD_WORKER_H
#define RSSD_WORKER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/cleanup.h"

typedef struct sd_event sd_event;

/* The threads, and what they have done. The loop owns it. */
struct workers;
/* One job. */
struct worker;

/* The signal that gets a blocked system call to return EINTR. main() owns its handler. */
#define WORKER_SIGNAL SIGUSR2

typedef void (*worker_fn)(struct worker *worker, void *data);

/* Threads come with the first job, so that they have the privileges of that time. */
int workers_new(sd_event *event, struct workers **ret);
/* Once no job is on its way. NULL is allowed. Returns NULL. */
struct workers *workers_free(struct workers *workers);
DEFINE_CLEANUP(struct workers *, workers_free);

/**
 * worker_start() - run @run(@data) on a thread, then @done(@data) in the loop
 * @done: called once, from the loop; the worker is gone when it is called
 *
 * A job cannot be abandoned: its owner cancels it and waits for @done.
 */
int worker_start(struct workers *workers, worker_fn run, void (*done)(void *data), void *data,
		 struct worker **ret);

/**
 * worker_run_now() - run a job that will not block, without a thread
 *
 * @done is called later, from the loop, as by worker_start(). Where the job
 * pauses all the same it is cancelled.
 */
int worker_run_now(struct workers *workers, worker_fn run, void (*done)(void *data), void *data,
		   struct worker **ret);

/* From the loop: asks the job to end soon. System calls of it return EINTR. */
void worker_cancel(struct worker *worker);

/* From the job: was it asked to end? */
bool worker_cancelled(const struct worker *worker);

/* From the job: waits up to @usec, or until it is cancelled. */
void worker_pause(struct worker *worker, uint64_t usec);

#endif
