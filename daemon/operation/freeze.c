/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Freezing and thawing: see freeze.h. */
#include "operation/freeze.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/job.h"
#include "container/container.h"
#include "container/manager.h"

struct freeze {
	struct container *container;
	struct group *group;
	bool wanted;
	int error;
	struct job job;
	freeze_done_fn done;
	void *userdata;
};

static struct freeze *freeze_free(struct freeze *freeze)
{
	job_end(&freeze->job);
	container_unref(freeze->container);
	free(freeze);
	return NULL;
}
DEFINE_CLEANUP(struct freeze *, freeze_free);

static void freeze_run(struct worker *worker, void *data)
{
	struct freeze *freeze = data;

	freeze->error = group_freeze(freeze->group, freeze->wanted);
}

static const char *reason(int error)
{
	switch (error) {
	case -EXDEV:
		return "a process in it is in a freezer cgroup of another program";
	case -EAGAIN:
		return "its processes fork faster than they can be frozen; try again";
	default:
		return strerror(-error);
	}
}

static void freeze_done(void *data)
{
	cleanup_(freeze_free_ptr) struct freeze *freeze = data;
	struct container *c = freeze->container;
	struct failure failure = { 0 };
	int r = freeze->error;

	job_end(&freeze->job);
	container_note_frozen(c);
	if (r < 0)
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "\"%s\" could not be %s: %s",
			 c->name, freeze->wanted ? "frozen" : "thawed", reason(r));
	freeze->done(r, &failure, freeze->userdata);
}

int freeze_start(struct container *c, bool wanted, freeze_done_fn done, void *userdata,
		 struct failure *failure)
{
	cleanup_(freeze_free_ptr) struct freeze *freeze = NULL;
	struct manager *m = c->manager;
	int r;

	if (!group_can_freeze(c->group))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%s\" cannot be %s: the %s controller does not support it; rssctl "
			    "doctor lists what this kernel can do",
			    c->name, wanted ? "frozen" : "thawed", m->controller->ops->name);
	if (c->removing)
		return fail(failure, RSS_ERROR_IN_PROGRESS, "\"%s\" is being removed", c->name);
	freeze = calloc(1, sizeof(*freeze));
	if (!freeze)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*freeze = (struct freeze){
		.container = container_ref(c),
		.group = c->group,
		.wanted = wanted,
		.done = done,
		.userdata = userdata,
	};
	job_begin(&freeze->job, m->jobs, freeze);
	r = job_run(&freeze->job, freeze_run, freeze_done);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot start the job: %s",
			    strerror(-r));
	job_list_add(&c->jobs, &freeze->job);
	(void)take_ptr(freeze);
	return 0;
}
