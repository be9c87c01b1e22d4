/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics as files in memory: see metrics-file.h. */
#include "report/metrics-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/job.h"
#include "container/manager.h"
#include "monitor/collect.h"
#include "policy/oom-record.h"
#include "report/metrics.h"
#include "shared/array.h"
#include "shared/clock.h"
#include "store/sequence.h"

struct request {
	metrics_file_fn done;
	void *userdata;
};

struct requests {
	struct request *list;
	size_t count, allocated;
};

struct metrics_file {
	int fd; /* the only descriptor that can change it */
	uint64_t size, made_at;
};

struct metrics_files {
	struct job job;
	struct manager *manager;
	struct requests waiting; /* for the next file */
	struct requests current; /* for the file that is being made */
	bool making;
	struct metrics metrics;	    /* of the file that is being made */
	int fd, error;		    /* set by the worker */
	struct metrics_file *files; /* the oldest first */
	size_t count, allocated;
	sd_event_source *timer; /* armed while there is a file */
};

/* --- files that exist ----------------------------------------------------------------- */

/* Frees the memory even if callers hold descriptors. */
static void empty_file(struct metrics_file *file)
{
	(void)!ftruncate(file->fd, 0);
	close(file->fd);
}

static uint64_t total_size(const struct metrics_files *files)
{
	uint64_t total = 0;

	for (size_t i = 0; i < files->count; i++)
		total += files->files[i].size;
	return total;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct metrics_files *files = userdata;
	uint64_t now = clock_usec(CLOCK_MONOTONIC);
	size_t expired = 0;

	while (expired < files->count && files->files[expired].made_at + METRICS_KEEP_USEC <= now)
		empty_file(&files->files[expired++]);
	files->count -= expired;
	memmove(files->files, files->files + expired, files->count * sizeof(*files->files));
	if (files->count == 0)
		return 0;
	(void)sd_event_source_set_time(source, files->files[0].made_at + METRICS_KEEP_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int arm_timer(struct metrics_files *files)
{
	uint64_t when = files->files[0].made_at + METRICS_KEEP_USEC;
	int r;

	if (!files->timer)
		return sd_event_add_time(files->manager->event, &files->timer, CLOCK_MONOTONIC,
					 when, 0, on_timer, files);
	r = sd_event_source_set_time(files->timer, when);
	return r < 0 ? r : sd_event_source_set_enabled(files->timer, SD_EVENT_ONESHOT);
}

/* Takes *@fd. A file that nothing would empty is not kept. */
static int keep_file(struct metrics_files *files, int *fd)
{
	struct stat st;
	int r;

	if (fstat(*fd, &st) < 0)
		return -errno;
	r = array_reserve(&files->files, files->count, &files->allocated, sizeof(*files->files));
	if (r < 0)
		return r;
	files->files[files->count++] = (struct metrics_file){
		.fd = take_fd(fd),
		.size = (uint64_t)st.st_size,
		.made_at = clock_usec(CLOCK_MONOTONIC),
	};
	r = arm_timer(files);
	if (r < 0)
		empty_file(&files->files[--files->count]);
	return r;
}

/* The latest file if many bytes are in use and it is recent enough, else NULL. */
static const struct metrics_file *find_shared(const struct metrics_files *files)
{
	const struct metrics_file *latest = files->count ? &files->files[files->count - 1] : NULL;

	if (!latest || total_size(files) < METRICS_FRESH_MAX ||
	    latest->made_at + METRICS_SHARE_USEC <= clock_usec(CLOCK_MONOTONIC))
		return NULL;
	return latest;
}

/* --- giving them out ------------------------------------------------------------------- */

/* Each caller has its own file offset, and cannot write. */
static int open_for_reading(int fd)
{
	char path[sizeof("/proc/self/fd/2147483647")];
	int reader;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	return reader < 0 ? -errno : reader;
}

static void give(const struct request *request, int error, int fd)
{
	cleanup_close int reader = error < 0 ? -1 : open_for_reading(fd);
	struct failure failure = { 0 };

	if (error == 0 && reader < 0)
		error = reader;
	if (error < 0)
		fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "The metrics could not be written: %s",
		     strerror(-error));
	request->done(error, &failure, reader, request->userdata);
}

static void give_all(struct requests *requests, int error, int fd)
{
	for (size_t i = 0; i < requests->count; i++)
		give(&requests->list[i], error, fd);
	requests->count = 0;
}

/* --- making one ------------------------------------------------------------------------ */

/* Only root could open it for writing again, and the seals prevent that. */
static int seal(int fd)
{
	if (fchmod(fd, 0444) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

static int write_file(const struct metrics *metrics, int *ret)
{
	cleanup_close int fd = memfd_create("rssd-metrics", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	cleanup_fclose FILE *out = NULL;
	int copy, r;

	if (fd < 0)
		return -errno;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return -errno;
	out = fdopen(copy, "w");
	if (!out) {
		close(copy);
		return -errno;
	}
	r = metrics_write(metrics, out);
	if (r == 0)
		r = seal(fd);
	if (r == 0)
		*ret = take_fd(&fd);
	return r;
}

static void write_run(struct worker *worker, void *data)
{
	struct metrics_files *files = data;

	self_read(&files->metrics.self);
	files->error = write_file(&files->metrics, &files->fd);
}

static void free_metrics(struct metrics *metrics)
{
	for (size_t i = 0; i < metrics->count; i++)
		free(metrics->containers[i].name);
	free(metrics->containers);
	*metrics = (struct metrics){ 0 };
}

static void make_next(struct metrics_files *files);

static void finish(struct metrics_files *files, int error)
{
	cleanup_close int fd = files->fd;
	int kept;

	files->fd = -1;
	files->making = false;
	free_metrics(&files->metrics);
	if (error == 0)
		error = keep_file(files, &fd);
	kept = error < 0 ? -1 : files->files[files->count - 1].fd;
	give_all(&files->current, error, kept);
	if (files->waiting.count > 0)
		make_next(files);
}

static void write_done(void *data)
{
	struct metrics_files *files = data;

	job_end(&files->job);
	finish(files, files->error);
}

static int add_container(struct metrics *metrics, const struct collect_row *from)
{
	struct metrics_container *row = &metrics->containers[metrics->count];

	row->name = strdup(from->container->name);
	if (!row->name)
		return -ENOMEM;
	metrics->count++;
	row->settings = from->container->settings;
	for_each_setting(setting) {
		if (setting->bit & ~container_supported(from->container))
			setting_put(setting, &row->settings, COUNTER_ABSENT);
	}
	row->counters = from->counters;
	row->parts = *from->parts;
	row->processes = from->processes;
	row->frozen = controller_can(from->container->group->controller, FEATURE_FREEZE)
			      ? from->frozen
			      : COUNTER_ABSENT;
	row->last_oom = from->container->last_oom ? from->container->last_oom->time
						  : COUNTER_ABSENT;
	return 0;
}

static int copy_rows(struct manager *m, const struct collect_row rows[], size_t count,
		     struct metrics *metrics)
{
	*metrics = (struct metrics){
		.version = RSSD_VERSION,
		.controller = m->controller->ops->name,
		.sequence = sequence_next(m->sequence),
		.events_lost = m->events_lost,
		.ooms = m->ooms_count,
		.join = join_count(m),
		.containers = calloc(count + 1, sizeof(*metrics->containers)),
	};
	if (!metrics->containers)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int r = add_container(metrics, &rows[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static void on_collected(int error, const struct failure *failure, const struct collect_row rows[],
			 size_t count, void *userdata)
{
	struct metrics_files *files = userdata;
	int r = error;

	if (r == 0)
		r = copy_rows(files->manager, rows, count, &files->metrics);
	if (r == 0)
		r = job_start(&files->job, files->manager->jobs, write_run, write_done, files);
	if (r < 0)
		finish(files, r);
}

/* All waiting callers share the next file. */
static void make_next(struct metrics_files *files)
{
	struct requests current = files->current;
	int r;

	files->current = files->waiting;
	files->waiting = current;
	files->making = true;
	r = collect_start(files->manager, COLLECT_PARTS, on_collected, files, NULL);
	if (r < 0)
		finish(files, r);
}

/* --- for the manager -------------------------------------------------------------------- */

static int get_files(struct manager *m, struct metrics_files **ret)
{
	if (!m->metrics_files) {
		m->metrics_files = calloc(1, sizeof(*m->metrics_files));
		if (!m->metrics_files)
			return -ENOMEM;
		m->metrics_files->manager = m;
		m->metrics_files->fd = -1;
	}
	*ret = m->metrics_files;
	return 0;
}

int metrics_file_get(struct manager *m, metrics_file_fn done, void *userdata,
		     struct failure *failure)
{
	const struct request request = { .done = done, .userdata = userdata };
	const struct metrics_file *shared;
	struct metrics_files *files;

	if (get_files(m, &files) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	shared = find_shared(files);
	if (shared) {
		give(&request, 0, shared->fd);
		return 0;
	}
	if (array_reserve(&files->waiting.list, files->waiting.count, &files->waiting.allocated,
			  sizeof(*files->waiting.list)) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	files->waiting.list[files->waiting.count++] = request;
	if (!files->making)
		make_next(files);
	return 0;
}

void metrics_files_close(struct manager *m)
{
	struct metrics_files *files = m->metrics_files;

	if (!files)
		return;
	for (size_t i = 0; i < files->count; i++)
		empty_file(&files->files[i]);
	sd_event_source_disable_unref(files->timer);
	free(files->files);
	free(files->waiting.list);
	free(files->current.list);
	free(files);
	m->metrics_files = NULL;
}
