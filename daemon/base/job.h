/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A job: something under way that rssd finishes before it stops. It may run functions on a worker,
 * one after the other; each has one completion, in the loop. A deadline cancels it. A job is a
 * member of its owner, whose destructor ends it: job_end() is the only way out, so a count of the
 * jobs under way is never wrong. What the owner holds for the job, as references on containers,
 * its destructor releases.
 *
 * All functions are called from the loop. The function on the worker gets the worker itself, for
 * worker_cancelled() and worker_pause().
 */
#ifndef RSSD_JOB_H
#define RSSD_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/worker.h"
#include "shared/cleanup.h"

typedef struct sd_event_source sd_event_source;

/* All jobs under way, and the workers that they share. */
struct jobs;

int jobs_new(sd_event *event, struct jobs **ret);
/* When no job is under way. NULL is allowed. Returns NULL. */
struct jobs *jobs_free(struct jobs *jobs);
DEFINE_CLEANUP(struct jobs *, jobs_free);
bool jobs_are_pending(const struct jobs *jobs);

struct job;

/* Jobs that can be cancelled together. Zero is an empty list. */
struct job_list {
	struct job *first;
};

void job_list_cancel(struct job_list *list);

/* Zero is a job that is not under way. Its members are job.c's. */
struct job {
	struct jobs *jobs;
	struct worker *worker; /* while it runs */
	worker_fn run;
	void (*done)(void *data);
	void *data;
	bool cancelled; /* the run under way, or the next one */
	sd_event_source *deadline;
	void (*expired)(void *data);
	struct job_list *list;
	struct job *next;
};

/* From now on @job is under way, with @data for its callbacks. */
void job_begin(struct job *job, struct jobs *jobs, void *data);

/* Adds it to @list until it ends. @list must outlive it. */
void job_list_add(struct job_list *list, struct job *job);

/**
 * job_run() - call @run on a worker, then @done in the loop
 * @done: called once for each run; it runs the job again, ends it, or leaves it under way
 *
 * Return: 0, or why there is no worker: then @done is not called and the job is still under way.
 */
int job_run(struct job *job, worker_fn run, void (*done)(void *data));

/* The same for what does not block: @run is called at once, @done later from the loop. */
int job_run_now(struct job *job, worker_fn run, void (*done)(void *data));

/* job_begin() and job_run(); if that fails, the job is not under way. */
int job_start(struct job *job, struct jobs *jobs, worker_fn run, void (*done)(void *data),
	      void *data);

/*
 * Cancels the job in @usec, or calls @expired then. The end of a run is the end of its deadline; a
 * second call replaces the first.
 */
int job_set_deadline(struct job *job, uint64_t usec, void (*expired)(void *data));

/* Asks the run under way to end soon; without one, the next run as soon as it begins. */
void job_cancel(struct job *job);

bool job_is_running(const struct job *job);

/* The job is no longer under way. It must not be running. Does nothing if it never began. */
void job_end(struct job *job);

#endif
