/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs on threads: see worker.h. */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "cleanup.h"

/*
 * A signal that arrives just before the job enters its system call is lost, so
 * a cancelled job is signalled again until it has ended.
 */
#define CANCEL_REPEAT_USEC (20 * 1000)

struct worker {
	pthread_t thread;
	bool threaded;
	worker_fn run;
	void (*done)(void *data);
	void *data;
	atomic_bool cancelled;
	int finished_fd; /* the job has ended */
	int wake_fd;	 /* wakes worker_pause() */
	sd_event *event;
	sd_event_source *finished;
	sd_event_source *again;
};

static struct worker *worker_free(struct worker *w)
{
	sd_event_source_disable_unref(w->finished);
	sd_event_source_disable_unref(w->again);
	sd_event_unref(w->event);
	if (w->finished_fd >= 0)
		close(w->finished_fd);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	free(w);
	return NULL;
}
DEFINE_CLEANUP(struct worker *, worker_free);

static void *worker_thread(void *data)
{
	struct worker *w = data;

	w->run(w, w->data);
	(void)eventfd_write(w->finished_fd, 1);
	return NULL;
}

static int worker_finished(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct worker *w = userdata;
	void (*done)(void *data) = w->done;
	void *data = w->data;

	(void)pthread_join(w->thread, NULL);
	worker_free(w);
	done(data);
	return 0;
}

int worker_start(sd_event *event, worker_fn run, void (*done)(void *data), void *data,
		 struct worker **ret)
{
	cleanup_(worker_free_ptr) struct worker *w = calloc(1, sizeof(*w));
	sigset_t only_cancel, before;
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct worker){ .threaded = true, .run = run, .done = done, .data = data };
	w->event = sd_event_ref(event);
	w->wake_fd = -1;
	w->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->finished_fd < 0)
		return -errno;
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0)
		return -errno;
	r = sd_event_add_io(event, &w->finished, w->finished_fd, EPOLLIN, worker_finished, w);
	if (r < 0)
		return r;

	/* The thread inherits the mask: every signal but ours goes to the loop. */
	sigfillset(&only_cancel);
	sigdelset(&only_cancel, WORKER_SIGNAL);
	(void)pthread_sigmask(SIG_SETMASK, &only_cancel, &before);
	r = pthread_create(&w->thread, NULL, worker_thread, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0)
		return -r;

	*ret = take_ptr(w);
	return 0;
}

static int worker_has_run(sd_event_source *source, void *userdata)
{
	struct worker *w = userdata;
	void (*done)(void *data) = w->done;
	void *data = w->data;

	worker_free(w);
	done(data);
	return 0;
}

int worker_run_now(sd_event *event, worker_fn run, void (*done)(void *data), void *data,
		   struct worker **ret)
{
	cleanup_(worker_free_ptr) struct worker *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct worker){ .done = done, .data = data, .finished_fd = -1, .wake_fd = -1 };
	w->event = sd_event_ref(event);
	r = sd_event_add_defer(event, &w->finished, worker_has_run, w);
	if (r < 0)
		return r;
	run(w, data);
	*ret = take_ptr(w);
	return 0;
}

static int worker_cancel_again(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct worker *w = userdata;

	(void)pthread_kill(w->thread, WORKER_SIGNAL);
	(void)sd_event_source_set_time_relative(source, CANCEL_REPEAT_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void worker_cancel(struct worker *w)
{
	if (atomic_exchange(&w->cancelled, true) || !w->threaded)
		return;
	(void)eventfd_write(w->wake_fd, 1);
	(void)pthread_kill(w->thread, WORKER_SIGNAL);
	(void)sd_event_add_time_relative(w->event, &w->again, CLOCK_MONOTONIC, CANCEL_REPEAT_USEC,
					 1000, worker_cancel_again, w);
}

bool worker_cancelled(const struct worker *w)
{
	return atomic_load(&w->cancelled);
}

void worker_pause(struct worker *w, uint64_t usec)
{
	struct pollfd wake = { .fd = w->wake_fd, .events = POLLIN };
	struct timespec ts = {
		.tv_sec = (time_t)(usec / 1000000),
		.tv_nsec = (long)(usec % 1000000) * 1000,
	};

	if (!w->threaded)
		atomic_store(&w->cancelled, true);
	else
		(void)ppoll(&wake, 1, &ts, NULL);
}
