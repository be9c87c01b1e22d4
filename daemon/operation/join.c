/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joining by rules: see join.h. */
#include "operation/join.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/log.h"
#include "base/job.h"
#include "container/manager.h"
#include "host/process.h"
#include "operation/attach.h"
#include "operation/join-scan.h"
#include "operation/leave.h"

/* Hints that wait while a scan runs; if there are more, all processes are scanned. */
#define HINTS_MAX 4096
/* The delay of a scan, so that one serves many hints. */
#define SCAN_DELAY_USEC (2 * 1000)
/* Changes without a hint, as of a process that is moved into a unit, are seen this much later. */
#define RESCAN_USEC (5 * 1000 * 1000)
/* If the kernel has not replied by then, it never will: see process_events_new(). */
#define ANSWER_USEC (3 * 1000 * 1000)
/* Processes whose refusal is remembered, so that it is logged once. */
#define REFUSED_MAX 64

struct join {
	struct rule_set *sets; /* in the order of rule_set_compare() */
	size_t count;

	pid_t hints[HINTS_MAX];
	size_t n_hints;
	bool all;	 /* all processes are to be scanned... */
	pid_t from;	 /* ...after this one */
	pid_t *everyone; /* the processes that a scan in parts is about */
	size_t n_everyone;
	bool warned_without_events;

	struct scan *scan;   /* the scan that runs, or NULL */
	unsigned int moving; /* batches whose attach runs */
	sd_event_source *scan_timer, *rescan;
	bool rescan_armed;

	struct join_counts counts;
	pid_t refused[REFUSED_MAX];
	size_t n_refused; /* ever */
};

/* Processes that are being attached to one container. */
struct batch {
	struct manager *manager;
	char *container;
	struct rules *rules;
	size_t count;
	struct found found[FOUND_MAX];
};

static void schedule_scan(struct manager *m);

/* --- moving -------------------------------------------------------------- */

static struct batch *batch_free(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		close(batch->found[i].pidfd);
	free(batch->container);
	rules_unref(batch->rules);
	free(batch);
	return NULL;
}
DEFINE_CLEANUP(struct batch *, batch_free);

static bool refused_before(struct join *join, pid_t pid)
{
	size_t known = join->n_refused < REFUSED_MAX ? join->n_refused : REFUSED_MAX;

	for (size_t i = 0; i < known; i++) {
		if (join->refused[i] == pid)
			return true;
	}
	join->refused[join->n_refused++ % REFUSED_MAX] = pid;
	return false;
}

static void log_joined(const struct batch *batch, const struct found *found)
{
	cleanup_free char *rule = rule_format(found->rule);

	log_message(LOG_DEBUG, batch->container, "process %d (%s) joined by the rule %s",
		    (int)found->pid, found->command, rule ?: "?");
}

/* Counts and logs the outcome of a process. Returns true if it has joined. */
static bool count_row(const struct batch *batch, const struct found *found,
		      const struct attach_row *row)
{
	struct join *join = batch->manager->join;

	if (row->outcome == ATTACH_MOVED) {
		join->counts.joined++;
		log_joined(batch, found);
		return true;
	}
	/* A process that ended meanwhile may be refused as a zombie: it counts as vanished. */
	if (row->outcome == ATTACH_VANISHED || process_ended(found->pidfd, 0)) {
		join->counts.vanished++;
		return false;
	}
	join->counts.refused++;
	if (!refused_before(join, row->pid))
		log_message(LOG_WARNING, batch->container, "a process cannot join by its rules: %s",
			    row->reason);
	return false;
}

static void batch_done(const struct attach_row rows[], size_t count, const struct failure *failure,
		       void *userdata)
{
	cleanup_(batch_free_ptr) struct batch *batch = userdata;
	struct manager *m = batch->manager;
	size_t moved = 0;

	for (size_t i = 0; i < count && i < batch->count; i++)
		moved += count_row(batch, &batch->found[i], &rows[i]);
	if (failure)
		log_message(LOG_WARNING, batch->container, "processes could not join: %s",
			    failure->text);
	if (moved)
		log_message(LOG_INFO, batch->container, "%zu process%s joined by its rules", moved,
			    moved == 1 ? "" : "es");
	m->join->moving--;
	schedule_scan(m);
}

/* Attaches the processes that were found for one of the sets. */
static int move_found(struct manager *m, const struct scan *scan, size_t set)
{
	cleanup_(batch_free_ptr) struct batch *batch = NULL;
	struct container *c = manager_find(m, scan->sets[set].container);
	struct failure failure = { 0 };
	int pidfds[FOUND_MAX], r;

	/* The container was removed, or its rules changed, during the scan. */
	if (!c || c->removing || join_find(m, c->name) != scan->sets[set].rules)
		return 0;
	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return -ENOMEM;
	batch->manager = m;
	batch->rules = rules_ref(scan->sets[set].rules);
	batch->container = strdup(c->name);
	if (!batch->container)
		return -ENOMEM;
	for (size_t i = 0; i < scan->n_found; i++) {
		if (scan->found[i].set != set)
			continue;
		batch->found[batch->count] = scan->found[i];
		batch->found[batch->count].pidfd = fcntl(scan->found[i].pidfd, F_DUPFD_CLOEXEC, 3);
		if (batch->found[batch->count].pidfd < 0)
			return -errno;
		pidfds[batch->count] = batch->found[batch->count].pidfd;
		batch->count++;
	}
	if (batch->count == 0)
		return 0;
	r = attach_start(c, pidfds, batch->count, ATTACH_BY_RULE,
			 &(struct attach_caller){ .uid = 0 }, batch_done, batch, &failure);
	if (r < 0) {
		log_message(LOG_WARNING, c->name, "processes could not join: %s", failure.text);
		return 0;
	}
	m->join->moving++;
	(void)take_ptr(batch);
	return 0;
}

/* --- looking --------------------------------------------------------------- */

static void scan_done(void *data)
{
	cleanup_(scan_free_ptr) struct scan *scan = data;
	struct manager *m = scan->manager;
	struct join *join = m->join;
	int r = scan->error;

	job_end(&scan->job);
	join->scan = NULL;
	if (m->stopping)
		return;
	if (scan->all && r == 0)
		join->counts.in_units = scan->in_units + (scan->from ? join->counts.in_units : 0);
	/* A scan of all that was requested meanwhile includes the rest. */
	if (scan->next && !join->all) {
		join->all = true;
		join->from = scan->next;
		free(join->everyone);
		join->everyone = take_ptr(scan->everyone);
		join->n_everyone = scan->n_everyone;
	}
	for (size_t i = 0; i < scan->count && r == 0 && scan->n_found > 0; i++)
		r = move_found(m, scan, i);
	if (scan->unknown_user)
		log_debug("A rule names the user \"%s\", whom nobody knows yet",
			  scan->unknown_user);
	if (r < 0)
		log_warning("Processes could not be looked at for rules: %s", strerror(-r));
	schedule_scan(m);
}

static int copy_sets(struct manager *m, struct scan *scan)
{
	struct join *join = m->join;

	scan->sets = calloc(join->count, sizeof(*scan->sets));
	if (!scan->sets)
		return -ENOMEM;
	for (size_t i = 0; i < join->count; i++) {
		int r;

		if (!manager_find(m, join->sets[i].container))
			continue;
		r = rule_sets_add(scan->sets, &scan->count, &join->sets[i]);
		if (r < 0)
			return r;
		for (int c = 0; c < RULE_CONDITIONS; c++)
			scan->needs[c] |= rules_need(join->sets[i].rules, (enum rule_condition)c);
	}
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/* Without duplicates: a process that starts gives several hints. */
static int copy_hints(const struct join *join, struct scan *scan)
{
	scan->pids = malloc(join->n_hints * sizeof(*scan->pids));
	if (!scan->pids)
		return -ENOMEM;
	memcpy(scan->pids, join->hints, join->n_hints * sizeof(*scan->pids));
	qsort(scan->pids, join->n_hints, sizeof(*scan->pids), compare_pids);
	for (size_t i = 0; i < join->n_hints; i++) {
		if (scan->n_pids == 0 || scan->pids[scan->n_pids - 1] != scan->pids[i])
			scan->pids[scan->n_pids++] = scan->pids[i];
	}
	return 0;
}

static int start_scan(struct manager *m)
{
	struct join *join = m->join;
	cleanup_(scan_free_ptr) struct scan *scan = calloc(1, sizeof(*scan));
	int r = 0;

	if (!scan)
		return -ENOMEM;
	scan->manager = m;
	scan->all = join->all;
	scan->from = join->from;
	if (scan->from) {
		scan->everyone = take_ptr(join->everyone);
		scan->n_everyone = join->n_everyone;
	}
	if (scan->all)
		log_debug("All processes are held against the rules");
	else
		r = copy_hints(join, scan);
	if (r == 0)
		r = copy_sets(m, scan);
	if (r < 0)
		return r;
	/* None of the containers exists yet: join_made() starts the scan then. */
	if (scan->count == 0)
		return 0;
	r = job_start(&scan->job, m->jobs, scan_run, scan_done, scan);
	if (r < 0)
		return r;
	join->scan = take_ptr(scan);
	return 0;
}

static int on_scan_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;
	struct join *join = m->join;
	int r;

	/* A process that matches two declared containers needs both to choose from. */
	if (join->scan || join->moving || m->stopping || !join->count || m->declarations)
		return 0;
	if (!join->all && !join->n_hints)
		return 0;
	r = start_scan(m);
	if (r < 0) {
		log_warning("Processes could not be looked at for rules: %s", strerror(-r));
		return 0;
	}
	/* A later part of a scan does not see new processes with lower pids. */
	if (!join->all || join->from == 0)
		join->n_hints = 0;
	join->all = false;
	join->from = 0;
	return 0;
}

static int set_timer(struct manager *m, sd_event_source **timer, uint64_t usec, uint64_t accuracy,
		     sd_event_time_handler_t fn)
{
	int r;

	if (!*timer)
		return sd_event_add_time_relative(m->event, timer, CLOCK_MONOTONIC, usec, accuracy,
						  fn, m);
	r = sd_event_source_set_time_relative(*timer, usec);
	return r < 0 ? r : sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
}

/* One scan serves all requests until it starts; the end of a running one schedules the next. */
static void schedule_scan(struct manager *m)
{
	struct join *join = m->join;
	int r;

	if (join->scan || join->moving || m->stopping || (!join->all && !join->n_hints) ||
	    (join->scan_timer && sd_event_source_get_enabled(join->scan_timer, NULL) > 0))
		return;
	r = set_timer(m, &join->scan_timer, SCAN_DELAY_USEC, 1, on_scan_timer);
	if (r < 0)
		log_warning("A timer could not be made: %s; processes do not join by rules",
			    strerror(-r));
}

static void scan_everything(struct manager *m)
{
	m->join->all = true;
	m->join->from = 0;
	schedule_scan(m);
}

/* Events may have been started for another listener, before there were rules. */
static bool has_events(const struct manager *m)
{
	return m->process_events && process_events_started(m->process_events);
}

static int rescan(sd_event_source *source, uint64_t usec, void *userdata);

static void arm_rescan(struct manager *m, uint64_t usec)
{
	if (m->join->rescan_armed)
		return;
	m->join->rescan_armed = set_timer(m, &m->join->rescan, usec, 500 * 1000, rescan) >= 0;
}

static int rescan(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;
	struct join *join = m->join;

	join->rescan_armed = false;
	if (!join->count)
		return 0;
	scan_everything(m);
	/* Without events there is no hint to arm it again. */
	if (has_events(m))
		return 0;
	if (!join->warned_without_events)
		log_warning("The kernel does not tell of processes here; for rules they are looked "
			    "for every few seconds");
	join->warned_without_events = true;
	arm_rescan(m, RESCAN_USEC);
	return 0;
}

void join_process_event(enum process_event what, pid_t pid, pid_t parent, void *userdata)
{
	struct manager *m = userdata;
	struct join *join = m->join;

	if (!join->count)
		return;
	switch (what) {
	case PROCESS_EXITED:
	case PROCESS_EVENTS_STARTED:
		return;
	case PROCESS_EVENTS_LOST:
		log_debug("Process events were lost");
		scan_everything(m);
		return;
	case PROCESS_FORKED:
	case PROCESS_EXECED:
	case PROCESS_CHANGED:
		break;
	}
	arm_rescan(m, RESCAN_USEC);
	/* fork, a new name and exec come in a row. */
	if (join->n_hints && join->hints[join->n_hints - 1] == pid)
		return;
	if (join->n_hints == HINTS_MAX) {
		join->n_hints = 0;
		join->all = true;
		join->from = 0;
	}
	if (!join->all || join->from)
		join->hints[join->n_hints++] = pid;
	schedule_scan(m);
}

/* --- declarations ------------------------------------------------------------------------- */

static bool is_bad(const char *file, char *const bad_files[], size_t n_bad)
{
	for (size_t i = 0; i < n_bad; i++) {
		if (strcmp(file, bad_files[i]) == 0)
			return true;
	}
	return false;
}

static bool same_sets(const struct join *join, const struct rule_set sets[], size_t count)
{
	if (count != join->count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(sets[i].container, join->sets[i].container) != 0 ||
		    !rules_equal(sets[i].rules, join->sets[i].rules))
			return false;
	}
	return true;
}

/* Process events are subscribed to while there are rules. */
static void update_subscription(struct manager *m)
{
	int r = manager_want_process_events(m, WANTED_BY_JOIN, join_wants_events(m));

	if (r < 0)
		log_warning("Process events cannot be subscribed to: %s", strerror(-r));
	if (m->join->count && !has_events(m))
		arm_rescan(m, ANSWER_USEC);
}

int join_declare(struct manager *m, const struct rule_set sets[], size_t count,
		 char *const bad_files[], size_t n_bad)
{
	struct join *join = m->join;
	struct rule_set *merged = calloc(count + join->count + 1, sizeof(*merged));
	size_t n = 0;
	int r = merged ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && r == 0; i++)
		r = rule_sets_add(merged, &n, &sets[i]);
	for (size_t i = 0; i < join->count && r == 0; i++) {
		if (is_bad(join->sets[i].file, bad_files, n_bad) &&
		    !rule_sets_find(merged, n, join->sets[i].container))
			r = rule_sets_add(merged, &n, &join->sets[i]);
	}
	if (r < 0) {
		rule_sets_free(merged, n);
		return r;
	}
	if (n)
		qsort(merged, n, sizeof(*merged), rule_set_compare);
	if (same_sets(join, merged, n)) {
		rule_sets_free(merged, n);
		return 0;
	}
	rule_sets_free(join->sets, join->count);
	join->sets = merged;
	join->count = n;
	join->n_hints = 0;
	update_subscription(m);
	scan_everything(m);
	return 0;
}

void join_made(struct manager *m, const char *container)
{
	if (rule_sets_find(m->join->sets, m->join->count, container))
		scan_everything(m);
}

void join_declared(struct manager *m)
{
	schedule_scan(m);
}

const struct rules *join_find(const struct manager *m, const char *container)
{
	const struct rule_set *set = rule_sets_find(m->join->sets, m->join->count, container);

	return set ? set->rules : NULL;
}

struct join_counts join_count(const struct manager *m)
{
	struct join_counts counts = m->join->counts;

	counts.containers = m->join->count;
	counts.heard = has_events(m);
	return counts;
}

bool join_wants_events(const struct manager *m)
{
	return m->join && m->join->count > 0;
}

int join_open(struct manager *m)
{
	m->join = calloc(1, sizeof(*m->join));
	return m->join ? 0 : -ENOMEM;
}

void join_stop(struct manager *m)
{
	if (m->join->scan)
		job_cancel(&m->join->scan->job);
}

void join_close(struct manager *m)
{
	struct join *join = m->join;

	if (!join)
		return;
	sd_event_source_disable_unref(join->scan_timer);
	sd_event_source_disable_unref(join->rescan);
	rule_sets_free(join->sets, join->count);
	free(join->everyone);
	free(join);
	m->join = NULL;
}
