/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals to the processes of a container: see kill.h. */
#include "operation/kill.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cgroup/subtree.h"
#include "shared/array.h"
#include "shared/clock.h"
#include "shared/name.h"
#include "container/container.h"
#include "base/failure.h"
#include "container/manager.h"
#include "container/nested.h"
#include "host/obstacle.h"
#include "host/process.h"
#include "monitor/kill-report.h"
#include "policy/access-policy.h"
#include "policy/oom-record.h"
#include "policy/requester.h"
#include "base/job.h"
#include "base/worker.h"

/* The longest that a kill follows processes that fork faster than they are killed. */
#define KILL_USEC (5 * 1000 * 1000)
/*
 * The passes in a row that must find nothing new. One is not enough: a process that forks and ends
 * while the kernel lists it may hide its child.
 */
#define QUIET_PASSES 3
/* The most passes that could not read a process. */
#define FAILED_PASSES_MAX 32
/* The longest wait for a killed process before the next pass. */
#define DEATH_MSEC 100
/* The pause between passes if there is no process to wait for, and between checks of one. */
#define PAUSE_USEC 1000
/* Most disk I/O of a killed process ends within this time. */
#define SLEEP_USEC (500 * 1000)

struct target {
	pid_t pid;
	uint64_t start;
};

/* The processes that have received the signal, or had ended, sorted. */
struct targets {
	struct target *list;
	size_t count, allocated;
	uint32_t signalled;
};

struct kill {
	struct container *container;
	struct group *group;
	struct job job;
	int signal;
	struct nested nested;
	bool with_nested;
	uid_t owner; /* KILL_ALL_USERS, or the one whose processes receive it */
	struct kill_reason reason;
	struct target killed; /* by the kernel, and may not have ended yet; pid 0: none */
	struct kill_tally tally;
	kill_done_fn done;
	void *userdata;

	uint32_t count;
	bool forbidden;	 /* processes of other users were left */
	bool unfinished; /* new processes came until the time was up */
	enum obstacle obstacle;
	char held[OBSTACLE_TEXT_MAX]; /* why the signal has no effect yet, or "" */
	int error;
};

static struct kill *kill_free(struct kill *kill)
{
	job_end(&kill->job);
	container_unref(kill->reason.limited);
	container_unref(kill->container);
	nested_done(&kill->nested);
	free(kill);
	return NULL;
}
DEFINE_CLEANUP(struct kill *, kill_free);

static void targets_done(struct targets *targets)
{
	free(targets->list);
}

static int compare_targets(const void *a, const void *b)
{
	const struct target *one = a, *other = b;

	if (one->pid != other->pid)
		return (one->pid > other->pid) - (one->pid < other->pid);
	return (one->start > other->start) - (one->start < other->start);
}

/* @sorted: the number of entries from before this pass. */
static bool was_hit(const struct targets *targets, size_t sorted, const struct target *target)
{
	return sorted > 0 &&
	       bsearch(target, targets->list, sorted, sizeof(*target), compare_targets);
}

static int add_target(struct targets *targets, const struct target *target)
{
	if (array_reserve(&targets->list, targets->count, &targets->allocated,
			  sizeof(*targets->list)) < 0)
		return -ENOMEM;
	targets->list[targets->count++] = *target;
	return 0;
}

/* With these a process is to end: it is continued or thawed to receive them. */
static bool is_to_end(int signal)
{
	return signal == SIGKILL || signal == SIGTERM || signal == SIGHUP;
}

/* --- on the worker ------------------------------------------------------------ */

/*
 * Opens a process that is inside and has not ended: a pidfd, -ESRCH if it has ended, -ENOENT if
 * it is elsewhere, or another negative errno if that cannot be read now.
 */
static int open_member(const struct subtree *tree, pid_t pid, struct process *ret)
{
	cleanup_close int pidfd = process_open(pid);
	int r;

	*ret = (struct process){ 0 };
	if (pidfd < 0)
		return pidfd;
	r = process_read(pid, ret);
	if (r == 0 && ret->ended)
		r = -ESRCH;
	/* The pidfd pins the pid: its cgroup is read after it was opened. */
	if (r == 0)
		r = subtree_has_process(tree, ret, NULL);
	if (r < 0)
		return r;
	return r ? take_fd(&pidfd) : -ENOENT;
}

struct oom_process kill_describe(const struct process *p)
{
	struct oom_process ret = {
		.pid = p->pid,
		.uid = (uid_t)-1,
		.resident = p->resident,
	};

	memcpy(ret.command, p->command, sizeof(ret.command));
	(void)process_read_uid(p->pid, &ret.uid);
	return ret;
}

/* Processes that a pass did not send the signal to. */
struct missed {
	bool any;	/* one ended before the signal: its children may not be listed */
	bool forbidden; /* one belongs to another user than the owner */
	int error;	/* why a process could not be read, or 0 */
};

/* The pidfd of the process is open, so that its pid is not reused meanwhile. */
static bool may_signal(const struct process *p, uid_t owner)
{
	uid_t uid;

	return owner == KILL_ALL_USERS ||
	       (process_read_uid(p->pid, &uid) == 0 && access_may_signal(owner, uid));
}

/*
 * Sends the signal to listed processes that are inside and have not received it. A zombie counts as
 * missed once. Returns how many, or a negative errno.
 */
static int kill_listed(const struct subtree *tree, const struct subtree_members *members,
		       int signal, uid_t owner, struct targets *targets, struct kill_tally *tally,
		       struct missed *missed)
{
	size_t sorted = targets->count;
	int sent = 0, r = 0;

	*missed = (struct missed){ 0 };
	for (size_t i = 0; i < members->count && r == 0; i++) {
		struct target target = { .pid = members->list[i].pid };
		struct oom_process killed;
		struct process p;
		cleanup_close int pidfd = open_member(tree, target.pid, &p);

		target.start = p.start;
		if (pidfd == -ENOENT || was_hit(targets, sorted, &target))
			continue;
		/* A process that has ended has no memory to free and receives no signal. */
		if (pidfd < 0) {
			missed->any = true;
			if (pidfd != -ESRCH)
				missed->error = pidfd;
			else if (p.ended)
				r = add_target(targets, &target);
			continue;
		}
		if (!may_signal(&p, owner)) {
			missed->forbidden = true;
			continue;
		}
		if (signal == SIGKILL)
			killed = kill_describe(&p);
		if (process_signal(pidfd, signal) < 0)
			continue;
		sent++;
		if (signal != SIGKILL && is_to_end(signal) && p.state == 'T')
			(void)process_signal(pidfd, SIGCONT);
		if (signal == SIGKILL)
			kill_tally_add(tally, &killed);
		r = add_target(targets, &target);
	}
	if (r < 0)
		return r;
	targets->signalled += sent;
	if (targets->count > sorted)
		qsort(targets->list, targets->count, sizeof(*targets->list), compare_targets);
	return sent;
}

/* The v1 freezer's state of a process is D. A thread can be in it after the main thread ended. */
static bool may_be_held(const struct target *target)
{
	struct process p;

	return process_read(target->pid, &p) == 0 && p.start == target->start && !p.ended &&
	       (p.state == 'D' || p.state == 'Z');
}

/*
 * Returns true if the process is frozen, or if it was killed and stays in an uninterruptible sleep
 * up to @until.
 */
static bool is_held(struct worker *worker, struct kill *kill, const struct target *target,
		    uint64_t until)
{
	while (may_be_held(target)) {
		kill->obstacle = obstacle_of(target->pid, kill->held);
		if (kill->obstacle == OBSTACLE_FROZEN)
			return true;
		/* Another thread may receive a signal, but SIGKILL has to end each of them. */
		if (kill->signal != SIGKILL || kill->obstacle != OBSTACLE_SLEEP)
			return false;
		if (worker_cancelled(worker) || clock_usec(CLOCK_MONOTONIC) >= until)
			return true;
		worker_pause(worker, PAUSE_USEC);
	}
	return false;
}

/* Finds a process on which the signal has no effect yet. */
static void find_held(struct worker *worker, struct kill *kill, const struct targets *targets)
{
	uint64_t until = clock_usec(CLOCK_MONOTONIC) + SLEEP_USEC;
	bool frozen = false;

	if (kill->signal == SIGCONT)
		return;
	(void)group_read_frozen(kill->group, &frozen);
	if (frozen && targets->count > 0) {
		kill->obstacle = OBSTACLE_FROZEN;
		(void)snprintf(kill->held, sizeof(kill->held), "the container is frozen");
		return;
	}
	for (size_t i = 0; i < targets->count; i++)
		if (is_held(worker, kill, &targets->list[i], until))
			return;
	kill->held[0] = '\0';
}

static void kill_run(struct worker *worker, void *data)
{
	cleanup_(targets_done) struct targets targets = { 0 };
	struct kill *kill = data;
	struct subtree tree = nested_subtree(kill->group, &kill->nested, kill->with_nested);
	uint64_t end = clock_usec(CLOCK_MONOTONIC) + KILL_USEC;
	unsigned int quiet = 0, failed = 0;

	if (kill->signal == SIGKILL)
		subtree_thaw(&tree);
	if (kill->killed.pid)
		kill->error = add_target(&targets, &kill->killed);
	if (kill->error < 0)
		return;
	while (quiet < QUIET_PASSES && failed < FAILED_PASSES_MAX && !kill->unfinished) {
		cleanup_(subtree_members_done) struct subtree_members members = { 0 };
		struct missed missed = { 0 };
		int sent = subtree_list(&tree, &members);

		if (sent == 0)
			sent = kill_listed(&tree, &members, kill->signal, kill->owner, &targets,
					   &kill->tally, &missed);
		kill->forbidden |= missed.forbidden;
		/* A later pass may read what this one could not. */
		kill->error = sent < 0 ? sent : missed.error;
		if (sent < 0 || kill->signal != SIGKILL || worker_cancelled(worker))
			break;
		failed += missed.error < 0;
		quiet = sent > 0 || missed.any ? 0 : quiet + 1;
		kill->unfinished = quiet == 0 && clock_usec(CLOCK_MONOTONIC) >= end;
	}
	kill->count = targets.signalled;
	if (kill->signal != SIGKILL && is_to_end(kill->signal))
		subtree_thaw(&tree);
	find_held(worker, kill, &targets);
}

/* Waits briefly for one of the processes to end. Returns false if it cannot be waited for. */
static bool await_death(pid_t pid)
{
	cleanup_close int pidfd = process_open(pid);

	if (pidfd < 0)
		return false;
	(void)process_ended(pidfd, DEATH_MSEC);
	return true;
}

int kill_until_empty(struct worker *worker, const struct subtree *tree, struct kill_tally *tally)
{
	/* Shared by all passes, so that a process that ends slowly is counted once. */
	cleanup_(targets_done) struct targets targets = { 0 };

	for (pid_t last = 0;;) {
		cleanup_(subtree_members_done) struct subtree_members members = { 0 };
		struct missed missed;
		pid_t one;
		int r = subtree_list(tree, &members);

		if (r < 0 || members.count == 0)
			return r;
		r = kill_listed(tree, &members, SIGKILL, KILL_ALL_USERS, &targets, tally, &missed);
		if (r < 0)
			return r;
		if (worker_cancelled(worker))
			return -EINTR;
		/* An ended process may still be listed: pause, or this loop would spin. */
		one = members.list[members.count - 1].pid;
		if (!await_death(one) || one == last)
			worker_pause(worker, PAUSE_USEC);
		last = one;
	}
}

/* --- in the loop ---------------------------------------------------------------- */

/* The processes were thawed. */
static void note_thawed(const struct kill *kill)
{
	struct container *c = kill->container;
	const struct manager *m = c->manager;

	container_note_frozen(c);
	for (size_t i = manager_index(m, c->name); kill->with_nested && i < m->count; i++) {
		if (name_is_inside(m->containers[i]->name, c->name))
			container_note_frozen(m->containers[i]);
	}
}

static void kill_done(void *data)
{
	cleanup_(kill_free_ptr) struct kill *kill = data;
	struct container *c = kill->container;
	struct failure failure = { 0 };
	int r = kill->error;

	job_end(&kill->job);
	if (is_to_end(kill->signal))
		note_thawed(kill);
	if (r < 0)
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED,
			 "Cannot list the processes of \"%s\": %s; if another program removed "
			 "its cgroup, rssctl repair creates it again",
			 c->name, strerror(-r));
	else if (kill->unfinished)
		r = fail(&failure, RSS_ERROR_TIMED_OUT,
			 "Signal %d was sent to %u process%s of \"%s\", but they fork faster "
			 "than they are killed; try again, or lower its limit",
			 kill->signal, kill->count, kill->count == 1 ? "" : "es", c->name);
	else if (kill->forbidden && kill->count == 0)
		r = fail(&failure, RSS_ERROR_ACCESS_DENIED,
			 "The processes of \"%s\" belong to other users; only root and users with "
			 "org.rssd1.signal-processes may signal them",
			 c->name);
	else if (kill->held[0])
		r = fail(&failure, RSS_ERROR_CONTROLLER_FAILED,
			 "Signal %d was sent to %u process%s of \"%s\", but %s: it takes effect "
			 "when %s",
			 kill->signal, kill->count, kill->count == 1 ? "" : "es", c->name,
			 kill->held,
			 kill->obstacle == OBSTACLE_FROZEN ? "it is thawed" : "that is over");
	kill_report_emit(c, &kill->reason, &kill->tally);
	kill->done(r, &failure, kill->signal, kill->count, kill->userdata);
}

static int start(struct container *c, int signal, bool with_nested, uid_t owner,
		 const struct kill_reason *reason, const struct target *killed, kill_done_fn done,
		 void *userdata, struct failure *failure)
{
	cleanup_(kill_free_ptr) struct kill *kill = NULL;
	int r;

	if (signal < 1 || signal > SIGRTMAX)
		return fail(failure, RSS_ERROR_INVALID_ARGUMENT, "Invalid signal %d", signal);
	if (c->removing)
		return fail(failure, RSS_ERROR_IN_PROGRESS, "\"%s\" is being removed", c->name);
	kill = calloc(1, sizeof(*kill));
	if (!kill)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	*kill = (struct kill){
		.container = container_ref(c),
		.group = c->group,
		.signal = signal,
		.with_nested = with_nested,
		.owner = owner,
		.reason = *reason,
		.killed = killed ? *killed : (struct target){ 0 },
		.done = done,
		.userdata = userdata,
	};
	if (reason->limited)
		(void)container_ref(reason->limited);
	if (!with_nested && nested_of(c->manager, c->name, &kill->nested) < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Out of memory");
	r = job_start(&kill->job, c->manager->jobs, kill_run, kill_done, kill);
	if (r < 0)
		return fail(failure, RSS_ERROR_CONTROLLER_FAILED, "Cannot start the job: %s",
			    strerror(-r));
	job_list_add(&c->jobs, &kill->job);
	(void)take_ptr(kill);
	return 0;
}

int kill_start(struct container *c, int signal, bool with_nested, uid_t owner,
	       const struct requester *requester, kill_done_fn done, void *userdata,
	       struct failure *failure)
{
	const struct kill_reason reason = { .cause = "kill", .requester = *requester };

	return start(c, signal, with_nested, owner, &reason, NULL, done, userdata, failure);
}

int kill_group_start(struct container *c, const struct oom_record *oom, kill_done_fn done,
		     void *userdata, struct failure *failure)
{
	struct target killed = { .pid = oom->victim_pid };
	struct process victim;

	const struct kill_reason reason = {
		.cause = "oom",
		.limited = oom->container ? manager_find(c->manager, oom->container) : NULL,
		.usage = oom->usage,
		.limit = oom->limit,
	};

	/* Once it has ended, its pid may be that of another process. */
	if (killed.pid && process_read(killed.pid, &victim) == 0)
		killed.start = victim.start;
	else
		killed.pid = 0;
	return start(c, SIGKILL, true, KILL_ALL_USERS, &reason, &killed, done, userdata, failure);
}
