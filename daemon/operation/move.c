/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves of processes: see move.h. */
#include "operation/move.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "base/job.h"
#include "base/worker.h"
#include "container/container.h"
#include "cgroup/cgroup-path.h"
#include "cgroup/control-file.h"
#include "container/manager.h"
#include "host/process-tree.h"
#include "host/process.h"
#include "shared/array.h"

static struct move *move_free(struct move *move)
{
	job_end(&move->job);
	for (size_t i = 0; i < move->n_pidfds; i++) {
		if (move->pidfds[i] >= 0)
			close(move->pidfds[i]);
	}
	free(move->pidfds);
	free(move->rows);
	tree_free(move->tree);
	container_unref(move->container);
	owner_places_done(&move->places);
	free(move);
	return NULL;
}
DEFINE_CLEANUP(struct move *, move_free);

/* --- on the worker ---------------------------------------------------------- */

struct attach_row *move_add_row(struct move *move, pid_t pid, enum attach_outcome outcome)
{
	struct attach_row *row;

	if (array_reserve(&move->rows, move->n_rows, &move->allocated, sizeof(*move->rows)) < 0) {
		move->error = -ENOMEM;
		return NULL;
	}
	row = &move->rows[move->n_rows++];
	*row = (struct attach_row){ .pid = pid, .outcome = outcome };
	return row;
}

void move_refuse(struct move *move, pid_t pid, const char *reason)
{
	struct attach_row *row = move_add_row(move, pid, ATTACH_REFUSED);

	if (row)
		snprintf(row->reason, sizeof(row->reason), "process %d %s", (int)pid, reason);
}

void move_refuse_errno(struct move *move, pid_t pid, int error)
{
	char reason[96];

	if (cgroup_is_gone(error))
		snprintf(reason, sizeof(reason),
			 "cannot be moved: another program removed the cgroup");
	else
		snprintf(reason, sizeof(reason), "cannot be moved: %s", strerror(-error));
	move_refuse(move, pid, reason);
}

/* --- in the loop -------------------------------------------------------------- */

static size_t count_outcome(const struct move *move, enum attach_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < move->n_rows; i++)
		n += move->rows[i].outcome == outcome;
	return n;
}

static void move_done(void *data)
{
	cleanup_(move_free_ptr) struct move *move = data;
	struct failure failure = { 0 };
	struct failure *failed = NULL;

	job_end(&move->job);
	if (move->container) {
		for (size_t i = 0; i < move->n_rows; i++)
			move->container->populated |= move->rows[i].outcome == ATTACH_MOVED;
	}
	if (move->refused.error != RSS_ERROR_NONE) {
		failed = &move->refused;
	} else if (move->error == -ECANCELED) {
		fail(&failure, RSS_ERROR_CANCELLED, "%s%s; %zu processes were handled before",
		     move->container ? move->container->name : "rssd",
		     move->container ? " is being removed, or rssd is stopping" : " is stopping",
		     move->n_rows);
		failed = &failure;
	} else if (move->error < 0) {
		fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot move the processes: %s",
		     strerror(-move->error));
		failed = &failure;
	} else if (move->still_growing) {
		fail(&failure, RSS_ERROR_TIMED_OUT,
		     "The tree is still growing faster than it can be followed: %zu processes were "
		     "moved and stay %s, %zu had ended, %zu were refused; stop it with "
		     "SIGSTOP, or limit its processes, and try again",
		     count_outcome(move, ATTACH_MOVED), move->container ? "inside" : "outside",
		     count_outcome(move, ATTACH_VANISHED), count_outcome(move, ATTACH_REFUSED));
		failed = &failure;
	}
	move->done(move->rows, move->n_rows, failed, move->userdata);
}

int move_start(struct manager *m, struct container *c, const int pidfds[], size_t count,
	       unsigned int how, const struct attach_caller *caller, worker_fn run,
	       attach_done_fn done, void *userdata, struct failure *failure)
{
	cleanup_(move_free_ptr) struct move *move = calloc(1, sizeof(*move));
	int r;

	assert(!c || (c->manager == m && !c->removed && !c->removing));

	if (!move)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*move = (struct move){
		.manager = m,
		.container = c ? container_ref(c) : NULL,
		.group = c ? c->group : NULL,
		.how = how,
		.dry_run = how & ATTACH_DRY_RUN,
		.caller = *caller,
		.done = done,
		.userdata = userdata,
	};
	move->pidfds = calloc(count ? count : 1, sizeof(*move->pidfds));
	if (!move->pidfds)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	for (size_t i = 0; i < count; i++) {
		move->pidfds[i] = fcntl(pidfds[i], F_DUPFD_CLOEXEC, 3);
		if (move->pidfds[i] < 0)
			return fail(failure, RSS_ERROR_TOO_MANY,
				    "Too many processes in one call: %s; use several calls",
				    strerror(errno));
		move->n_pidfds++;
	}
	if (caller->own && owner_places_read(m, caller->uid, &move->places) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	if ((how & ATTACH_TREE) && tree_new(&move->tree) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = job_start(&move->job, m->jobs, run, move_done, move);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot start the job: %s",
			    strerror(-r));
	if (c)
		job_list_add(&c->jobs, &move->job);
	(void)take_ptr(move);
	return 0;
}
