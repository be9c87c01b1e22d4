/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing containers: see remove.h. */
#include "operation/remove.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "cgroup/control-file.h"
#include "cgroup/subtree.h"
#include "host/obstacle.h"
#include "operation/change.h"
#include "base/failure.h"
#include "operation/kill.h"
#include "operation/origin.h"
#include "monitor/kill-report.h"
#include "base/log.h"
#include "container/manager.h"
#include "container/save.h"
#include "shared/name.h"
#include "policy/oom-record.h"
#include "policy/record.h"
#include "policy/requester.h"
#include "operation/release.h"
#include "store/state.h"
#include "base/job.h"
#include "base/worker.h"

/* The delay before a container in use is checked again. */
#define RETRY_USEC (5 * 1000)
/* The most processes that are checked for an obstacle; there may be thousands. */
#define STUCK_CHECKS_MAX 32
/* The time in which one process must end. */
#define DEADLINE_USEC (10 * 1000 * 1000)

struct removal {
	struct job job;
	struct manager *manager;
	char *name;
	bool force;
	bool returns; /* the processes of a unit go back to where they were, and none is killed */
	struct requester requester;
	uint64_t deadline;
	size_t fewest;	       /* members at any step so far */
	sd_event_source *next; /* the next step */
	removal_done_fn done;
	void *userdata;

	/* For the worker: the containers to be removed, deepest first, each with a reference. */
	struct container **members;
	struct kill_tally *tallies; /* the kills in each */
	size_t n_members;
	bool emptied;  /* by the worker of the last step: no process was left in any of them */
	int result;    /* of the current step */
	int forgotten; /* why a state file was not removed, or 0 */
	bool unsaved;  /* the groups are removed, a state file may not be */
};

/* Releases all members except the first @keep. */
static void drop_members(struct removal *removal, size_t keep)
{
	while (removal->n_members > keep)
		container_unref(removal->members[--removal->n_members]);
}

static struct removal *removal_free(struct removal *removal)
{
	job_end(&removal->job);
	sd_event_source_disable_unref(removal->next);
	drop_members(removal, 0);
	free(removal->members);
	free(removal->tallies);
	free(removal->name);
	free(removal);
	return NULL;
}
DEFINE_CLEANUP(struct removal *, removal_free);

/* Returns true for @name itself and for containers inside, which follow it in the list. */
static bool in_subtree(const struct container *c, const char *name)
{
	return strcmp(c->name, name) == 0 || name_is_inside(c->name, name);
}

/* Makes @c take no new operation, and asks pending ones to end. */
static void mark(struct container *c, bool force)
{
	c->removing = true;
	if (c->change)
		change_cancel(c->change, CHANGE_CONTAINER_REMOVED);
	if (force)
		job_list_cancel(&c->jobs);
}

static void mark_all(struct manager *m, const char *name, bool force)
{
	for (size_t i = manager_index(m, name); i < m->count; i++) {
		if (in_subtree(m->containers[i], name))
			mark(m->containers[i], force);
	}
}

/* After a failure: the containers take operations again, and deferred saves are started. */
static void unmark_all(struct manager *m, const char *name)
{
	for (size_t i = manager_index(m, name); i < m->count; i++) {
		struct container *c = m->containers[i];

		if (!in_subtree(c, name))
			continue;
		c->removing = false;
		/* It may have been thawed. */
		container_note_frozen(c);
		if (c->save_again)
			manager_save(c);
	}
}

/* --- on the worker ------------------------------------------------------------------- */

static void empty_run(struct worker *worker, void *data)
{
	struct removal *removal = data;

	/* The v1 freezer delays signals to processes in frozen containers. */
	for (size_t i = removal->n_members; i-- > 0;) {
		struct subtree tree = { .group = removal->members[i]->group };

		(void)group_freeze(removal->members[i]->group, false);
		subtree_thaw(&tree);
	}
	/* The removal of the group fails if processes are left. */
	removal->emptied = true;
	for (size_t i = 0; i < removal->n_members && removal->emptied; i++)
		removal->emptied =
			kill_until_empty(worker,
					 &(struct subtree){ .group = removal->members[i]->group },
					 &removal->tallies[i]) == 0;
}

/* What is left is found when the group is removed. */
static void return_run(struct worker *worker, void *data)
{
	struct removal *removal = data;

	for (size_t i = 0; i < removal->n_members; i++) {
		int r = origin_return_members(removal->manager, removal->members[i]->group, worker);

		if (r < 0 && r != -EAGAIN)
			log_message(LOG_WARNING, removal->members[i]->name,
				    "its processes cannot be moved back: %s", strerror(-r));
	}
}

/*
 * Removes the state files up to the first failure: a file that is left must not be without those
 * of its parents, or a restart cannot create its container, and a later one would do so unasked.
 */
static void forget_run(struct worker *worker, void *data)
{
	struct removal *removal = data;
	bool on_disk = false;
	int r = 0;

	removal->forgotten = 0;
	for (size_t i = 0; i < removal->n_members && r >= 0; i++) {
		r = state_forget(removal->manager->state, removal->members[i]->name);
		if (r < 0)
			removal->forgotten = r;
		on_disk |= r > 0;
	}
	r = on_disk ? state_sync(removal->manager->state) : 0;
	if (r < 0)
		removal->forgotten = r;
}

/* --- in the loop --------------------------------------------------------------------- */

/* Runs @run on a thread if it may wait, then @done. */
static int start_worker(struct removal *removal, worker_fn run, void (*done)(void *data),
			bool waits)
{
	return (waits ? job_run : job_run_now)(&removal->job, run, done);
}

/*
 * Lists the containers to be removed, deepest first. Return: 0, -EAGAIN if one of them is in use,
 * or -EBUSY if one was created inside after the start and the removal is not forced.
 */
static int gather(struct removal *removal)
{
	struct manager *m = removal->manager;
	size_t first = manager_index(m, removal->name);

	drop_members(removal, 0);
	free(removal->members);
	removal->members = calloc(m->count - first + 1, sizeof(*removal->members));
	if (!removal->members)
		return -ENOMEM;
	for (size_t i = m->count; i-- > first;) {
		struct container *c = m->containers[i];

		if (!in_subtree(c, removal->name))
			continue;
		if (!removal->force && name_is_inside(c->name, removal->name))
			return -EBUSY;
		/* It may have been created after mark_all(). */
		mark(c, removal->force);
		if (container_is_busy(c))
			return -EAGAIN;
		removal->members[removal->n_members++] = container_ref(c);
	}
	return 0;
}

/* Returns true if one of them has a state file. */
static bool is_on_disk(const struct removal *removal)
{
	for (size_t i = 0; i < removal->n_members; i++) {
		struct record record = { .transient = removal->members[i]->transient };

		if (state_waits(removal->manager->state, &record))
			return true;
	}
	return false;
}

/* The number of processes, also in cgroups that other programs created inside. */
static uint32_t count_members(struct container *c)
{
	struct subtree tree = { .group = c->group };
	uint32_t processes = 0, inner = 0;

	(void)group_count_processes(c->group, &processes);
	(void)subtree_count_inner(&tree, 0, &inner);
	return processes + inner;
}

static uint64_t loop_clock(const struct removal *removal)
{
	uint64_t now = 0;

	(void)sd_event_now(removal->manager->event, CLOCK_MONOTONIC, &now);
	return now;
}

/* Returns true if one of them has a process. Each process that ends gives the others more time. */
static bool is_populated(struct removal *removal)
{
	size_t left = 0;

	for (size_t i = 0; i < removal->n_members; i++)
		left += count_members(removal->members[i]);
	if (left < removal->fewest) {
		removal->fewest = left;
		removal->deadline = loop_clock(removal) + DEADLINE_USEC;
	}
	return left > 0;
}

/* Removes groups up to the first failure. The removed ones stay members. */
static int remove_groups(struct removal *removal)
{
	int r = 0;

	for (size_t i = 0; i < removal->n_members; i++) {
		/* Nested containers are removed already: other programs created the cgroups that are left. */
		r = subtree_remove(&(struct subtree){ .group = removal->members[i]->group });
		if (r == 0 || cgroup_is_gone(r))
			r = group_remove(removal->members[i]->group);
		/* Another program removed it already. */
		if (r < 0 && !cgroup_is_gone(r)) {
			drop_members(removal, i);
			return r == -EBUSY && removal->force ? -EAGAIN : r;
		}
	}
	return 0;
}

/* Describes the first process that cannot end; "" if there is none. */
static void find_stuck(const struct removal *removal, char text[OBSTACLE_TEXT_MAX])
{
	size_t checked = 0;

	text[0] = '\0';
	for (size_t i = 0; i < removal->n_members; i++) {
		cleanup_(subtree_members_done) struct subtree_members members = { 0 };

		(void)subtree_list(&(struct subtree){ .group = removal->members[i]->group },
				   &members);
		for (size_t j = 0; j < members.count && checked++ < STUCK_CHECKS_MAX; j++) {
			if (obstacle_of(members.list[j].pid, text) != OBSTACLE_NONE)
				return;
		}
	}
}

static int explain(const struct removal *removal, int error, struct failure *failure)
{
	char stuck[OBSTACLE_TEXT_MAX];

	if (removal->unsaved)
		return fail(failure, RSS_ERROR_STATE_NOT_SAVED,
			    "\"%s\" is removed, but its state file could not be removed durably: "
			    "%s; whether a restart of rssd creates it again is unknown",
			    removal->name, strerror(-error));
	if (error == -ESTALE)
		return manager_fail_gone(removal->manager, failure);
	if (error == -EBUSY)
		return fail(failure, RSS_ERROR_NOT_EMPTY,
			    "Cannot remove \"%s\": it has processes or containers inside; stop "
			    "or detach them, or use force to kill them",
			    removal->name);
	if (error == -EAGAIN && !removal->force)
		return fail(failure, RSS_ERROR_TIMED_OUT,
			    "Cannot remove \"%s\": it is still in use by another call; try again "
			    "when it has ended, or use force",
			    removal->name);
	if (error == -EAGAIN) {
		find_stuck(removal, stuck);
		return fail(failure, RSS_ERROR_TIMED_OUT,
			    "Cannot remove \"%s\": it could not be emptied in time, as %s; try "
			    "again later",
			    removal->name,
			    stuck[0] ? stuck : "its processes were killed and have not ended yet");
	}
	return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot remove the cgroup of \"%s\": %s",
		    removal->name, strerror(-error));
}

static void schedule_step(struct removal *removal, uint64_t usec)
{
	(void)sd_event_source_set_time_relative(removal->next, usec);
	(void)sd_event_source_set_enabled(removal->next, SD_EVENT_ONESHOT);
}

static uint64_t time_left(const struct removal *removal)
{
	uint64_t now = loop_clock(removal);

	return now < removal->deadline ? removal->deadline - now : 0;
}

/* Ends a step and schedules the next one if there is time. */
static void end_step(struct removal *removal, int r)
{
	cleanup_(removal_free_ptr) struct removal *ended = NULL;
	struct failure failure = { 0 };

	if (r == -EAGAIN && time_left(removal) > 0) {
		schedule_step(removal, RETRY_USEC);
		return;
	}
	ended = removal;
	job_end(&removal->job);
	if (r < 0) {
		unmark_all(removal->manager, removal->name);
		r = explain(removal, r, &failure);
	}
	if (removal->done)
		removal->done(r, r < 0 ? &failure : NULL, removal->userdata);
}

static void forgotten(void *data)
{
	struct removal *removal = data;
	struct manager *m = removal->manager;

	if (removal->forgotten < 0)
		log_message(LOG_WARNING, removal->name,
			    "its state file could not be removed durably: %s; a restart may create "
			    "it again",
			    strerror(-removal->forgotten));
	for (size_t i = 0; i < removal->n_members; i++) {
		struct container *c = removal->members[i];

		manager_take_out(m, c);
		manager_emit_removed(m, c->name);
	}
	removal->unsaved = removal->result == 0 && removal->forgotten < 0;
	end_step(removal, removal->unsaved ? removal->forgotten : removal->result);
}

static void emptied(void *data);
static void returned(void *data);

static int start_emptying(struct removal *removal)
{
	free(removal->tallies);
	removal->tallies = calloc(removal->n_members, sizeof(*removal->tallies));
	if (!removal->tallies)
		return -ENOMEM;
	return start_worker(removal, empty_run, emptied, true);
}

/* Runs the next step. Calls end_step(), at once or when the worker is done. */
static void step(struct removal *removal)
{
	bool emptied = removal->emptied;
	int r = gather(removal);

	removal->emptied = false;
	if (r == 0 && removal->returns && is_populated(removal)) {
		r = -EAGAIN;
		if (time_left(removal) > 0) {
			r = start_worker(removal, return_run, returned, true);
			if (r == 0)
				return;
		}
	} else if (r == 0 && !emptied && is_populated(removal)) {
		r = removal->force ? -EAGAIN : -EBUSY;
		if (removal->force && time_left(removal) > 0) {
			r = start_emptying(removal);
			if (r == 0) {
				(void)job_set_deadline(&removal->job, time_left(removal), NULL);
				return;
			}
		}
	}
	if (r < 0) {
		end_step(removal, r);
		return;
	}
	removal->result = remove_groups(removal);
	/* The container is listed until its state is removed, so that its name stays reserved. */
	r = removal->n_members > 0
		    ? start_worker(removal, forget_run, forgotten, is_on_disk(removal))
		    : removal->result;
	/* If no thread can be started, the loop waits for the disk: the groups are removed already. */
	if (r < 0 && removal->n_members > 0)
		r = start_worker(removal, forget_run, forgotten, false);
	if (r < 0)
		end_step(removal, r);
}

static void report_kills(const struct removal *removal)
{
	const struct kill_reason reason = { .cause = "remove", .requester = removal->requester };

	for (size_t i = 0; i < removal->n_members; i++)
		kill_report_emit(removal->members[i], &reason, &removal->tallies[i]);
}

static void emptied(void *data)
{
	struct removal *removal = data;

	report_kills(removal);
	step(removal);
}

/* Processes that were forked meanwhile are moved by the next step. */
static void returned(void *data)
{
	struct removal *removal = data;

	if (is_populated(removal))
		end_step(removal, -EAGAIN);
	else
		step(removal);
}

static int removal_next(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct removal *removal = userdata;

	step(removal);
	return 0;
}

/* A second removal could remove a new container of the same name. */
static int check_alone(const struct container *c, struct failure *failure)
{
	const struct manager *m = c->manager;

	for (size_t i = manager_index(m, c->name); i < m->count; i++) {
		if (in_subtree(m->containers[i], c->name) && m->containers[i]->removing)
			return fail(failure, RSS_ERROR_IN_PROGRESS,
				    "\"%s\" is being removed already", m->containers[i]->name);
		if (in_subtree(m->containers[i], c->name) && m->containers[i]->held_by)
			return fail(failure, RSS_ERROR_IN_PROGRESS,
				    "\"%s\" is part of a transaction; wait for that to end",
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
	processes = count_members(c);
	if (processes > 0 && nested > 0)
		return fail(failure, RSS_ERROR_NOT_EMPTY,
			    "Cannot remove \"%s\": it has %u process%s and %u container%s "
			    "inside; stop or detach the processes and remove the containers "
			    "first, or use force",
			    c->name, processes, processes == 1 ? "" : "es", nested,
			    nested == 1 ? "" : "s");
	if (processes > 0)
		return fail(failure, RSS_ERROR_NOT_EMPTY,
			    "Cannot remove \"%s\": it has %u process%s inside; stop or detach "
			    "them, or use force to kill them",
			    c->name, processes, processes == 1 ? "" : "es");
	if (nested > 0)
		return fail(failure, RSS_ERROR_NOT_EMPTY,
			    "Cannot remove \"%s\": it has %u container%s inside; remove them "
			    "first, or use force",
			    c->name, nested, nested == 1 ? "" : "s");
	return 0;
}

int removal_start(struct container *c, bool force, const struct requester *requester,
		  removal_done_fn done, void *userdata, struct failure *failure)
{
	cleanup_(removal_free_ptr) struct removal *removal = NULL;
	struct manager *m = c->manager;
	int r;

	if (c->place)
		return release_start(c, done, userdata, failure);
	r = check_alone(c, failure);
	if (r == 0 && !force && !c->joined_unit)
		r = check_empty(c, failure);
	if (r < 0)
		return r;

	removal = calloc(1, sizeof(*removal));
	if (!removal)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*removal = (struct removal){
		.manager = m,
		.force = force,
		.returns = c->joined_unit != NULL,
		.requester = *requester,
		.fewest = SIZE_MAX,
		.done = done,
		.userdata = userdata,
	};
	removal->deadline = loop_clock(removal) + DEADLINE_USEC;
	removal->name = strdup(c->name);
	r = removal->name ? sd_event_add_time_relative(m->event, &removal->next, CLOCK_MONOTONIC, 0,
						       1, removal_next, removal)
			  : -ENOMEM;
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "%s", strerror(-r));
	mark_all(m, c->name, force);
	job_begin(&removal->job, m->jobs, removal);
	(void)take_ptr(removal);
	return 0;
}
