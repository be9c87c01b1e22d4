/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking up a unit whose processes are attached: see look-up-unit.h. */
#include "operation/look-up-unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/job.h"
#include "container/manager.h"
#include "host/process.h"
#include "host/systemd.h"
#include "policy/place.h"
#include "policy/rule-match.h"

struct look_up {
	struct job job;
	struct manager *manager;
	char *name, *wanted;
	struct settings_change settings;
	look_up_unit_next_fn next;
	look_up_unit_done_fn done;
	void *userdata;

	/* Of the worker. */
	struct systemd_unit unit;
	int error;
	struct failure failure;
};

static struct look_up *look_up_free(struct look_up *look_up)
{
	job_end(&look_up->job);
	systemd_unit_done(&look_up->unit);
	free(look_up->name);
	free(look_up->wanted);
	free(look_up);
	return NULL;
}
DEFINE_CLEANUP(struct look_up *, look_up_free);

/* The rule would attach what starts rssd, and what rssd starts. */
static int check_not_own(char *unit, struct failure *failure)
{
	const struct rule rule = { .values = { [RULE_UNIT] = unit } };
	cleanup_free char *cgroups = NULL;

	if (process_read_cgroups(getpid(), &cgroups) < 0 ||
	    !rule_matches(&rule, &(struct rule_subject){ .cgroups = cgroups }))
		return 0;
	return fail(failure, RSS_ERROR_NOT_SUPPORTED,
		    "%.255s cannot be a container: rssd itself runs in it", unit);
}

static void look_up_run(struct worker *worker, void *data)
{
	struct look_up *look_up = data;

	look_up->error = systemd_read_unit(look_up->wanted, &look_up->unit, &look_up->failure);
	if (look_up->error == 0)
		look_up->error = check_not_own(look_up->unit.id, &look_up->failure);
}

static void looked_up(void *data)
{
	cleanup_(look_up_free_ptr) struct look_up *look_up = data;
	struct manager *m = look_up->manager;
	int r = look_up->error;

	m->creating--;
	job_end(&look_up->job);
	if (r == 0)
		r = look_up->next(m, look_up->name, look_up->unit.id, &look_up->settings,
				  look_up->done, look_up->userdata, &look_up->failure);
	if (r < 0)
		look_up->done(r, &look_up->failure, NULL, look_up->userdata);
}

int look_up_unit_start(struct manager *m, const char *name, const struct place *place,
		       const struct settings_change *settings, look_up_unit_next_fn next,
		       look_up_unit_done_fn done, void *userdata, struct failure *failure)
{
	cleanup_(look_up_free_ptr) struct look_up *look_up = calloc(1, sizeof(*look_up));
	int r = place_check(place, m->controller->root, failure);

	if (r < 0)
		return r;
	if (controller_leaves_units(m->controller))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "%s cannot be a container: in the unified cgroup tree systemd sets no "
			    "limits of the rss controller, and an attach would take its processes "
			    "out of it; mount the controller in a hierarchy of its own "
			    "(Hierarchy=v1 in rssd.conf)",
			    place->unit);
	if (look_up) {
		look_up->name = strdup(name);
		look_up->wanted = strdup(place->unit);
	}
	if (!look_up || !look_up->name || !look_up->wanted)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	look_up->manager = m;
	look_up->settings = *settings;
	look_up->next = next;
	look_up->done = done;
	look_up->userdata = userdata;
	r = job_start(&look_up->job, m->jobs, look_up_run, looked_up, look_up);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "%s cannot be created: %s", name,
			    strerror(-r));
	m->creating++;
	(void)take_ptr(look_up);
	return 0;
}
