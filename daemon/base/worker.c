/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs on threads: see worker.h.
 *
 * An idle thread waits for the next job, so that a job costs a wakeup instead
 * of a clone. At most IDLE_MAX threads wait. One lock protects the transfer of
 * jobs in both directions. A thread exits after a cancelled job: a signal may
 * still be pending, and it must not interrupt the next job.
 */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>

#include "shared/cleanup.h"
#include "shared/clock.h"

/* The maximum number of threads that wait for a job. */
#define IDLE_MAX 2
/*
 * A signal that arrives just before the job enters its system call is lost, so
 * a cancelled job is signalled again until it has ended.
 */
#define CANCEL_REPEAT_USEC (20 * 1000)

struct worker {
	struct workers *workers;
	struct thread *thread; /* under the lock; NULL before and after the run */
	bool threaded;
	worker_fn run;
	void (*done)(void *data);
	void *data;
	atomic_bool cancelled;
	sd_event_source *again, *has_run;
	struct worker *next; /* in workers.finished */
};

struct thread {
	struct workers *workers;
	pthread_t id;
	pthread_cond_t wake; /* a job was assigned or cancelled, or all threads must exit */
	struct worker *job;
	struct thread *next; /* in workers.idle or workers.ended */
};

struct workers {
	sd_event *event;
	pthread_mutex_t lock;
	struct thread *idle, *ended;
	unsigned int n_idle;
	bool closing;
	struct worker *finished, **last_finished;
	int finished_fd;
	sd_event_source *source;
};

/* --- on a thread -------------------------------------------------------------- */

/* Returns the job to the loop. Returns true if the thread must wait for another job. */
static bool return_job(struct thread *thread, struct worker *w)
{
	struct workers *all = thread->workers;
	bool stays = !worker_cancelled(w) && !all->closing && all->n_idle < IDLE_MAX;
	struct thread **list = stays ? &all->idle : &all->ended;

	thread->job = NULL;
	thread->next = *list;
	*list = thread;
	all->n_idle += stays;
	w->thread = NULL;
	if (!all->finished)
		(void)eventfd_write(all->finished_fd, 1);
	*all->last_finished = w;
	all->last_finished = &w->next;
	return stays;
}

static void *thread_run(void *data)
{
	struct thread *thread = data;
	struct workers *all = thread->workers;
	bool stays = true;

	pthread_mutex_lock(&all->lock);
	while (stays) {
		struct worker *w = thread->job;

		if (w) {
			pthread_mutex_unlock(&all->lock);
			w->run(w, w->data);
			pthread_mutex_lock(&all->lock);
			stays = return_job(thread, w);
		} else if (all->closing) {
			stays = false;
		} else {
			pthread_cond_wait(&thread->wake, &all->lock);
		}
	}
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

bool worker_cancelled(const struct worker *w)
{
	return atomic_load(&w->cancelled);
}

void worker_pause(struct worker *w, uint64_t usec)
{
	struct timespec until;

	if (!w->threaded) {
		atomic_store(&w->cancelled, true);
		return;
	}
	until = clock_to_timespec(clock_usec(CLOCK_MONOTONIC) + usec);
	pthread_mutex_lock(&w->workers->lock);
	while (!worker_cancelled(w) &&
	       pthread_cond_timedwait(&w->thread->wake, &w->workers->lock, &until) == 0)
		;
	pthread_mutex_unlock(&w->workers->lock);
}

/* --- threads ------------------------------------------------------------------- */

static struct thread *thread_free(struct thread *thread)
{
	pthread_cond_destroy(&thread->wake);
	free(thread);
	return NULL;
}

static int thread_new(struct workers *all, struct worker *job)
{
	struct thread *thread = calloc(1, sizeof(*thread));
	sigset_t only_cancel, before;
	pthread_condattr_t monotonic;
	int r;

	if (!thread)
		return -ENOMEM;
	*thread = (struct thread){ .workers = all, .job = job };
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&thread->wake, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);

	/* The thread inherits the mask: all signals except WORKER_SIGNAL go to the loop. */
	sigfillset(&only_cancel);
	sigdelset(&only_cancel, WORKER_SIGNAL);
	(void)pthread_sigmask(SIG_SETMASK, &only_cancel, &before);
	job->thread = thread;
	r = pthread_create(&thread->id, NULL, thread_run, thread);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0)
		thread_free(thread);
	return -r;
}

static void join_ended(struct thread *ended)
{
	while (ended) {
		struct thread *thread = ended;

		ended = thread->next;
		(void)pthread_join(thread->id, NULL);
		thread_free(thread);
	}
}

/* --- in the loop ----------------------------------------------------------------- */

static struct worker *worker_free(struct worker *w)
{
	sd_event_source_disable_unref(w->again);
	sd_event_source_disable_unref(w->has_run);
	free(w);
	return NULL;
}
DEFINE_CLEANUP(struct worker *, worker_free);

static void tell_done(struct worker *w)
{
	void (*done)(void *data) = w->done;
	void *data = w->data;

	worker_free(w);
	done(data);
}

/* Calls the completions one after the other, in the order in which the jobs ended. */
static int jobs_finished(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct workers *all = userdata;
	struct worker *finished;
	struct thread *ended;
	eventfd_t value;

	pthread_mutex_lock(&all->lock);
	(void)eventfd_read(fd, &value);
	finished = all->finished;
	all->finished = NULL;
	all->last_finished = &all->finished;
	ended = all->ended;
	all->ended = NULL;
	pthread_mutex_unlock(&all->lock);

	join_ended(ended);
	while (finished) {
		struct worker *w = finished;

		finished = w->next;
		tell_done(w);
	}
	return 0;
}

int workers_new(sd_event *event, struct workers **ret)
{
	cleanup_(workers_free_ptr) struct workers *all = calloc(1, sizeof(*all));
	int r;

	if (!all)
		return -ENOMEM;
	all->event = sd_event_ref(event);
	all->last_finished = &all->finished;
	(void)pthread_mutex_init(&all->lock, NULL);
	all->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (all->finished_fd < 0)
		return -errno;
	r = sd_event_add_io(event, &all->source, all->finished_fd, EPOLLIN, jobs_finished, all);
	if (r < 0)
		return r;
	*ret = take_ptr(all);
	return 0;
}

struct workers *workers_free(struct workers *all)
{
	if (!all)
		return NULL;
	pthread_mutex_lock(&all->lock);
	all->closing = true;
	for (struct thread *thread = all->idle; thread; thread = thread->next)
		pthread_cond_signal(&thread->wake);
	pthread_mutex_unlock(&all->lock);
	join_ended(all->idle);
	join_ended(all->ended);
	sd_event_source_disable_unref(all->source);
	sd_event_unref(all->event);
	if (all->finished_fd >= 0)
		close(all->finished_fd);
	pthread_mutex_destroy(&all->lock);
	free(all);
	return NULL;
}

int worker_start(struct workers *all, worker_fn run, void (*done)(void *data), void *data,
		 struct worker **ret)
{
	cleanup_(worker_free_ptr) struct worker *w = calloc(1, sizeof(*w));
	struct thread *thread;
	int r = 0;

	if (!w)
		return -ENOMEM;
	*w = (struct worker){
		.workers = all, .threaded = true, .run = run, .done = done, .data = data
	};
	pthread_mutex_lock(&all->lock);
	thread = all->idle;
	if (thread) {
		all->idle = thread->next;
		all->n_idle--;
		thread->job = w;
		w->thread = thread;
		pthread_cond_signal(&thread->wake);
	} else {
		r = thread_new(all, w);
	}
	pthread_mutex_unlock(&all->lock);
	if (r == 0)
		*ret = take_ptr(w);
	return r;
}

static int worker_has_run(sd_event_source *source, void *userdata)
{
	tell_done(userdata);
	return 0;
}

int worker_run_now(struct workers *all, worker_fn run, void (*done)(void *data), void *data,
		   struct worker **ret)
{
	cleanup_(worker_free_ptr) struct worker *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct worker){ .workers = all, .done = done, .data = data };
	r = sd_event_add_defer(all->event, &w->has_run, worker_has_run, w);
	if (r < 0)
		return r;
	run(w, data);
	*ret = take_ptr(w);
	return 0;
}

/* Under the lock, because the thread cannot start another job while it is held. */
static void interrupt(struct worker *w)
{
	pthread_mutex_lock(&w->workers->lock);
	if (w->thread) {
		pthread_cond_signal(&w->thread->wake);
		(void)pthread_kill(w->thread->id, WORKER_SIGNAL);
	}
	pthread_mutex_unlock(&w->workers->lock);
}

static int worker_cancel_again(sd_event_source *source, uint64_t usec, void *userdata)
{
	interrupt(userdata);
	(void)sd_event_source_set_time_relative(source, CANCEL_REPEAT_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void worker_cancel(struct worker *w)
{
	if (atomic_exchange(&w->cancelled, true) || !w->threaded)
		return;
	interrupt(w);
	(void)sd_event_add_time_relative(w->workers->event, &w->again, CLOCK_MONOTONIC,
					 CANCEL_REPEAT_USEC, 1000, worker_cancel_again, w);
}
