/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threshold events: see threshold.h. */
#include "monitor/threshold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "container/manager.h"
#include "policy/threshold.h"
#include "shared/pressure-trigger.h"

#define CHECK_USEC (1000 * 1000)

struct threshold_watch {
	struct manager *manager;
	sd_event_source *timer; /* enabled while a container has a threshold */
};

static void emit(struct container *c, enum threshold what, uint64_t usage)
{
	struct event event = {
		.kind = EVENT_THRESHOLD,
		.container = c,
		.usage = usage,
		.limit = c->settings.limit,
		.amount = what,
	};

	manager_emit(c->manager, &event);
}

/* --- usage ---------------------------------------------------------------------- */

static bool read_usage(struct container *c, uint64_t *ret)
{
	*ret = 0;
	/* A unit that is not running uses nothing. */
	return !group_is_bound(c->group) || group_read_usage(c->group, ret) == 0;
}

static void check(struct container *c)
{
	uint64_t usage;
	bool above;

	if (!read_usage(c, &usage))
		return;
	above = threshold_is_above(usage, c->settings.threshold, c->threshold.above);
	if (above == c->threshold.above)
		return;
	c->threshold.above = above;
	emit(c, above ? THRESHOLD_ABOVE : THRESHOLD_BELOW, usage);
}

static int on_check(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct threshold_watch *watch = userdata;
	struct manager *m = watch->manager;
	bool any = false;

	for (size_t i = 0; i < m->count; i++) {
		if (m->containers[i]->settings.threshold == LIMIT_INFINITY)
			continue;
		any = true;
		check(m->containers[i]);
	}
	if (!any)
		return 0;
	(void)sd_event_source_set_time_relative(source, CHECK_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void schedule(struct threshold_watch *watch, uint64_t usec)
{
	(void)sd_event_source_set_time_relative(watch->timer, usec);
	(void)sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
}

/* --- pressure -------------------------------------------------------------------- */

static void disarm(struct container *c)
{
	sd_event_source_disable_unref(c->threshold.trigger);
	c->threshold.trigger = NULL;
	c->threshold.of = NULL;
}

static int on_pressure(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct container *c = userdata;
	uint64_t usage = COUNTER_ABSENT;

	/* The cgroup was removed. */
	if (revents & (EPOLLERR | EPOLLHUP)) {
		disarm(c);
		return 0;
	}
	(void)read_usage(c, &usage);
	emit(c,
	     pressure_trigger_is_full(c->settings.pressure) ? THRESHOLD_PRESSURE_FULL
							    : THRESHOLD_PRESSURE_SOME,
	     usage);
	return 0;
}

static int open_trigger(struct container *c)
{
	int fd = controller_open_trigger(c->group->fd, c->settings.pressure), r;

	if (fd < 0)
		return fd;
	r = sd_event_add_io(c->manager->event, &c->threshold.trigger, fd, EPOLLPRI, on_pressure, c);
	if (r < 0) {
		close(fd);
		return r;
	}
	c->threshold.of = c->group;
	c->threshold.value = c->settings.pressure;
	return sd_event_source_set_io_fd_own(c->threshold.trigger, true);
}

static void arm(struct container *c)
{
	/* The cgroup of a place may be another one at any change. */
	bool same = c->threshold.of == c->group && c->threshold.value == c->settings.pressure;
	int r;

	if (c->threshold.trigger && same && !c->place)
		return;
	disarm(c);
	if (!c->settings.pressure || !group_is_bound(c->group))
		return;
	r = open_trigger(c);
	if (r < 0)
		log_message(LOG_WARNING, c->name, "its memory pressure cannot be watched: %s%s",
			    strerror(-r),
			    r == -EINVAL ? "; without CAP_SYS_RESOURCE the window must be whole "
					   "multiples of 2s"
					 : "");
}

/* --- changes --------------------------------------------------------------------- */

static void on_added(struct container *c, void *userdata)
{
	uint64_t usage;

	arm(c);
	if (c->settings.threshold == LIMIT_INFINITY)
		return;
	/* After a restart of rssd, a crossing that was reported before is not reported again. */
	c->threshold.above = read_usage(c, &usage) && usage >= c->settings.threshold && !c->fresh;
	schedule(userdata, CHECK_USEC);
}

static void on_changed(struct container *c, unsigned int mask, void *userdata)
{
	arm(c);
	if (!(mask & SETTING_THRESHOLD))
		return;
	c->threshold.above = false;
	schedule(userdata, 1);
}

static void on_taken_out(struct container *c, void *userdata)
{
	disarm(c);
}

static const struct manager_listener listener = {
	.added = on_added,
	.taken_out = on_taken_out,
	.changed = on_changed,
};

int threshold_open(struct manager *m)
{
	struct threshold_watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	m->threshold_watch = watch;
	watch->manager = m;
	r = sd_event_add_time_relative(m->event, &watch->timer, CLOCK_MONOTONIC, 0, CHECK_USEC / 10,
				       on_check, watch);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->timer, SD_EVENT_OFF);
	return r < 0 ? r : manager_listen(m, &listener, watch);
}

void threshold_close(struct manager *m)
{
	struct threshold_watch *watch = m->threshold_watch;

	if (!watch)
		return;
	manager_ignore(m, &listener, watch);
	for (size_t i = 0; i < m->count; i++)
		disarm(m->containers[i]);
	sd_event_source_disable_unref(watch->timer);
	free(watch);
	m->threshold_watch = NULL;
}
