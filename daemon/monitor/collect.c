/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects the counters of all containers: see collect.h. */
#include "monitor/collect.h"

#include <errno.h>
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
#include "container/usage-clock.h"
#include "container/usage.h"
#include "policy/usage-history.h"
#include "shared/name.h"

#define SLICES_MAX 4
/* A slice of fewer rows is not worth a thread. */
#define SLICE_MIN 128
/* After two collections within this time the control files stay open. */
#define AGAIN_USEC (10 * 1000 * 1000)
/* They are closed this long after the last collection. */
#define KEEP_USEC (30 * 1000 * 1000)

struct request {
	enum collect_what what;
	collect_done_fn done;
	void *userdata;
	struct request *next;
};

struct slice {
	struct collection *collection;
	struct job job;
	struct collect_row *rows;
	size_t count;
};

struct collection {
	struct manager *manager;
	struct request *requests, *later; /* for this collection, and for the next */
	struct collect_row *rows;
	struct memory_parts *parts; /* of the rows; NULL unless they are collected */
	size_t count;
	enum collect_what what; /* the most that a request needs */
	uint64_t sampled_at;	/* time in the usage histories; 0: not added to them */
	struct slice slices[SLICES_MAX];
	unsigned int running;
};

struct collector {
	struct collection *collection; /* under way, or NULL */
	uint64_t started_at;	       /* when the last one was started; CLOCK_MONOTONIC, 0: none */
	uint64_t sampled_at;	       /* time in the usage histories of their last sample */
	sd_event_source *idle;	       /* closes the control files */
};

/* Reads all groups with one request; NULL if the controller has no such request, or on error. */
static struct group_reading *read_together(const struct slice *slice)
{
	struct controller *controller = slice->collection->manager->controller;
	cleanup_free struct group_reading *readings = NULL;

	if (controller->reads_all)
		readings = calloc(slice->count, sizeof(*readings));
	if (!readings)
		return NULL;
	for (size_t i = 0; i < slice->count; i++)
		readings[i].group = slice->rows[i].container->group;
	if (controller_read_all(controller, readings, slice->count) < 0)
		return NULL;
	/* What is inside a nested container is inside its parent. */
	for (size_t i = slice->count; i-- > 0;) {
		const struct collect_row *parent = slice->rows[i].parent;

		if (parent && !readings[i].no_inner)
			readings[parent - slice->rows].no_inner = false;
	}
	return take_ptr(readings);
}

static int compare_name(const void *key, const void *member)
{
	const struct collect_row *row = member;

	return strcmp(key, row->container->name);
}

static struct collect_row *find_row(const struct collection *collection, const char *name)
{
	return bsearch(name, collection->rows, collection->count, sizeof(*collection->rows),
		       compare_name);
}

static bool is_container(const char *path, void *userdata)
{
	return find_row(userdata, path);
}

/* Counts processes in inner cgroups of other programs: they belong to the container. */
static void count_inner(struct collection *collection, struct collect_row *row)
{
	struct subtree tree = {
		.group = row->container->group,
		.skip = is_container,
		.userdata = collection,
	};
	uint32_t inner = 0;

	(void)subtree_count_inner(&tree, row->nested, &inner);
	row->processes += inner;
}

/* Reads from the control files what @reading does not have. */
static void read_row(struct collection *collection, struct collect_row *row,
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
	if (!reading->no_inner)
		count_inner(collection, row);
	if (reading->has_frozen)
		row->frozen = reading->frozen;
	else
		(void)group_read_frozen(c->group, &row->frozen);
	if (row->parts)
		group_read_parts(c->group, row->parts);
	if (row->takes_totals && reading->has_counters)
		row->refaults = reading->refaults;
	else if (row->takes_totals && row->parts)
		row->refaults = row->parts->refaults;
	else if (row->takes_totals)
		(void)group_read_refaults(c->group, &row->refaults);
}

static void slice_run(struct worker *worker, void *data)
{
	struct slice *slice = data;

	cleanup_free struct group_reading *readings = read_together(slice);

	for (size_t i = 0; i < slice->count; i++)
		read_row(slice->collection, &slice->rows[i],
			 readings ? &readings[i] : &(struct group_reading){ 0 });
}

static void reply_all(struct collection *collection, int r, const struct failure *failure)
{
	while (collection->requests) {
		cleanup_free struct request *request = collection->requests;

		collection->requests = request->next;
		request->done(r, failure, collection->rows, collection->count, request->userdata);
	}
}

static int launch(struct collection *collection);

/* --- files that are kept open ---------------------------------------------------- */

/* Descriptors that must stay free if the files of all containers are kept open. */
#define OTHERS_PER_CONTAINER 6
#define OTHERS		     1024

static bool can_keep_files(const struct manager *m)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	       m->count * (KEPT_FILES_MAX + OTHERS_PER_CONTAINER) + OTHERS <= limit.rlim_cur;
}

/* Skips containers whose files a worker may be reading; returns false if there are any. */
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

/* No collection was started for KEEP_USEC. */
static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager *m = userdata;

	if (!m->collector->collection && keep_files(m, false))
		return 0;
	(void)sd_event_source_set_time_relative(source, KEEP_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* After a second collection within a short time, more are likely. */
static void keep_files_if_repeated(struct manager *m)
{
	struct collector *collector = m->collector;
	uint64_t now = 0;

	/* If one request reads all groups, no control file is read. */
	if (m->controller->reads_all)
		return;
	(void)sd_event_now(m->event, CLOCK_MONOTONIC, &now);
	if (collector->started_at && collector->started_at + AGAIN_USEC > now &&
	    can_keep_files(m)) {
		(void)keep_files(m, true);
		if (!collector->idle)
			(void)sd_event_add_time_relative(m->event, &collector->idle,
							 CLOCK_MONOTONIC, KEEP_USEC, KEEP_USEC / 10,
							 on_idle, m);
		else
			(void)sd_event_source_set_time_relative(collector->idle, KEEP_USEC);
		(void)sd_event_source_set_enabled(collector->idle, SD_EVENT_ONESHOT);
	}
	collector->started_at = now;
}

int collect_open(struct manager *m)
{
	m->collector = calloc(1, sizeof(*m->collector));
	return m->collector ? 0 : -ENOMEM;
}

void collect_close(struct manager *m)
{
	if (!m->collector)
		return;
	sd_event_source_disable_unref(m->collector->idle);
	free(m->collector);
	m->collector = NULL;
}

/* --- usage histories --------------------------------------------------------------- */

/* Usage histories take a sample this often. */
#define SAMPLE_USEC (USAGE_SPAN_USEC_MIN / 3)
/* At most this many are read per collection if refaults are in a file, which is slow to read. */
#define REFAULTS_AT_ONCE 64

static void choose_totals(struct collection *collection)
{
	const struct manager *m = collection->manager;
	bool in_files = controller_can(m->controller, FEATURE_REFAULTS) &&
			!m->controller->reads_all;
	size_t left = in_files ? REFAULTS_AT_ONCE : m->count;

	for (size_t i = 0; i < m->count && left > 0; i++) {
		struct collect_row *row = &collection->rows[i];

		row->refaults = COUNTER_ABSENT;
		row->takes_totals = container_wants_totals(row->container, collection->sampled_at);
		if (row->takes_totals)
			left--;
	}
}

/* Samples that are closer than SAMPLE_USEC are not added. */
static void choose_samples(struct collection *collection)
{
	struct manager *m = collection->manager;
	struct collector *collector = m->collector;
	uint64_t time = container_history_time(m);

	collection->sampled_at = time >= collector->sampled_at + SAMPLE_USEC ? time : 0;
	if (collection->sampled_at) {
		collector->sampled_at = time;
		choose_totals(collection);
	}
}

/* --- the rows ------------------------------------------------------------------------ */

static void free_rows(struct collection *collection)
{
	for (size_t i = 0; i < collection->count; i++)
		container_unref(collection->rows[i].container);
	free(collection->rows);
	free(collection->parts);
	collection->rows = NULL;
	collection->parts = NULL;
	collection->count = 0;
}

/* Leaves out removed containers: their InterfacesRemoved was sent before the reply. */
static void leave_out_removed(struct collection *collection)
{
	size_t kept = 0;

	for (size_t i = 0; i < collection->count; i++) {
		if (collection->rows[i].container->removed)
			container_unref(collection->rows[i].container);
		else
			collection->rows[kept++] = collection->rows[i];
	}
	collection->count = kept;
}

static void sample_rows(const struct collection *collection)
{
	for (size_t i = 0; i < collection->count; i++) {
		const struct collect_row *row = &collection->rows[i];

		container_note(row->container, collection->sampled_at, &row->counters,
			       row->takes_totals ? &row->refaults : NULL);
	}
}

/* --- one collection after the other -------------------------------------------------- */

/* Starts the next collection if requests arrived during this one, or else ends. */
static void start_next(struct collection *collection)
{
	struct failure failure = { 0 };
	int r = 0;

	collection->requests = collection->later;
	collection->later = NULL;
	if (collection->requests)
		r = launch(collection);
	if (collection->requests && r == 0)
		return;
	if (r < 0) {
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED,
			 "Cannot read the counters: %s; try again", strerror(-r));
		reply_all(collection, r, &failure);
	}
	collection->manager->collector->collection = NULL;
	free(collection);
}

/* Parents come first, so from the end each row is complete when it is added to its parent. */
static void add_nested(struct collection *collection)
{
	for (size_t i = collection->count; i-- > 0;) {
		struct collect_row *row = &collection->rows[i];

		if (row->parent)
			row->parent->processes += row->processes;
	}
}

static void link_parents(struct collection *collection)
{
	for (size_t i = 0; i < collection->count; i++) {
		struct collect_row *row = &collection->rows[i];
		cleanup_free char *parent = name_parent(row->container->name);

		row->parent = parent ? find_row(collection, parent) : NULL;
		if (row->parent)
			row->parent->nested++;
	}
}

static void finish(struct collection *collection)
{
	add_nested(collection);
	leave_out_removed(collection);
	if (collection->sampled_at)
		sample_rows(collection);
	reply_all(collection, 0, NULL);
	free_rows(collection);
	start_next(collection);
}

static void slice_done(void *data)
{
	struct slice *slice = data;

	job_end(&slice->job);
	if (--slice->collection->running == 0)
		finish(slice->collection);
}

static size_t slices_for(const struct controller *controller, size_t count)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t most = cpus < 1 ? 1 : cpus > SLICES_MAX ? SLICES_MAX : (size_t)cpus;
	size_t wanted = count / SLICE_MIN;

	/* One request returns all groups, so one slice is enough. */
	if (controller->reads_all)
		return 1;
	return wanted < 1 ? 1 : wanted > most ? most : wanted;
}

static int allocate_parts(struct collection *collection, size_t count)
{
	if (collection->what != COLLECT_PARTS)
		return 0;
	collection->parts = calloc(count ? count : 1, sizeof(*collection->parts));
	return collection->parts ? 0 : -ENOMEM;
}

/* Starts the workers. A slice whose worker cannot be started is read here, in the event loop. */
static int launch(struct collection *collection)
{
	struct manager *m = collection->manager;
	size_t n = slices_for(m->controller, m->count), at = 0;
	int r = 0;

	keep_files_if_repeated(m);
	collection->what = COLLECT_COUNTERS;
	for (const struct request *request = collection->requests; request; request = request->next)
		if (request->what > collection->what)
			collection->what = request->what;
	collection->rows = calloc(m->count ? m->count : 1, sizeof(*collection->rows));
	if (!collection->rows || allocate_parts(collection, m->count) < 0) {
		free_rows(collection);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->count; i++) {
		collection->rows[i].container = container_ref(m->containers[i]);
		if (collection->parts)
			collection->rows[i].parts = &collection->parts[i];
	}
	collection->count = m->count;
	link_parents(collection);
	choose_samples(collection);
	for (size_t i = 0; i < n; i++) {
		struct slice *slice = &collection->slices[i];

		*slice = (struct slice){
			.collection = collection,
			.rows = collection->rows + at,
			.count = (m->count - at) / (n - i),
		};
		r = job_start(&slice->job, m->jobs, slice_run, slice_done, slice);
		if (r < 0 && i == 0)
			break;
		if (r < 0) {
			slice_run(NULL, slice);
			r = 0;
		} else {
			collection->running++;
		}
		at += slice->count;
	}
	if (r < 0) {
		free_rows(collection);
		return r;
	}
	return 0;
}

static struct collection *collection_new(struct manager *m, struct request *first)
{
	struct collection *collection = calloc(1, sizeof(*collection));

	if (!collection)
		return NULL;
	collection->manager = m;
	collection->requests = first;
	if (launch(collection) < 0) {
		free(collection);
		return NULL;
	}
	return collection;
}

int collect_start(struct manager *m, enum collect_what what, collect_done_fn done, void *userdata,
		  struct failure *failure)
{
	struct request *request = calloc(1, sizeof(*request));
	struct collector *collector = m->collector;
	struct collection *under_way = collector->collection;

	if (request)
		*request = (struct request){ .what = what, .done = done, .userdata = userdata };
	if (request && !under_way)
		collector->collection = collection_new(m, request);
	if (!request || !collector->collection) {
		free(request);
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "Cannot read the counters: out of memory or threads; try again");
	}
	if (under_way) {
		request->next = under_way->later;
		under_way->later = request;
	}
	return 0;
}
