/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When processes are scanned for rules: see join-scheduler.h. */
#include "operation/join-scheduler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/job.h"
#include "base/log.h"
#include "container/manager.h"
#include "operation/join-scan.h"
#include "policy/rule.h"
#include "shared/list.h"

/* Hints that wait while a scan runs; if there are more, all processes are scanned. */
#define HINTS_MAX 4096
/* The delay of a scan, so that one serves many hints. */
#define SCAN_DELAY_USEC (2 * 1000)
/* The delay of the scan for changes without a hint, such as a move into a unit. */
#define RESCAN_USEC (5 * 1000 * 1000)
/* If the kernel has not replied by then, it never will: see process_events_new(). */
#define ANSWER_USEC (3 * 1000 * 1000)

/* Waits for the end of the next scan of all processes. */
struct waiter {
	struct list_link link;
	bool scanning; /* that scan has begun */
	void (*done)(void *userdata);
	void *userdata;
};

struct join_scheduler {
	struct manager *manager;
	const struct rule_set *sets;
	size_t count;

	pid_t hints[HINTS_MAX];
	size_t n_hints;
	bool all;	 /* the next scan is of all processes... */
	pid_t from;	 /* ...with a pid above this one */
	pid_t *everyone; /* the list of all processes, while they are scanned in parts */
	size_t n_everyone;
	bool warned_without_events;

	struct scan *scan;   /* the current scan, or NULL */
	unsigned int moving; /* number of pending attaches */
	sd_event_source *scan_timer, *rescan;
	bool rescan_armed;

	struct list waiters;
	size_t in_units;
	struct join_outcomes outcomes;
};

/* --- waiters --------------------------------------------------------------- */

/* Calls those whose scan has ended; all if @now. */
static void call_waiters(struct join_scheduler *s, bool now)
{
	struct waiter *waiter;

	list_for_each_entry(waiter, &s->waiters, link) {
		if (!waiter->scanning && !now)
			continue;
		list_remove(&waiter->link);
		waiter->done(waiter->userdata);
		free(waiter);
	}
}

int scheduler_wait(struct join_scheduler *s, void (*done)(void *userdata), void *userdata)
{
	struct waiter *waiter;

	if (s->manager->stopping || s->count == 0)
		return -ESHUTDOWN;
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		return -ENOMEM;
	waiter->done = done;
	waiter->userdata = userdata;
	list_append(&s->waiters, &waiter->link);
	scheduler_scan_all(s);
	return 0;
}

/* The scan of all processes begins. */
static void begin_waiting(struct join_scheduler *s)
{
	struct waiter *waiter;

	list_for_each_entry(waiter, &s->waiters, link)
		waiter->scanning = true;
}

/* --- one scan -------------------------------------------------------------- */

static void on_moved(void *userdata)
{
	struct join_scheduler *s = userdata;

	s->moving--;
	scheduler_schedule(s);
}

/* Attaches the processes that match one of the sets. */
static int move_found(struct join_scheduler *s, const struct scan *scan, size_t at)
{
	const struct rule_set *set = &scan->sets[at];
	const struct rule_set *now = rule_sets_find(s->sets, s->count, set->container);
	struct container *c = manager_find(s->manager, set->container);
	int r;

	/* The container was removed, or its rules changed, during the scan. */
	if (!c || c->removing || !now || now->rules != set->rules)
		return 0;
	r = join_move(c, scan, at, &s->outcomes, on_moved, s);
	if (r > 0)
		s->moving++;
	return r < 0 ? r : 0;
}

static void scan_done(void *data)
{
	cleanup_(scan_free_ptr) struct scan *scan = data;
	struct join_scheduler *s = scan->scheduler;
	int r = scan->error;

	job_end(&scan->job);
	s->scan = NULL;
	if (s->manager->stopping)
		return;
	if (scan->all && r == 0)
		s->in_units = scan->in_units + (scan->from ? s->in_units : 0);
	/* A scan of all that was requested meanwhile includes the rest. */
	if (scan->next && !s->all) {
		s->all = true;
		s->from = scan->next;
		free(s->everyone);
		s->everyone = take_ptr(scan->everyone);
		s->n_everyone = scan->n_everyone;
	}
	for (size_t i = 0; i < scan->count && r == 0 && scan->n_found > 0; i++)
		r = move_found(s, scan, i);
	if (scan->unknown_user)
		log_debug("A rule names the unknown user \"%s\"", scan->unknown_user);
	if (r < 0)
		log_warning("Cannot scan processes for rules: %s", strerror(-r));
	scheduler_schedule(s);
}

static int copy_sets(const struct join_scheduler *s, struct scan *scan)
{
	scan->sets = calloc(s->count, sizeof(*scan->sets));
	if (!scan->sets)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++) {
		int r;

		if (!manager_find(s->manager, s->sets[i].container))
			continue;
		r = rule_sets_add(scan->sets, &scan->count, &s->sets[i]);
		if (r < 0)
			return r;
		for (int c = 0; c < RULE_CONDITIONS; c++)
			scan->needs[c] |= rules_need(s->sets[i].rules, (enum rule_condition)c);
	}
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/* Removes duplicates: a new process gives several hints. */
static int copy_hints(const struct join_scheduler *s, struct scan *scan)
{
	scan->pids = malloc(s->n_hints * sizeof(*scan->pids));
	if (!scan->pids)
		return -ENOMEM;
	memcpy(scan->pids, s->hints, s->n_hints * sizeof(*scan->pids));
	qsort(scan->pids, s->n_hints, sizeof(*scan->pids), compare_pids);
	for (size_t i = 0; i < s->n_hints; i++) {
		if (scan->n_pids == 0 || scan->pids[scan->n_pids - 1] != scan->pids[i])
			scan->pids[scan->n_pids++] = scan->pids[i];
	}
	return 0;
}

/* Changes of the list during the scan are seen by the next one. */
static int copy_places(const struct manager *m, struct scan *scan)
{
	scan->places = calloc(m->places + 1, sizeof(*scan->places));
	if (!scan->places)
		return -ENOMEM;
	for (size_t i = 0; i < m->count && scan->n_places < m->places; i++) {
		if (!m->containers[i]->place)
			continue;
		scan->places[scan->n_places] = strdup(m->containers[i]->group->path);
		if (!scan->places[scan->n_places])
			return -ENOMEM;
		scan->n_places++;
	}
	return 0;
}

static int start_scan(struct join_scheduler *s)
{
	cleanup_(scan_free_ptr) struct scan *scan = calloc(1, sizeof(*scan));
	int r = 0;

	if (!scan)
		return -ENOMEM;
	scan->manager = s->manager;
	scan->scheduler = s;
	scan->all = s->all;
	scan->from = s->from;
	if (scan->from) {
		scan->everyone = take_ptr(s->everyone);
		scan->n_everyone = s->n_everyone;
	}
	if (scan->all)
		log_debug("Scanning all processes for rules");
	else
		r = copy_hints(s, scan);
	if (r == 0)
		r = copy_sets(s, scan);
	if (r == 0)
		r = copy_places(s->manager, scan);
	if (r < 0)
		return r;
	/* If none of the containers exists yet, join_made() starts the scan later. */
	if (scan->count == 0)
		return 0;
	r = job_start(&scan->job, s->manager->jobs, scan_run, scan_done, scan);
	if (r < 0)
		return r;
	s->scan = take_ptr(scan);
	return 0;
}

/* --- schedule -------------------------------------------------------------- */

static int on_scan_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct join_scheduler *s = userdata;
	const struct manager *m = s->manager;
	int r;

	/* A process may match two declared containers: wait until both exist. */
	if (s->scan || s->moving || m->stopping || m->declarations)
		return 0;
	if (!s->count)
		call_waiters(s, true);
	if (!s->count || (!s->all && !s->n_hints))
		return 0;
	if (s->all && !s->from)
		begin_waiting(s);
	r = start_scan(s);
	if (r < 0) {
		log_warning("Cannot scan processes for rules: %s", strerror(-r));
		call_waiters(s, true);
		return 0;
	}
	/* A later part of a scan does not see new processes with lower pids. */
	if (!s->all || s->from == 0)
		s->n_hints = 0;
	s->all = false;
	s->from = 0;
	if (!s->scan)
		call_waiters(s, false);
	return 0;
}

static int set_timer(struct join_scheduler *s, sd_event_source **timer, uint64_t usec,
		     uint64_t accuracy, sd_event_time_handler_t fn)
{
	int r;

	if (!*timer)
		return sd_event_add_time_relative(s->manager->event, timer, CLOCK_MONOTONIC, usec,
						  accuracy, fn, s);
	r = sd_event_source_set_time_relative(*timer, usec);
	return r < 0 ? r : sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
}

/* Requests share the next scan. The end of the current scan schedules it. */
void scheduler_schedule(struct join_scheduler *s)
{
	int r;

	/* The rest of a scan of all processes is still to come if there is @from. */
	if (!s->scan && !s->moving && !(s->all && s->from))
		call_waiters(s, false);
	if (s->scan || s->moving || s->manager->stopping || (!s->all && !s->n_hints) ||
	    (s->scan_timer && sd_event_source_get_enabled(s->scan_timer, NULL) > 0))
		return;
	r = set_timer(s, &s->scan_timer, SCAN_DELAY_USEC, 1, on_scan_timer);
	if (r < 0)
		log_warning("Cannot create a timer: %s; processes do not join by rules",
			    strerror(-r));
}

void scheduler_scan_all(struct join_scheduler *s)
{
	s->all = true;
	s->from = 0;
	scheduler_schedule(s);
}

/* Another subscriber may have started the events before there were rules. */
bool scheduler_has_events(const struct join_scheduler *s)
{
	const struct manager *m = s->manager;

	return m->process_events && process_events_started(m->process_events);
}

static int rescan(sd_event_source *source, uint64_t usec, void *userdata);

static void arm_rescan(struct join_scheduler *s, uint64_t usec)
{
	if (s->rescan_armed)
		return;
	s->rescan_armed = set_timer(s, &s->rescan, usec, 500 * 1000, rescan) >= 0;
}

static int rescan(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct join_scheduler *s = userdata;

	s->rescan_armed = false;
	if (!s->count)
		return 0;
	scheduler_scan_all(s);
	/* Without events, no hint arms the timer again. */
	if (scheduler_has_events(s))
		return 0;
	if (!s->warned_without_events)
		log_warning("The kernel reports no process events here; processes are scanned "
			    "for rules every few seconds");
	s->warned_without_events = true;
	arm_rescan(s, RESCAN_USEC);
	return 0;
}

void scheduler_process_event(struct join_scheduler *s, enum process_event what, pid_t pid)
{
	if (!s->count)
		return;
	switch (what) {
	case PROCESS_EXITED:
	case PROCESS_EVENTS_STARTED:
		return;
	case PROCESS_EVENTS_LOST:
		log_debug("Process events were lost");
		scheduler_scan_all(s);
		return;
	case PROCESS_FORKED:
	case PROCESS_EXECED:
	case PROCESS_CHANGED:
		break;
	}
	arm_rescan(s, RESCAN_USEC);
	/* A new process has several events: fork, its name, exec. */
	if (s->n_hints && s->hints[s->n_hints - 1] == pid)
		return;
	if (s->n_hints == HINTS_MAX) {
		s->n_hints = 0;
		s->all = true;
		s->from = 0;
	}
	if (!s->all || s->from)
		s->hints[s->n_hints++] = pid;
	scheduler_schedule(s);
}

/* --- for join.c ------------------------------------------------------------ */

void scheduler_set_rules(struct join_scheduler *s, const struct rule_set sets[], size_t count)
{
	int r;

	s->sets = sets;
	s->count = count;
	s->n_hints = 0;
	r = manager_want_process_events(s->manager, WANTED_BY_JOIN, count > 0);
	if (r < 0)
		log_warning("Cannot subscribe to process events: %s", strerror(-r));
	if (count && !scheduler_has_events(s))
		arm_rescan(s, ANSWER_USEC);
	scheduler_scan_all(s);
}

const struct join_outcomes *scheduler_outcomes(const struct join_scheduler *s)
{
	return &s->outcomes;
}

size_t scheduler_in_units(const struct join_scheduler *s)
{
	return s->in_units;
}

int scheduler_new(struct manager *m, struct join_scheduler **ret)
{
	struct join_scheduler *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->manager = m;
	*ret = s;
	return 0;
}

void scheduler_stop(struct join_scheduler *s)
{
	if (s->scan)
		job_cancel(&s->scan->job);
	call_waiters(s, true);
}

struct join_scheduler *scheduler_free(struct join_scheduler *s)
{
	if (!s)
		return NULL;
	sd_event_source_disable_unref(s->scan_timer);
	sd_event_source_disable_unref(s->rescan);
	free(s->everyone);
	free(s);
	return NULL;
}
