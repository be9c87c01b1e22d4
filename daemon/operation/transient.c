/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transient containers: see transient.h. */
#include "operation/transient.h"

#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/log.h"
#include "cgroup/subtree.h"
#include "container/manager.h"
#include "operation/remove.h"
#include "policy/requester.h"

/* A process that has just ended takes a moment to leave its cgroup. */
#define SOON_USEC   (20 * 1000)
#define RESCAN_USEC (5 * 1000 * 1000)

static bool may_go(struct container *c)
{
	uint32_t processes = 0, inner = 0;

	if (!c->transient || c->removing || container_is_busy(c) || (c->owned && !c->populated))
		return false;
	return group_count_processes(c->group, &processes) == 0 && processes == 0 &&
	       subtree_count_inner(&(struct subtree){ .group = c->group }, 0, &inner) == 0 &&
	       inner == 0;
}

static int check(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;

	if (m->transients == 0) {
		transient_close(m);
		return 0;
	}
	for (size_t i = 0; i < m->count; i++) {
		/* Not forced: what is nested in it keeps it. */
		if (may_go(m->containers[i]))
			(void)removal_start(m->containers[i], false, &(struct requester){ 0 }, NULL,
					    NULL, NULL);
	}
	(void)sd_event_source_set_time_relative(source, RESCAN_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void check_soon(struct manager *m)
{
	uint64_t at, now;

	/* Nearer than that already: one look serves many events. */
	if (!m->transient_check || m->transients == 0 ||
	    sd_event_source_get_time(m->transient_check, &at) < 0 ||
	    sd_event_now(m->event, CLOCK_MONOTONIC, &now) < 0 || at <= now + SOON_USEC)
		return;
	(void)sd_event_source_set_time(m->transient_check, now + SOON_USEC);
}

void transient_process_event(enum process_event what, pid_t pid, pid_t parent, void *userdata)
{
	if (what == PROCESS_EXITED || what == PROCESS_EVENTS_LOST)
		check_soon(userdata);
}

void transient_disown(struct container *c)
{
	c->owned = false;
	check_soon(c->manager);
}

static void listen(struct manager *m)
{
	int r = manager_want_process_events(m, WANTED_BY_TRANSIENT, m->transient_check);

	if (r < 0)
		log_warning(
			"Process events cannot be heard: %s; transient containers go a few seconds "
			"late",
			strerror(-r));
}

void transient_changed(struct manager *m)
{
	/* After the last one we listen a while longer: another often follows soon. */
	if (m->transients == 0) {
		if (m->transient_check)
			(void)sd_event_source_set_time_relative(m->transient_check, RESCAN_USEC);
		return;
	}
	if (m->transient_check)
		return;
	if (sd_event_add_time_relative(m->event, &m->transient_check, CLOCK_MONOTONIC, RESCAN_USEC,
				       1000, check, m) < 0)
		return;
	listen(m);
}

void transient_close(struct manager *m)
{
	m->transient_check = sd_event_source_disable_unref(m->transient_check);
	listen(m);
}
