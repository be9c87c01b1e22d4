/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving processes in and out of containers: see attach.h. */
#include "operation/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/cgroup-path.h"
#include "base/failure.h"
#include "base/job.h"
#include "base/worker.h"
#include "container/container.h"
#include "container/manager.h"
#include "host/process-tree.h"
#include "host/process.h"
#include "operation/leave.h"
#include "policy/access-policy.h"
#include "shared/array.h"
#include "shared/clock.h"
#include "shared/text.h"
#include "store/origins.h"

struct move {
	struct manager *manager;
	struct container *container; /* NULL: detach */
	struct group *group;
	struct job job;
	int *pidfds;
	size_t n_pidfds;
	struct tree *tree; /* NULL: of each process nothing but itself */
	unsigned int how;
	bool dry_run;
	struct attach_caller caller;
	attach_done_fn done;
	void *userdata;

	struct attach_row *rows;
	size_t n_rows, allocated;
	bool still_growing;
	int error;
	struct failure refused; /* one of the pidfds must not leave its unit: nothing was moved */
};

static const char *const outcome_names[] = {
	[ATTACH_MOVED] = "moved",
	[ATTACH_VANISHED] = "vanished",
	[ATTACH_REFUSED] = "refused",
	[ATTACH_WOULD_MOVE] = "would-move",
};

const char *attach_outcome_name(enum attach_outcome outcome)
{
	return outcome_names[outcome];
}

const char *attach_refusal(const struct process *process, uid_t owner, uid_t caller, pid_t self)
{
	if (process->kernel_thread)
		return "is a kernel thread and has no memory of its own";
	if (process->ended)
		return "is a zombie: it has ended and waits for its parent";
	if (process->pid == self)
		return "is rssd itself";
	if (process->pid == 1)
		return "is the init process, which the whole machine depends on";
	if (!access_owns(caller, owner))
		return "belongs to another user";
	return NULL;
}

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
	free(move);
	return NULL;
}
DEFINE_CLEANUP(struct move *, move_free);

/* --- on the worker ---------------------------------------------------------- */

static struct attach_row *add_row(struct move *move, pid_t pid, enum attach_outcome outcome)
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

static void refuse(struct move *move, pid_t pid, const char *reason)
{
	struct attach_row *row = add_row(move, pid, ATTACH_REFUSED);

	if (row)
		snprintf(row->reason, sizeof(row->reason), "process %d %s", (int)pid, reason);
}

static void refuse_move(struct move *move, pid_t pid, int error)
{
	char reason[96];

	if (error == -ENODEV || error == -ENOENT)
		snprintf(reason, sizeof(reason),
			 "cannot be moved: the cgroup was removed behind rssd's back");
	else
		snprintf(reason, sizeof(reason), "cannot be moved: %s", strerror(-error));
	refuse(move, pid, reason);
}

/* The process of a pidfd, read while the pidfd proves that the pid is still its own. */
static int identify(int pidfd, struct process *ret, uid_t *ret_owner)
{
	pid_t pid;
	int r = process_pid_of(pidfd, &pid);

	if (r == 0)
		r = process_read(pid, ret);
	if (r == 0)
		r = process_read_owner(pid, ret_owner);
	/* A zombie counts as ended for a pidfd, but can still be told apart. */
	if (r == 0 && process_ended(pidfd, 0) && !ret->ended)
		r = -ESRCH;
	return r;
}

static void not_identified(struct move *move, pid_t pid, int error)
{
	struct attach_row *row =
		add_row(move, pid, error == -ESRCH ? ATTACH_VANISHED : ATTACH_REFUSED);

	if (row && error != -ESRCH)
		snprintf(row->reason, sizeof(row->reason), "the descriptor is no pidfd");
}

/*
 * The pid was written after its process had ended: where another process has
 * it by now, that one was moved and goes back to where its parent is.
 */
static void undo_reused(struct move *move, const struct process *meant)
{
	cleanup_free char *home = NULL;
	struct process now;

	if (process_read(meant->pid, &now) < 0 || now.start == meant->start)
		return;
	if (controller_cgroup_of_process(move->manager->controller, now.parent, &home) == 0)
		(void)controller_move_to_cgroup(move->manager->controller, home, now.pid);
}

static void tree_take(struct move *move, const struct process *p, enum membership membership)
{
	if (move->tree && tree_add(move->tree, p, membership) < 0)
		move->error = -ENOMEM;
}

/* It is inside now: what it bore before was told by then, and was born outside. */
static void tree_take_inside(struct move *move, const struct process *p)
{
	if (move->tree)
		tree_catch_up(move->tree);
	tree_take(move, p, MEMBER_INSIDE);
}

/* The row of a process that could be moved, for those who only want to know. */
static void tell_move(struct move *move, const struct process *p, const char *path,
		      const char *origin)
{
	struct attach_row *row = add_row(move, p->pid, ATTACH_WOULD_MOVE);

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

/* The row of a process that must not leave its unit. */
static bool may_leave(struct move *move, const struct process *p, const char *cgroup)
{
	struct failure failure;
	struct attach_row *row;

	if (check_leave(move, p, cgroup, &failure) == 0)
		return true;
	row = add_row(move, p->pid, ATTACH_REFUSED);
	if (row) {
		snprintf(row->reason, sizeof(row->reason), "%.383s", failure.text);
		row->reason[0] = 'p';
	}
	return false;
}

/* Before anything is moved: may this one leave the unit that it is in? */
static bool check_unit(struct move *move, int pidfd)
{
	struct controller *controller = move->manager->controller;
	cleanup_free char *cgroup = NULL, *path = NULL;
	struct process p;
	uid_t owner;

	if (identify(pidfd, &p, &owner) < 0 ||
	    attach_refusal(&p, owner, move->caller.uid, getpid()) ||
	    controller_cgroup_of_process(controller, p.pid, &cgroup) < 0 ||
	    controller_path_of_cgroup(controller, cgroup, &path) != -ENOENT)
		return true;
	return check_leave(move, &p, cgroup, &move->refused) == 0;
}

/* @expected: who the pidfd must be of; NULL: whoever it is of. */
static void attach_one(struct move *move, int pidfd, const struct process *expected)
{
	struct controller *controller = move->manager->controller;
	cleanup_free char *cgroup = NULL, *path = NULL;
	const char *refusal, *origin = NULL;
	struct process p;
	uid_t owner;
	int r = identify(pidfd, &p, &owner);

	/* A descendant that ends meanwhile is nobody's mistake. */
	if (r == 0 && expected && (p.start != expected->start || p.ended))
		r = -ESRCH;
	if (r < 0) {
		not_identified(move, expected ? expected->pid : 0, r);
		if (expected)
			tree_take(move, expected, MEMBER_ENDED);
		return;
	}
	/* Before it is moved, so that none of its children is missed. */
	tree_take(move, &p, MEMBER_OUTSIDE);
	refusal = attach_refusal(&p, owner, move->caller.uid, getpid());
	if (refusal) {
		refuse(move, p.pid, refusal);
		return;
	}

	/* From one container to another, the origin stays where it was before the first. */
	r = controller_cgroup_of_process(controller, p.pid, &cgroup);
	if (r == 0 && controller_path_of_cgroup(controller, cgroup, &path) == -ENOENT)
		origin = cgroup;
	if (origin && !may_leave(move, &p, origin))
		return;
	if (move->dry_run) {
		tell_move(move, &p, path, origin);
		return;
	}
	if (origin && origins_set(move->manager->origins, p.pid, p.start, origin) == -ENOMEM) {
		move->error = -ENOMEM;
		return;
	}
	r = group_add_process(move->group, p.pid);
	if (process_ended(pidfd, 0)) {
		if (r == 0)
			undo_reused(move, &p);
		add_row(move, p.pid, ATTACH_VANISHED);
		tree_take(move, &p, MEMBER_ENDED);
		return;
	}
	if (r < 0) {
		refuse_move(move, p.pid, r);
		return;
	}
	add_row(move, p.pid, ATTACH_MOVED);
	tree_take_inside(move, &p);
}

static bool is_inside(struct move *move, pid_t pid)
{
	cleanup_free char *path = NULL;

	return controller_path_of_process(move->manager->controller, pid, &path) == 0 &&
	       strcmp(path, move->group->path) == 0;
}

/* Of a pass: all that there are. */
struct look {
	struct process *all;
	size_t count;
};

static void attach_descendant(struct move *move, const struct look *look, const struct process *p)
{
	cleanup_close int pidfd = process_open(p->pid);

	/* With the pidfd in hand the pid is pinned; a fork that told of it may have been long ago. */
	tree_catch_up(move->tree);
	if (pidfd >= 0 && tree_claims(move->tree, p, look->all, look->count)) {
		attach_one(move, pidfd, p);
		return;
	}
	add_row(move, p->pid, ATTACH_VANISHED);
	/* Its children that were seen with it are descendants, too. */
	tree_take(move, p, MEMBER_ENDED);
}

/*
 * One look at all processes: descendants that are new join the tree, and those
 * that were not born inside are moved. Was nobody outside?
 */
static bool tree_pass(struct move *move)
{
	cleanup_free struct process *all = NULL;
	struct look look = { 0 };
	bool again = true, complete = true;
	int r;

	tree_catch_up(move->tree);
	r = process_list(&all, &look.count);
	if (r < 0)
		move->error = r;
	look.all = all;
	/* A child may have a smaller pid than its parent: go on until nobody joins. */
	while (again && move->error == 0) {
		again = false;
		for (size_t i = 0; i < look.count && move->error == 0; i++) {
			const struct process *p = &all[i];

			if (p->ended || !tree_claims(move->tree, p, all, look.count))
				continue;
			again = true;
			if (!move->dry_run && is_inside(move, p->pid)) {
				add_row(move, p->pid, ATTACH_MOVED);
				tree_take_inside(move, p);
				continue;
			}
			attach_descendant(move, &look, p);
			complete = false;
		}
	}
	if (move->error == 0)
		move->error = tree_exclude(move->tree, all, look.count);
	/* Somebody outside may have borne a child after the look, and ended before it was there. */
	tree_catch_up(move->tree);
	return complete && tree_is_settled(move->tree);
}

/* False once something failed, or nobody wants the rest any more. */
static bool goes_on(struct move *move, const struct worker *worker)
{
	if (move->error == 0 && worker_cancelled(worker))
		move->error = -ECANCELED;
	return move->error == 0;
}

static void attach_tree(struct move *move, const struct worker *worker)
{
	uint64_t begin = clock_usec(CLOCK_MONOTONIC);
	enum tree_step step = TREE_AGAIN;

	/* Nothing is moved in a dry run: one look tells all there is to tell. */
	if (move->dry_run) {
		(void)tree_pass(move);
		return;
	}
	for (unsigned int pass = 1; step == TREE_AGAIN && goes_on(move, worker); pass++)
		step = tree_next_step(tree_pass(move), pass, clock_usec(CLOCK_MONOTONIC) - begin);
	move->still_growing = step == TREE_GROWING;
}

static void attach_run(struct worker *worker, void *data)
{
	struct move *move = data;

	for (size_t i = 0; i < move->n_pidfds && !move->dry_run && !(move->how & ATTACH_BY_RULE);
	     i++) {
		if (!check_unit(move, move->pidfds[i]))
			return;
	}
	for (size_t i = 0; i < move->n_pidfds && goes_on(move, worker); i++)
		attach_one(move, move->pidfds[i], NULL);
	if (move->tree && move->error == 0)
		attach_tree(move, worker);
}

/*
 * Where a process came from: what was recorded for it, or else for the nearest
 * ancestor, in whose container it was born. If that has ended, the leaders of its
 * process group and session are ancestors, whose pids are not reused meanwhile.
 */
static char *find_origin(struct manager *m, const struct process *p)
{
	struct process at = *p;
	char *origin = origins_find(m->origins, at.pid, at.start);

	for (unsigned int depth = 0; depth < 64 && !origin && at.parent > 1; depth++) {
		if (process_read(at.parent, &at) < 0)
			break;
		origin = origins_find(m->origins, at.pid, at.start);
	}
	if (!origin)
		origin = origins_find_leader(m->origins, p->group, p->start);
	if (!origin)
		origin = origins_find_leader(m->origins, p->session, p->start);
	return origin;
}

/*
 * Moves it to @cgroup or, if that is gone, for root to the nearest parent that
 * is left. Only what came from the root of the hierarchy goes there: nothing is
 * limited in it.
 */
static int move_back(struct move *move, char *cgroup, pid_t pid)
{
	for (;;) {
		char *slash;
		int r = controller_move_to_cgroup(move->manager->controller, cgroup, pid);

		if (r != -ENOENT)
			return r;
		slash = strrchr(cgroup, '/');
		if (move->caller.uid != 0 || !slash || slash == cgroup)
			return r;
		*slash = '\0';
	}
}

static void refuse_detach(struct move *move, pid_t pid, const char *origin, int error)
{
	char reason[160];

	if (error != -ENOENT) {
		refuse_move(move, pid, error);
		return;
	}
	snprintf(reason, sizeof(reason), "stays inside: its origin %.80s is gone%s", origin,
		 move->caller.uid != 0 ? "; only root may move it elsewhere" : "");
	refuse(move, pid, reason);
}

/* The move itself: 0, or a negative errno; *to is the cgroup it was tried with last. */
static int leave_container(struct move *move, const struct process *p, const char *origin,
			   char **to)
{
	struct origins *origins = move->manager->origins;
	int r;

	*to = strdup(origin);
	if (!*to)
		return -ENOMEM;
	/* Before it is out, so that no rule takes it again at once. */
	r = origins_set_detached(origins, p->pid, p->start, origin);
	if (r == 0)
		r = move_back(move, *to, p->pid);
	if (r < 0)
		(void)origins_set(origins, p->pid, p->start, origin);
	return r;
}

static void detach_one(struct move *move, int pidfd)
{
	struct manager *m = move->manager;
	cleanup_free char *path = NULL, *origin = NULL, *to = NULL;
	struct attach_row *row;
	const char *refusal;
	struct process p;
	uid_t owner;
	int r = identify(pidfd, &p, &owner);

	if (r < 0) {
		not_identified(move, 0, r);
		return;
	}
	refusal = attach_refusal(&p, owner, move->caller.uid, getpid());
	if (!refusal && controller_path_of_process(m->controller, p.pid, &path) < 0)
		refusal = "is in no container";
	if (!refusal && !(origin = find_origin(m, &p)))
		refusal = "stays inside: rssd does not know where it came from; root can write its "
			  "pid to the cgroup.procs of another cgroup";
	if (refusal) {
		refuse(move, p.pid, refusal);
		return;
	}
	r = leave_container(move, &p, origin, &to);
	if (process_ended(pidfd, 0)) {
		if (r == 0)
			undo_reused(move, &p);
		add_row(move, p.pid, ATTACH_VANISHED);
		return;
	}
	if (r < 0) {
		refuse_detach(move, p.pid, origin, r);
		return;
	}
	row = add_row(move, p.pid, ATTACH_MOVED);
	if (row && strcmp(origin, to) != 0)
		snprintf(row->reason, sizeof(row->reason), "its origin is gone: moved to %.100s",
			 to);
}

static void detach_run(struct worker *worker, void *data)
{
	struct move *move = data;

	for (size_t i = 0; i < move->n_pidfds && move->error == 0; i++)
		detach_one(move, move->pidfds[i]);
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
		fail(&failure, RSS_ERROR_CANCELLED,
		     "%s is being removed, or rssd stopped; %zu processes were seen to before",
		     move->container->name, move->n_rows);
		failed = &failure;
	} else if (move->error < 0) {
		fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "Processes could not be moved: %s",
		     strerror(-move->error));
		failed = &failure;
	} else if (move->still_growing) {
		fail(&failure, RSS_ERROR_TIMED_OUT,
		     "The tree is still growing faster than it can be followed: %zu processes were "
		     "moved and stay inside, %zu had vanished, %zu were refused; stop it with "
		     "SIGSTOP, or limit its processes, and attach it again",
		     count_outcome(move, ATTACH_MOVED), count_outcome(move, ATTACH_VANISHED),
		     count_outcome(move, ATTACH_REFUSED));
		failed = &failure;
	}
	move->done(move->rows, move->n_rows, failed, move->userdata);
}

static int move_start(struct manager *m, struct container *c, const int pidfds[], size_t count,
		      unsigned int how, const struct attach_caller *caller, worker_fn run,
		      attach_done_fn done, void *userdata, struct failure *failure)
{
	cleanup_(move_free_ptr) struct move *move = calloc(1, sizeof(*move));
	int r;

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
			return fail(
				failure, RSS_ERROR_TOO_MANY,
				"Too many processes at a time: %s; attach them in smaller numbers",
				strerror(errno));
		move->n_pidfds++;
	}
	if ((how & ATTACH_TREE) && tree_new(&move->tree) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = job_start(&move->job, m->jobs, run, move_done, move);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The job could not be started: %s", strerror(-r));
	if (c)
		job_list_add(&c->jobs, &move->job);
	(void)take_ptr(move);
	return 0;
}

int attach_start(struct container *c, const int pidfds[], size_t count, unsigned int how,
		 const struct attach_caller *caller, attach_done_fn done, void *userdata,
		 struct failure *failure)
{
	if (c->removing)
		return fail(failure, RSS_ERROR_IN_PROGRESS, "%s is being removed", c->name);
	return move_start(c->manager, c, pidfds, count, how, caller, attach_run, done, userdata,
			  failure);
}

int detach_start(struct manager *m, const int pidfds[], size_t count, uid_t caller,
		 attach_done_fn done, void *userdata, struct failure *failure)
{
	const struct attach_caller by = { .uid = caller };

	return move_start(m, NULL, pidfds, count, 0, &by, detach_run, done, userdata, failure);
}
