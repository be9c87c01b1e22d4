/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reclaim on request: see reclaim.h. */
#include "operation/reclaim.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "store/config.h"
#include "container/container.h"
#include "base/failure.h"
#include "container/manager.h"
#include "base/worker.h"

struct reclaim {
	struct container *container;
	struct group *group;
	uint64_t bytes, freed;
	int error;
	struct container_job job;
	sd_event_source *deadline;
	reclaim_done_fn done;
	void *userdata;
};

static struct reclaim *reclaim_free(struct reclaim *reclaim)
{
	sd_event_source_disable_unref(reclaim->deadline);
	container_unref(reclaim->container);
	free(reclaim);
	return NULL;
}
DEFINE_CLEANUP(struct reclaim *, reclaim_free);

static void reclaim_run(struct worker *worker, void *data)
{
	struct reclaim *reclaim = data;

	reclaim->error = group_reclaim(reclaim->group, reclaim->bytes, &reclaim->freed);
}

static void reclaim_done(void *data)
{
	cleanup_(reclaim_free_ptr) struct reclaim *reclaim = data;
	struct container *c = reclaim->container;
	struct failure failure = { 0 };
	int r = reclaim->error;

	container_job_end(c, &reclaim->job);
	c->manager->jobs--;
	/* The time was up, or there was no more: what was freed is the answer. */
	if (r == -EINTR || r == -EAGAIN)
		r = 0;
	if (r < 0)
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "%s could not be reclaimed: %s",
			 c->name, strerror(-r));
	reclaim->done(r, &failure, reclaim->freed, reclaim->userdata);
}

static int reclaim_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct reclaim *reclaim = userdata;

	worker_cancel(reclaim->job.worker);
	return 0;
}

int reclaim_start(struct container *c, uint64_t bytes, reclaim_done_fn done, void *userdata,
		  struct failure *failure)
{
	cleanup_(reclaim_free_ptr) struct reclaim *reclaim = NULL;
	struct manager *m = c->manager;
	int r;

	if (!controller_can(m->controller, FEATURE_RECLAIM))
		return fail(
			failure, RSS_ERROR_NOT_SUPPORTED,
			"The %s controller of this kernel cannot reclaim on request; rssctl doctor "
			"tells what it can do",
			m->controller->ops->name);
	if (bytes == 0 || bytes > INT64_MAX)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "The size to reclaim must be above 0 and below 2^63 bytes");
	if (c->removing)
		return fail(failure, RSS_ERROR_IN_PROGRESS, "%s is being removed", c->name);

	reclaim = calloc(1, sizeof(*reclaim));
	if (!reclaim)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*reclaim = (struct reclaim){
		.container = container_ref(c),
		.group = c->group,
		.bytes = bytes,
		.freed = COUNTER_ABSENT,
		.done = done,
		.userdata = userdata,
	};
	r = sd_event_add_time_relative(m->event, &reclaim->deadline, CLOCK_MONOTONIC,
				       m->config->limit_timeout, 1000, reclaim_deadline, reclaim);
	if (r >= 0)
		r = worker_start(m->workers, reclaim_run, reclaim_done, reclaim,
				 &reclaim->job.worker);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The job could not be started: %s", strerror(-r));
	container_job_begin(c, &reclaim->job);
	m->jobs++;
	(void)take_ptr(reclaim);
	return 0;
}
