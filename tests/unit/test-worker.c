/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs on threads: each has one completion, a cancelled one ends, threads are reused. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "unit.h"
#include "base/worker.h"

#define JOBS	  40
#define LONG_USEC (60 * 1000 * 1000)

struct job {
	struct worker *worker;
	pid_t thread;
	int fd; /* to read from, once it is running */
	int started;
	int result, error;
	unsigned int done;
	sigset_t mask;
};

static void note_done(void *data)
{
	struct job *job = data;

	job->done++;
}

static void run_short(struct worker *worker, void *data)
{
	struct job *job = data;

	job->thread = gettid();
	(void)pthread_sigmask(SIG_SETMASK, NULL, &job->mask);
	job->result = worker_cancelled(worker);
}

static void run_pause(struct worker *worker, void *data)
{
	struct job *job = data;

	job->thread = gettid();
	(void)!write(job->started, "", 1);
	worker_pause(worker, LONG_USEC);
	job->result = worker_cancelled(worker);
}

/* Like a job whose system call blocks until the signal arrives. */
static void run_read(struct worker *worker, void *data)
{
	struct job *job = data;
	char c;

	job->thread = gettid();
	(void)!write(job->started, "", 1);
	job->result = (int)read(job->fd, &c, 1);
	job->error = errno;
}

static void nothing(int signal)
{
}

struct world {
	sd_event *event;
	struct workers *workers;
	int started[2], silent[2];
};

static void world_close(struct world *world)
{
	workers_free(world->workers);
	sd_event_unref(world->event);
	for (int i = 0; i < 2; i++) {
		close(world->started[i]);
		close(world->silent[i]);
	}
}

TEST_HELPER(world_open, struct world *world)
{
	struct sigaction action = { .sa_handler = nothing };

	CHECK_INT(sigaction(WORKER_SIGNAL, &action, NULL), 0);
	CHECK_INT(pipe(world->started), 0);
	CHECK_INT(pipe(world->silent), 0);
	CHECK(sd_event_new(&world->event) >= 0);
	CHECK_INT(workers_new(world->event, &world->workers), 0);
}

TEST_HELPER(await_done, struct world *world, struct job *job)
{
	for (int i = 0; i < 1000 && !job->done; i++)
		CHECK(sd_event_run(world->event, LONG_USEC / 6) >= 0);
	CHECK_UINT(job->done, 1);
}

TEST_HELPER(start, struct world *world, struct job *job, worker_fn run)
{
	job->started = world->started[1];
	job->fd = world->silent[0];
	CHECK_INT(worker_start(world->workers, run, note_done, job, &job->worker), 0);
}

TEST_HELPER(start_blocking, struct world *world, struct job *job, worker_fn run)
{
	char c;

	CALL(start, world, job, run);
	CHECK_INT(read(world->started[0], &c, 1), 1);
}

TEST(a_thread_is_used_again)
{
	cleanup_(world_close) struct world world = { 0 };
	struct job first = { 0 }, second = { 0 };

	CALL(world_open, &world);
	CALL(start, &world, &first, run_short);
	CALL(await_done, &world, &first);
	CALL(start, &world, &second, run_short);
	CALL(await_done, &world, &second);
	CHECK_INT(second.thread, first.thread);
	CHECK(first.thread != gettid());
	CHECK(!first.result && !second.result);
	/* Signals for the loop do not go to a thread. */
	CHECK(sigismember(&second.mask, SIGTERM) && !sigismember(&second.mask, WORKER_SIGNAL));
}

TEST(many_at_once_are_each_done_once)
{
	cleanup_(world_close) struct world world = { 0 };
	struct job jobs[JOBS] = { 0 };

	CALL(world_open, &world);
	for (int i = 0; i < JOBS; i++)
		CALL(start_blocking, &world, &jobs[i], run_pause);
	for (int i = 0; i < JOBS; i++)
		CHECK_UINT(jobs[i].done, 0);
	for (int i = 0; i < JOBS; i++)
		worker_cancel(jobs[i].worker);
	for (int i = 0; i < JOBS; i++) {
		CALL(await_done, &world, &jobs[i]);
		CHECK_INT(jobs[i].result, true);
	}
}

/* The signal of a cancelled job may be late: it must not interrupt another job. */
TEST(a_cancelled_job_takes_its_thread_along)
{
	cleanup_(world_close) struct world world = { 0 };
	struct job idle = { 0 };

	CALL(world_open, &world);
	CALL(start, &world, &idle, run_short);
	CALL(await_done, &world, &idle);
	for (int i = 0; i < JOBS; i++) {
		struct job blocked = { 0 }, after = { 0 };

		CALL(start_blocking, &world, &blocked, run_read);
		worker_cancel(blocked.worker);
		worker_cancel(blocked.worker);
		CALL(await_done, &world, &blocked);
		CHECK_INT(blocked.result, -1);
		CHECK_INT(blocked.error, EINTR);
		CALL(start_blocking, &world, &after, run_read);
		CHECK_INT(write(world.silent[1], "x", 1), 1);
		CALL(await_done, &world, &after);
		CHECK_INT(after.result, 1);
		CHECK(after.thread != blocked.thread);
	}
}

TEST(a_job_that_cannot_block_runs_at_once)
{
	cleanup_(world_close) struct world world = { 0 };
	struct job job = { 0 };

	CALL(world_open, &world);
	CHECK_INT(worker_run_now(world.workers, run_short, note_done, &job, &job.worker), 0);
	CHECK_INT(job.thread, gettid());
	CHECK_UINT(job.done, 0);
	CALL(await_done, &world, &job);
}

/* A job without a thread must not pause: it is cancelled if it does. */
TEST(a_pause_without_a_thread_cancels)
{
	cleanup_(world_close) struct world world = { 0 };
	struct job job = { 0 };

	CALL(world_open, &world);
	job.started = world.started[1];
	CHECK_INT(worker_run_now(world.workers, run_pause, note_done, &job, &job.worker), 0);
	CHECK_INT(job.result, true);
	CALL(await_done, &world, &job);
}

TEST_MAIN({ "worker: a thread is used again", a_thread_is_used_again },
	  { "worker: many at once are each done once", many_at_once_are_each_done_once },
	  { "worker: a cancelled job ends its thread", a_cancelled_job_takes_its_thread_along },
	  { "worker: a job that cannot block runs at once", a_job_that_cannot_block_runs_at_once },
	  { "worker: a pause without a thread cancels", a_pause_without_a_thread_cancels })
