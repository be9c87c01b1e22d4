/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start and stop of the manager: see service.h. */
#include "service.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "base/job.h"
#include "container/manager.h"
#include "container/root-protection.h"
#include "container/usage-save.h"
#include "host/kmsg.h"
#include "host/process-events.h"
#include "monitor/collect.h"
#include "monitor/detection.h"
#include "monitor/drift.h"
#include "monitor/oom-history.h"
#include "monitor/oom-hook.h"
#include "monitor/oom-last.h"
#include "monitor/oom-log.h"
#include "monitor/sampler.h"
#include "monitor/threshold.h"
#include "operation/change.h"
#include "operation/join.h"
#include "operation/oom-group.h"
#include "operation/restore.h"
#include "operation/transient.h"
#include "policy/oom-record.h"
#include "report/metrics-file.h"
#include "store/config.h"
#include "store/declarations.h"
#include "store/event-history.h"
#include "store/origins.h"
#include "store/sequence.h"
#include "store/state.h"

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

/* Optional sources: the reason why one is missing is kept for the doctor. */
static int open_sources(struct manager *m)
{
	int r = 0;

	/*
	 * The kernel's log is read for the victims of OOMs. It names the memory
	 * controller's cgroups, so it does not help with another one.
	 */
	if (strcmp(m->controller->kernel_name, "memory") == 0)
		r = kmsg_new(m->event, detection_kmsg_oom, m, &m->kmsg);
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

	r = jobs_new(event, &m->jobs);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "%s", strerror(-r));
	r = manager_open_controller(config, &m->controller, failure);
	if (r < 0)
		return r;
	r = state_open(config->state_directory, config->runtime_directory, &m->state, failure);
	if (r < 0)
		return r;
	r = sequence_open(m->state, m->jobs, config->state_directory, &m->sequence, failure);
	if (r < 0)
		return r;
	r = origins_open(config->runtime_directory, &m->origins);
	if (!m->origins)
		return fail(failure, RSS_ERROR_STATE_NOT_SAVED,
			    "Cannot read the file \"origins\" in %s: %s; nothing was changed; "
			    "start rssd again when the file can be read",
			    config->runtime_directory, strerror(-r));
	if (r < 0)
		log_warning("Cannot use the directory %s: %s; a restart of rssd loses the "
			    "origins of processes, and detach then refuses them",
			    config->runtime_directory, strerror(-r));
	r = event_history_open(config->runtime_directory, sequence_next(m->sequence), &m->events);
	if (!m->events)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	if (r < 0)
		log_warning("Cannot store events in %s: %s; a restart of rssd loses earlier events",
			    config->runtime_directory, strerror(-r));
	m->problems = calloc(1, sizeof(*m->problems));
	if (!m->problems)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = hooks_new(m, &m->hooks);
	/* A client that receives the signal of an OOM finds its record: these come before the bus. */
	if (r == 0)
		r = oom_last_open(m);
	if (r == 0)
		r = oom_history_open(m, EVENT_OOM, "ooms.json", &m->ooms);
	if (r == 0)
		r = oom_history_open(m, EVENT_KILL, "kills.json", &m->kills);
	if (r == 0)
		r = oom_log_open(m);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = open_sources(m);
	if (r == 0)
		r = detection_open(m);
	if (r == 0)
		r = drift_open(m);
	if (r == 0)
		r = root_protection_open(m);
	if (r == 0)
		r = threshold_open(m);
	if (r == 0)
		r = oom_group_open(m);
	if (r == 0)
		r = join_open(m);
	if (r == 0)
		r = transient_open(m);
	if (r == 0)
		r = collect_open(m);
	if (r == 0)
		r = sampler_apply(m);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "%s", strerror(-r));

	*ret = take_ptr(m);
	return 0;
}

int manager_start(struct manager *m, struct failure *failure)
{
	int r;

	if (hooks_listen(m->hooks) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = restore_all(m, failure);
	return r < 0 ? r : usage_save_open(m);
}

struct manager *manager_free(struct manager *m)
{
	if (!m)
		return NULL;
	transient_close(m);
	join_close(m);
	detection_close(m);
	drift_close(m);
	root_protection_close(m);
	threshold_close(m);
	collect_close(m);
	metrics_files_close(m);
	sampler_close(m);
	usage_save_close(m);
	for (size_t i = 0; i < m->count; i++)
		container_unref(m->containers[i]);
	free(m->containers);
	kmsg_free(m->kmsg);
	process_events_free(m->process_events);
	free(m->kmsg_problem);
	if (m->problems)
		problems_clear(m->problems);
	free(m->problems);
	free(m->process_events_problem);
	sequence_free(m->sequence);
	state_free(m->state);
	origins_free(m->origins);
	event_history_free(m->events);
	hooks_free(m->hooks);
	oom_history_free(m->ooms);
	oom_history_free(m->kills);
	free(m->listeners);
	controller_free(m->controller);
	jobs_free(m->jobs);
	sd_event_unref(m->event);
	free(m);
	return NULL;
}

bool manager_is_busy(const struct manager *m)
{
	return jobs_are_pending(m->jobs);
}

void manager_cancel_all(struct manager *m)
{
	m->stopping = true;
	join_stop(m);
	for (size_t i = 0; i < m->count; i++) {
		if (m->containers[i]->change)
			change_cancel(m->containers[i]->change, CHANGE_SHUTDOWN);
		job_list_cancel(&m->containers[i]->jobs);
	}
}
