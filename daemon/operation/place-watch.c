/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creation and removal of the cgroups of places: see place-watch.h. */
#include "operation/place-watch.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <systemd/sd-event.h>

#include "base/failure.h"
#include "base/log.h"
#include "container/manager.h"
#include "container/save.h"
#include "monitor/detection.h"
#include "monitor/drift.h"
#include "operation/change.h"
#include "operation/transient.h"
#include "policy/place.h"

/*
 * The kernel sends no IN_DELETE_SELF for a cgroup, so the directory above each cgroup is watched.
 */
#define EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR)

static int on_event(sd_event_source *source, const struct inotify_event *event, void *userdata);

static void limit_set(struct container *c, const struct change_result *result, void *userdata)
{
	if (result->error < 0)
		log_message(LOG_ERR, c->name,
			    "its cgroup exists again, but its limit could not be set: %s",
			    result->failure.text);
}

/* Sets the limit of a cgroup again. systemd sets that of a unit before its first process runs. */
static void set_again(struct container *c)
{
	struct settings_change change = { .set = container_settings_drift(c),
					  .to = *container_set_last(c) };
	struct change_listener listener = { .done = limit_set };
	struct failure failure;

	if (c->place->kind != PLACE_CGROUP || !change.set || c->change || c->removing)
		return;
	if (change_start(c, &change, LIMIT_MODE_RECLAIM, 0, &listener, &failure) < 0)
		log_message(LOG_ERR, c->name,
			    "its cgroup exists again, but its limit could not be set: %s",
			    failure.text);
}

/* Settings that rssd has not set for a place are those of the kernel. */
static void read_foreign_settings(struct container *c)
{
	struct settings kernel = container_read_settings(c, &c->settings);

	for_each_setting(setting) {
		if (!(setting->bit & container_managed(c)))
			setting_put(setting, &c->settings, setting_get(setting, &kernel));
	}
}

/* Its group has another cgroup, or none, than before. */
static void binding_changed(struct container *c, bool was_bound)
{
	bool bound = group_is_bound(c->group);
	int r = detection_watch_again(c);

	if (r < 0)
		log_message(LOG_WARNING, c->name, "its events cannot be watched: %s", strerror(-r));
	if (bound)
		read_foreign_settings(c);
	log_message(LOG_INFO, c->name, "%s is %srunning%s", place_target(c->place),
		    bound ? "" : "not ", bound && was_bound ? " again" : "");
	/* A container under creation is not listed yet; it is announced when it is. */
	if (manager_find(c->manager, c->name) != c)
		return;
	drift_watch_again(c);
	transient_place_changed(c);
	manager_emit_changed(c->manager, c, 0);
	if (bound)
		set_again(c);
}

static void bind_again(struct container *c)
{
	bool was_bound = group_is_bound(c->group);
	int r = group_bind(c->group);

	if (r < 0)
		log_message(LOG_WARNING, c->name, "its cgroup cannot be opened: %s", strerror(-r));
	if (r <= 0)
		return;
	if (was_bound)
		container_end_incarnation(c, detection_kills_reported(c));
	binding_changed(c, was_bound);
	if (was_bound && manager_find(c->manager, c->name) == c)
		manager_save(c);
}

/* Watches the deepest existing directory above the cgroup. */
static int add_watch(struct container *c, sd_event_source **ret)
{
	cleanup_free char *path = NULL;
	const char *mount = c->group->controller->mount;
	size_t least = strlen(mount);

	if (asprintf(&path, "%s%s", mount, c->group->path) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	for (;;) {
		char *slash = strrchr(path, '/');
		int r;

		if (!slash || (size_t)(slash - path) < least)
			return -ENOENT;
		*slash = '\0';
		r = sd_event_add_inotify(c->manager->event, ret, path, EVENTS, on_event, c);
		if (r != -ENOENT && r != -ENOTDIR)
			return r;
	}
}

int place_watch(struct container *c)
{
	sd_event_source *source = NULL;
	int r = add_watch(c, &source);

	if (r < 0)
		return r;
	sd_event_source_disable_unref(c->place_watch);
	c->place_watch = source;
	/* The cgroup may have been created or removed before the watch was added. */
	bind_again(c);
	return 0;
}

/* A directory above may have been created or removed as well: an unbound group is watched again. */
static int on_event(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
	struct container *c = userdata;
	const char *name = strrchr(c->group->path, '/') + 1;
	int r;

	if (c->removed)
		return 0;
	if (event->len > 0 && strcmp(event->name, name) == 0)
		bind_again(c);
	if (group_is_bound(c->group) && !(event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_UNMOUNT)))
		return 0;
	r = place_watch(c);
	if (r < 0)
		log_message(LOG_WARNING, c->name,
			    "its cgroup cannot be watched: %s; restart rssd when it exists again",
			    strerror(-r));
	return 0;
}

int place_move(struct container *c, const char *cgroup)
{
	cleanup_free char *path = strdup(cgroup);
	bool was_bound = group_is_bound(c->group);
	struct group *group;
	int r = path ? group_open_foreign(c->manager->controller, cgroup, &group) : -ENOMEM;

	if (r < 0)
		return r;
	if (was_bound)
		container_end_incarnation(c, detection_kills_reported(c));
	container_replace_group(c, group);
	free(c->place->cgroup);
	c->place->cgroup = take_ptr(path);
	log_message(LOG_NOTICE, c->name, "the cgroup of %s is %s now", c->place->unit,
		    c->place->cgroup);
	binding_changed(c, was_bound);
	manager_save(c);
	return place_watch(c);
}
