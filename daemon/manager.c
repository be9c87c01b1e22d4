/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The containers, and the way from start to stop: see manager.h. */
#include "manager.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "change.h"
#include "config.h"
#include "join.h"
#include "event-history.h"
#include "hook.h"
#include "kmsg.h"
#include "log.h"
#include "name.h"
#include "notice.h"
#include "oom-history.h"
#include "oom-record.h"
#include "origins.h"
#include "process-events.h"
#include "restore.h"
#include "sampler.h"
#include "state.h"
#include "survey.h"
#include "transient.h"
#include "worker.h"

/* Event numbers that are set aside at a time, so that a crash never gives one twice. */
#define SEQUENCE_BLOCK 4096

/* --- from start to stop --------------------------------------------------- */

static int open_sequence(struct manager *m, struct failure *failure)
{
	int r = state_read_sequence(m->state, &m->sequence);

	if (r < 0)
		return fail(failure, RSS_ERROR_CONFIG,
			    "The file \"sequence\" in %s cannot be read: %s; remove it to start "
			    "counting events from 1 again",
			    m->config->state_directory, strerror(-r));
	m->sequence_reserved = m->sequence + SEQUENCE_BLOCK;
	r = state_write_sequence(m->state, m->sequence_reserved);
	if (r < 0)
		return fail(failure, RSS_ERROR_STATE_NOT_SAVED, "%s cannot be written: %s",
			    m->config->state_directory, strerror(-r));
	return 0;
}

int manager_open_controller(const struct config *config, struct controller **ret,
			    struct failure *failure)
{
	struct controller_choice choice = {
		.name = config->controller,
		.hierarchy = config->hierarchy,
		.favor_dynmods = config->favor_dynmods,
		.root = config->root,
	};
	cleanup_free char *mount_point = NULL;

	if (asprintf(&mount_point, "%s/rss", config->runtime_directory) < 0) {
		mount_point = NULL;
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	}
	choice.mount_point = mount_point;
	return controller_open(&choice, ret, failure);
}

static void process_event(enum process_event what, pid_t pid, pid_t parent, void *userdata)
{
	transient_process_event(what, pid, parent, userdata);
	join_process_event(what, pid, parent, userdata);
}

int manager_listen_to_processes(struct manager *m)
{
	return m->process_events ? process_events_listen(m->process_events,
							 m->transient_check || join_wants_events(m))
				 : 0;
}

/* Sources that rssd can do without: why one is missing is kept for the doctor. */
static int open_sources(struct manager *m)
{
	int r = 0;

	/*
	 * The kernel's log is read for the victims of OOMs. It names the memory
	 * controller's cgroups, so it says nothing about containers of another.
	 */
	if (strcmp(m->controller->kernel_name, "memory") == 0)
		r = kmsg_new(m->event, notice_kmsg_oom, m, &m->kmsg);
	if (r < 0 && !(m->kmsg_problem = strdup(strerror(-r))))
		return -ENOMEM;
	r = process_events_new(m->event, process_event, m, &m->process_events);
	if (r < 0 && !(m->process_events_problem = strdup(strerror(-r))))
		return -ENOMEM;
	return 0;
}

int manager_new(sd_event *event, const struct config *config, struct manager **ret,
		struct failure *failure)
{
	cleanup_(manager_free_ptr) struct manager *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	m->event = sd_event_ref(event);
	m->config = config;

	r = workers_new(event, &m->workers);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "%s", strerror(-r));
	r = manager_open_controller(config, &m->controller, failure);
	if (r < 0)
		return r;
	r = state_open(config->state_directory, config->runtime_directory, &m->state, failure);
	if (r < 0)
		return r;
	r = open_sequence(m, failure);
	if (r < 0)
		return r;
	r = origins_open(config->runtime_directory, &m->origins);
	if (!m->origins)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	if (r < 0)
		log_warning("%s cannot be used: %s; where processes came from will be forgotten "
			    "when rssd restarts, and detach then moves them to the root",
			    config->runtime_directory, strerror(-r));
	r = event_history_open(config->runtime_directory, m->sequence, &m->events);
	if (!m->events)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	if (r < 0)
		log_warning(
			"The history of events in %s cannot be used: %s; what is told now is lost "
			"for those who ask after a restart of rssd",
			config->runtime_directory, strerror(-r));
	r = hooks_new(m, &m->hooks);
	if (r == 0)
		r = oom_history_open(m, &m->ooms);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = open_sources(m);
	if (r == 0)
		r = notice_open(m);
	if (r == 0)
		r = join_open(m);
	if (r == 0)
		r = sampler_apply(m);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "%s", strerror(-r));

	*ret = take_ptr(m);
	return 0;
}

int manager_start(struct manager *m, struct failure *failure)
{
	return restore_all(m, failure);
}

struct manager *manager_free(struct manager *m)
{
	if (!m)
		return NULL;
	transient_close(m);
	join_close(m);
	notice_close(m);
	survey_close(m);
	sampler_close(m);
	for (size_t i = 0; i < m->count; i++)
		container_free(m->containers[i]);
	free(m->containers);
	kmsg_free(m->kmsg);
	process_events_free(m->process_events);
	free(m->kmsg_problem);
	free(m->process_events_problem);
	if (m->state && m->sequence)
		(void)state_write_sequence(m->state, m->sequence);
	state_free(m->state);
	origins_free(m->origins);
	event_history_free(m->events);
	hooks_free(m->hooks);
	oom_history_free(m->ooms);
	controller_free(m->controller);
	workers_free(m->workers);
	sd_event_unref(m->event);
	free(m);
	return NULL;
}

bool manager_is_busy(const struct manager *m)
{
	return m->jobs > 0;
}

void manager_cancel_all(struct manager *m)
{
	m->stopping = true;
	join_stop(m);
	for (size_t i = 0; i < m->count; i++) {
		if (m->containers[i]->change)
			change_cancel(m->containers[i]->change, CHANGE_SHUTDOWN);
		container_cancel_jobs(m->containers[i]);
	}
}

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

int manager_get(const struct manager *m, const char *name, struct container **ret,
		struct failure *failure)
{
	struct container *c = manager_find(m, name);

	if (!c)
		return fail(
			failure, RSS_ERROR_NO_SUCH_CONTAINER,
			"There is no container named \"%.*s\"; rssctl list shows those that there "
			"are",
			NAME_LENGTH_MAX, name);
	*ret = c;
	return 0;
}

int manager_get_by_pid(const struct manager *m, pid_t pid, struct container **ret,
		       struct failure *failure)
{
	cleanup_free char *path = NULL;
	struct container *c;
	int r = controller_path_of_process(m->controller, pid, &path);

	if (r == -ESRCH)
		return fail(failure, RSS_ERROR_NO_SUCH_PROCESS, "There is no process %d", (int)pid);
	if (r < 0 && r != -ENOENT)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Where process %d is cannot be read: %s", (int)pid, strerror(-r));
	c = r == 0 ? manager_find(m, path) : NULL;
	if (!c)
		return fail(failure, RSS_ERROR_NO_SUCH_CONTAINER, "Process %d is in no container",
			    (int)pid);
	*ret = c;
	return 0;
}

int manager_insert(struct manager *m, struct container *c)
{
	size_t at = manager_index(m, c->name);

	if (m->count == m->room) {
		size_t room = m->room ? m->room * 2 : 64;
		struct container **more = realloc(m->containers, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		m->containers = more;
		m->room = room;
	}
	memmove(&m->containers[at + 1], &m->containers[at],
		(m->count - at) * sizeof(*m->containers));
	m->containers[at] = c;
	m->count++;
	if (c->transient) {
		m->transients++;
		transient_changed(m);
	}
	return 0;
}

void manager_take_out(struct manager *m, struct container *c)
{
	size_t at = manager_index(m, c->name);

	if (at >= m->count || m->containers[at] != c)
		return;
	m->count--;
	memmove(&m->containers[at], &m->containers[at + 1],
		(m->count - at) * sizeof(*m->containers));
	if (c->transient) {
		m->transients--;
		transient_changed(m);
	}
}

int manager_fail_gone(struct manager *m, struct failure *failure)
{
	const struct controller *c = m->controller;
	bool ours = c->ops == &rss_ops && *c->hierarchy;
	struct failure gone;
	int r;

	/* Only that hierarchy is ours to mount. */
	r = fail(&gone, RSS_ERROR_HIERARCHY_GONE,
		 "The cgroup hierarchy of the %s controller is not mounted at %s any more, or the "
		 "folder %s in it is gone; %ssystemctl restart rssd brings it back",
		 c->kernel_name, c->mount, c->root, ours ? "" : "once it is mounted there, ");
	if (!m->gone_logged)
		log_error("%s", gone.text);
	m->gone_logged = true;
	if (failure)
		*failure = gone;
	return r;
}

/* --- create --------------------------------------------------------------- */

struct creation {
	manager_done_fn done;
	void *userdata;
};

static void creation_done(struct container *c, const struct change_result *result, void *userdata)
{
	cleanup_free struct creation *creation = userdata;
	struct manager *m = c->manager;
	struct failure failure = result->failure;
	int r = result->error;

	m->creating--;
	if (r == 0 && manager_insert(m, c) < 0) {
		(void)state_forget(m->state, c->name);
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	}
	if (r < 0) {
		(void)group_remove(c->group);
		creation->done(r, &failure, NULL, creation->userdata);
		container_free(c);
		return;
	}
	if (m->observer)
		m->observer->added(c, m->observer_data);
	if (c->save_again)
		manager_save(c);
	creation->done(0, NULL, c, creation->userdata);
}

static int check_new_name(const struct manager *m, const char *name, struct failure *failure)
{
	cleanup_free char *parent = NULL;
	const char *problem = name_problem(name);
	struct container *c;

	if (problem)
		return fail(failure, RSS_ERROR_INVALID_NAME, "The name of a container %s", problem);
	if (manager_find(m, name))
		return fail(failure, RSS_ERROR_CONTAINER_EXISTS, "The container %s exists already",
			    name);
	if (m->count + m->creating >= m->config->containers_max)
		return fail(
			failure, RSS_ERROR_TOO_MANY,
			"There are %zu containers, as many as ContainersMax= in rssd.conf allows",
			m->count);
	parent = name_parent(name);
	if (!parent)
		return 0;
	c = manager_find(m, parent);
	if (!c)
		return fail(failure, RSS_ERROR_NO_SUCH_CONTAINER,
			    "%s cannot be made: its parent %s does not exist; create that first",
			    name, parent);
	if (c->removing)
		return fail(failure, RSS_ERROR_IN_PROGRESS, "%s is being removed", parent);
	return 0;
}

static int open_new(struct manager *m, const char *name, struct container **ret,
		    struct failure *failure)
{
	cleanup_(container_free_ptr) struct container *c = container_new(m, name);
	int r;

	if (!c)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = group_create(m->controller, name, &c->group);
	if (r == -ESTALE)
		return manager_fail_gone(m, failure);
	if (r == -EEXIST)
		return fail(failure, RSS_ERROR_CONTAINER_EXISTS,
			    "%s exists already, or is being made just now; a cgroup that somebody "
			    "else made is taken over when rssd restarts",
			    name);
	if (r == -EROFS)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The cgroup of %s cannot be made: the cgroup tree is mounted read-only",
			    name);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The cgroup of %s cannot be made: %s", name, strerror(-r));
	m->gone_logged = false;
	r = notice_watch(c);
	if (r < 0) {
		(void)group_remove(c->group);
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The events of %s cannot be watched: %s", name, strerror(-r));
	}
	*ret = take_ptr(c);
	return 0;
}

int manager_create(struct manager *m, const char *name, const struct settings_change *settings,
		   bool transient, manager_done_fn done, void *userdata, struct failure *failure)
{
	cleanup_(container_free_ptr) struct container *c = NULL;
	cleanup_free struct creation *creation = calloc(1, sizeof(*creation));
	struct change_listener listener = { .done = creation_done, .userdata = creation };
	struct settings initial = settings_default();
	int r;

	if (!creation)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*creation = (struct creation){ .done = done, .userdata = userdata };
	r = check_new_name(m, name, failure);
	if (r < 0)
		return r;
	/* Before the cgroup is made, so that a wrong size leaves nothing behind. */
	r = settings_check(&initial, settings, m->controller->features, m->controller->ops->name,
			   controller_limit_min(m->controller), failure);
	if (r < 0)
		return r;
	r = open_new(m, name, &c, failure);
	if (r < 0)
		return r;
	c->transient = transient;
	c->owned = transient;
	r = change_start(c, settings, LIMIT_MODE_REFUSE, 0, &listener, failure);
	if (r < 0) {
		(void)group_remove(c->group);
		return r;
	}
	m->creating++;
	(void)take_ptr(c);
	(void)take_ptr(creation);
	return 0;
}

/* --- written down again ---------------------------------------------------- */

struct save {
	struct container *container;
	struct record *record;
	int error;
};

static void save_run(struct worker *worker, void *data)
{
	struct save *save = data;
	struct state_write *write;

	save->error = state_prepare(save->container->manager->state, save->record, &write);
	if (save->error == 0)
		save->error = state_commit(write);
}

static void save_done(void *data)
{
	cleanup_free struct save *save = data;
	struct container *c = save->container;

	c->saving = false;
	c->manager->jobs--;
	if (save->error < 0)
		log_message(LOG_WARNING, c->name,
			    "could not be written down: %s; its last OOM may be forgotten on a "
			    "restart",
			    strerror(-save->error));
	record_free(save->record);
	if (c->change)
		change_resume(c->change);
	else if (c->save_again)
		manager_save(c);
}

void manager_save(struct container *c)
{
	cleanup_free struct save *save = NULL;
	struct worker *worker;

	/* Two writers of one file would race: the one on its way saves again when done. A change
	   that begins during a save waits for it. */
	if (c->saving || c->change) {
		c->save_again = true;
		return;
	}
	c->save_again = false;
	save = calloc(1, sizeof(*save));
	if (!save)
		return;
	save->container = c;
	save->record = container_to_record(c, container_set_last(c));
	if (!save->record ||
	    worker_start(c->manager->workers, save_run, save_done, save, &worker) < 0) {
		record_free(save->record);
		return;
	}
	c->saving = true;
	c->manager->jobs++;
	(void)take_ptr(save);
}

/* --- events ---------------------------------------------------------------- */

struct reserve {
	struct manager *manager;
	uint64_t upto;
	int error;
};

static void reserve_run(struct worker *worker, void *data)
{
	struct reserve *reserve = data;

	reserve->error = state_write_sequence(reserve->manager->state, reserve->upto);
}

static void reserve_done(void *data)
{
	cleanup_free struct reserve *reserve = data;
	struct manager *m = reserve->manager;

	m->sequence_saving = false;
	m->jobs--;
	if (reserve->error == 0)
		m->sequence_reserved = reserve->upto;
	else
		log_warning("The number of the next event could not be written down: %s",
			    strerror(-reserve->error));
}

/* Sets the next block of numbers aside well before this one is used up. */
static void reserve_sequence(struct manager *m)
{
	cleanup_free struct reserve *reserve = NULL;
	struct worker *worker;

	if (m->sequence_saving || m->sequence + SEQUENCE_BLOCK / 2 < m->sequence_reserved)
		return;
	reserve = calloc(1, sizeof(*reserve));
	if (!reserve)
		return;
	*reserve = (struct reserve){ .manager = m, .upto = m->sequence + 2 * SEQUENCE_BLOCK };
	if (worker_start(m->workers, reserve_run, reserve_done, reserve, &worker) < 0)
		return;
	m->sequence_saving = true;
	m->jobs++;
	(void)take_ptr(reserve);
}

uint64_t manager_next_sequence(struct manager *m)
{
	reserve_sequence(m);
	return m->sequence++;
}

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void manager_tell(struct manager *m, const struct event *event)
{
	/* First, so that who hears of it and asks finds it, also after a crash. */
	event_history_add(m->events, event, event->oom ? event->oom->time : now_usec());
	if (m->observer)
		m->observer->event(event, m->observer_data);
}
