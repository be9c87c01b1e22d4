/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Detects changes by other programs: see drift.h. */
#include "monitor/drift.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/log.h"
#include "base/message-ids.h"
#include "container/manager.h"
#include "policy/drift.h"
#include "shared/array.h"

/* Events are read this long after the first, because rssd itself writes several files at a time. */
#define READ_USEC (20 * 1000)
/* A suspected drift is checked again after this time. */
#define CHECK_USEC (100 * 1000)

#define WATCHED	    (IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR)
#define BUFFER_SIZE (64 * 1024)

struct watched {
	int watch;
	struct container *container; /* NULL: the root */
};

struct drift_watch {
	struct manager *manager;
	int fd;
	sd_event_source *io, *timer, *checks;
	struct watched *watched; /* sorted by watch: later ones have higher numbers */
	size_t count, allocated;
	struct container **queue; /* to be checked; holds references */
	size_t queued, queue_allocated;
	bool failure_logged;
};

/* --- watches ----------------------------------------------------------------- */

static size_t find_index(const struct drift_watch *d, int watch)
{
	size_t low = 0, high = d->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (d->watched[middle].watch < watch)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int add_watch(struct drift_watch *d, int directory, struct container *c, int *ret)
{
	char path[40];
	int watch;
	size_t at;

	if (array_reserve(&d->watched, d->count, &d->allocated, sizeof(*d->watched)) < 0)
		return -ENOMEM;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", directory);
	watch = inotify_add_watch(d->fd, path, WATCHED);
	if (watch < 0)
		return -errno;
	at = find_index(d, watch);
	memmove(&d->watched[at + 1], &d->watched[at], (d->count - at) * sizeof(*d->watched));
	d->watched[at] = (struct watched){ watch, c };
	d->count++;
	*ret = watch;
	return 0;
}

static void watch_container(struct container *c)
{
	struct drift_watch *d = c->manager->drift_watch;
	int r = 0;

	if (group_is_bound(c->group))
		r = add_watch(d, c->group->fd, c, &c->drift.watch);
	if (r >= 0 || d->failure_logged)
		return;
	d->failure_logged = true;
	log_message(LOG_WARNING, c->name,
		    "changes of its cgroup by other programs cannot be detected: %s%s",
		    strerror(-r), r == -ENOSPC ? "; raise fs.inotify.max_user_watches" : "");
}

static bool is_watched(const struct drift_watch *d, size_t at, int watch)
{
	return at < d->count && d->watched[at].watch == watch;
}

/*
 * After a rename, two places can have the same cgroup for a moment: the other one keeps the watch.
 */
static void unwatch_container(struct container *c)
{
	struct drift_watch *d = c->manager->drift_watch;
	size_t first = find_index(d, c->drift.watch), at = first;

	if (!c->drift.watch)
		return;
	while (is_watched(d, at, c->drift.watch) && d->watched[at].container != c)
		at++;
	assert(is_watched(d, at, c->drift.watch));
	d->count--;
	memmove(&d->watched[at], &d->watched[at + 1], (d->count - at) * sizeof(*d->watched));
	if (!is_watched(d, first, c->drift.watch))
		(void)inotify_rm_watch(d->fd, c->drift.watch);
	c->drift.watch = 0;
}

/* --- checks ------------------------------------------------------------------- */

static void report(struct container *c, unsigned int bit)
{
	struct event event = {
		.kind = EVENT_DRIFT,
		.container = c,
		.usage = COUNTER_ABSENT,
		.limit = COUNTER_ABSENT,
		.amount = bit,
	};
	struct log_field_list fields = { 0 };

	log_field_add(&fields, "RSSD_DRIFT=%s", drift_name(bit));
	if (bit == DRIFT_CGROUP)
		log_fields(LOG_WARNING, MESSAGE_DRIFT, c->name, fields.list,
			   "another program removed its cgroup; rssctl repair creates it again");
	else
		log_fields(
			LOG_WARNING, MESSAGE_DRIFT, c->name, fields.list,
			"another program changed its %s in the kernel; rssctl repair restores it",
			drift_name(bit));
	log_field_list_done(&fields);
	manager_emit(c->manager, &event);
}

/* An operation on a container can change nested containers as well, so its parents are checked. */
static bool is_busy(const struct container *c)
{
	const struct manager *m = c->manager;
	cleanup_free char *name = strdup(c->name);

	while (c && name) {
		char *slash = strrchr(name, '/');

		if (container_is_busy(c) || c->removing)
			return true;
		if (!slash)
			return false;
		*slash = '\0';
		c = manager_find(m, name);
	}
	return false;
}

/* Returns true if it has to be checked again. */
static bool check(struct container *c)
{
	unsigned int drift, found;

	if (c->removed)
		return false;
	if (is_busy(c)) {
		c->drift.suspected = 0;
		return true;
	}
	drift = container_drift(c);
	c->drift.reported &= drift;
	drift &= ~c->drift.reported;
	found = drift & c->drift.suspected;
	c->drift.suspected = drift & ~found;
	c->drift.reported |= found;
	for (; found; found &= found - 1)
		report(c, found & -found);
	return c->drift.suspected != 0;
}

static int set_timer(sd_event_source *timer, uint64_t usec)
{
	int r = sd_event_source_set_time_relative(timer, usec);

	return r < 0 ? r : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static int on_check(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct drift_watch *d = userdata;
	size_t kept = 0;

	for (size_t i = 0; i < d->queued; i++) {
		struct container *c = d->queue[i];

		c->drift.queued = check(c);
		if (c->drift.queued)
			d->queue[kept++] = c;
		else
			container_unref(c);
	}
	d->queued = kept;
	return kept ? set_timer(d->checks, CHECK_USEC) : 0;
}

static void queue_check(struct drift_watch *d, struct container *c)
{
	if (c->drift.queued || c->removing || c->removed ||
	    array_reserve(&d->queue, d->queued, &d->queue_allocated, sizeof(*d->queue)) < 0)
		return;
	d->queue[d->queued++] = container_ref(c);
	c->drift.queued = true;
}

/* --- events of inotify --------------------------------------------------------- */

/* @c: NULL for a directory in the root. */
static void on_removed(struct drift_watch *d, const struct container *c, const char *name)
{
	cleanup_free char *path = NULL;
	struct container *gone;

	if (asprintf(&path, "%s%s%s", c ? c->name : "", c ? "/" : "", name) < 0) {
		path = NULL;
		return;
	}
	gone = manager_find(d->manager, path);
	if (gone)
		queue_check(d, gone);
}

static void on_report(struct drift_watch *d, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW) {
		for (size_t i = 0; i < d->manager->count; i++)
			queue_check(d, d->manager->containers[i]);
		return;
	}
	for (size_t at = find_index(d, event->wd); is_watched(d, at, event->wd); at++) {
		struct container *c = d->watched[at].container;

		if (event->len == 0)
			continue;
		if (event->mask & (IN_DELETE | IN_MOVED_FROM))
			on_removed(d, c, event->name);
		else if ((event->mask & IN_MODIFY) && c &&
			 group_has_setting_in(c->group, event->name))
			queue_check(d, c);
	}
}

static int on_read(sd_event_source *source, uint64_t usec, void *userdata)
{
	alignas(struct inotify_event) char buffer[BUFFER_SIZE];
	struct drift_watch *d = userdata;
	size_t queued = d->queued;
	ssize_t n;

	while ((n = read(d->fd, buffer, sizeof(buffer))) > 0) {
		for (const char *at = buffer; at < buffer + n;) {
			const struct inotify_event *event = (const struct inotify_event *)at;

			on_report(d, event);
			at += sizeof(*event) + event->len;
		}
	}
	(void)sd_event_source_set_enabled(d->io, SD_EVENT_ON);
	return d->queued > queued ? set_timer(d->checks, 0) : 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct drift_watch *d = userdata;

	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return set_timer(d->timer, READ_USEC);
}

/* --- open and close ------------------------------------------------------------- */

static void on_added(struct container *c, void *userdata)
{
	watch_container(c);
}

static void on_taken_out(struct container *c, void *userdata)
{
	unwatch_container(c);
}

static const struct manager_listener listener = {
	.added = on_added,
	.taken_out = on_taken_out,
};

void drift_watch_again(struct container *c)
{
	unwatch_container(c);
	watch_container(c);
	c->drift.suspected = c->drift.reported = 0;
}

int drift_open(struct manager *m)
{
	struct drift_watch *d = calloc(1, sizeof(*d));
	int root, r;

	if (!d)
		return -ENOMEM;
	m->drift_watch = d;
	d->manager = m;
	d->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (d->fd < 0)
		return -errno;
	r = sd_event_add_io(m->event, &d->io, d->fd, EPOLLIN, on_readable, d);
	if (r >= 0)
		r = sd_event_add_time_relative(m->event, &d->timer, CLOCK_MONOTONIC, 0, 1000,
					       on_read, d);
	if (r >= 0)
		r = sd_event_add_time_relative(m->event, &d->checks, CLOCK_MONOTONIC, 0, 1000,
					       on_check, d);
	if (r >= 0)
		r = add_watch(d, m->controller->fd, NULL, &root);
	return r < 0 ? r : manager_listen(m, &listener, m);
}

void drift_close(struct manager *m)
{
	struct drift_watch *d = m->drift_watch;

	if (!d)
		return;
	sd_event_source_disable_unref(d->io);
	sd_event_source_disable_unref(d->timer);
	sd_event_source_disable_unref(d->checks);
	manager_ignore(m, &listener, m);
	for (size_t i = 0; i < d->queued; i++)
		container_unref(d->queue[i]);
	free(d->queue);
	free(d->watched);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
	m->drift_watch = NULL;
}
