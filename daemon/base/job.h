/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A job is work that rssd finishes before it stops. It is pending from job_begin() to job_end().
 * Meanwhile it may run functions on a worker, one after the other; each run has one completion, in
 * the loop. A deadline cancels the job. A job is a member of its owner, and the owner's destructor
 * ends it. Only job_end() ends a job, so the count of pending jobs is always correct. The owner's
 * destructor also releases what the owner holds for the job, such as references to containers.
 *
 * All functions are called from the loop. The function that runs on the worker receives the worker
 * for worker_cancelled() and worker_pause().
 */
#ifndef RSSD_JOB_H
#define RSSD_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/worker.h"
#include "shared/cleanup.h"

typedef struct sd_event_source sd_event_source;

/* All pending jobs, and the workers that they share. */
struct jobs;

int jobs_new(sd_event *event, struct jobs **ret);
/* No job may be pending. NULL is allowed. Returns NULL. */
struct jobs *jobs_free(struct jobs *jobs);
DEFINE_CLEANUP(struct jobs *, jobs_free);
bool jobs_are_pending(const struct jobs *jobs);

struct job;

/* Jobs that can be cancelled together. A zeroed struct is an empty list. */
struct job_list {
	struct job *first;
};

void job_list_cancel(struct job_list *list);

/* A zeroed struct is a job that is not pending. Only job.c uses the members. */
struct job {
	struct jobs *jobs;
	struct worker *worker; /* during a run, else NULL */
	worker_fn run;
	void (*done)(void *data);
	void *data;
	bool cancelled; /* the current run, or the next one */
	sd_event_source *deadline;
	void (*expired)(void *data);
	struct job_list *list;
	struct job *next;
	bool query, waiting; /* see job_start_query() */
	struct job *next_waiting;
};

/* Makes @job pending, with @data for its callbacks. */
void job_begin(struct job *job, struct jobs *jobs, void *data);

/* Adds @job to @list until it ends. @list must outlive @job. */
void job_list_add(struct job_list *list, struct job *job);

/**
 * job_run() - call @run on a worker, then @done in the loop
 * @done: called once for each run; it runs the job again, ends it, or leaves it pending
 *
 * Return: 0, or a negative errno if no worker could be started. After an error @done is not called
 * and the job is still pending.
 */
int job_run(struct job *job, worker_fn run, void (*done)(void *data));

/* The same for a @run that does not block: it is called at once, @done later from the loop. */
int job_run_now(struct job *job, worker_fn run, void (*done)(void *data));

/* job_begin() and job_run(). After an error the job is not pending. */
int job_start(struct job *job, struct jobs *jobs, worker_fn run, void (*done)(void *data),
	      void *data);

/**
 * job_start_query() - job_start() for what only reads and takes milliseconds
 * @first: before other queries that wait
 *
 * Two queries run at a time, whatever number is started; the others wait. @fn may be
 * called with no worker, and must not ask for it.
 */
int job_start_query(struct job *job, struct jobs *jobs, bool first, worker_fn fn,
		    void (*done)(void *data), void *data);

/*
 * After @usec, calls @expired, or cancels the job if @expired is NULL. The deadline is removed when
 * a run ends. A second call replaces the first.
 */
int job_set_deadline(struct job *job, uint64_t usec, void (*expired)(void *data));

/* Asks the current run to end soon. If there is none, the next run is cancelled when it begins. */
void job_cancel(struct job *job);

bool job_is_running(const struct job *job);

/* Ends a pending job, which must not be running. Does nothing if the job is not pending. */
void job_end(struct job *job);

#endif
