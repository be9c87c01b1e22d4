/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs: each run has one completion, a cancel or a deadline ends it, and all are counted. */
#include "base/job.h"

#include <signal.h>
#include <stdatomic.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "unit.h"

#define LONG_USEC (60 * 1000 * 1000)

struct owner {
	struct job job;
	unsigned int ran, done, cancelled, expired;
};

struct world {
	sd_event *event;
	struct jobs *jobs;
};

static void world_close(struct world *world)
{
	jobs_free(world->jobs);
	sd_event_unref(world->event);
}

static void ignore(int signal)
{
}

TEST_HELPER(world_open, struct world *world)
{
	struct sigaction action = { .sa_handler = ignore };

	CHECK_INT(sigaction(WORKER_SIGNAL, &action, NULL), 0);
	CHECK(sd_event_new(&world->event) >= 0);
	CHECK_INT(jobs_new(world->event, &world->jobs), 0);
}

#define WORLD                                                         \
	__attribute__((cleanup(world_close))) struct world w = { 0 }; \
	CALL(world_open, &w)

static void run_short(struct worker *worker, void *data)
{
	((struct owner *)data)->ran++;
}

/* Until it is cancelled. */
static void run_long(struct worker *worker, void *data)
{
	struct owner *owner = data;

	owner->ran++;
	worker_pause(worker, LONG_USEC);
	owner->cancelled += worker_cancelled(worker);
}

static void count_done(void *data)
{
	((struct owner *)data)->done++;
}

static void end_when_done(void *data)
{
	struct owner *owner = data;

	owner->done++;
	job_end(&owner->job);
}

static void count_expired(void *data)
{
	struct owner *owner = data;

	owner->expired++;
	job_cancel(&owner->job);
}

TEST_HELPER(await, struct world *w, struct owner *owner, unsigned int done)
{
	for (int i = 0; i < 1000 && owner->done < done; i++)
		CHECK(sd_event_run(w->event, LONG_USEC / 6) >= 0);
	CHECK_UINT(owner->done, done);
}

TEST(job_is_pending_until_it_ends)
{
	struct owner owner = { 0 };
	WORLD;

	CHECK(!jobs_are_pending(w.jobs));
	CHECK_INT(job_start(&owner.job, w.jobs, run_short, count_done, &owner), 0);
	CHECK(jobs_are_pending(w.jobs) && job_is_running(&owner.job));
	CALL(await, &w, &owner, 1);
	/* Between two runs it is still under way. */
	CHECK(jobs_are_pending(w.jobs) && !job_is_running(&owner.job));
	CHECK_INT(job_run_now(&owner.job, run_short, end_when_done), 0);
	CHECK_UINT(owner.ran, 2);
	CHECK_UINT(owner.done, 1);
	CALL(await, &w, &owner, 2);
	CHECK(!jobs_are_pending(w.jobs));
	job_end(&owner.job);
	CHECK(!jobs_are_pending(w.jobs));
}

TEST(cancel_ends_the_run_under_way_or_the_next)
{
	struct owner owner = { 0 };
	WORLD;

	CHECK_INT(job_start(&owner.job, w.jobs, run_long, count_done, &owner), 0);
	job_cancel(&owner.job);
	CALL(await, &w, &owner, 1);
	CHECK_UINT(owner.cancelled, 1);

	job_cancel(&owner.job);
	CHECK_INT(job_run(&owner.job, run_long, count_done), 0);
	CALL(await, &w, &owner, 2);
	CHECK_UINT(owner.cancelled, 2);

	/* The one after that is not cancelled. */
	CHECK_INT(job_run(&owner.job, run_short, end_when_done), 0);
	CALL(await, &w, &owner, 3);
	CHECK_UINT(owner.ran, 3);
}

TEST(deadline_cancels_the_run)
{
	struct owner owner = { 0 };
	WORLD;

	CHECK_INT(job_start(&owner.job, w.jobs, run_long, count_done, &owner), 0);
	CHECK(job_set_deadline(&owner.job, 1000, NULL) >= 0);
	CALL(await, &w, &owner, 1);
	CHECK_UINT(owner.cancelled, 1);

	CHECK_INT(job_run(&owner.job, run_long, end_when_done), 0);
	CHECK(job_set_deadline(&owner.job, LONG_USEC, NULL) >= 0);
	CHECK(job_set_deadline(&owner.job, 1000, count_expired) >= 0);
	CALL(await, &w, &owner, 2);
	CHECK_UINT(owner.cancelled, 2);
	CHECK_UINT(owner.expired, 1);
}

TEST(list_cancels_its_jobs)
{
	struct owner owners[3] = { 0 };
	struct job_list list = { 0 };
	WORLD;

	for (int i = 0; i < 3; i++) {
		CHECK_INT(job_start(&owners[i].job, w.jobs, run_long, end_when_done, &owners[i]),
			  0);
		job_list_add(&list, &owners[i].job);
	}
	/* One that has ended is no longer in the list. */
	job_cancel(&owners[1].job);
	CALL(await, &w, &owners[1], 1);
	CHECK(list.first == &owners[2].job && list.first->next == &owners[0].job);
	job_list_cancel(&list);
	CALL(await, &w, &owners[0], 1);
	CALL(await, &w, &owners[2], 1);
	CHECK(!list.first && !jobs_are_pending(w.jobs));
}

static _Atomic unsigned int running, most_running;

static void run_query(struct worker *worker, void *data)
{
	unsigned int now = atomic_fetch_add(&running, 1) + 1;

	if (now > atomic_load(&most_running))
		atomic_store(&most_running, now);
	/* On a busy machine the second begins late. */
	for (unsigned int i = 0; i < 5000 && atomic_load(&most_running) < 2; i++)
		usleep(1000);
	usleep(1000);
	((struct owner *)data)->ran++;
	atomic_fetch_sub(&running, 1);
}

/* However many are started, two run at a time. */
TEST(queries_wait_for_each_other)
{
	WORLD;
	struct owner owners[12] = { 0 };

	most_running = 0;
	for (unsigned int i = 0; i < 12; i++) {
		CHECK_INT(job_start_query(&owners[i].job, w.jobs, i == 11, run_query, end_when_done,
					  &owners[i]),
			  0);
		CHECK_INT(job_is_running(&owners[i].job), i < 2);
	}
	/* The urgent one runs next. */
	while (owners[0].done + owners[1].done == 0)
		CHECK(sd_event_run(w.event, LONG_USEC) > 0);
	CHECK(job_is_running(&owners[11].job) || owners[11].done);
	CHECK(!job_is_running(&owners[10].job));
	while (jobs_are_pending(w.jobs))
		CHECK(sd_event_run(w.event, LONG_USEC) > 0);
	for (unsigned int i = 0; i < 12; i++) {
		CHECK_INT(owners[i].ran, 1);
		CHECK_INT(owners[i].done, 1);
	}
	CHECK_INT(most_running, 2);
}

TEST_MAIN({ "job: it is pending until it ends", job_is_pending_until_it_ends },
	  { "job: a cancel ends the run under way or the next",
	    cancel_ends_the_run_under_way_or_the_next },
	  { "job: a deadline cancels the run", deadline_cancels_the_run },
	  { "job: a list cancels its jobs", list_cancels_its_jobs },
	  { "job: two queries run at a time", queries_wait_for_each_other })
