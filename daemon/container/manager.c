/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of containers and its events: see manager.h. */
#include "container/manager.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "cgroup/cgroup-path.h"
#include "base/log.h"
#include "host/process-events.h"
#include "policy/oom-record.h"
#include "policy/place.h"
#include "shared/array.h"
#include "shared/clock.h"
#include "shared/name.h"
#include "store/event-history.h"
#include "store/sequence.h"

/* --- the list ------------------------------------------------------------- */

size_t manager_index(const struct manager *m, const char *name)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(m->containers[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct container *manager_find(const struct manager *m, const char *name)
{
	size_t at = manager_index(m, name);

	if (at < m->count && strcmp(m->containers[at]->name, name) == 0)
		return m->containers[at];
	return NULL;
}

struct container *manager_find_enclosing(const struct manager *m, const char *path)
{
	cleanup_free char *at = strdup(path);

	while (at && *at) {
		struct container *c = manager_find(m, at);
		char *slash = strrchr(at, '/');

		/* The name of a place is not the path of its group. */
		if (c && !c->place)
			return c;
		if (!slash)
			return NULL;
		*slash = '\0';
	}
	return NULL;
}

/* The foreign group that is @cgroup or above it, and the longest. */
static struct container *find_foreign(const struct manager *m, const char *cgroup)
{
	struct container *found = NULL;

	for (size_t i = 0; m->places && i < m->count; i++) {
		struct container *c = m->containers[i];

		if (c->place && place_contains(c->group->path, cgroup) &&
		    (!found || strlen(c->group->path) > strlen(found->group->path)))
			found = c;
	}
	return found;
}

struct container *manager_find_by_cgroup(const struct manager *m, const char *cgroup,
					 bool *ret_inner)
{
	cleanup_free char *path = NULL;
	int r = controller_path_of_cgroup(m->controller, cgroup, &path);
	struct container *c = r == 0 ? manager_find_enclosing(m, path) : find_foreign(m, cgroup);

	if (ret_inner)
		*ret_inner = !c || strcmp(c->group->path, path ?: cgroup) != 0;
	return c;
}

struct container *manager_find_place(const struct manager *m, const char *cgroup)
{
	struct container *c = find_foreign(m, cgroup);

	return c && strcmp(c->group->path, cgroup) == 0 ? c : NULL;
}

int manager_get(const struct manager *m, const char *name, struct container **ret,
		struct failure *failure)
{
	struct container *c = manager_find(m, name);

	if (!c)
		return fail(failure, RSS_ERROR_NO_SUCH_CONTAINER,
			    "No such container: \"%.*s\"; rssctl list shows all", NAME_LENGTH_MAX,
			    name);
	*ret = c;
	return 0;
}

int manager_get_by_pid(const struct manager *m, pid_t pid, struct container **ret,
		       struct failure *failure)
{
	cleanup_free char *cgroup = NULL;
	struct container *c;
	int r = controller_cgroup_of_process(m->controller, pid, &cgroup);

	if (r == -ESRCH)
		return fail(failure, RSS_ERROR_NO_SUCH_PROCESS, "No such process: %d", (int)pid);
	if (r < 0 && r != -ENOENT)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot read the cgroup of process %d: %s", (int)pid, strerror(-r));
	c = r == 0 ? manager_find_by_cgroup(m, cgroup, NULL) : NULL;
	if (!c)
		return fail(failure, RSS_ERROR_NO_SUCH_CONTAINER, "Process %d is in no container",
			    (int)pid);
	*ret = c;
	return 0;
}

int manager_insert(struct manager *m, struct container *c)
{
	size_t at = manager_index(m, c->name);

	assert(!c->removed);
	assert(at == m->count || strcmp(m->containers[at]->name, c->name) != 0);
	if (array_reserve(&m->containers, m->count, &m->allocated, sizeof(*m->containers)) < 0)
		return -ENOMEM;
	memmove(&m->containers[at + 1], &m->containers[at],
		(m->count - at) * sizeof(*m->containers));
	m->containers[at] = container_ref(c);
	m->count++;
	m->places += c->place != NULL;
	m->joined += c->joined_unit != NULL;
	if (c->transient) {
		m->transients++;
		if (m->transients_changed)
			m->transients_changed(m);
	}
	return 0;
}

void manager_take_out(struct manager *m, struct container *c)
{
	size_t at = manager_index(m, c->name);

	assert(at < m->count && m->containers[at] == c);
	c->removed = true;
	group_unwatch(c->group);
	m->count--;
	m->places -= c->place != NULL;
	m->joined -= c->joined_unit != NULL;
	memmove(&m->containers[at], &m->containers[at + 1],
		(m->count - at) * sizeof(*m->containers));
	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].listener->taken_out)
			m->listeners[i].listener->taken_out(c, m->listeners[i].userdata);
	if (c->transient) {
		m->transients--;
		if (m->transients_changed)
			m->transients_changed(m);
	}
	container_unref(c);
}

int manager_fail_gone(struct manager *m, struct failure *failure)
{
	const struct controller *c = m->controller;
	bool ours = c->ops == &rss_ops && *c->hierarchy;
	struct failure gone;
	int r;

	/* rssd mounts only that hierarchy itself. */
	r = fail(&gone, RSS_ERROR_HIERARCHY_GONE,
		 "The cgroup hierarchy of the %s controller is no longer mounted at %s, or its "
		 "directory %s was removed; %ssystemctl restart rssd creates it again",
		 c->kernel_name, c->mount, c->root, ours ? "" : "once it is mounted there, ");
	if (!m->gone_logged)
		log_error("%s", gone.text);
	m->gone_logged = true;
	if (failure)
		*failure = gone;
	return r;
}

/* --- events ---------------------------------------------------------------- */

/* Each lost event uses up a number. */
static void number_event(struct manager *m, struct event *event)
{
	event->sequence = sequence_take(m->sequence);
	event->last = event->sequence;
	for (uint64_t n = 1; event->kind == EVENT_LOST && n < event->amount; n++)
		event->last = sequence_take(m->sequence);
	event->time = clock_usec(CLOCK_REALTIME);
	if (event->oom) {
		event->oom->id = event->sequence;
		event->oom->time = event->time;
	}
}

void manager_emit(struct manager *m, struct event *event)
{
	number_event(m, event);
	event_history_add(m->events, event, event->container ? event->container->name : "");
	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].listener->event)
			m->listeners[i].listener->event(event, m->listeners[i].userdata);
}

void manager_emit_added(struct manager *m, struct container *c)
{
	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].listener->added)
			m->listeners[i].listener->added(c, m->listeners[i].userdata);
}

void manager_emit_removed(struct manager *m, const char *name)
{
	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].listener->removed)
			m->listeners[i].listener->removed(name, m->listeners[i].userdata);
}

void manager_emit_changed(struct manager *m, struct container *c, unsigned int mask)
{
	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].listener->changed)
			m->listeners[i].listener->changed(c, mask, m->listeners[i].userdata);
}

int manager_listen(struct manager *m, const struct manager_listener *listener, void *userdata)
{
	if (array_reserve(&m->listeners, m->n_listeners, &m->listeners_room,
			  sizeof(*m->listeners)) < 0)
		return -ENOMEM;
	m->listeners[m->n_listeners++] = (struct manager_listening){ listener, userdata };
	return 0;
}

void manager_ignore(struct manager *m, const struct manager_listener *listener,
		    const void *userdata)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].listener != listener || m->listeners[i].userdata != userdata)
			m->listeners[kept++] = m->listeners[i];
	m->n_listeners = kept;
}

int manager_want_process_events(struct manager *m, unsigned int who, bool wants)
{
	if (wants)
		m->process_events_wanted |= who;
	else
		m->process_events_wanted &= ~who;
	return m->process_events
		       ? process_events_listen(m->process_events, m->process_events_wanted != 0)
		       : 0;
}
