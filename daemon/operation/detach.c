/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving processes back to their origins: see attach.h. */
#include "operation/attach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
#include "cgroup/cgroup-path.h"
#include "container/manager.h"
#include "host/process.h"
#include "operation/leave.h"
#include "store/origins.h"
#include "operation/move-process.h"
#include "operation/move-tree.h"
#include "operation/move.h"
#include "operation/origin.h"
#include "policy/place.h"

static void refuse_detach(struct move *move, pid_t pid, const char *origin, int error)
{
	char reason[160];

	if (error != -ENOENT) {
		move_refuse_errno(move, pid, error);
		return;
	}
	snprintf(reason, sizeof(reason), "stays inside: its origin %.80s is gone%s", origin,
		 move->caller.uid != 0 ? "; only root may move it elsewhere" : "");
	move_refuse(move, pid, reason);
}

/* Moves it: returns 0 or a negative errno. *to is the cgroup that was tried last. */
static int leave_container(struct move *move, const struct process *p, const char *origin,
			   char **to)
{
	struct origins *origins = move->manager->origins;
	int r;

	*to = strdup(origin);
	if (!*to)
		return -ENOMEM;
	/* Recorded before the move, so that no rule attaches it again at once. */
	r = origins_set_detached(origins, p->pid, p->start, origin);
	if (r == 0)
		r = origin_move(move->manager->controller, *to, p->pid,
				move->caller.uid == 0 ? ORIGIN_PARENTS : ORIGIN_ONLY);
	if (r < 0)
		(void)origins_set(origins, p->pid, p->start, origin);
	return r;
}

static void detach_one(struct move *move, int pidfd, const struct process *expected)
{
	struct manager *m = move->manager;
	cleanup_free char *path = NULL, *origin = NULL, *to = NULL;
	struct attach_row *row;
	const char *refusal;
	struct process p;
	int r;

	if (!move_begin_process(move, pidfd, expected, &p, &refusal))
		return;
	if (!refusal && controller_path_of_process(m->controller, p.pid, &path) < 0)
		refusal = "is in no container";
	if (!refusal && !(origin = origin_of_process(m, &p)))
		refusal = "stays inside: its origin is unknown; root can write its "
			  "pid to the cgroup.procs of another cgroup";
	if (refusal) {
		move_refuse(move, p.pid, refusal);
		return;
	}
	r = leave_container(move, &p, origin, &to);
	if (move_has_vanished(move, pidfd, &p, r == 0))
		return;
	if (r < 0) {
		refuse_detach(move, p.pid, origin, r);
		return;
	}
	row = move_add_row(move, p.pid, ATTACH_MOVED);
	move_tree_add_inside(move, &p);
	if (row && strcmp(origin, to) != 0)
		snprintf(row->reason, sizeof(row->reason), "its origin is gone: moved to %.100s",
			 to);
}

static bool is_outside(struct move *move, pid_t pid)
{
	cleanup_free char *path = NULL;

	return controller_path_of_process(move->manager->controller, pid, &path) == -ENOENT;
}

static void detach_run(struct worker *worker, void *data)
{
	struct move *move = data;

	move->one = detach_one;
	move->is_there = is_outside;
	for (size_t i = 0; i < move->n_pidfds && move_should_continue(move, worker); i++)
		detach_one(move, move->pidfds[i], NULL);
	if (move->tree && move->error == 0)
		move_tree(move, worker);
}

/* Only systemd or the other program moves processes out of a place. */
static int check_places(const struct manager *m, const int pidfds[], size_t count,
			struct failure *failure)
{
	char place[PLACE_TEXT_MAX];

	for (size_t i = 0; m->places + m->joined > 0 && i < count; i++) {
		struct container *c = NULL;
		struct failure ignored;
		pid_t pid;

		if (process_pid_of(pidfds[i], &pid) == 0 &&
		    manager_get_by_pid(m, pid, &c, &ignored) == 0 && container_is_elsewhere(c))
			return fail(failure, RSS_ERROR_NOT_SUPPORTED,
				    "Cannot detach process %d from \"%s\": that is the %s, and its "
				    "members are the processes in it",
				    (int)pid, c->name,
				    container_describe_place(c, place, sizeof(place)));
	}
	return 0;
}

int detach_start(struct manager *m, const int pidfds[], size_t count, unsigned int how,
		 uid_t caller, attach_done_fn done, void *userdata, struct failure *failure)
{
	const struct attach_caller by = { .uid = caller };
	int r = check_places(m, pidfds, count, failure);

	return r < 0 ? r
		     : move_start(m, NULL, pidfds, count, how, &by, detach_run, done, userdata,
				  failure);
}
