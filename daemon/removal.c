/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing containers: see removal.h. */
#include "removal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "change.h"
#include "failure.h"
#include "kill.h"
#include "log.h"
#include "manager.h"
#include "name.h"
#include "state.h"

/* Killed processes take a moment to leave their cgroup. */
#define RETRY_USEC    (5 * 1000)
#define DEADLINE_USEC (10 * 1000 * 1000)

struct removal {
	struct manager *manager;
	char *name;
	bool force;
	uint64_t deadline;
	sd_event_source *next;
	removal_done_fn done;
	void *userdata;
};

static struct removal *removal_free(struct removal *removal)
{
	sd_event_source_disable_unref(removal->next);
	free(removal->name);
	free(removal);
	return NULL;
}
DEFINE_CLEANUP(struct removal *, removal_free);

/* The containers that go with @name: itself and those inside, which follow it in the list. */
static bool goes_too(const struct container *c, const char *name)
{
	return strcmp(c->name, name) == 0 || name_is_inside(c->name, name);
}

static void mark(struct manager *m, const char *name, bool removing, bool force)
{
	for (size_t i = manager_index(m, name); i < m->count; i++) {
		struct container *c = m->containers[i];

		if (!goes_too(c, name))
			continue;
		c->removing = removing;
		if (removing && c->change)
			change_cancel(c->change, CHANGE_CONTAINER_REMOVED);
		if (removing && force)
			container_cancel_jobs(c);
	}
}

/* 0 when it is gone, -EAGAIN when it must be tried again, or why it cannot be. */
static int remove_one(struct container *c, bool force)
{
	struct manager *m = c->manager;
	cleanup_free char *name = NULL;
	uint32_t processes;
	int r;

	if (container_is_busy(c))
		return -EAGAIN;
	/* What the freezer of v1 holds, here or below, does not die of a signal. */
	if (force)
		(void)group_freeze(c->group, false);
	r = group_count_processes(c->group, &processes);
	if (r == 0 && processes > 0) {
		if (!force)
			return -EBUSY;
		(void)kill_container(c, SIGKILL, &processes, NULL);
	}
	r = group_remove(c->group);
	if (r == -EBUSY)
		return force ? -EAGAIN : -EBUSY;
	/* Gone already behind our back: just as good. */
	if (r < 0 && r != -ENOENT && r != -ENODEV)
		return r;

	r = state_forget(m->state, c->name);
	if (r < 0)
		log_message(
			LOG_WARNING, c->name,
			"its state file could not be removed: %s; it will come back on a restart",
			strerror(-r));
	name = strdup(c->name);
	manager_take_out(m, c);
	container_free(c);
	if (m->observer && name)
		m->observer->removed(name, m->observer_data);
	return 0;
}

/* One pass over all that must go, deepest first. */
static int remove_all(struct removal *removal)
{
	struct manager *m = removal->manager;
	size_t first = manager_index(m, removal->name);
	int result = 0;

	for (size_t i = m->count; i-- > first;) {
		int r;

		if (!goes_too(m->containers[i], removal->name))
			continue;
		r = remove_one(m->containers[i], removal->force);
		if (r == -EAGAIN)
			result = result ? result : r;
		else if (r < 0)
			return r;
	}
	return result;
}

static int explain(const struct removal *removal, int error, struct failure *failure)
{
	if (error == -EBUSY)
		return fail(
			failure, RSS_ERROR_NOT_EMPTY,
			"%s has processes or containers inside; stop or detach them, or use force "
			"to kill them",
			removal->name);
	if (error == -EAGAIN && !removal->force)
		return fail(
			failure, RSS_ERROR_TIMED_OUT,
			"%s is still in use by another call; try again when that has ended, or use "
			"force",
			removal->name);
	if (error == -EAGAIN)
		return fail(
			failure, RSS_ERROR_TIMED_OUT,
			"%s could not be emptied in time: a process in it does not end; try again "
			"when its input or output is done",
			removal->name);
	return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "The cgroup of %s cannot be removed: %s",
		    removal->name, strerror(-error));
}

static int removal_step(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct removal *removal = userdata;
	cleanup_(removal_free_ptr) struct removal *ended = NULL;
	struct failure failure = { 0 };
	uint64_t now = 0;
	int r = remove_all(removal);

	(void)sd_event_now(removal->manager->event, CLOCK_MONOTONIC, &now);
	if (r == -EAGAIN && now < removal->deadline) {
		(void)sd_event_source_set_time_relative(source, RETRY_USEC);
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}

	ended = removal;
	removal->manager->jobs--;
	if (r < 0) {
		mark(removal->manager, removal->name, false, false);
		r = explain(removal, r, &failure);
	}
	if (removal->done)
		removal->done(r, r < 0 ? &failure : NULL, removal->userdata);
	return 0;
}

/* Two removals of one container would each take what comes after it under its name. */
static int check_alone(const struct container *c, struct failure *failure)
{
	const struct manager *m = c->manager;

	for (size_t i = manager_index(m, c->name); i < m->count; i++) {
		if (goes_too(m->containers[i], c->name) && m->containers[i]->removing)
			return fail(failure, RSS_ERROR_IN_PROGRESS, "%s is being removed already",
				    m->containers[i]->name);
	}
	return 0;
}

static int check_empty(struct container *c, struct failure *failure)
{
	struct manager *m = c->manager;
	uint32_t processes = 0;
	unsigned int nested = 0;

	for (size_t i = manager_index(m, c->name); i < m->count; i++)
		nested += name_is_inside(m->containers[i]->name, c->name);
	(void)group_count_processes(c->group, &processes);
	if (processes > 0)
		return fail(failure, RSS_ERROR_NOT_EMPTY,
			    "%s has %u process%s inside; stop or detach them, or use force to kill "
			    "them",
			    c->name, processes, processes == 1 ? "" : "es");
	if (nested > 0)
		return fail(failure, RSS_ERROR_NOT_EMPTY,
			    "%s has %u container%s inside; remove them first, or use force",
			    c->name, nested, nested == 1 ? "" : "s");
	return 0;
}

int removal_start(struct container *c, bool force, removal_done_fn done, void *userdata,
		  struct failure *failure)
{
	cleanup_(removal_free_ptr) struct removal *removal = NULL;
	struct manager *m = c->manager;
	uint64_t now = 0;
	int r;

	r = check_alone(c, failure);
	if (r == 0 && !force)
		r = check_empty(c, failure);
	if (r < 0)
		return r;

	removal = calloc(1, sizeof(*removal));
	if (!removal)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	(void)sd_event_now(m->event, CLOCK_MONOTONIC, &now);
	*removal = (struct removal){
		.manager = m,
		.force = force,
		.deadline = now + DEADLINE_USEC,
		.done = done,
		.userdata = userdata,
	};
	removal->name = strdup(c->name);
	r = removal->name ? sd_event_add_time_relative(m->event, &removal->next, CLOCK_MONOTONIC, 0,
						       1, removal_step, removal)
			  : -ENOMEM;
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "%s", strerror(-r));
	mark(m, c->name, true, force);
	m->jobs++;
	(void)take_ptr(removal);
	return 0;
}
