/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics as a file: see dump.h. */
#include "report/metrics-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/failure.h"
#include "base/worker.h"
#include "container/manager.h"
#include "monitor/collect.h"
#include "report/metrics.h"

struct dump {
	struct manager *manager;
	struct metrics metrics;
	dump_done_fn done;
	void *userdata;
	int fd;
	int error;
};

static struct dump *dump_free(struct dump *dump)
{
	for (size_t i = 0; i < dump->metrics.count; i++)
		free(dump->metrics.containers[i].name);
	free(dump->metrics.containers);
	if (dump->fd >= 0)
		close(dump->fd);
	free(dump);
	return NULL;
}
DEFINE_CLEANUP(struct dump *, dump_free);

/* The text in a new file of memory, sealed. */
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
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	*ret = take_fd(&fd);
	return 0;
}

static void dump_run(struct worker *worker, void *data)
{
	struct dump *dump = data;

	dump->error = write_file(&dump->metrics, &dump->fd);
}

static void dump_done(void *data)
{
	cleanup_(dump_free_ptr) struct dump *dump = data;
	struct failure failure = { 0 };

	dump->manager->jobs--;
	if (dump->error < 0)
		fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "The metrics could not be written: %s",
		     strerror(-dump->error));
	dump->done(dump->error, &failure, dump->fd, dump->userdata);
}

static int add_container(struct metrics *metrics, const struct survey_row *from)
{
	struct metrics_container *row = &metrics->containers[metrics->count];

	row->name = strdup(from->container->name);
	if (!row->name)
		return -ENOMEM;
	metrics->count++;
	row->settings = from->container->settings;
	row->counters = from->counters;
	row->processes = from->processes;
	return 0;
}

static int collect(struct manager *m, const struct survey_row rows[], size_t count,
		   struct metrics *metrics)
{
	*metrics = (struct metrics){
		.version = RSSD_VERSION,
		.controller = m->controller->ops->name,
		.sequence = m->sequence,
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

static void surveyed(int error, const struct failure *failure, const struct survey_row rows[],
		     size_t count, void *userdata)
{
	cleanup_(dump_free_ptr) struct dump *dump = userdata;
	struct failure own = { 0 };
	struct worker *worker;
	int r = error;

	if (r == 0) {
		r = collect(dump->manager, rows, count, &dump->metrics);
		if (r == 0)
			r = worker_start(dump->manager->workers, dump_run, dump_done, dump,
					 &worker);
		if (r < 0)
			r = fail(&own, RSS_ERROR_CONTROLLER_FAILED,
				 "The metrics could not be written: %s", strerror(-r));
		failure = &own;
	}
	if (r < 0) {
		dump->done(r, failure, -1, dump->userdata);
		return;
	}
	dump->manager->jobs++;
	(void)take_ptr(dump);
}

int dump_start(struct manager *m, dump_done_fn done, void *userdata, struct failure *failure)
{
	cleanup_(dump_free_ptr) struct dump *dump = calloc(1, sizeof(*dump));
	int r;

	if (!dump)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*dump = (struct dump){ .manager = m, .done = done, .userdata = userdata, .fd = -1 };
	r = survey_start(m, surveyed, dump, failure);
	if (r == 0)
		(void)take_ptr(dump);
	return r;
}
