/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of settings: see change.h. change-apply.c runs on the worker. */
#include "operation/change.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "store/config.h"
#include "container/container.h"
#include "base/log.h"
#include "container/manager.h"
#include "container/save.h"
#include "shared/name.h"
#include "policy/record.h"
#include "policy/rule.h"
#include "shared/size.h"
#include "store/state.h"
#include "container/usage.h"
#include "monitor/kill-report.h"
#include "operation/change-apply.h"
#include "operation/join.h"
#include "policy/oom-record.h"
#include "base/job.h"

#define PROGRESS_USEC (100 * 1000)

struct change {
	struct container *container;
	struct change_apply apply; /* for the worker */
	struct container **nested; /* whose groups are in @apply */
	uint64_t timeout;
	struct change_listener listener;
	struct job job; /* does not run while the container is being saved */
	sd_event_source *progress;
	uint64_t usage_before;
	struct rules *join; /* the new rules; NULL: they stay as they are */
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
	job_end(&change->job);
	sd_event_source_disable_unref(change->progress);
	record_free(change->apply.record);
	rules_unref(change->join);
	for (size_t i = 0; i + 1 < change->apply.n_groups; i++)
		container_unref(change->nested[i]);
	free(change->apply.groups);
	free(change->nested);
	free(change->apply.tallies);
	container_unref(change->container);
	free(change);
	return NULL;
}
DEFINE_CLEANUP(struct change *, change_free);

static void change_run(struct worker *worker, void *data)
{
	struct change *change = data;

	change_apply_run(&change->apply, worker);
}

/* The advice for a limit that timed out. */
static const char *advice(const struct change *change)
{
	if (change->apply.mode != LIMIT_MODE_FORCE && !change->apply.empty)
		return "use a longer timeout, or --mode=force";
	return change->apply.stuck[0] ? "try again when the killed process has ended"
				      : "use a longer timeout";
}

static void explain_stop(struct change *change)
{
	const char *name = change->container->name;
	struct failure *failure = &change->apply.result.failure;
	char target[SIZE_TEXT_MAX], now[SIZE_TEXT_MAX];

	switch (change->apply.stop) {
	case CHANGE_GO_ON:
	case CHANGE_DEADLINE:
		change->apply.result.error = fail(
			failure, RSS_ERROR_TIMED_OUT,
			"Cannot lower the limit of \"%s\" to %s before the timeout: %s is in "
			"use%s%s. The limit is unchanged; %s",
			name, size_format(change->apply.to.limit, target),
			size_format(change->apply.result.usage, now),
			change->apply.stuck[0] ? "; " : "", change->apply.stuck, advice(change));
		break;
	case CHANGE_CALLER_LEFT:
		change->apply.result.error =
			fail(failure, RSS_ERROR_CANCELLED,
			     "The limit of \"%s\" is unchanged: the caller disconnected", name);
		break;
	case CHANGE_CONTAINER_REMOVED:
		change->apply.result.error =
			fail(failure, RSS_ERROR_CANCELLED,
			     "\"%s\" was removed while its limit was being set", name);
		break;
	case CHANGE_SHUTDOWN:
		change->apply.result.error =
			fail(failure, RSS_ERROR_CANCELLED,
			     "The limit of \"%s\" is unchanged: rssd is stopping", name);
		break;
	}
}

/* Also after a change that has failed. */
static void report_kills(const struct change *change)
{
	const struct change_apply *apply = &change->apply;
	const struct kill_reason reason = {
		.cause = "limit",
		.limited = change->container,
		.usage = change->usage_before,
		.limit = apply->to.limit,
		.requester = change->listener.requester,
	};

	for (size_t i = 0; i < apply->n_groups; i++)
		kill_report_emit(i == 0 ? change->container : change->nested[i - 1], &reason,
				 &apply->tallies[i]);
}

static void change_done(void *data)
{
	struct change *change = data;
	cleanup_(container_unref_ptr) struct container *c = container_ref(change->container);
	struct change_listener listener = change->listener;
	struct change_result result;
	bool state_unknown, raised;
	unsigned int differs = settings_difference(&change->apply.from, &change->apply.to);
	/* A new container is announced when it is listed. */
	bool listed = !change->apply.fresh;
	bool new_rules = false;

	assert(c->change == change);
	if (change->apply.result.error == -EINTR)
		explain_stop(change);
	else if (change->apply.result.error == -ENOMEM)
		fail(&change->apply.result.failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");

	if (change->apply.result.error == 0) {
		c->settings = change->apply.to;
		c->drifted = false;
		if (change->join) {
			rules_unref(c->join);
			c->join = take_ptr(change->join);
			new_rules = true;
		}
		if (!differs)
			change->apply.result.outcome = CHANGE_UNCHANGED;
		else if (change->apply.result.outcome != CHANGE_KILLED)
			change->apply.result.outcome =
				(differs & SETTING_LIMIT) &&
						change->usage_before > change->apply.to.limit
					? CHANGE_RECLAIMED
					: CHANGE_SET;
	}

	report_kills(change);
	result = change->apply.result;
	raised = change->apply.to.limit > change->apply.from.limit;
	state_unknown = change->apply.state_unknown;
	c->change = NULL;
	change_free(change);

	if (result.error == 0 && (differs & SETTING_LIMIT))
		container_restart_totals(c, raised);
	if (result.error == 0 && differs && listed)
		manager_emit_changed(c->manager, c, differs);
	if (new_rules && listed)
		join_rules_changed(c->manager);
	if (c->place && result.error == 0)
		c->place->managed |= differs;
	/* The settings in force are saved again. */
	c->save_again |= state_unknown;
	if (c->save_again && listed)
		manager_save(c);
	if (listener.done)
		listener.done(c, &result, listener.userdata);
	container_end_change(c);
}

static void change_expired(void *data)
{
	change_cancel(data, CHANGE_DEADLINE);
}

static int change_progress(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct change *change = userdata;
	uint64_t usage = change_apply_read_usage(&change->apply);

	if (change->listener.progress && usage != COUNTER_ABSENT)
		change->listener.progress(change->container, usage, change->apply.to.limit,
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
	change->apply.groups = calloc(m->count + 1, sizeof(*change->apply.groups));
	change->nested = calloc(m->count + 1, sizeof(*change->nested));
	if (!change->apply.groups || !change->nested)
		return -ENOMEM;
	change->apply.groups[change->apply.n_groups++] = c->group;
	if (change->apply.mode != LIMIT_MODE_FORCE)
		return 0;
	for (size_t i = manager_index(m, c->name); i < m->count; i++) {
		if (!name_is_inside(m->containers[i]->name, c->name))
			continue;
		change->nested[change->apply.n_groups - 1] = container_ref(m->containers[i]);
		change->apply.groups[change->apply.n_groups++] = m->containers[i]->group;
	}
	return 0;
}

/* Returns true if containers are nested in it, or if out of memory. */
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
 * Returns true if no file is synced and no process inside could use memory: then nothing
 * blocks, and a thread would take most of the time.
 */
static bool is_instant(const struct change *change)
{
	const struct container *c = change->container;
	uint32_t processes;

	if (c->place || state_waits(c->manager->state, change->apply.record))
		return false;
	return change->apply.fresh || (change->usage_before <= change->apply.to.limit &&
				       change->usage_before <= change->apply.to.high &&
				       group_count_processes(c->group, &processes) == 0 &&
				       processes == 0 && !has_nested(c));
}

static int start_worker(struct change *change)
{
	return (is_instant(change) ? job_run_now : job_run)(&change->job, change_run, change_done);
}

static int change_launch(struct change *change)
{
	struct container *c = change->container;
	unsigned int differs = settings_difference(&change->apply.from, &change->apply.to);
	char limit[SIZE_TEXT_MAX];
	int r;

	r = gather_groups(change);
	if (r < 0)
		return r;
	change->apply.tallies = calloc(change->apply.n_groups, sizeof(*change->apply.tallies));
	if (!change->apply.tallies)
		return -ENOMEM;
	change->usage_before = change_apply_read_usage(&change->apply);
	change->apply.record = container_to_record(c, &change->apply.to);
	if (!change->apply.record)
		return -ENOMEM;
	if (change->join) {
		rules_unref(change->apply.record->join);
		change->apply.record->join = rules_ref(change->join);
	}
	if (c->place)
		change->apply.record->place->managed |= differs;
	job_begin(&change->job, c->manager->jobs, change);
	r = job_set_deadline(&change->job, change->timeout, change_expired);
	if (r >= 0 && change->listener.progress)
		r = sd_event_add_time_relative(c->manager->event, &change->progress,
					       CLOCK_MONOTONIC, PROGRESS_USEC, 1000,
					       change_progress, change);
	if (r < 0)
		return r;
	/* One writer of the state file at a time: the end of that save calls change_resume(). */
	if (!c->saving)
		r = start_worker(change);
	if (r < 0)
		return r;
	c->change = change;
	c->resume = change_resume;
	log_message(LOG_DEBUG, c->name, "changing settings, limit %s",
		    size_format(change->apply.to.limit, limit));
	return 0;
}

/*
 * The settings in @which as the kernel has them, the others as they were set. If another
 * program wrote to the kernel, setting the same again is a change, which repairs it.
 */
static int settings_in_force(struct container *c, unsigned int which, struct settings *ret)
{
	struct settings kernel = c->settings;
	int r = group_read_settings(c->group, &kernel);

	/* If the cgroup was removed, the change itself will fail. */
	if (r < 0 && r != -ENODEV)
		return r;
	*ret = c->settings;
	for_each_setting(setting) {
		if (setting->bit & which)
			setting_put(setting, ret, setting_get(setting, &kernel));
	}
	return 0;
}

int change_start(struct container *c, const struct settings_change *settings, enum limit_mode mode,
		 uint64_t timeout, const struct change_listener *listener, struct failure *failure)
{
	cleanup_(change_free_ptr) struct change *change = NULL;
	int r;

	if (c->change || c->removing || (c->held_by && c->held_by != listener->holder))
		return container_fail_busy(c, failure);
	if (c->manager->stopping)
		return fail(failure, RSS_ERROR_CANCELLED, "rssd is stopping");
	r = container_check_settings(c, settings, failure);
	if (r == 0 && settings->join)
		r = join_check(c, settings->join, failure);
	if (r < 0)
		return r;

	change = calloc(1, sizeof(*change));
	if (!change)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	change->container = container_ref(c);
	change->apply.fresh = manager_find(c->manager, c->name) != c;
	change->apply.state = c->manager->state;
	change->apply.name = c->name;
	change->apply.place = c->place;
	change->apply.from = c->settings;
	if (!change->apply.fresh)
		r = settings_in_force(c, settings->set, &change->apply.from);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot read the settings of \"%s\" in the kernel: %s; try again",
			    c->name, strerror(-r));
	change->apply.to = settings_with(&c->settings, settings);
	if (settings->join)
		change->join = rules_ref(settings->join);
	change->apply.mode = mode;
	change->timeout = timeout ? timeout : c->manager->config->limit_timeout;
	change->listener = *listener;

	r = change_launch(change);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot start the change: %s",
			    strerror(-r));
	(void)take_ptr(change);
	return 0;
}

void change_resume(struct change *change)
{
	int r = job_run(&change->job, change_run, change_done);

	if (r < 0) {
		change->apply.result.error = fail(&change->apply.result.failure,
						  RSS_ERROR_CONTROLLER_FAILED,
						  "Cannot start the change: %s", strerror(-r));
		change_done(change);
	}
}

void change_cancel(struct change *change, enum change_stop why)
{
	if (change->apply.stop == CHANGE_GO_ON)
		change->apply.stop = why;
	job_cancel(&change->job);
}
