/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units that change their slice: see place-follow.h. */
#include "operation/place-follow.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/failure.h"
#include "base/job.h"
#include "base/log.h"
#include "container/manager.h"
#include "host/systemd.h"
#include "operation/place-watch.h"

/* The delay before a container that another call uses is checked again, and how often it is. */
#define RETRY_USEC  (20 * 1000)
#define RETRIES_MAX 500

struct place_follow {
	struct job job;
	struct container *container;
	bool again; /* the unit changed meanwhile */
	unsigned int retries;
	sd_event_source *next;

	/* For the worker. */
	char *name;
	struct systemd_unit unit;
	int error;
	struct failure failure;
};

static struct place_follow *follow_free(struct place_follow *follow)
{
	job_end(&follow->job);
	sd_event_source_disable_unref(follow->next);
	follow->container->place_follow = NULL;
	container_unref(follow->container);
	systemd_unit_done(&follow->unit);
	free(follow->name);
	free(follow);
	return NULL;
}
DEFINE_CLEANUP(struct place_follow *, follow_free);

static void ask_run(struct worker *worker, void *data)
{
	struct place_follow *follow = data;

	follow->error = systemd_read_unit(follow->name, &follow->unit, &follow->failure);
}

static bool can_follow(const struct container *c)
{
	uint32_t processes = 0;

	if (!container_is_unit(c) || c->removing || c->removed)
		return false;
	return !group_is_bound(c->group) || group_count_processes(c->group, &processes) < 0 ||
	       processes == 0;
}

static void end(struct place_follow *ended)
{
	cleanup_(follow_free_ptr) struct place_follow *follow = ended;
	cleanup_(container_unref_ptr) struct container *c = container_ref(follow->container);
	bool again = follow->again;

	follow = follow_free(follow);
	if (again)
		place_follow(c);
}

static void move(struct place_follow *follow)
{
	struct container *c = follow->container;
	int r;

	if (can_follow(c) && strcmp(follow->unit.cgroup, c->place->cgroup) != 0) {
		/* A worker may be using the place. */
		if (container_is_busy(c) && follow->retries++ < RETRIES_MAX) {
			(void)sd_event_source_set_time_relative(follow->next, RETRY_USEC);
			(void)sd_event_source_set_enabled(follow->next, SD_EVENT_ONESHOT);
			return;
		}
		r = container_is_busy(c) ? -EBUSY : place_move(c, follow->unit.cgroup);
		if (r < 0)
			log_message(LOG_WARNING, c->name,
				    "the new cgroup of %s, %s, cannot be watched: %s; restart rssd",
				    c->place->unit, follow->unit.cgroup, strerror(-r));
	}
	end(follow);
}

static int on_next(sd_event_source *source, uint64_t usec, void *userdata)
{
	move(userdata);
	return 0;
}

static void asked(void *data)
{
	struct place_follow *follow = data;

	job_end(&follow->job);
	if (follow->error == 0) {
		move(follow);
		return;
	}
	log_debug("%s", follow->failure.text);
	end(follow);
}

void place_follow(struct container *c)
{
	cleanup_(follow_free_ptr) struct place_follow *follow = NULL;
	int r = 0;

	if (c->place_follow) {
		c->place_follow->again = true;
		return;
	}
	if (c->manager->stopping || !can_follow(c))
		return;
	follow = calloc(1, sizeof(*follow));
	if (!follow)
		return;
	follow->container = container_ref(c);
	follow->name = strdup(c->place->unit);
	if (follow->name)
		r = sd_event_add_time_relative(c->manager->event, &follow->next, CLOCK_MONOTONIC, 0,
					       1, on_next, follow);
	if (follow->name && r >= 0)
		r = sd_event_source_set_enabled(follow->next, SD_EVENT_OFF);
	if (follow->name && r >= 0)
		r = job_start(&follow->job, c->manager->jobs, ask_run, asked, follow);
	if (!follow->name || r < 0) {
		log_message(LOG_WARNING, c->name,
			    "systemd cannot be asked about %s, which may have another cgroup",
			    c->place->unit);
		return;
	}
	c->place_follow = take_ptr(follow);
}
