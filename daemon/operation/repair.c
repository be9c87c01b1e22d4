/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repair of a container's cgroup: see repair.h. */
#include "operation/repair.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "container/manager.h"
#include "container/usage.h"
#include "monitor/detection.h"
#include "monitor/drift.h"
#include "operation/change.h"
#include "policy/drift.h"

static int fail_create(struct container *c, int error, struct failure *failure)
{
	if (error == -ESTALE)
		return manager_fail_gone(c->manager, failure);
	if (error == -ENOENT)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot create the cgroup of \"%s\" again: that of its parent was "
			    "removed as well; repair the parent first",
			    c->name);
	return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
		    "Cannot create the cgroup of \"%s\" again: %s", c->name, strerror(-error));
}

/* If another program has made a cgroup of this name meanwhile, it is taken over. */
static int make_again(struct container *c, struct failure *failure)
{
	struct controller *controller = c->manager->controller;
	struct group *group = NULL;
	int r = group_create(controller, c->name, &group);

	if (r == -EEXIST)
		r = group_open(controller, c->name, &group);
	if (r < 0)
		return fail_create(c, r, failure);
	container_replace_group(c, group);
	c->oom_events_base = 0;
	__atomic_store_n(&c->inner_oom_kills, 0, __ATOMIC_RELAXED);
	r = detection_watch(c);
	if (r < 0)
		log_message(LOG_ERR, c->name,
			    "its events cannot be watched: %s; its counters can still be read",
			    strerror(-r));
	container_restart_totals(c, false);
	drift_watch_again(c);
	log_message(LOG_NOTICE, c->name, "its cgroup was removed and is created again");
	return 0;
}

static int bring_back(struct container *c, unsigned int drift, struct failure *failure)
{
	int r = 0;

	if (drift & DRIFT_OOM_KILLER)
		r = group_switch_oom_killer(c->group, true);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot switch on the OOM killer of \"%s\": %s", c->name, strerror(-r));
	if (drift & DRIFT_FREEZER)
		r = group_freeze(c->group, c->frozen);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "\"%s\" cannot be %s: %s",
			    c->name, c->frozen ? "frozen" : "thawed", strerror(-r));
	return 0;
}

int repair_start(struct container *c, const struct change_listener *listener,
		 struct failure *failure)
{
	struct settings_change change = { .to = *container_set_last(c) };
	struct change_result unchanged = { .outcome = CHANGE_UNCHANGED };
	struct settings kernel;
	int r = 0;

	if (c->change || c->removing || c->held_by)
		return container_fail_busy(c, failure);
	if (container_drift(c) & DRIFT_CGROUP)
		r = make_again(c, failure);
	if (r == 0)
		r = bring_back(c, container_drift(c), failure);
	if (r < 0)
		return r;
	/* A difference that comes back before the next check has to be an event again. */
	c->drift.reported = 0;
	kernel = change.to;
	r = group_read_settings(c->group, &kernel);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot read the settings of \"%s\" in the kernel: %s; try again",
			    c->name, strerror(-r));
	change.set = settings_difference(&change.to, &kernel) & container_managed(c);
	if (change.set)
		return change_start(c, &change, LIMIT_MODE_RECLAIM, 0, listener, failure);
	listener->done(c, &unchanged, listener->userdata);
	return 0;
}
