/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creating containers at places: see create-place.h. */
#include "operation/create-place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/job.h"
#include "base/log.h"
#include "cgroup/group.h"
#include "container/manager.h"
#include "container/save.h"
#include "monitor/detection.h"
#include "operation/change.h"
#include "operation/place-limit.h"
#include "operation/place-watch.h"
#include "operation/release.h"
#include "policy/place.h"
#include "policy/record.h"
#include "shared/list.h"
#include "store/state.h"

/*
 * The steps: look the place up, save what was found, set the limit. The first two are runs of the
 * job, the third is a change.
 */
struct creation {
	struct list_link link; /* of manager.creations */
	struct job job;
	struct manager *manager;
	struct container *container;
	struct settings_change settings;
	create_place_done_fn done;
	void *userdata;

	/* For the worker. */
	struct record *record;
	int error;
	struct failure failure;
};

static struct creation *creation_free(struct creation *creation)
{
	job_end(&creation->job);
	list_remove(&creation->link);
	record_free(creation->record);
	container_unref(creation->container);
	free(creation);
	return NULL;
}
DEFINE_CLEANUP(struct creation *, creation_free);

bool create_place_is_pending(const struct manager *m, const char *name)
{
	struct creation *creation;

	list_for_each_entry(creation, &m->creations, link) {
		if (strcmp(creation->container->name, name) == 0)
			return true;
	}
	return false;
}

static void finish(struct creation *ended, int error)
{
	cleanup_(creation_free_ptr) struct creation *creation = ended;
	struct container *c = creation->container;

	creation->manager->creating--;
	job_end(&creation->job);
	list_remove(&creation->link);
	if (error < 0) {
		creation->done(error, &creation->failure, NULL, creation->userdata);
		return;
	}
	manager_emit_added(c->manager, c);
	if (c->save_again)
		manager_save(c);
	creation->done(0, NULL, c, creation->userdata);
}

/* --- undoing ------------------------------------------------------------------------- */

static void undone(int error, const struct failure *failure, void *userdata)
{
	struct creation *creation = userdata;

	if (error < 0)
		log_message(LOG_ERR, creation->container->name,
			    "its creation failed and is not undone: %s; the next start of rssd "
			    "tries again",
			    failure->text);
	finish(creation, creation->error);
}

/* Reports the failure of the creation, even if the undo fails as well. */
static void undo(struct creation *creation)
{
	struct failure failure = { 0 };

	job_end(&creation->job);
	if (release_unfinished(creation->container, undone, creation, &failure) < 0)
		undone(-ENOMEM, &failure, creation);
}

/* --- the steps ------------------------------------------------------------------------ */

static void limit_set(struct container *c, const struct change_result *result, void *userdata)
{
	struct creation *creation = userdata;
	struct manager *m = creation->manager;

	creation->error = result->error;
	creation->failure = result->failure;
	if (creation->error == 0 && manager_insert(m, c) < 0)
		creation->error =
			fail(&creation->failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	if (creation->error < 0)
		undo(creation);
	else
		finish(creation, 0);
}

static void saved(void *data)
{
	struct creation *creation = data;
	struct change_listener listener = { .done = limit_set, .userdata = creation };

	if (creation->error < 0) {
		(void)fail(&creation->failure, RSS_ERROR_STATE_NOT_SAVED,
			   "Cannot record the creation of \"%s\": %s; free space in the state "
			   "directory and try again",
			   creation->container->name, strerror(-creation->error));
		undo(creation);
		return;
	}
	creation->error = change_start(creation->container, &creation->settings, LIMIT_MODE_RECLAIM,
				       0, &listener, &creation->failure);
	if (creation->error < 0)
		undo(creation);
}

static void save_run(struct worker *worker, void *data)
{
	struct creation *creation = data;
	struct state_write *write;

	creation->error = state_prepare(creation->manager->state, creation->record, &write);
	if (creation->error == 0)
		creation->error = state_commit(write);
}

int create_place_fail_taken(const char *target, const char *name, struct failure *failure)
{
	return fail(failure, RSS_ERROR_CONTAINER_EXISTS,
		    "\"%s\" is the container \"%s\" already; a unit or a cgroup is one container",
		    target, name);
}

/*
 * Refuses a place that is a container already: two containers of one cgroup would set two limits.
 */
static int check_free(const struct creation *creation, struct failure *failure)
{
	const struct place *place = creation->container->place;
	const struct manager *m = creation->manager;
	struct container *c = manager_find_place(m, place->cgroup);
	struct creation *other;

	list_for_each_entry(other, &m->creations, link) {
		if (other != creation && other->container->group &&
		    strcmp(other->container->group->path, place->cgroup) == 0)
			c = other->container;
	}
	return c ? create_place_fail_taken(place_target(place), c->name, failure) : 0;
}

static int open_place(struct creation *creation, struct failure *failure)
{
	struct container *c = creation->container;
	int r = group_open_foreign(c->manager->controller, c->place->cgroup, &c->group);

	if (r == 0)
		r = detection_watch(c);
	if (r == 0)
		r = place_watch(c);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot watch the cgroup of \"%s\": %s", c->name, strerror(-r));
	c->populated = group_is_bound(c->group);
	/* After a boot rssd knows a transient container no more, so nothing else remembers it. */
	if (c->transient)
		c->place->runtime = true;
	/* systemd has none of the other settings. */
	c->settings = c->place->found;
	settings_make_canonical(&c->settings);
	c->settings = container_read_settings(c, &c->settings);
	return container_check_settings(c, &creation->settings, failure);
}

static void looked_up(void *data)
{
	struct creation *creation = data;
	struct container *c = creation->container;
	int r = creation->error;

	if (r == 0)
		r = check_free(creation, &creation->failure);
	if (r == 0)
		r = open_place(creation, &creation->failure);
	if (r == 0) {
		creation->record = container_to_record(c, &c->settings);
		if (creation->record)
			creation->record->place->unfinished = true;
		r = creation->record ? job_run(&creation->job, save_run, saved) : -ENOMEM;
		if (r < 0)
			(void)fail(&creation->failure, RSS_ERROR_CONTROLLER_FAILED,
				   "Cannot create \"%s\": %s", c->name, strerror(-r));
	}
	if (r < 0)
		finish(creation, r);
}

static void look_up_run(struct worker *worker, void *data)
{
	struct creation *creation = data;

	creation->error = place_look_up(creation->container->place, creation->manager->controller,
					&creation->failure);
}

/* --- start ---------------------------------------------------------------------- */

static int check(const struct container *c, struct failure *failure)
{
	const struct controller *controller = c->manager->controller;

	if (strchr(c->name, '/'))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "Cannot create \"%s\": a unit or a cgroup of another program cannot "
			    "be nested, as its parent would not limit it; choose a name without "
			    "\"/\"",
			    c->name);
	if (faccessat(controller->fd, c->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(failure, RSS_ERROR_CONTAINER_EXISTS,
			    "Cannot create \"%s\": a container of that name is being created, or "
			    "another program created a cgroup of that name",
			    c->name);
	return place_check(c->place, controller->root, failure);
}

int create_place_start(struct manager *m, const char *name, const struct place *place,
		       const struct settings_change *settings, bool transient,
		       create_place_done_fn done, void *userdata, struct failure *failure)
{
	cleanup_(creation_free_ptr) struct creation *creation = calloc(1, sizeof(*creation));
	int r;

	if (creation)
		creation->container = container_new(m, name);
	if (creation && creation->container)
		creation->container->place = place_copy(place);
	if (!creation || !creation->container || !creation->container->place)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = check(creation->container, failure);
	if (r < 0)
		return r;
	creation->container->transient = transient;
	creation->container->owned = transient;
	creation->manager = m;
	creation->settings = *settings;
	creation->done = done;
	creation->userdata = userdata;
	r = job_start(&creation->job, m->jobs, look_up_run, looked_up, creation);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot create \"%s\": %s", name,
			    strerror(-r));
	list_add(&m->creations, &creation->link);
	m->creating++;
	(void)take_ptr(creation);
	return 0;
}
