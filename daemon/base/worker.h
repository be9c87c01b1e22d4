/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker runs one job that may block, such as reclaim or writing state to
 * disk, on a thread. The loop starts the job and is notified when it is done.
 * While the job runs, it shares only its @data with the loop.
 */
#ifndef RSSD_WORKER_H
#define RSSD_WORKER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/cleanup.h"

typedef struct sd_event sd_event;

/* The threads and the finished jobs. Owned by the loop. */
struct workers;
/* One job. */
struct worker;

/* The signal that makes a blocked system call return EINTR. main() installs its handler. */
#define WORKER_SIGNAL SIGUSR2

typedef void (*worker_fn)(struct worker *worker, void *data);

/* Threads are created with the first job, so they have rssd's privileges of that time. */
int workers_new(sd_event *event, struct workers **ret);
/* No job may be pending. NULL is allowed. Returns NULL. */
struct workers *workers_free(struct workers *workers);
DEFINE_CLEANUP(struct workers *, workers_free);

/**
 * worker_start() - run @run(@data) on a thread, then @done(@data) in the loop
 * @done: called once, from the loop; the worker is already freed
 *
 * A job cannot be abandoned: the owner cancels it and waits for @done.
 */
int worker_start(struct workers *workers, worker_fn run, void (*done)(void *data), void *data,
		 struct worker **ret);

/**
 * worker_run_now() - run a job that will not block, without a thread
 *
 * @done is called later, from the loop, as with worker_start(). If the job
 * calls worker_pause(), it is cancelled instead of pausing.
 */
int worker_run_now(struct workers *workers, worker_fn run, void (*done)(void *data), void *data,
		   struct worker **ret);

/* From the loop: asks the job to end soon. Its blocked system calls return EINTR. */
void worker_cancel(struct worker *worker);

/* From the job: returns true if the job was cancelled. */
bool worker_cancelled(const struct worker *worker);

/* From the job: waits for @usec, or until the job is cancelled. */
void worker_pause(struct worker *worker, uint64_t usec);

#endif
