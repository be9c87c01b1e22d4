/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing containers at places: see release.h. */
#include "operation/release.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/failure.h"
#include "base/job.h"
#include "container/manager.h"
#include "container/save.h"
#include "operation/change.h"
#include "operation/place-limit.h"
#include "store/state.h"

/* The delay before a container that another call uses is checked again. */
#define RETRY_USEC    (5 * 1000)
#define DEADLINE_USEC (10 * 1000 * 1000)

struct release {
	struct job job;
	struct container *container;
	bool listed;
	uint64_t deadline;
	sd_event_source *next;
	release_done_fn done;
	void *userdata;

	/* For the worker. */
	int error;
	struct failure failure;
};

static struct release *release_free(struct release *release)
{
	job_end(&release->job);
	sd_event_source_disable_unref(release->next);
	container_unref(release->container);
	free(release);
	return NULL;
}
DEFINE_CLEANUP(struct release *, release_free);

static int forget(struct container *c, struct failure *failure)
{
	int r = state_forget(c->manager->state, c->name);

	if (r > 0)
		r = state_sync(c->manager->state);
	return r < 0 ? fail(failure, RSS_ERROR_STATE_NOT_SAVED,
			    "The limit of \"%s\" is restored, but its state file could not be "
			    "removed durably: %s; remove the container again when the disk works",
			    c->name, strerror(-r))
		     : 0;
}

static void release_run(struct worker *worker, void *data)
{
	struct release *release = data;
	struct container *c = release->container;

	release->error = place_restore(c->place, c->group, worker, &release->failure);
	if (release->error == 0)
		release->error = forget(c, &release->failure);
}

static void finish(struct release *ended, int error)
{
	cleanup_(release_free_ptr) struct release *release = ended;
	struct container *c = release->container;

	job_end(&release->job);
	if (release->listed && error == 0) {
		manager_take_out(c->manager, c);
		manager_emit_removed(c->manager, c->name);
	} else if (release->listed) {
		c->removing = false;
		if (c->save_again)
			manager_save(c);
	}
	if (release->done)
		release->done(error, error < 0 ? &release->failure : NULL, release->userdata);
}

static void released(void *data)
{
	struct release *release = data;

	finish(release, release->error);
}

static int on_next(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct release *release = userdata;
	struct container *c = release->container;
	uint64_t now = 0;
	int r;

	(void)sd_event_now(c->manager->event, CLOCK_MONOTONIC, &now);
	if (release->listed && container_is_busy(c)) {
		if (now < release->deadline) {
			(void)sd_event_source_set_time_relative(source, RETRY_USEC);
			return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
		}
		finish(release, fail(&release->failure, RSS_ERROR_TIMED_OUT,
				     "\"%s\" is still in use by another call; try again when it "
				     "has ended",
				     c->name));
		return 0;
	}
	r = job_run(&release->job, release_run, released);
	if (r < 0)
		finish(release, fail(&release->failure, RSS_ERROR_CONTROLLER_FAILED,
				     "Cannot remove \"%s\": %s", c->name, strerror(-r)));
	return 0;
}

static int start(struct container *c, bool listed, release_done_fn done, void *userdata,
		 struct failure *failure)
{
	cleanup_(release_free_ptr) struct release *release = calloc(1, sizeof(*release));
	uint64_t now = 0;

	if (!release)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	(void)sd_event_now(c->manager->event, CLOCK_MONOTONIC, &now);
	release->container = container_ref(c);
	release->listed = listed;
	release->deadline = now + DEADLINE_USEC;
	release->done = done;
	release->userdata = userdata;
	if (sd_event_add_time_relative(c->manager->event, &release->next, CLOCK_MONOTONIC, 0, 1,
				       on_next, release) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	job_begin(&release->job, c->manager->jobs, release);
	(void)take_ptr(release);
	return 0;
}

int release_start(struct container *c, release_done_fn done, void *userdata,
		  struct failure *failure)
{
	int r;

	if (c->removing || c->held_by)
		return fail(failure, RSS_ERROR_IN_PROGRESS, "\"%s\" is %s", c->name,
			    c->removing ? "being removed already"
					: "part of a transaction; wait for that to end");
	r = start(c, true, done, userdata, failure);
	if (r < 0)
		return r;
	c->removing = true;
	if (c->change)
		change_cancel(c->change, CHANGE_CONTAINER_REMOVED);
	return 0;
}

int release_unfinished(struct container *c, release_done_fn done, void *userdata,
		       struct failure *failure)
{
	return start(c, false, done, userdata, failure);
}
