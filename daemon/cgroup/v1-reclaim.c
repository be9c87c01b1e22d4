/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reclaim on request in cgroup v1: see v1-reclaim.h. */
#include "cgroup/v1-reclaim.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "base/worker.h"
#include "cgroup/control-file.h"
#include "cgroup/group.h"

/* glibc before 2.41 has no name for it. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* A write frees little in the shortest time, even of huge pages that are clean. */
#define TICK_NSEC_MIN (50 * 1000)
#define TICK_NSEC_MAX (20 * 1000 * 1000)
/*
 * The next ticks are no closer, or a thread whose signals take long, as under a tracer, would do nothing
 * but receive them.
 */
#define TICK_AGAIN_NSEC_MIN (1000 * 1000)
/* Writes after which the kernel has found nothing, each after attempts of its own. */
#define FRUITLESS_MAX 3
/* The limit is set again so often, with such pauses. */
#define PUT_BACK_TRIES	    100
#define PUT_BACK_PAUSE_NSEC (10 * 1000 * 1000)

/* Interrupts system calls of this thread, again and again: one may be about to begin. */
struct ticks {
	timer_t timer;
	bool made;
};

static int ticks_new(struct ticks *ticks)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = WORKER_SIGNAL,
		.sigev_notify_thread_id = gettid(),
	};

	if (timer_create(CLOCK_MONOTONIC, &event, &ticks->timer) < 0)
		return -errno;
	ticks->made = true;
	return 0;
}

/* @nsec: below a second; 0 stops them */
static void ticks_set(struct ticks *ticks, long nsec)
{
	long again = nsec && nsec < TICK_AGAIN_NSEC_MIN ? TICK_AGAIN_NSEC_MIN : nsec;
	struct itimerspec value = {
		.it_value = { .tv_nsec = nsec },
		.it_interval = { .tv_nsec = again },
	};

	(void)timer_settime(ticks->timer, 0, &value, NULL);
}

static void ticks_done(struct ticks *ticks)
{
	if (ticks->made)
		(void)timer_delete(ticks->timer);
}

/* The CPU time of this thread. */
static uint64_t cpu_nsec(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * The time of the next write: half of what the last one, of @nsec, would have needed for what is
 * left, because reclaim may become faster; and no more than twice the last one.
 * @cpu: the CPU time of the last write. On a busy machine it is less than @nsec: how little
 *       was freed then says nothing about how much the next write frees in a time.
 */
static long next_tick(long nsec, uint64_t cpu, uint64_t freed, uint64_t left)
{
	uint64_t next = cpu >= (uint64_t)nsec / 2 ? 2 * (uint64_t)nsec : (uint64_t)nsec;

	if (freed >= left / 4)
		next = cpu * (left / 2 / 1024) / (freed / 1024 + 1);
	if (next < TICK_NSEC_MIN)
		return TICK_NSEC_MIN;
	return next > TICK_NSEC_MAX ? TICK_NSEC_MAX : (long)next;
}

/*
 * The group is empty, so that the kernel has accepted the limit 0. With that limit the next process
 * would be killed: a failure is tried again, for about a second.
 */
static int put_back(struct group *g, uint64_t limit)
{
	const struct timespec pause = { .tv_nsec = PUT_BACK_PAUSE_NSEC };
	int r = group_write_limit(g, limit);

	for (unsigned int i = 0; r < 0 && i < PUT_BACK_TRIES && group_exists(g); i++) {
		if (r != -EINTR && i > 0)
			(void)nanosleep(&pause, NULL);
		r = group_write_limit(g, limit);
	}
	return r;
}

/* One write, up to the next tick. Return: 0 if the limit 0 was set, -EINTR, or -EBUSY. */
static int reclaim_some(struct group *g, struct ticks *ticks, long nsec)
{
	int r;

	ticks_set(ticks, nsec);
	r = group_write_limit(g, 0);
	ticks_set(ticks, 0);
	return r;
}

int v1_reclaim(struct group *g, uint64_t bytes, const struct worker *worker, uint64_t *ret_freed)
{
	cleanup_(ticks_done) struct ticks ticks = { 0 };
	unsigned int fruitless = 0;
	long nsec = TICK_NSEC_MIN;
	int r = ticks_new(&ticks);

	*ret_freed = 0;
	while (r == 0 && *ret_freed < bytes) {
		uint64_t limit, before, after, freed = 0, cpu;

		if (worker && worker_cancelled(worker))
			return -EINTR;
		r = group_read_limit(g, &limit);
		if (r == 0)
			r = group_read_usage(g, &before);
		if (r < 0)
			return r;
		cpu = cpu_nsec();
		r = reclaim_some(g, &ticks, nsec);
		cpu = cpu_nsec() - cpu;
		if (group_read_usage(g, &after) == 0 && after < before)
			freed = before - after;
		*ret_freed += freed;
		fruitless = freed > 0 ? 0 : fruitless;
		if (r == 0)
			return put_back(g, limit) < 0 ? -EIO : *ret_freed < bytes ? -EAGAIN : 0;
		if (r == -EBUSY && ++fruitless >= FRUITLESS_MAX)
			return -EAGAIN;
		if (r == -EBUSY || r == -EINTR)
			r = 0;
		if (*ret_freed < bytes)
			nsec = next_tick(nsec, cpu, freed, bytes - *ret_freed);
	}
	return r;
}
