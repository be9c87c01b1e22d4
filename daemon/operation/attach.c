/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving processes in and out of containers: see attach.h. */
#include "operation/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/failure.h"
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

struct job {
	struct manager *manager;
	struct container *container; /* NULL: detach */
	struct group *group;
	struct container_job job;
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

static struct job *job_free(struct job *job)
{
	for (size_t i = 0; i < job->n_pidfds; i++) {
		if (job->pidfds[i] >= 0)
			close(job->pidfds[i]);
	}
	free(job->pidfds);
	free(job->rows);
	tree_free(job->tree);
	container_unref(job->container);
	free(job);
	return NULL;
}
DEFINE_CLEANUP(struct job *, job_free);

/* --- on the worker ---------------------------------------------------------- */

static struct attach_row *add_row(struct job *job, pid_t pid, enum attach_outcome outcome)
{
	struct attach_row *row;

	if (array_reserve(&job->rows, job->n_rows, &job->allocated, sizeof(*job->rows)) < 0) {
		job->error = -ENOMEM;
		return NULL;
	}
	row = &job->rows[job->n_rows++];
	*row = (struct attach_row){ .pid = pid, .outcome = outcome };
	return row;
}

static void refuse(struct job *job, pid_t pid, const char *reason)
{
	struct attach_row *row = add_row(job, pid, ATTACH_REFUSED);

	if (row)
		snprintf(row->reason, sizeof(row->reason), "process %d %s", (int)pid, reason);
}

static void refuse_move(struct job *job, pid_t pid, int error)
{
	char reason[96];

	if (error == -ENODEV || error == -ENOENT)
		snprintf(reason, sizeof(reason),
			 "cannot be moved: the cgroup was removed behind rssd's back");
	else
		snprintf(reason, sizeof(reason), "cannot be moved: %s", strerror(-error));
	refuse(job, pid, reason);
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

static void not_identified(struct job *job, pid_t pid, int error)
{
	struct attach_row *row =
		add_row(job, pid, error == -ESRCH ? ATTACH_VANISHED : ATTACH_REFUSED);

	if (row && error != -ESRCH)
		snprintf(row->reason, sizeof(row->reason), "the descriptor is no pidfd");
}

/*
 * The pid was written after its process had ended: where another process has
 * it by now, that one was moved and goes back to where its parent is.
 */
static void undo_reused(struct job *job, const struct process *meant)
{
	cleanup_free char *home = NULL;
	struct process now;

	if (process_read(meant->pid, &now) < 0 || now.start == meant->start)
		return;
	if (controller_cgroup_of_process(job->manager->controller, now.parent, &home) == 0)
		(void)controller_move_to_cgroup(job->manager->controller, home, now.pid);
}

static void tree_take(struct job *job, const struct process *p, enum membership membership)
{
	if (job->tree && tree_add(job->tree, p, membership) < 0)
		job->error = -ENOMEM;
}

/* It is inside now: what it bore before was told by then, and was born outside. */
static void tree_take_inside(struct job *job, const struct process *p)
{
	if (job->tree)
		tree_catch_up(job->tree);
	tree_take(job, p, MEMBER_INSIDE);
}

/* The row of a process that could be moved, for those who only want to know. */
static void tell_move(struct job *job, const struct process *p, const char *path,
		      const char *origin)
{
	struct attach_row *row = add_row(job, p->pid, ATTACH_WOULD_MOVE);

	if (!row)
		return;
	if (path && strcmp(path, job->group->path) == 0)
		snprintf(row->reason, sizeof(row->reason), "is inside already");
	else
		snprintf(row->reason, sizeof(row->reason), "from %s%.120s",
			 path ? "the container " : "", path ? path : (origin ? origin : "?"));
}

static int check_leave(const struct job *job, const struct process *p, const char *cgroup,
		       struct failure *failure)
{
	return leave_check(job->manager->controller, p, cgroup, &job->caller,
			   job->how & ATTACH_LEAVE_UNIT, failure);
}

/* The row of a process that must not leave its unit. */
static bool may_leave(struct job *job, const struct process *p, const char *cgroup)
{
	struct failure failure;
	struct attach_row *row;

	if (check_leave(job, p, cgroup, &failure) == 0)
		return true;
	row = add_row(job, p->pid, ATTACH_REFUSED);
	if (row) {
		snprintf(row->reason, sizeof(row->reason), "%.383s", failure.text);
		row->reason[0] = 'p';
	}
	return false;
}

/* Before anything is moved: may this one leave the unit that it is in? */
static bool check_unit(struct job *job, int pidfd)
{
	struct controller *controller = job->manager->controller;
	cleanup_free char *cgroup = NULL, *path = NULL;
	struct process p;
	uid_t owner;

	if (identify(pidfd, &p, &owner) < 0 ||
	    attach_refusal(&p, owner, job->caller.uid, getpid()) ||
	    controller_cgroup_of_process(controller, p.pid, &cgroup) < 0 ||
	    controller_path_of_cgroup(controller, cgroup, &path) != -ENOENT)
		return true;
	return check_leave(job, &p, cgroup, &job->refused) == 0;
}

/* @expected: who the pidfd must be of; NULL: whoever it is of. */
static void attach_one(struct job *job, int pidfd, const struct process *expected)
{
	struct controller *controller = job->manager->controller;
	cleanup_free char *cgroup = NULL, *path = NULL;
	const char *refusal, *origin = NULL;
	struct process p;
	uid_t owner;
	int r = identify(pidfd, &p, &owner);

	/* A descendant that ends meanwhile is nobody's mistake. */
	if (r == 0 && expected && (p.start != expected->start || p.ended))
		r = -ESRCH;
	if (r < 0) {
		not_identified(job, expected ? expected->pid : 0, r);
		if (expected)
			tree_take(job, expected, MEMBER_ENDED);
		return;
	}
	/* Before it is moved, so that none of its children is missed. */
	tree_take(job, &p, MEMBER_OUTSIDE);
	refusal = attach_refusal(&p, owner, job->caller.uid, getpid());
	if (refusal) {
		refuse(job, p.pid, refusal);
		return;
	}

	/* From one container to another, the origin stays where it was before the first. */
	r = controller_cgroup_of_process(controller, p.pid, &cgroup);
	if (r == 0 && controller_path_of_cgroup(controller, cgroup, &path) == -ENOENT)
		origin = cgroup;
	if (origin && !may_leave(job, &p, origin))
		return;
	if (job->dry_run) {
		tell_move(job, &p, path, origin);
		return;
	}
	if (origin && origins_set(job->manager->origins, p.pid, p.start, origin) == -ENOMEM) {
		job->error = -ENOMEM;
		return;
	}
	r = group_add_process(job->group, p.pid);
	if (process_ended(pidfd, 0)) {
		if (r == 0)
			undo_reused(job, &p);
		add_row(job, p.pid, ATTACH_VANISHED);
		tree_take(job, &p, MEMBER_ENDED);
		return;
	}
	if (r < 0) {
		refuse_move(job, p.pid, r);
		return;
	}
	add_row(job, p.pid, ATTACH_MOVED);
	tree_take_inside(job, &p);
}

static bool is_inside(struct job *job, pid_t pid)
{
	cleanup_free char *path = NULL;

	return controller_path_of_process(job->manager->controller, pid, &path) == 0 &&
	       strcmp(path, job->group->path) == 0;
}

/* Of a pass: all that there are. */
struct look {
	struct process *all;
	size_t count;
};

static void attach_descendant(struct job *job, const struct look *look, const struct process *p)
{
	cleanup_close int pidfd = process_open(p->pid);

	/* With the pidfd in hand the pid is pinned; a fork that told of it may have been long ago. */
	tree_catch_up(job->tree);
	if (pidfd >= 0 && tree_claims(job->tree, p, look->all, look->count)) {
		attach_one(job, pidfd, p);
		return;
	}
	add_row(job, p->pid, ATTACH_VANISHED);
	/* Its children that were seen with it are descendants, too. */
	tree_take(job, p, MEMBER_ENDED);
}

/*
 * One look at all processes: descendants that are new join the tree, and those
 * that were not born inside are moved. Was nobody outside?
 */
static bool tree_pass(struct job *job)
{
	cleanup_free struct process *all = NULL;
	struct look look = { 0 };
	bool again = true, complete = true;
	int r;

	tree_catch_up(job->tree);
	r = process_list(&all, &look.count);
	if (r < 0)
		job->error = r;
	look.all = all;
	/* A child may have a smaller pid than its parent: go on until nobody joins. */
	while (again && job->error == 0) {
		again = false;
		for (size_t i = 0; i < look.count && job->error == 0; i++) {
			const struct process *p = &all[i];

			if (p->ended || !tree_claims(job->tree, p, all, look.count))
				continue;
			again = true;
			if (!job->dry_run && is_inside(job, p->pid)) {
				add_row(job, p->pid, ATTACH_MOVED);
				tree_take_inside(job, p);
				continue;
			}
			attach_descendant(job, &look, p);
			complete = false;
		}
	}
	if (job->error == 0)
		job->error = tree_exclude(job->tree, all, look.count);
	/* Somebody outside may have borne a child after the look, and ended before it was there. */
	tree_catch_up(job->tree);
	return complete && tree_is_settled(job->tree);
}

/* False once something failed, or nobody wants the rest any more. */
static bool goes_on(struct job *job, const struct worker *worker)
{
	if (job->error == 0 && worker_cancelled(worker))
		job->error = -ECANCELED;
	return job->error == 0;
}

static void attach_tree(struct job *job, const struct worker *worker)
{
	uint64_t begin = clock_usec(CLOCK_MONOTONIC);
	enum tree_step step = TREE_AGAIN;

	/* Nothing is moved in a dry run: one look tells all there is to tell. */
	if (job->dry_run) {
		(void)tree_pass(job);
		return;
	}
	for (unsigned int pass = 1; step == TREE_AGAIN && goes_on(job, worker); pass++)
		step = tree_next_step(tree_pass(job), pass, clock_usec(CLOCK_MONOTONIC) - begin);
	job->still_growing = step == TREE_GROWING;
}

static void attach_run(struct worker *worker, void *data)
{
	struct job *job = data;

	for (size_t i = 0; i < job->n_pidfds && !job->dry_run && !(job->how & ATTACH_BY_RULE);
	     i++) {
		if (!check_unit(job, job->pidfds[i]))
			return;
	}
	for (size_t i = 0; i < job->n_pidfds && goes_on(job, worker); i++)
		attach_one(job, job->pidfds[i], NULL);
	if (job->tree && job->error == 0)
		attach_tree(job, worker);
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
static int move_back(struct job *job, char *cgroup, pid_t pid)
{
	for (;;) {
		char *slash;
		int r = controller_move_to_cgroup(job->manager->controller, cgroup, pid);

		if (r != -ENOENT)
			return r;
		slash = strrchr(cgroup, '/');
		if (job->caller.uid != 0 || !slash || slash == cgroup)
			return r;
		*slash = '\0';
	}
}

static void refuse_detach(struct job *job, pid_t pid, const char *origin, int error)
{
	char reason[160];

	if (error != -ENOENT) {
		refuse_move(job, pid, error);
		return;
	}
	snprintf(reason, sizeof(reason), "stays inside: its origin %.80s is gone%s", origin,
		 job->caller.uid != 0 ? "; only root may move it elsewhere" : "");
	refuse(job, pid, reason);
}

/* The move itself: 0, or a negative errno; *to is the cgroup it was tried with last. */
static int leave_container(struct job *job, const struct process *p, const char *origin, char **to)
{
	struct origins *origins = job->manager->origins;
	int r;

	*to = strdup(origin);
	if (!*to)
		return -ENOMEM;
	/* Before it is out, so that no rule takes it again at once. */
	r = origins_set_detached(origins, p->pid, p->start, origin);
	if (r == 0)
		r = move_back(job, *to, p->pid);
	if (r < 0)
		(void)origins_set(origins, p->pid, p->start, origin);
	return r;
}

static void detach_one(struct job *job, int pidfd)
{
	struct manager *m = job->manager;
	cleanup_free char *path = NULL, *origin = NULL, *to = NULL;
	struct attach_row *row;
	const char *refusal;
	struct process p;
	uid_t owner;
	int r = identify(pidfd, &p, &owner);

	if (r < 0) {
		not_identified(job, 0, r);
		return;
	}
	refusal = attach_refusal(&p, owner, job->caller.uid, getpid());
	if (!refusal && controller_path_of_process(m->controller, p.pid, &path) < 0)
		refusal = "is in no container";
	if (!refusal && !(origin = find_origin(m, &p)))
		refusal = "stays inside: rssd does not know where it came from; root can write its "
			  "pid to the cgroup.procs of another cgroup";
	if (refusal) {
		refuse(job, p.pid, refusal);
		return;
	}
	r = leave_container(job, &p, origin, &to);
	if (process_ended(pidfd, 0)) {
		if (r == 0)
			undo_reused(job, &p);
		add_row(job, p.pid, ATTACH_VANISHED);
		return;
	}
	if (r < 0) {
		refuse_detach(job, p.pid, origin, r);
		return;
	}
	row = add_row(job, p.pid, ATTACH_MOVED);
	if (row && strcmp(origin, to) != 0)
		snprintf(row->reason, sizeof(row->reason), "its origin is gone: moved to %.100s",
			 to);
}

static void detach_run(struct worker *worker, void *data)
{
	struct job *job = data;

	for (size_t i = 0; i < job->n_pidfds && job->error == 0; i++)
		detach_one(job, job->pidfds[i]);
}

/* --- in the loop -------------------------------------------------------------- */

static size_t count_outcome(const struct job *job, enum attach_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < job->n_rows; i++)
		n += job->rows[i].outcome == outcome;
	return n;
}

static void job_done(void *data)
{
	cleanup_(job_free_ptr) struct job *job = data;
	struct failure failure = { 0 };
	struct failure *failed = NULL;

	job->manager->jobs--;
	if (job->container) {
		container_job_end(job->container, &job->job);
		for (size_t i = 0; i < job->n_rows; i++)
			job->container->populated |= job->rows[i].outcome == ATTACH_MOVED;
	}
	if (job->refused.error != RSS_ERROR_NONE) {
		failed = &job->refused;
	} else if (job->error == -ECANCELED) {
		fail(&failure, RSS_ERROR_CANCELLED,
		     "%s is being removed, or rssd stopped; %zu processes were seen to before",
		     job->container->name, job->n_rows);
		failed = &failure;
	} else if (job->error < 0) {
		fail(&failure, RSS_ERROR_CONTROLLER_FAILED, "Processes could not be moved: %s",
		     strerror(-job->error));
		failed = &failure;
	} else if (job->still_growing) {
		fail(&failure, RSS_ERROR_TIMED_OUT,
		     "The tree is still growing faster than it can be followed: %zu processes were "
		     "moved and stay inside, %zu had vanished, %zu were refused; stop it with "
		     "SIGSTOP, or limit its processes, and attach it again",
		     count_outcome(job, ATTACH_MOVED), count_outcome(job, ATTACH_VANISHED),
		     count_outcome(job, ATTACH_REFUSED));
		failed = &failure;
	}
	job->done(job->rows, job->n_rows, failed, job->userdata);
}

static int job_start(struct manager *m, struct container *c, const int pidfds[], size_t count,
		     unsigned int how, const struct attach_caller *caller, worker_fn run,
		     attach_done_fn done, void *userdata, struct failure *failure)
{
	cleanup_(job_free_ptr) struct job *job = calloc(1, sizeof(*job));
	int r;

	if (!job)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*job = (struct job){
		.manager = m,
		.container = c ? container_ref(c) : NULL,
		.group = c ? c->group : NULL,
		.how = how,
		.dry_run = how & ATTACH_DRY_RUN,
		.caller = *caller,
		.done = done,
		.userdata = userdata,
	};
	job->pidfds = calloc(count ? count : 1, sizeof(*job->pidfds));
	if (!job->pidfds)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	for (size_t i = 0; i < count; i++) {
		job->pidfds[i] = fcntl(pidfds[i], F_DUPFD_CLOEXEC, 3);
		if (job->pidfds[i] < 0)
			return fail(
				failure, RSS_ERROR_TOO_MANY,
				"Too many processes at a time: %s; attach them in smaller numbers",
				strerror(errno));
		job->n_pidfds++;
	}
	if ((how & ATTACH_TREE) && tree_new(&job->tree) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = worker_start(m->workers, run, job_done, job, &job->job.worker);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED,
			    "The job could not be started: %s", strerror(-r));
	if (c)
		container_job_begin(c, &job->job);
	m->jobs++;
	(void)take_ptr(job);
	return 0;
}

int attach_start(struct container *c, const int pidfds[], size_t count, unsigned int how,
		 const struct attach_caller *caller, attach_done_fn done, void *userdata,
		 struct failure *failure)
{
	if (c->removing)
		return fail(failure, RSS_ERROR_IN_PROGRESS, "%s is being removed", c->name);
	return job_start(c->manager, c, pidfds, count, how, caller, attach_run, done, userdata,
			 failure);
}

int detach_start(struct manager *m, const int pidfds[], size_t count, uid_t caller,
		 attach_done_fn done, void *userdata, struct failure *failure)
{
	const struct attach_caller by = { .uid = caller };

	return job_start(m, NULL, pidfds, count, 0, &by, detach_run, done, userdata, failure);
}
