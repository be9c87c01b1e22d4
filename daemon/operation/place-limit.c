/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limits of places: see place-limit.h. */
#include "operation/place-limit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/worker.h"
#include "cgroup/cgroup-path.h"
#include "cgroup/control-file.h"
#include "cgroup/delegation.h"
#include "cgroup/group.h"
#include "host/systemd.h"
#include "policy/place.h"
#include "shared/clock.h"

/* The longest wait for systemd to write the control file, which it does after its reply. */
#define WRITTEN_USEC (2 * 1000 * 1000)
#define POLL_USEC    (2 * 1000)

/* --- before the creation ------------------------------------------------------------ */

static int look_up_unit(struct place *place, bool *ret_running, struct failure *failure)
{
	cleanup_(systemd_unit_done) struct systemd_unit unit = { 0 };
	int r = systemd_read_unit(place->unit, &unit, failure);

	if (r < 0)
		return r;
	free(place->unit);
	place->unit = take_ptr(unit.id);
	free(place->cgroup);
	place->cgroup = take_ptr(unit.cgroup);
	place->found_dropins = take_ptr(unit.dropins);
	place->found = unit.settings;
	place->runtime = unit.transient;
	*ret_running = unit.running;
	return 0;
}

/* rssd must not limit itself. */
static int check_not_own(const struct place *place, struct controller *controller,
			 struct failure *failure)
{
	cleanup_free char *own = NULL;

	if (controller_cgroup_of_process(controller, getpid(), &own) == 0 &&
	    place_contains(place->cgroup, own))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%.255s\" cannot be a container: rssd itself runs in it",
			    place_target(place));
	return 0;
}

static int check_unit_group(const struct place *place, const struct group *group, bool running,
			    struct failure *failure)
{
	if (running && !group_is_bound(group))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "The unit %s has no cgroup in the hierarchy of the %s controller, so "
			    "it cannot be limited there; MemoryAccounting=yes in the unit may "
			    "give it one",
			    place->unit, group->controller->ops->name);
	return 0;
}

static int check_cgroup_group(struct place *place, struct group *group, struct failure *failure)
{
	const char *path = place->cgroup;
	int r;

	if (!group_is_bound(group))
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT,
			    "No such cgroup: \"%.200s\" in the hierarchy of the %s controller",
			    path, group->controller->ops->name);
	if (delegation_to_a_user(group->controller, path))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%.200s\" is delegated to a user, who may change its limit; limit "
			    "a cgroup above it",
			    path);
	(void)group_read_settings(group, &place->found);
	r = group_read_limit(group, &place->found.limit);
	if (r == -ENOENT)
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "\"%.200s\" has no limit of the %s controller: it is threaded, or "
			    "the controller is not enabled for it",
			    path, group->controller->ops->name);
	return r < 0 ? fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot read the limit of \"%.200s\": %s", path, strerror(-r))
		     : 0;
}

int place_look_up(struct place *place, struct controller *controller, struct failure *failure)
{
	cleanup_(group_free_ptr) struct group *group = NULL;
	bool running = true;
	int r = place->kind == PLACE_UNIT ? look_up_unit(place, &running, failure) : 0;

	if (r == 0)
		r = check_not_own(place, controller, failure);
	if (r < 0)
		return r;
	r = group_open_foreign(controller, place->cgroup, &group);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot open the cgroup \"%.200s\": %s", place->cgroup, strerror(-r));
	return place->kind == PLACE_UNIT ? check_unit_group(place, group, running, failure)
					 : check_cgroup_group(place, group, failure);
}

/* --- the settings of a unit ---------------------------------------------------------- */

static bool is_written(struct group *group, unsigned int which, const struct settings *settings)
{
	for_each_setting(setting) {
		uint64_t now;

		if ((which & setting->bit) && group_read_setting(group, setting->bit, &now) == 0 &&
		    now != setting_canonical(setting, setting_get(setting, settings)))
			return false;
	}
	return true;
}

/*
 * systemd writes the control files after its reply. Does not wait if the unit has no control files.
 */
static int await_written(struct group *group, unsigned int which, const struct settings *settings,
			 struct worker *worker)
{
	uint64_t end = clock_usec(CLOCK_MONOTONIC) + WRITTEN_USEC;

	while (!is_written(group, which, settings)) {
		if (clock_usec(CLOCK_MONOTONIC) >= end)
			return -EBUSY;
		/* A cancelled worker does not pause. */
		if (worker_cancelled(worker))
			(void)usleep(POLL_USEC);
		else
			worker_pause(worker, POLL_USEC);
	}
	return 0;
}

/* Of @which, the settings that are set to what was found when the container was created. */
static unsigned int set_as_found(const struct place *place, unsigned int which,
				 const struct settings *to)
{
	struct settings found = place->found;

	settings_make_canonical(&found);
	return which & ~place->managed & ~settings_difference(to, &found);
}

/* Sets @which. What rssd has not set so far is left without a drop-in if it is as it was found. */
static int set_unit(const struct place *place, unsigned int which, const struct settings *to,
		    struct failure *failure)
{
	unsigned int found = set_as_found(place, which, to);
	int r = 0;

	if (found)
		r = systemd_restore_properties(place->unit, found, &place->found,
					       place->found_dropins, failure);
	which &= ~found;
	return r < 0 || !which
		       ? r
		       : systemd_set_properties(place->unit, which, to, place->runtime, failure);
}

static int set_and_await(const struct place *place, struct group *group, unsigned int which,
			 const struct settings *from, const struct settings *to,
			 struct worker *worker, struct failure *failure)
{
	int r = set_unit(place, which, to, failure);

	if (r < 0 || await_written(group, which, to, worker) == 0)
		return r;
	(void)set_unit(place, which, from, failure);
	return fail(failure, RSS_ERROR_SYSTEMD_FAILED,
		    "systemd took the %s of the unit %s but has not set it within %d seconds",
		    which == SETTING_LIMIT ? "limit" : "settings", place->unit,
		    WRITTEN_USEC / 1000000);
}

/*
 * With FEATURE_SAFE_LIMIT the kernel reclaims, and refuses a limit below usage: the limit is
 * written to the kernel first, and systemd then writes the same value. Other kernels set any limit
 * at once, so the caller has reclaimed before.
 */
static int write_unit(const struct place *place, struct group *group, uint64_t limit,
		      struct worker *worker, struct failure *failure)
{
	bool first = controller_can(group->controller, FEATURE_SAFE_LIMIT);
	struct settings before = { .limit = LIMIT_INFINITY }, to = { .limit = limit };
	int r = group_read_limit(group, &before.limit);

	first = first && r == 0;
	r = first ? group_write_limit(group, limit) : 0;
	if (r < 0 && !cgroup_is_gone(r))
		return r;
	r = set_and_await(place, group, SETTING_LIMIT, &before, &to, worker, failure);
	if (r < 0 && first)
		(void)group_write_limit(group, before.limit);
	return r;
}

int place_write_limit(const struct place *place, struct group *group, uint64_t limit,
		      struct worker *worker, struct failure *failure)
{
	int r;

	if (place->kind == PLACE_UNIT)
		return write_unit(place, group, limit, worker, failure);
	if (!group_is_bound(group))
		return 0;
	r = group_write_limit(group, limit);
	return cgroup_is_gone(r) ? 0 : r;
}

int place_write_settings(const struct place *place, struct group *group, unsigned int which,
			 const struct settings *from, const struct settings *to,
			 struct worker *worker, struct failure *failure)
{
	int r;

	which &= ~(unsigned int)(SETTING_LIMIT | SETTINGS_OF_EVENTS);
	if (which && place->kind == PLACE_UNIT)
		return set_and_await(place, group, which, from, to, worker, failure);
	if (!which || !group_is_bound(group))
		return 0;
	r = group_write_settings(group, which, to);
	return cgroup_is_gone(r) ? 0 : r;
}

int place_restore(const struct place *place, struct group *group, struct worker *worker,
		  struct failure *failure)
{
	int r = 0;

	if (place->kind == PLACE_UNIT) {
		r = systemd_restore_properties(place->unit, place->managed, &place->found,
					       place->found_dropins, failure);
		if (r < 0 || await_written(group, place->managed, &place->found, worker) == 0)
			return r;
	}
	if (!group_is_bound(group))
		return 0;
	r = group_write_settings(group, place->managed, &place->found);
	if (r >= 0)
		r = group_write_limit(group, place->found.limit);
	return r < 0 && !cgroup_is_gone(r) ? fail(failure, RSS_ERROR_CONTROLLER_FAILED,
						  "Cannot restore the settings of \"%.200s\": %s",
						  place->cgroup, strerror(-r))
					   : 0;
}
