/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reclaim on request: see reclaim.h. */
#include "operation/reclaim.h"

#include <errno.h>
#include <string.h>

#include "store/config.h"
#include "container/container.h"
#include "base/failure.h"
#include "container/manager.h"
#include "base/job.h"

struct reclaim {
	struct container *container;
	struct group *group;
	uint64_t bytes, freed;
	int swappiness;
	int error;
	struct job job;
	reclaim_done_fn done;
	void *userdata;
};

static struct reclaim *reclaim_free(struct reclaim *reclaim)
{
	job_end(&reclaim->job);
	container_unref(reclaim->container);
	free(reclaim);
	return NULL;
}
DEFINE_CLEANUP(struct reclaim *, reclaim_free);

static void reclaim_run(struct worker *worker, void *data)
{
	struct reclaim *reclaim = data;

	reclaim->error = group_reclaim(reclaim->group, reclaim->bytes, reclaim->swappiness, worker,
				       &reclaim->freed);
}

static void reclaim_done(void *data)
{
	cleanup_(reclaim_free_ptr) struct reclaim *reclaim = data;
	struct container *c = reclaim->container;
	struct failure failure = { 0 };
	int r = reclaim->error;

	job_end(&reclaim->job);
	/* The time was up or there was no more: reply with what was freed. */
	if (r == -EINTR || r == -EAGAIN)
		r = 0;
	if (r < 0)
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED,
			 "Cannot reclaim memory of \"%s\": %s", c->name, strerror(-r));
	reclaim->done(r, &failure, reclaim->freed, reclaim->userdata);
}

int reclaim_start(struct container *c, uint64_t bytes, int swappiness, reclaim_done_fn done,
		  void *userdata, struct failure *failure)
{
	cleanup_(reclaim_free_ptr) struct reclaim *reclaim = NULL;
	struct manager *m = c->manager;
	int r;

	if (!controller_can(m->controller, FEATURE_RECLAIM))
		return fail(
			failure, RSS_ERROR_NOT_SUPPORTED,
			"The %s controller of this kernel cannot reclaim on request; rssctl doctor "
			"lists what it supports",
			m->controller->ops->name);
	if (bytes == 0 || bytes > INT64_MAX)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "The size to reclaim must be above 0 and below 2^63 bytes");
	if (swappiness != SWAPPINESS_DEFAULT && !controller_can(m->controller, FEATURE_SWAPPINESS))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "The %s controller of this kernel cannot reclaim with a swappiness; "
			    "leave it out, or use cgroup v2 with Linux 6.8",
			    m->controller->ops->name);
	if (swappiness != SWAPPINESS_DEFAULT && (swappiness < 0 || swappiness > SWAPPINESS_MAX))
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "The swappiness must be between 0 and %d", SWAPPINESS_MAX);
	if (c->removing)
		return fail(failure, RSS_ERROR_IN_PROGRESS, "\"%s\" is being removed", c->name);

	reclaim = calloc(1, sizeof(*reclaim));
	if (!reclaim)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*reclaim = (struct reclaim){
		.container = container_ref(c),
		.group = c->group,
		.bytes = bytes,
		.swappiness = swappiness,
		.freed = COUNTER_ABSENT,
		.done = done,
		.userdata = userdata,
	};
	job_begin(&reclaim->job, m->jobs, reclaim);
	r = job_set_deadline(&reclaim->job, m->config->limit_timeout, NULL);
	if (r >= 0)
		r = job_run(&reclaim->job, reclaim_run, reclaim_done);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot start the job: %s",
			    strerror(-r));
	job_list_add(&c->jobs, &reclaim->job);
	(void)take_ptr(reclaim);
	return 0;
}
