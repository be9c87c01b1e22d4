/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters of all containers: see survey.h. */
#include "monitor/collect.h"

#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/job.h"
#include "cgroup/control-file-cache.h"
#include "cgroup/subtree.h"
#include "container/container.h"
#include "container/manager.h"
#include "container/usage.h"
#include "policy/usage-history.h"
#include "shared/name.h"

#define SLICES_MAX 4
/* What is less than this is not worth a thread. */
#define SLICE_MIN 128
/* A survey that follows another within this time makes us keep files open... */
#define AGAIN_USEC (10 * 1000 * 1000)
/* ...until this long after the last. */
#define KEEP_USEC (30 * 1000 * 1000)

struct request {
	survey_done_fn done;
	void *userdata;
	struct request *next;
};

struct slice {
	struct survey *survey;
	struct job job;
	struct survey_row *rows;
	size_t count;
};

struct survey {
	struct manager *manager;
	struct request *requests, *later; /* of this one, and of the next */
	struct survey_row *rows;
	size_t count;
	uint64_t noted_at; /* for usage histories; 0: this one is not noted */
	struct slice slices[SLICES_MAX];
	unsigned int running;
};

/* By one request, where the controller has one. */
static struct group_reading *read_together(const struct slice *slice)
{
	struct controller *controller = slice->survey->manager->controller;
	cleanup_free struct group_reading *readings = NULL;

	if (controller->reads_all)
		readings = calloc(slice->count, sizeof(*readings));
	if (!readings)
		return NULL;
	for (size_t i = 0; i < slice->count; i++)
		readings[i].group = slice->rows[i].container->group;
	if (controller_read_all(controller, readings, slice->count) < 0)
		return NULL;
	return take_ptr(readings);
}

static int compare_name(const void *key, const void *member)
{
	const struct survey_row *row = member;

	return strcmp(key, row->container->name);
}

static struct survey_row *find_row(const struct survey *survey, const char *name)
{
	return bsearch(name, survey->rows, survey->count, sizeof(*survey->rows), compare_name);
}

static bool is_container(const char *path, void *userdata)
{
	return find_row(userdata, path);
}

/* What is in control groups that others made inside the container belongs to it. */
static void count_inner(struct survey *survey, struct survey_row *row)
{
	struct subtree tree = {
		.group = row->container->group,
		.skip = is_container,
		.userdata = survey,
	};
	uint32_t inner = 0;

	(void)subtree_count_inner(&tree, row->nested, &inner);
	row->processes += inner;
}

/* The rest from the control files. */
static void read_row(struct survey *survey, struct survey_row *row,
		     const struct group_reading *reading)
{
	struct container *c = row->container;

	if (reading->has_counters) {
		row->counters = reading->counters;
		container_add_base(c, &row->counters);
	} else if (container_read_counters(c, &row->counters) < 0) {
		memset(&row->counters, 0xff, sizeof(row->counters));
	}
	if (reading->has_processes)
		row->processes = reading->processes;
	else
		(void)group_count_processes(c->group, &row->processes);
	count_inner(survey, row);
	if (reading->has_frozen)
		row->frozen = reading->frozen;
	else
		(void)group_read_frozen(c->group, &row->frozen);
	if (row->takes_totals && reading->has_counters)
		row->refaults = reading->refaults;
	else if (row->takes_totals)
		(void)group_read_refaults(c->group, &row->refaults);
}

static void survey_run(struct worker *worker, void *data)
{
	struct slice *slice = data;

	cleanup_free struct group_reading *readings = read_together(slice);

	for (size_t i = 0; i < slice->count; i++)
		read_row(slice->survey, &slice->rows[i],
			 readings ? &readings[i] : &(struct group_reading){ 0 });
}

static void answer(struct survey *survey, int r, const struct failure *failure)
{
	while (survey->requests) {
		cleanup_free struct request *request = survey->requests;

		survey->requests = request->next;
		request->done(r, failure, survey->rows, survey->count, request->userdata);
	}
}

static int launch(struct survey *survey);

/* --- files that are kept open ---------------------------------------------------- */

/* Descriptors that are left for all else, where the files of all containers are kept. */
#define OTHERS_PER_CONTAINER 6
#define OTHERS		     1024

static bool may_keep(const struct manager *m)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	       m->count * (KEPT_FILES_MAX + OTHERS_PER_CONTAINER) + OTHERS <= limit.rlim_cur;
}

/* All whose files no worker reads just now; are these all? */
static bool keep_files(struct manager *m, bool keep)
{
	bool all = true;

	for (size_t i = 0; i < m->count; i++) {
		if (container_is_shared(m->containers[i]))
			all = false;
		else
			group_keep_files(m->containers[i]->group, keep);
	}
	return all;
}

/* Nobody has looked for a while. */
static int let_go(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;

	if (!m->survey && keep_files(m, false))
		return 0;
	(void)sd_event_source_set_time_relative(source, KEEP_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* The second look in short time may be followed by many. */
static void consider_keeping(struct manager *m)
{
	uint64_t now = 0;

	/* Where one request tells of all, no file is read. */
	if (m->controller->reads_all)
		return;
	(void)sd_event_now(m->event, CLOCK_MONOTONIC, &now);
	if (m->surveyed && m->surveyed + AGAIN_USEC > now && may_keep(m)) {
		(void)keep_files(m, true);
		if (!m->survey_idle)
			(void)sd_event_add_time_relative(m->event, &m->survey_idle, CLOCK_MONOTONIC,
							 KEEP_USEC, KEEP_USEC / 10, let_go, m);
		else
			(void)sd_event_source_set_time_relative(m->survey_idle, KEEP_USEC);
		(void)sd_event_source_set_enabled(m->survey_idle, SD_EVENT_ONESHOT);
	}
	m->surveyed = now;
}

void survey_close(struct manager *m)
{
	m->survey_idle = sd_event_source_disable_unref(m->survey_idle);
}

/* --- usage histories --------------------------------------------------------------- */

/* As often as this, what a survey saw is noted. */
#define NOTE_USEC (USAGE_SPAN_USEC_MIN / 3)
/* Where refaults are not told with the rest, they are in a file that is long to read. */
#define REFAULTS_AT_ONCE 64

static void choose_totals(struct survey *survey)
{
	const struct manager *m = survey->manager;
	bool in_files = controller_can(m->controller, FEATURE_REFAULTS) &&
			!m->controller->reads_all;
	size_t left = in_files ? REFAULTS_AT_ONCE : m->count;

	for (size_t i = 0; i < m->count && left > 0; i++) {
		struct survey_row *row = &survey->rows[i];

		row->refaults = COUNTER_ABSENT;
		row->takes_totals = container_wants_totals(row->container, survey->noted_at);
		if (row->takes_totals)
			left--;
	}
}

/* The same containers a moment later are nothing new. */
static void consider_noting(struct survey *survey)
{
	struct manager *m = survey->manager;
	uint64_t time = container_history_time(m);

	survey->noted_at = time >= m->noted + NOTE_USEC ? time : 0;
	if (survey->noted_at) {
		m->noted = time;
		choose_totals(survey);
	}
}

/* --- the rows ------------------------------------------------------------------------ */

static void free_rows(struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++)
		container_unref(survey->rows[i].container);
	free(survey->rows);
	survey->rows = NULL;
	survey->count = 0;
}

/* A container that was removed meanwhile, as signals have said, is not in the answer after them. */
static void leave_out_removed(struct survey *survey)
{
	size_t kept = 0;

	for (size_t i = 0; i < survey->count; i++) {
		if (survey->rows[i].container->removed)
			container_unref(survey->rows[i].container);
		else
			survey->rows[kept++] = survey->rows[i];
	}
	survey->count = kept;
}

static void note_rows(const struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++) {
		const struct survey_row *row = &survey->rows[i];

		container_note(row->container, survey->noted_at, &row->counters,
			       row->takes_totals ? &row->refaults : NULL);
	}
}

/* --- one survey after the other --------------------------------------------------- */

/* The next one for those who came meanwhile, or the end. */
static void go_on(struct survey *survey)
{
	struct failure failure = { 0 };
	int r = 0;

	survey->requests = survey->later;
	survey->later = NULL;
	if (survey->requests)
		r = launch(survey);
	if (survey->requests && r == 0)
		return;
	if (r < 0) {
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED,
			 "The counters cannot be read: %s; try again", strerror(-r));
		answer(survey, r, &failure);
	}
	survey->manager->survey = NULL;
	free(survey);
}

/* Parents come first, so that from the end each is complete when it is added to its own. */
static void add_nested(struct survey *survey)
{
	for (size_t i = survey->count; i-- > 0;) {
		struct survey_row *row = &survey->rows[i];

		if (row->parent)
			row->parent->processes += row->processes;
	}
}

static void link_parents(struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++) {
		struct survey_row *row = &survey->rows[i];
		cleanup_free char *parent = name_parent(row->container->name);

		row->parent = parent ? find_row(survey, parent) : NULL;
		if (row->parent)
			row->parent->nested++;
	}
}

static void finish(struct survey *survey)
{
	add_nested(survey);
	leave_out_removed(survey);
	if (survey->noted_at)
		note_rows(survey);
	answer(survey, 0, NULL);
	free_rows(survey);
	go_on(survey);
}

static void survey_done(void *data)
{
	struct slice *slice = data;

	job_end(&slice->job);
	if (--slice->survey->running == 0)
		finish(slice->survey);
}

static size_t slices_for(const struct controller *controller, size_t count)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t most = cpus < 1 ? 1 : cpus > SLICES_MAX ? SLICES_MAX : (size_t)cpus;
	size_t wanted = count / SLICE_MIN;

	/* What one request tells of all is not asked for several times. */
	if (controller->reads_all)
		return 1;
	return wanted < 1 ? 1 : wanted > most ? most : wanted;
}

/* Starts the workers; where some cannot be had, the others do all of it. */
static int launch(struct survey *survey)
{
	struct manager *m = survey->manager;
	size_t n = slices_for(m->controller, m->count), at = 0;
	int r = 0;

	consider_keeping(m);
	survey->rows = calloc(m->count ? m->count : 1, sizeof(*survey->rows));
	if (!survey->rows)
		return -ENOMEM;
	for (size_t i = 0; i < m->count; i++)
		survey->rows[i].container = container_ref(m->containers[i]);
	survey->count = m->count;
	link_parents(survey);
	consider_noting(survey);
	for (size_t i = 0; i < n; i++) {
		struct slice *slice = &survey->slices[i];

		*slice = (struct slice){
			.survey = survey,
			.rows = survey->rows + at,
			.count = (m->count - at) / (n - i),
		};
		r = job_start(&slice->job, m->jobs, survey_run, survey_done, slice);
		if (r < 0 && i == 0)
			break;
		if (r < 0) {
			survey_run(NULL, slice);
			r = 0;
		} else {
			survey->running++;
		}
		at += slice->count;
	}
	if (r < 0) {
		free_rows(survey);
		return r;
	}
	return 0;
}

static struct survey *survey_new(struct manager *m)
{
	struct survey *survey = calloc(1, sizeof(*survey));

	if (!survey)
		return NULL;
	survey->manager = m;
	if (launch(survey) < 0) {
		free(survey);
		return NULL;
	}
	return survey;
}

int survey_start(struct manager *m, survey_done_fn done, void *userdata, struct failure *failure)
{
	struct request *request = calloc(1, sizeof(*request));
	bool first = !m->survey;
	struct request **to;

	if (request && first)
		m->survey = survey_new(m);
	if (!request || !m->survey) {
		free(request);
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The counters cannot be read: out of memory or threads; try again");
	}
	to = first ? &m->survey->requests : &m->survey->later;
	*request = (struct request){ .done = done, .userdata = userdata, .next = *to };
	*to = request;
	return 0;
}
