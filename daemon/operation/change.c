/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of settings: see change.h. The policy of limits is in limit.c. */
#include "operation/change.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "store/durable-file.h"
#include "store/config.h"
#include "container/container.h"
#include "base/log.h"
#include "container/manager.h"
#include "container/save.h"
#include "shared/name.h"
#include "host/process.h"
#include "policy/record.h"
#include "shared/size.h"
#include "store/state.h"
#include "container/usage.h"
#include "base/worker.h"

#define PROGRESS_USEC (100 * 1000)
/* Between attempts that did not help: others may free memory meanwhile. */
#define RETRY_USEC (100 * 1000)
/* How long a killed process may take to end before the next step is decided. */
#define KILL_MSEC 1000

struct change {
	struct container *container;
	struct settings from, to;
	enum limit_mode mode;
	uint64_t timeout;
	struct change_listener listener;
	enum change_stop stop; /* set before the worker is cancelled, so it may look then */
	bool fresh;	       /* of a container that is being made: it holds nothing */

	struct worker *worker; /* NULL while the container is being saved */
	sd_event_source *deadline, *progress;

	/* What the worker works with, and nothing else of the container. */
	struct record *record;
	struct group *group;
	struct group **groups; /* the container's and those nested in it: whom force may kill */
	struct container **nested;
	size_t n_groups;
	uint64_t usage_before;
	struct change_result result;
	bool state_unknown; /* the file has the old or the new settings */
};

static const char *const outcome_names[] = {
	[CHANGE_UNCHANGED] = "unchanged",
	[CHANGE_SET] = "set",
	[CHANGE_RECLAIMED] = "reclaimed",
	[CHANGE_KILLED] = "killed",
};

const char *change_outcome_name(enum change_outcome outcome)
{
	return outcome_names[outcome];
}

static struct change *change_free(struct change *change)
{
	sd_event_source_disable_unref(change->deadline);
	sd_event_source_disable_unref(change->progress);
	record_free(change->record);
	for (size_t i = 0; i + 1 < change->n_groups; i++)
		container_unref(change->nested[i]);
	free(change->groups);
	free(change->nested);
	container_unref(change->container);
	free(change);
	return NULL;
}
DEFINE_CLEANUP(struct change *, change_free);

/* --- on the worker ------------------------------------------------------- */

static uint64_t read_usage(const struct change *change)
{
	uint64_t usage;

	if (change->fresh)
		return 0;
	return group_read_usage(change->group, &usage) < 0 ? COUNTER_ABSENT : usage;
}

/* Kills the worst process of the groups: 1 when one was killed, 0 when there is none left. */
static int kill_worst(struct change *change)
{
	cleanup_free struct limit_victim *victims = NULL;
	cleanup_free pid_t *pids = NULL;
	size_t count = 0;
	cleanup_close int pidfd = -1;
	cleanup_free char *path = NULL;
	long worst;

	for (size_t i = 0; i < change->n_groups; i++) {
		cleanup_free pid_t *some = NULL;
		size_t n;
		void *more;

		if (group_list_processes(change->groups[i], &some, &n) < 0 || n == 0)
			continue;
		more = realloc(pids, (count + n) * sizeof(*pids));
		if (!more)
			return -ENOMEM;
		pids = more;
		more = realloc(victims, (count + n) * sizeof(*victims));
		if (!more)
			return -ENOMEM;
		victims = more;
		for (size_t j = 0; j < n; j++) {
			struct process p;
			struct limit_victim victim = { 0 };

			if (process_read(some[j], &p) < 0 || p.ended ||
			    process_read_oom_score_adj(some[j], &victim.oom_score_adj) < 0)
				continue;
			victim.resident = p.resident;
			pids[count] = some[j];
			victims[count++] = victim;
		}
	}

	worst = limit_choose_victim(victims, count);
	if (worst < 0)
		return 0;
	pidfd = process_open(pids[worst]);
	if (pidfd < 0)
		return 1; /* it has ended by itself: just as good */
	/* Only now is the pid pinned: is it still one of ours? */
	if (controller_path_of_process(change->group->controller, pids[worst], &path) < 0 ||
	    (strcmp(path, change->group->path) != 0 && !name_is_inside(path, change->group->path)))
		return 1;
	if (process_signal(pidfd, SIGKILL) == 0) {
		change->result.outcome = CHANGE_KILLED;
		(void)process_ended(pidfd, KILL_MSEC);
	}
	return 1;
}

static int refuse_limit(struct change *change, uint64_t usage, const char *why)
{
	char target[SIZE_TEXT_MAX], now[SIZE_TEXT_MAX];

	return fail(&change->result.failure, RSS_ERROR_LIMIT_REFUSED,
		    "The limit of %s stays as it was: %s is in use, above %s; %s",
		    change->container->name, size_format(usage, now),
		    size_format(change->to.limit, target), why);
}

/* What the limit's policy says, step by step, until the limit is in force or refused. */
static int apply_limit(struct change *change, struct worker *worker)
{
	const struct controller *controller = change->group->controller;
	struct limit_situation now = {
		.mode = change->mode,
		.target = change->to.limit,
		.kernel_refuses = controller_can(controller, FEATURE_SAFE_LIMIT),
		.can_reclaim = controller_can(controller, FEATURE_RECLAIM),
	};
	uint64_t least = COUNTER_ABSENT, freed;
	int r;

	for (;;) {
		now.usage = read_usage(change);
		if (now.usage == COUNTER_ABSENT)
			return fail(
				&change->result.failure, RSS_ERROR_CONTROLLER_FAILED,
				"The control files of %s cannot be read; was its cgroup removed "
				"behind rssd's back?",
				change->container->name);
		/* A limit that fits costs no more time: it is set, however long the way here was. */
		now.stop = worker_cancelled(worker) &&
			   (change->stop != CHANGE_DEADLINE || now.usage > now.target);
		now.stalled = now.usage < least ? 0 : now.stalled + 1;
		if (now.usage < least)
			least = now.usage;

		switch (limit_decide(&now)) {
		case LIMIT_WRITE:
			r = group_write_limit(change->group, now.target);
			if (r == 0)
				return 0;
			if (r != -EBUSY && r != -EINTR && r != -EAGAIN)
				return fail(&change->result.failure, RSS_ERROR_CONTROLLER_FAILED,
					    "The kernel did not take the limit of %s: %s",
					    change->container->name, strerror(-r));
			break;
		case LIMIT_RECLAIM:
			(void)group_reclaim(change->group, now.usage - now.target, &freed);
			break;
		case LIMIT_KILL:
			r = kill_worst(change);
			if (r < 0)
				return r;
			if (r == 0)
				return refuse_limit(
					change, now.usage,
					"there is no process left that could be killed");
			break;
		case LIMIT_REFUSE:
			return refuse_limit(change, now.usage,
					    change->mode == LIMIT_MODE_REFUSE
						    ? "the mode reclaim reclaims first"
						    : "this kernel cannot reclaim on request");
		case LIMIT_GIVE_UP:
			return refuse_limit(
				change, now.usage,
				"reclaim freed no more of it (locked, in use, or no swap to "
				"put it); the mode force kills for it");
		case LIMIT_STOP:
			return -EINTR;
		}
		if (now.stalled > 0)
			worker_pause(worker, RETRY_USEC);
	}
}

/* The settings that the kernel takes at once. */
static int apply_flags(struct change *change, const struct settings *from,
		       const struct settings *to)
{
	return group_write_settings(change->group, settings_difference(from, to), to);
}

static int apply_all(struct change *change, struct worker *worker)
{
	int r = apply_flags(change, &change->from, &change->to);

	if (r < 0)
		r = fail(&change->result.failure, RSS_ERROR_CONTROLLER_FAILED,
			 "The kernel did not take the settings of %s: %s", change->container->name,
			 strerror(-r));
	if (r == 0 && change->to.limit != change->from.limit)
		r = apply_limit(change, worker);
	if (r < 0)
		(void)apply_flags(change, &change->to, &change->from);
	return r;
}

static int not_saved(struct change *change, int error)
{
	if (error == DURABLE_UNKNOWN) {
		change->state_unknown = true;
		return fail(&change->result.failure, RSS_ERROR_STATE_NOT_SAVED,
			    "The kernel has the old settings of %s, but whether a restart of rssd "
			    "finds the old or the new ones is unknown: the state directory could "
			    "not be synced; repeat this when the disk works again",
			    change->container->name);
	}
	return fail(&change->result.failure, RSS_ERROR_STATE_NOT_SAVED,
		    "The state of %s could not be saved: %s; nothing was changed, make room in "
		    "the state folder and try again",
		    change->container->name, strerror(-error));
}

static int run_change(struct change *change, struct worker *worker)
{
	cleanup_(state_abort_ptr) struct state_write *write = NULL;
	int r = state_prepare(change->container->manager->state, change->record, &write);

	if (r < 0)
		return not_saved(change, r);
	r = apply_all(change, worker);
	if (r < 0)
		return r;
	r = state_commit(take_ptr(write));
	if (r < 0) {
		(void)group_write_limit(change->group, change->from.limit);
		(void)apply_flags(change, &change->to, &change->from);
		return not_saved(change, r);
	}
	return 0;
}

/* Where the kernel makes room by itself, its counter tells whether it killed for it. */
static uint64_t read_kills(struct change *change)
{
	struct counters counters;
	uint64_t kills = 0;

	for (size_t i = 0; i < change->n_groups; i++) {
		if (group_read_counters(change->groups[i], &counters) == 0 &&
		    counters.oom_kills != COUNTER_ABSENT)
			kills += counters.oom_kills;
	}
	return kills;
}

static void change_run(struct worker *worker, void *data)
{
	struct change *change = data;
	uint64_t kills = change->mode == LIMIT_MODE_FORCE ? read_kills(change) : 0;

	change->result.error = run_change(change, worker);
	change->result.usage = read_usage(change);
	if (change->mode == LIMIT_MODE_FORCE && read_kills(change) > kills)
		change->result.outcome = CHANGE_KILLED;
}

/* --- in the loop --------------------------------------------------------- */

static void explain_stop(struct change *change)
{
	const char *name = change->container->name;
	struct failure *failure = &change->result.failure;
	char target[SIZE_TEXT_MAX], now[SIZE_TEXT_MAX];

	switch (change->stop) {
	case CHANGE_GO_ON:
	case CHANGE_DEADLINE:
		change->result.error = fail(
			failure, RSS_ERROR_TIMED_OUT,
			"The limit of %s stays as it was: the time was up with %s in use, above "
			"%s; give it a longer timeout, or use the mode force",
			name, size_format(change->result.usage, now),
			size_format(change->to.limit, target));
		break;
	case CHANGE_CALLER_LEFT:
		change->result.error = fail(failure, RSS_ERROR_CANCELLED,
					    "The limit of %s stays as it was: its caller left",
					    name);
		break;
	case CHANGE_CONTAINER_REMOVED:
		change->result.error = fail(failure, RSS_ERROR_CANCELLED,
					    "%s was removed while its limit was being reclaimed",
					    name);
		break;
	case CHANGE_SHUTDOWN:
		change->result.error =
			fail(failure, RSS_ERROR_CANCELLED,
			     "The limit of %s stays as it was: rssd is being stopped", name);
		break;
	}
}

static void change_done(void *data)
{
	struct change *change = data;
	cleanup_(container_unref_ptr) struct container *c = container_ref(change->container);
	struct change_listener listener = change->listener;
	struct change_result result;
	bool state_unknown;
	unsigned int differs = settings_difference(&change->from, &change->to);
	/* One that is still being made is announced whole once it is listed, or freed. */
	bool listed = !change->fresh;

	if (change->result.error == -EINTR)
		explain_stop(change);
	else if (change->result.error == -ENOMEM)
		fail(&change->result.failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");

	if (change->result.error == 0) {
		c->settings = change->to;
		c->drifted = false;
		if (!differs)
			change->result.outcome = CHANGE_UNCHANGED;
		else if (change->result.outcome != CHANGE_KILLED)
			change->result.outcome =
				(differs & SETTING_LIMIT) && change->usage_before > change->to.limit
					? CHANGE_RECLAIMED
					: CHANGE_SET;
	}

	result = change->result;
	state_unknown = change->state_unknown;
	c->change = NULL;
	c->manager->jobs--;
	change_free(change);

	if (result.error == 0 && (differs & SETTING_LIMIT))
		container_restart_totals(c);
	if (result.error == 0 && differs && listed)
		manager_emit_changed(c->manager, c, differs);
	/* The settings that hold are written once more. */
	c->save_again |= state_unknown;
	if (c->save_again && listed)
		manager_save(c);
	if (listener.done)
		listener.done(c, &result, listener.userdata);
}

static int change_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	change_cancel(userdata, CHANGE_DEADLINE);
	return 0;
}

static int change_progress(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct change *change = userdata;
	uint64_t usage = read_usage(change);

	if (change->listener.progress && usage != COUNTER_ABSENT)
		change->listener.progress(change->container, usage, change->to.limit,
					  change->listener.userdata);
	(void)sd_event_source_set_time_relative(source, PROGRESS_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* The container's group first, then the groups of all that are nested in it. */
static int gather_groups(struct change *change)
{
	struct container *c = change->container;
	struct manager *m = c->manager;

	/* One more than are in the list: a new container is not in it yet. */
	change->groups = calloc(m->count + 1, sizeof(*change->groups));
	change->nested = calloc(m->count + 1, sizeof(*change->nested));
	if (!change->groups || !change->nested)
		return -ENOMEM;
	change->groups[change->n_groups++] = c->group;
	if (change->mode != LIMIT_MODE_FORCE)
		return 0;
	for (size_t i = manager_index(m, c->name); i < m->count; i++) {
		if (!name_is_inside(m->containers[i]->name, c->name))
			continue;
		change->nested[change->n_groups - 1] = container_ref(m->containers[i]);
		change->groups[change->n_groups++] = m->containers[i]->group;
	}
	return 0;
}

/* Are containers nested in it? */
static bool has_nested(const struct container *c)
{
	const struct manager *m = c->manager;
	cleanup_free char *inside = NULL;
	size_t first;

	if (asprintf(&inside, "%s/", c->name) < 0) {
		inside = NULL;
		return true;
	}
	first = manager_index(m, inside);
	return first < m->count && name_is_inside(m->containers[first]->name, c->name);
}

/*
 * Where nothing is synced and nobody is inside who could use memory, there is
 * nothing to wait for, and a thread would take most of the time.
 */
static bool is_instant(const struct change *change)
{
	const struct container *c = change->container;
	uint32_t processes;

	if (state_waits(c->manager->state, change->record))
		return false;
	return change->fresh || (change->usage_before <= change->to.limit &&
				 group_count_processes(change->group, &processes) == 0 &&
				 processes == 0 && !has_nested(c));
}

static int start_worker(struct change *change)
{
	struct workers *workers = change->container->manager->workers;

	if (is_instant(change))
		return worker_run_now(workers, change_run, change_done, change, &change->worker);
	return worker_start(workers, change_run, change_done, change, &change->worker);
}

static int change_launch(struct change *change)
{
	struct container *c = change->container;
	char limit[SIZE_TEXT_MAX];
	int r;

	change->usage_before = read_usage(change);
	r = gather_groups(change);
	if (r < 0)
		return r;
	change->record = container_to_record(c, &change->to);
	if (!change->record)
		return -ENOMEM;
	r = sd_event_add_time_relative(c->manager->event, &change->deadline, CLOCK_MONOTONIC,
				       change->timeout, 1000, change_deadline, change);
	if (r >= 0 && change->listener.progress)
		r = sd_event_add_time_relative(c->manager->event, &change->progress,
					       CLOCK_MONOTONIC, PROGRESS_USEC, 1000,
					       change_progress, change);
	if (r < 0)
		return r;
	/* One writer of the state file at a time: whoever is saving resumes us. */
	if (!c->saving)
		r = start_worker(change);
	if (r < 0)
		return r;
	c->change = change;
	c->resume = change_resume;
	c->manager->jobs++;
	log_message(LOG_DEBUG, c->name, "changing settings, limit %s",
		    size_format(change->to.limit, limit));
	return 0;
}

int change_start(struct container *c, const struct settings_change *settings, enum limit_mode mode,
		 uint64_t timeout, const struct change_listener *listener, struct failure *failure)
{
	cleanup_(change_free_ptr) struct change *change = NULL;
	const struct controller *controller = c->manager->controller;
	int r;

	if (c->change || c->removing || (c->held_by && c->held_by != listener->holder))
		return fail(failure, RSS_ERROR_IN_PROGRESS,
			    "%s is being %s; wait for that to end, or cancel it", c->name,
			    c->removing ? "removed" : "changed already");
	if (c->manager->stopping)
		return fail(failure, RSS_ERROR_CANCELLED, "rssd is being stopped");
	r = settings_check(&c->settings, settings, controller->settings, controller->ops->name,
			   controller_limit_min(controller), failure);
	if (r < 0)
		return r;

	change = calloc(1, sizeof(*change));
	if (!change)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	change->container = container_ref(c);
	change->fresh = manager_find(c->manager, c->name) != c;
	change->group = c->group;
	change->from = c->settings;
	change->to = settings_with(&c->settings, settings);
	change->mode = mode;
	change->timeout = timeout ? timeout : c->manager->config->limit_timeout;
	change->listener = *listener;

	r = change_launch(change);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The change could not be started: %s", strerror(-r));
	(void)take_ptr(change);
	return 0;
}

void change_resume(struct change *change)
{
	int r = worker_start(change->container->manager->workers, change_run, change_done, change,
			     &change->worker);

	if (r < 0) {
		change->result.error = fail(&change->result.failure, RSS_ERROR_CONTROLLER_FAILED,
					    "The change could not be started: %s", strerror(-r));
		change_done(change);
		return;
	}
	if (change->stop != CHANGE_GO_ON)
		worker_cancel(change->worker);
}

void change_cancel(struct change *change, enum change_stop why)
{
	if (change->stop == CHANGE_GO_ON)
		change->stop = why;
	if (change->worker)
		worker_cancel(change->worker);
}
