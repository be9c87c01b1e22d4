/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transient containers: see transient.h. */
#include "operation/transient.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/log.h"
#include "base/message-ids.h"
#include "cgroup/subtree.h"
#include "container/manager.h"
#include "operation/remove.h"
#include "policy/requester.h"

/* A process that has just ended takes a moment to leave its cgroup. */
#define SOON_USEC   (20 * 1000)
#define RESCAN_USEC (5 * 1000 * 1000)

struct transient_watch {
	sd_event_source *timer; /* of the next check; NULL: no check is needed */
};

static bool is_removable(struct container *c)
{
	uint32_t processes = 0, inner = 0;

	if (!c->transient || c->removing || container_is_busy(c) || (c->owned && !c->populated))
		return false;
	/* A service that is empty for a moment keeps its cgroup. */
	if (c->place)
		return !group_is_bound(c->group);
	return group_count_processes(c->group, &processes) == 0 && processes == 0 &&
	       subtree_count_inner(&(struct subtree){ .group = c->group }, 0, &inner) == 0 &&
	       inner == 0;
}

static void update_subscription(struct manager *m)
{
	int r = manager_want_process_events(m, WANTED_BY_TRANSIENT, m->transient_watch->timer);

	if (r < 0)
		log_warning("Cannot receive process events: %s; transient containers are removed "
			    "a few seconds late",
			    strerror(-r));
}

static void stop_watch(struct manager *m)
{
	m->transient_watch->timer = sd_event_source_disable_unref(m->transient_watch->timer);
	update_subscription(m);
}

static void removed(int error, const struct failure *failure, void *userdata)
{
	cleanup_free char *name = userdata;

	if (error == 0)
		log_fields(LOG_INFO, MESSAGE_REMOVED, name, NULL,
			   "removed: it is transient and nothing is left in it");
}

/* Without force: a container with nested ones is kept. Its name is only for the log. */
static void remove_empty(struct container *c)
{
	char *name = strdup(c->name);

	if (removal_start(c, false, &(struct requester){ 0 }, name ? removed : NULL, name, NULL) <
	    0)
		free(name);
}

static int check(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;

	if (m->transients == 0) {
		stop_watch(m);
		return 0;
	}
	for (size_t i = 0; i < m->count; i++) {
		if (is_removable(m->containers[i]))
			remove_empty(m->containers[i]);
	}
	(void)sd_event_source_set_time_relative(source, RESCAN_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void schedule_check(struct manager *m)
{
	sd_event_source *timer = m->transient_watch->timer;
	uint64_t at, now;

	/* One check serves all events until it is due. */
	if (!timer || m->transients == 0 || sd_event_source_get_time(timer, &at) < 0 ||
	    sd_event_now(m->event, CLOCK_MONOTONIC, &now) < 0 || at <= now + SOON_USEC)
		return;
	(void)sd_event_source_set_time(timer, now + SOON_USEC);
}

void transient_process_event(enum process_event what, pid_t pid, pid_t parent, void *userdata)
{
	if (what == PROCESS_EXITED || what == PROCESS_EVENTS_LOST)
		schedule_check(userdata);
}

void transient_disown(struct container *c)
{
	c->owned = false;
	schedule_check(c->manager);
}

void transient_place_changed(struct container *c)
{
	c->populated |= group_is_bound(c->group);
	schedule_check(c->manager);
}

static void on_transients_changed(struct manager *m)
{
	sd_event_source **timer = &m->transient_watch->timer;

	/* Keep the subscription for a while after the last one: another one often follows. */
	if (m->transients == 0) {
		if (*timer)
			(void)sd_event_source_set_time_relative(*timer, RESCAN_USEC);
		return;
	}
	if (*timer)
		return;
	if (sd_event_add_time_relative(m->event, timer, CLOCK_MONOTONIC, RESCAN_USEC, 1000, check,
				       m) < 0)
		return;
	update_subscription(m);
}

int transient_open(struct manager *m)
{
	m->transient_watch = calloc(1, sizeof(*m->transient_watch));
	if (!m->transient_watch)
		return -ENOMEM;
	m->transients_changed = on_transients_changed;
	return 0;
}

void transient_close(struct manager *m)
{
	if (!m->transient_watch)
		return;
	stop_watch(m);
	m->transients_changed = NULL;
	free(m->transient_watch);
	m->transient_watch = NULL;
}
