/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving processes into containers: see attach.h. */
#include "operation/attach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/cgroup-path.h"
#include "base/failure.h"
#include "base/worker.h"
#include "container/container.h"
#include "container/manager.h"
#include "host/process-tree.h"
#include "host/process.h"
#include "operation/leave.h"
#include "shared/clock.h"
#include "store/origins.h"
#include "operation/attach-policy.h"
#include "operation/move-process.h"
#include "operation/move-tree.h"
#include "operation/move.h"
#include "policy/place.h"

/* The row of a process in a dry run. */
static void report_dry_run(struct move *move, const struct process *p, const char *path,
			   const char *origin)
{
	struct attach_row *row = move_add_row(move, p->pid, ATTACH_WOULD_MOVE);

	if (!row)
		return;
	if (path && strcmp(path, move->group->path) == 0)
		snprintf(row->reason, sizeof(row->reason), "is inside already");
	else
		snprintf(row->reason, sizeof(row->reason), "from %s%.120s",
			 path ? "the container " : "", path ? path : (origin ? origin : "?"));
}

static int check_leave(const struct move *move, const struct process *p, const char *cgroup,
		       struct failure *failure)
{
	return leave_check(move->manager->controller, p, cgroup, &move->caller,
			   move->how & ATTACH_LEAVE_UNIT, failure);
}

/* Adds a refused row and returns false if the process must not leave its unit. */
static bool may_leave(struct move *move, const struct process *p, const char *cgroup)
{
	struct failure failure;
	struct attach_row *row;

	if (check_leave(move, p, cgroup, &failure) == 0)
		return true;
	row = move_add_row(move, p->pid, ATTACH_REFUSED);
	if (row) {
		snprintf(row->reason, sizeof(row->reason), "%.383s", failure.text);
		row->reason[0] = 'p';
	}
	return false;
}

/* Returns false, with a failure in @move, if it must not leave its unit. */
static bool check_unit(struct move *move, int pidfd)
{
	struct controller *controller = move->manager->controller;
	cleanup_free char *cgroup = NULL, *path = NULL;
	struct process p;
	uid_t owner;

	if (move_identify(pidfd, move->caller.uid, &p, &owner) < 0 ||
	    attach_refusal(&p, owner, move->caller.uid, getpid()) ||
	    controller_cgroup_of(controller, &p, &cgroup) < 0 ||
	    controller_path_of_cgroup(controller, cgroup, &path) != -ENOENT)
		return true;
	return check_leave(move, &p, cgroup, &move->refused) == 0;
}

/* @expected: the process that the pidfd must refer to; NULL: any */
static void attach_one(struct move *move, int pidfd, const struct process *expected)
{
	struct controller *controller = move->manager->controller;
	cleanup_free char *cgroup = NULL, *path = NULL;
	const char *refusal, *origin = NULL;
	struct process p;
	int r;

	if (!move_begin_process(move, pidfd, expected, &p, &refusal))
		return;
	if (refusal) {
		move_refuse(move, p.pid, refusal);
		return;
	}

	/* A move from another container keeps the recorded origin. */
	r = controller_cgroup_of(controller, &p, &cgroup);
	if (r == 0)
		r = controller_path_of_cgroup(controller, cgroup, &path);
	if (r == -ENOENT)
		origin = cgroup;
	else if (move_has_vanished(move, pidfd, &p, r == 0))
		return;
	/* Without its cgroup there is no origin, and it may be in a unit. */
	if (r < 0 && r != -ENOENT) {
		move_refuse_errno(move, p.pid, r);
		return;
	}
	if (move->caller.own && !owner_may_take_from(&move->places, path, origin)) {
		move_refuse(move, p.pid,
			    "is in a container of another user, whose limit it would leave");
		return;
	}
	if (origin && !may_leave(move, &p, origin))
		return;
	if (move->dry_run) {
		report_dry_run(move, &p, path, origin);
		return;
	}
	if (origin && origins_set(move->manager->origins, p.pid, p.start, origin) == -ENOMEM) {
		move->error = -ENOMEM;
		return;
	}
	r = group_add_process(move->group, p.pid);
	if (move_has_vanished(move, pidfd, &p, r == 0))
		return;
	if (r < 0) {
		move_refuse_errno(move, p.pid, r);
		return;
	}
	move_add_row(move, p.pid, ATTACH_MOVED);
	move_tree_add_inside(move, &p);
}

static bool is_inside(struct move *move, pid_t pid)
{
	cleanup_free char *path = NULL;

	return controller_path_of_process(move->manager->controller, pid, &path) == 0 &&
	       strcmp(path, move->group->path) == 0;
}

/* Attaching takes no process out of its unit if the controller has a hierarchy of its own. */
static bool must_check_units(const struct move *move)
{
	return controller_leaves_units(move->manager->controller) && !move->dry_run &&
	       !(move->how & ATTACH_BY_RULE);
}

static void attach_run(struct worker *worker, void *data)
{
	struct move *move = data;

	move->one = attach_one;
	move->is_there = is_inside;
	/* Refuse all before one is moved. */
	for (size_t i = 0; i < move->n_pidfds && must_check_units(move); i++) {
		if (!check_unit(move, move->pidfds[i]))
			return;
	}
	for (size_t i = 0; i < move->n_pidfds && move_should_continue(move, worker); i++)
		attach_one(move, move->pidfds[i], NULL);
	if (move->tree && move->error == 0)
		move_tree(move, worker);
}

int attach_start(struct container *c, const int pidfds[], size_t count, unsigned int how,
		 const struct attach_caller *caller, attach_done_fn done, void *userdata,
		 struct failure *failure)
{
	char place[PLACE_TEXT_MAX];

	if (c->removing)
		return fail(failure, RSS_ERROR_IN_PROGRESS,
			    "Cannot attach to \"%s\": it is being removed", c->name);
	if (c->place || (c->joined_unit && !(how & ATTACH_BY_RULE)))
		return fail(failure, RSS_ERROR_NOT_SUPPORTED,
			    "Cannot attach to \"%s\": it is the %s, and its members are the "
			    "processes in it",
			    c->name, container_describe_place(c, place, sizeof(place)));
	return move_start(c->manager, c, pidfds, count, how, caller, attach_run, done, userdata,
			  failure);
}
