/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs: see job.h. */
#include "base/job.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-event.h>
#include <time.h>

struct jobs {
	sd_event *event;
	struct workers *workers;
	unsigned int pending;
	unsigned int queries;	   /* that run */
	struct job *first_waiting; /* queries that wait for one of those to end */
};

int jobs_new(sd_event *event, struct jobs **ret)
{
	cleanup_(jobs_free_ptr) struct jobs *jobs = calloc(1, sizeof(*jobs));
	int r;

	if (!jobs)
		return -ENOMEM;
	jobs->event = sd_event_ref(event);
	r = workers_new(event, &jobs->workers);
	if (r < 0)
		return r;
	*ret = take_ptr(jobs);
	return 0;
}

struct jobs *jobs_free(struct jobs *jobs)
{
	if (!jobs)
		return NULL;
	assert(jobs->pending == 0);
	workers_free(jobs->workers);
	sd_event_unref(jobs->event);
	free(jobs);
	return NULL;
}

bool jobs_are_pending(const struct jobs *jobs)
{
	return jobs->pending > 0;
}

void job_begin(struct job *job, struct jobs *jobs, void *data)
{
	assert(!job->jobs);
	*job = (struct job){ .jobs = jobs, .data = data };
	jobs->pending++;
}

void job_end(struct job *job)
{
	if (!job->jobs)
		return;
	assert(!job->worker && !job->waiting);
	assert(job->jobs->pending > 0);
	if (job->list) {
		struct job **at = &job->list->first;

		while (*at != job)
			at = &(*at)->next;
		*at = job->next;
	}
	sd_event_source_disable_unref(job->deadline);
	job->jobs->pending--;
	*job = (struct job){ 0 };
}

/* --- runs ------------------------------------------------------------------------ */

static void query_ended(struct jobs *jobs);

static void run_done(void *data)
{
	struct job *job = data;
	struct jobs *jobs = job->jobs;
	bool query = job->query;

	job->worker = NULL;
	job->cancelled = false;
	job->query = false;
	job->deadline = sd_event_source_disable_unref(job->deadline);
	job->done(job->data);
	if (query)
		query_ended(jobs);
}

static void run_on_worker(struct worker *worker, void *data)
{
	struct job *job = data;

	job->run(worker, job->data);
}

static int run(struct job *job, worker_fn fn, void (*done)(void *data),
	       int (*start)(struct workers *, worker_fn, void (*)(void *), void *,
			    struct worker **))
{
	int r;

	assert(job->jobs && !job->worker);
	job->run = fn;
	job->done = done;
	r = start(job->jobs->workers, run_on_worker, run_done, job, &job->worker);
	if (r == 0 && job->cancelled)
		worker_cancel(job->worker);
	return r;
}

int job_run(struct job *job, worker_fn fn, void (*done)(void *data))
{
	return run(job, fn, done, worker_start);
}

int job_run_now(struct job *job, worker_fn fn, void (*done)(void *data))
{
	return run(job, fn, done, worker_run_now);
}

int job_start(struct job *job, struct jobs *jobs, worker_fn fn, void (*done)(void *data),
	      void *data)
{
	int r;

	job_begin(job, jobs, data);
	r = job_run(job, fn, done);
	if (r < 0)
		job_end(job);
	return r;
}

/* --- queries ----------------------------------------------------------------------- */

/* The most queries at a time: more would only compete with the loop for the processors. */
#define QUERIES_MAX 2

static void query_ended(struct jobs *jobs)
{
	struct job *next = jobs->first_waiting;

	jobs->queries--;
	if (!next)
		return;
	jobs->first_waiting = next->next_waiting;
	next->waiting = false;
	jobs->queries++;
	/* Without a thread, the loop runs the query, because its completion must be called. */
	if (job_run(next, next->run, next->done) < 0 &&
	    job_run_now(next, next->run, next->done) < 0) {
		run_on_worker(NULL, next);
		run_done(next);
	}
}

static void wait_for_query(struct job *job, bool first)
{
	struct job **at = &job->jobs->first_waiting;

	while (!first && *at)
		at = &(*at)->next_waiting;
	job->next_waiting = *at;
	job->waiting = true;
	*at = job;
}

int job_start_query(struct job *job, struct jobs *jobs, bool first, worker_fn fn,
		    void (*done)(void *data), void *data)
{
	int r;

	if (jobs->queries < QUERIES_MAX) {
		r = job_start(job, jobs, fn, done, data);
		if (r == 0) {
			job->query = true;
			jobs->queries++;
		}
		return r;
	}
	job_begin(job, jobs, data);
	job->query = true;
	job->run = fn;
	job->done = done;
	wait_for_query(job, first);
	return 0;
}

bool job_is_running(const struct job *job)
{
	return job->worker;
}

/* --- cancel and deadline ----------------------------------------------------------- */

void job_cancel(struct job *job)
{
	assert(job->jobs);
	job->cancelled = true;
	if (job->worker)
		worker_cancel(job->worker);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct job *job = userdata;

	if (job->expired)
		job->expired(job->data);
	else
		job_cancel(job);
	return 0;
}

int job_set_deadline(struct job *job, uint64_t usec, void (*expired)(void *data))
{
	assert(job->jobs);
	job->deadline = sd_event_source_disable_unref(job->deadline);
	job->expired = expired;
	return sd_event_add_time_relative(job->jobs->event, &job->deadline, CLOCK_MONOTONIC, usec,
					  1000, on_deadline, job);
}

/* --- lists ----------------------------------------------------------------------- */

void job_list_add(struct job_list *list, struct job *job)
{
	assert(job->jobs && !job->list);
	job->list = list;
	job->next = list->first;
	list->first = job;
}

void job_list_cancel(struct job_list *list)
{
	for (struct job *job = list->first; job; job = job->next)
		job_cancel(job);
}
