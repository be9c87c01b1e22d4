/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching by pids: see attach-pids.h. */
#include "operation/attach-pids.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "host/process.h"
#include "operation/attach.h"
#include "shared/cleanup.h"

/* The pids without a pidfd, which have their rows already, and the pidfds of the others. */
struct by_pids {
	attach_done_fn done;
	void *userdata;
	struct attach_row *rows;
	size_t n_rows;
	int *pidfds;
	size_t n_pidfds;
};

static void close_pidfds(struct by_pids *by)
{
	for (size_t i = 0; i < by->n_pidfds; i++)
		close(by->pidfds[i]);
	by->n_pidfds = 0;
}

static struct by_pids *by_pids_free(struct by_pids *by)
{
	close_pidfds(by);
	free(by->pidfds);
	free(by->rows);
	free(by);
	return NULL;
}
DEFINE_CLEANUP(struct by_pids *, by_pids_free);

/* The report of the others follows the rows of the pids without a process. */
static void attached(const struct attach_row rows[], size_t count, const struct failure *failure,
		     void *userdata)
{
	cleanup_(by_pids_free_ptr) struct by_pids *by = userdata;
	struct failure lacking;
	struct attach_row *all;

	all = realloc(by->rows, (by->n_rows + count + 1) * sizeof(*all));
	if (!all) {
		(void)fail(&lacking, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
		by->done(NULL, 0, &lacking, by->userdata);
		return;
	}
	by->rows = all;
	if (count)
		memcpy(all + by->n_rows, rows, count * sizeof(*all));
	by->done(all, by->n_rows + count, failure, by->userdata);
}

static int open_process(struct by_pids *by, uint32_t pid, struct failure *failure)
{
	struct attach_row *row = &by->rows[by->n_rows];
	int fd;

	if (pid == 0 || pid > INT32_MAX)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT, "Invalid PID %u", pid);
	fd = process_open((pid_t)pid);
	if (fd >= 0) {
		by->pidfds[by->n_pidfds++] = fd;
		return 0;
	}
	*row = (struct attach_row){ .pid = (pid_t)pid, .outcome = ATTACH_VANISHED };
	if (fd == -EINVAL) {
		row->outcome = ATTACH_REFUSED;
		(void)snprintf(row->reason, sizeof(row->reason),
			       "process %u is a thread of another process", pid);
	} else if (fd != -ESRCH) {
		return fail(failure, RSS_ERROR_TOO_MANY,
			    "Too many processes in one call: %s; use several calls", strerror(-fd));
	}
	by->n_rows++;
	return 0;
}

int attach_pids_start(struct container *c, const uint32_t pids[], size_t count, unsigned int how,
		      const struct attach_caller *caller, attach_done_fn done, void *userdata,
		      struct failure *failure)
{
	cleanup_(by_pids_free_ptr) struct by_pids *by = NULL;
	int r = 0;

	if (count > ATTACH_PIDS_MAX)
		return fail(failure, RSS_ERROR_TOO_MANY,
			    "More than %d processes in one call; use several", ATTACH_PIDS_MAX);
	by = calloc(1, sizeof(*by));
	if (!by)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	by->done = done;
	by->userdata = userdata;
	by->rows = calloc(count + 1, sizeof(*by->rows));
	by->pidfds = calloc(count + 1, sizeof(*by->pidfds));
	if (!by->rows || !by->pidfds)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	for (size_t i = 0; i < count && r == 0; i++)
		r = open_process(by, pids[i], failure);
	if (r == 0)
		r = attach_start(c, by->pidfds, by->n_pidfds, how, caller, attached, by, failure);
	if (r < 0)
		return r;
	/* The job has copies. */
	close_pidfds(by);
	(void)take_ptr(by);
	return 0;
}
