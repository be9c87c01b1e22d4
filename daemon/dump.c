/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics as a file: see dump.h. */
#include "dump.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "failure.h"
#include "manager.h"
#include "metrics.h"
#include "worker.h"

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

static int add_container(struct metrics *metrics, struct container *c)
{
	struct metrics_container *row = &metrics->containers[metrics->count];

	row->name = strdup(c->name);
	if (!row->name)
		return -ENOMEM;
	metrics->count++;
	row->settings = c->settings;
	/* A group that was removed behind our back has no counters. */
	if (container_read_counters(c, &row->counters) < 0)
		memset(&row->counters, 0xff, sizeof(row->counters));
	(void)group_count_processes(c->group, &row->processes);
	return 0;
}

static int collect(struct manager *m, struct metrics *metrics)
{
	*metrics = (struct metrics){
		.version = RSSD_VERSION,
		.controller = m->controller->ops->name,
		.sequence = m->sequence,
		.join = join_count(m),
		.containers = calloc(m->count + 1, sizeof(*metrics->containers)),
	};
	if (!metrics->containers)
		return -ENOMEM;
	for (size_t i = 0; i < m->count; i++) {
		int r = add_container(metrics, m->containers[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int dump_start(struct manager *m, dump_done_fn done, void *userdata, struct failure *failure)
{
	cleanup_(dump_free_ptr) struct dump *dump = calloc(1, sizeof(*dump));
	struct worker *worker;
	int r;

	if (!dump)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	dump->manager = m;
	dump->done = done;
	dump->userdata = userdata;
	dump->fd = -1;
	r = collect(m, &dump->metrics);
	if (r == 0)
		r = worker_start(m->event, dump_run, dump_done, dump, &worker);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The metrics could not be written: %s", strerror(-r));
	m->jobs++;
	(void)take_ptr(dump);
	return 0;
}
