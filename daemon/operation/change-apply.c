/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change of settings, on the worker: see change-apply.h. The policy of limits is in limit-policy.c. */
#include "operation/change-apply.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/worker.h"
#include "cgroup/group.h"
#include "cgroup/subtree.h"
#include "host/obstacle.h"
#include "host/process.h"
#include "operation/kill.h"
#include "operation/place-limit.h"
#include "policy/counters.h"
#include "policy/oom-record.h"
#include "shared/array.h"
#include "shared/name.h"
#include "shared/size.h"
#include "store/durable-file.h"
#include "store/state.h"

/* The pause after an attempt that freed nothing: other programs may free memory meanwhile. */
#define RETRY_USEC (100 * 1000)
/* The longest wait for a killed process to end before the next step. */
#define KILL_MSEC 1000

uint64_t change_apply_read_usage(const struct change_apply *apply)
{
	uint64_t usage;

	if (apply->fresh && !apply->place)
		return 0;
	if (group_read_usage(apply->groups[0], &usage) == 0)
		return usage;
	/* A unit that is not running uses nothing; it may also end at any time. */
	return apply->place ? 0 : COUNTER_ABSENT;
}

static void count_kill(struct change_apply *apply, const char *path,
		       const struct oom_process *killed)
{
	size_t innermost = 0;

	/* Parents come first. */
	for (size_t i = 1; i < apply->n_groups; i++)
		if (strcmp(apply->groups[i]->path, path) == 0 ||
		    name_is_inside(path, apply->groups[i]->path))
			innermost = i;
	kill_tally_add(&apply->tallies[innermost], killed);
}

/* Killed processes that have not ended yet. */
struct killed {
	struct process *list;
	size_t count, allocated;
};

static void killed_done(struct killed *killed)
{
	free(killed->list);
}

static bool was_killed(const struct killed *killed, const struct process *p)
{
	for (size_t i = 0; i < killed->count; i++)
		if (killed->list[i].pid == p->pid && killed->list[i].start == p->start)
			return true;
	return false;
}

/* The possible victims; @pids has the pid of each. */
struct candidates {
	struct limit_victim *victims;
	pid_t *pids;
	size_t count;
	pid_t ending; /* a process that was killed before, or 0 */
};

static void candidates_done(struct candidates *candidates)
{
	free(candidates->victims);
	free(candidates->pids);
}

/* All processes of the container, also in nested ones and in cgroups of other programs. */
static int list_candidates(const struct subtree *tree, const struct killed *killed,
			   struct candidates *ret)
{
	cleanup_(subtree_members_done) struct subtree_members members = { 0 };
	int r = subtree_list(tree, &members);

	/* The processes listed before a failure can be killed. */
	if (r < 0 && members.count == 0)
		return r == -ENOMEM ? r : 0;
	ret->victims = calloc(members.count + 1, sizeof(*ret->victims));
	ret->pids = calloc(members.count + 1, sizeof(*ret->pids));
	if (!ret->victims || !ret->pids)
		return -ENOMEM;
	for (size_t i = 0; i < members.count; i++) {
		pid_t pid = members.list[i].pid;
		struct limit_victim victim = { 0 };
		struct process p;

		if (process_read(pid, &p) < 0 || p.ended ||
		    process_read_oom_score_adj(pid, &victim.oom_score_adj) < 0)
			continue;
		if (was_killed(killed, &p)) {
			ret->ending = pid;
			continue;
		}
		victim.resident = p.resident;
		ret->pids[ret->count] = pid;
		ret->victims[ret->count++] = victim;
	}
	return 0;
}

/* A frozen process does not end: the container is thawed and frozen again. */
static bool await_end(struct change_apply *apply, const struct subtree *tree, int pidfd, pid_t pid)
{
	bool frozen = false, ended;

	apply->stuck[0] = '\0';
	if (process_ended(pidfd, KILL_MSEC))
		return true;
	if (obstacle_of(pid, apply->stuck) != OBSTACLE_FROZEN)
		return false;
	(void)group_read_frozen(apply->groups[0], &frozen);
	subtree_thaw(tree);
	ended = process_ended(pidfd, KILL_MSEC);
	if (ended)
		apply->stuck[0] = '\0';
	if (frozen)
		(void)group_freeze(apply->groups[0], true);
	return ended;
}

/* Kills a process and waits a moment for its end. Until it has ended it is in @killed. */
static int kill_one(struct change_apply *apply, const struct subtree *tree, pid_t pid,
		    struct killed *killed)
{
	cleanup_close int pidfd = process_open(pid);
	cleanup_free char *path = NULL;
	struct oom_process victim;
	struct process p;

	if (pidfd < 0)
		return 0; /* it has ended by itself */
	/* The pidfd pins the pid: check that the process is still inside. */
	if (process_read(pid, &p) < 0 || subtree_has_process(tree, &p, &path) <= 0)
		return 0;
	if (array_reserve(&killed->list, killed->count, &killed->allocated, sizeof(p)) < 0)
		return -ENOMEM;
	victim = kill_describe(&p);
	if (process_signal(pidfd, SIGKILL) < 0)
		return 0;
	count_kill(apply, path, &victim);
	apply->result.outcome = CHANGE_KILLED;
	if (!await_end(apply, tree, pidfd, pid))
		killed->list[killed->count++] = p;
	return 0;
}

/* Waits a moment for the end of a process that was killed before. */
static void await_killed(struct change_apply *apply, const struct subtree *tree, pid_t pid)
{
	cleanup_close int pidfd = process_open(pid);

	if (pidfd >= 0)
		(void)await_end(apply, tree, pidfd, pid);
}

/*
 * Kills the process that the policy chooses, or waits for one that was killed before: another is
 * killed in addition only if something keeps that one from ending. Returns 1, or 0 if there is
 * none left.
 */
static int kill_worst(struct change_apply *apply, struct killed *killed)
{
	cleanup_(candidates_done) struct candidates candidates = { 0 };
	struct subtree tree = { .group = apply->groups[0] };
	long worst;
	int r = list_candidates(&tree, killed, &candidates);

	if (r < 0)
		return r;
	worst = limit_choose_victim(candidates.victims, candidates.count);
	if (candidates.ending &&
	    (worst < 0 || obstacle_of(candidates.ending, apply->stuck) == OBSTACLE_NONE))
		await_killed(apply, &tree, candidates.ending);
	else if (worst >= 0)
		r = kill_one(apply, &tree, candidates.pids[worst], killed);
	else
		return 0;
	return r < 0 ? r : 1;
}

/* @advice is "" or starts with "; ". */
static int refuse_limit(struct change_apply *apply, uint64_t usage, const char *why,
			const char *advice)
{
	char target[SIZE_TEXT_MAX], now[SIZE_TEXT_MAX];

	return fail(&apply->result.failure, RSS_ERROR_LIMIT_REFUSED,
		    "Cannot lower the limit of \"%s\" to %s: %s is in use and %s. The limit is "
		    "unchanged%s",
		    apply->name, size_format(apply->to.limit, target), size_format(usage, now), why,
		    advice);
}

static bool is_empty(const struct change_apply *apply)
{
	cleanup_(candidates_done) struct candidates candidates = { 0 };
	struct subtree tree = { .group = apply->groups[0] };

	return list_candidates(&tree, &(struct killed){ 0 }, &candidates) == 0 &&
	       candidates.count == 0;
}

/*
 * Reclaim gave up, or there is no process left to kill. Memory can stay charged after its
 * processes have ended; then no mode helps.
 */
static int refuse_stuck_limit(struct change_apply *apply, uint64_t usage)
{
	char shmem[SIZE_TEXT_MAX], why[200];
	struct memory_parts parts;

	if (apply->mode != LIMIT_MODE_FORCE && !is_empty(apply))
		return refuse_limit(apply, usage,
				    "no more can be reclaimed (locked, active, or no swap)",
				    "; --mode=force kills processes to make room");
	group_read_parts(apply->groups[0], &parts);
	if (parts.shmem == COUNTER_ABSENT || parts.shmem == 0)
		return refuse_limit(apply, usage, "no process is left that can be killed", "");
	(void)snprintf(why, sizeof(why),
		       "no process is left that can be killed, and %s of it is tmpfs or "
		       "shared memory, which stays until it is removed",
		       size_format(parts.shmem, shmem));
	return refuse_limit(apply, usage, why, "");
}

/* As group_write_limit(). A failure of a place is in the result already. */
static int write_limit(struct change_apply *apply, struct worker *worker, uint64_t limit)
{
	struct group *group = apply->groups[0];

	return apply->place ? place_write_limit(apply->place, group, limit, worker,
						&apply->result.failure)
			    : group_write_limit(group, limit);
}

/* The kernel refused to write the limit. */
static int fail_write(struct change_apply *apply, int error)
{
	char ceiling[SIZE_TEXT_MAX];
	const char *file;
	uint64_t most;

	if (error == -EINVAL &&
	    group_exceeds_ceiling(apply->groups[0], apply->to.limit, &most, &file))
		return fail(
			&apply->result.failure, RSS_ERROR_CONTROLLER_FAILED,
			"The kernel refused the limit of \"%s\": it is above that of memory and "
			"swap together, which another program has set to %s; write -1 to %s of "
			"its cgroup first",
			apply->name, size_format(most, ceiling), file);
	return fail(&apply->result.failure, RSS_ERROR_CONTROLLER_FAILED,
		    "The kernel refused the limit of \"%s\": %s", apply->name, strerror(-error));
}

/* Follows limit_decide() step by step until the limit is in force or refused. */
static int apply_limit(struct change_apply *apply, struct worker *worker)
{
	const struct controller *controller = apply->groups[0]->controller;
	struct limit_situation now = {
		.mode = apply->mode,
		.target = apply->to.limit,
		.kernel_refuses = controller_can(controller, FEATURE_SAFE_LIMIT),
		.can_reclaim = controller_can(controller, FEATURE_RECLAIM),
	};
	cleanup_(killed_done) struct killed killed = { 0 };
	uint64_t least = COUNTER_ABSENT, freed;
	int r;

	for (;;) {
		now.usage = change_apply_read_usage(apply);
		if (now.usage == COUNTER_ABSENT)
			return fail(&apply->result.failure, RSS_ERROR_CONTROLLER_FAILED,
				    "Cannot read the control files of \"%s\"; if another program "
				    "removed its cgroup, rssctl repair creates it again",
				    apply->name);
		/* A limit that fits is set even after the deadline. */
		now.stop = worker_cancelled(worker) &&
			   (apply->stop != CHANGE_DEADLINE || now.usage > now.target);
		now.stalled = now.usage < least ? 0 : now.stalled + 1;
		if (now.usage < least)
			least = now.usage;

		switch (limit_decide(&now)) {
		case LIMIT_WRITE:
			r = write_limit(apply, worker, now.target);
			if (r == 0 || apply->result.failure.error != RSS_ERROR_NONE)
				return r;
			if (r != -EBUSY && r != -EINTR && r != -EAGAIN)
				return fail_write(apply, r);
			break;
		case LIMIT_RECLAIM:
			(void)group_reclaim(apply->groups[0], now.usage - now.target,
					    SWAPPINESS_DEFAULT, worker, &freed);
			break;
		case LIMIT_KILL:
			r = kill_worst(apply, &killed);
			if (r < 0)
				return r;
			if (r == 0)
				return refuse_stuck_limit(apply, now.usage);
			break;
		case LIMIT_REFUSE:
			if (apply->mode == LIMIT_MODE_REFUSE)
				return refuse_limit(apply, now.usage, "the mode is refuse",
						    "; --mode=reclaim reclaims first");
			return refuse_limit(apply, now.usage,
					    "this kernel cannot reclaim on request", "");
		case LIMIT_GIVE_UP:
			return refuse_stuck_limit(apply, now.usage);
		case LIMIT_STOP:
			apply->empty = is_empty(apply);
			return -EINTR;
		}
		if (now.stalled > 0)
			worker_pause(worker, RETRY_USEC);
	}
}

/* Writes all settings but the limit. A failure of a place is in the result already. */
static int apply_others(struct change_apply *apply, struct worker *worker,
			const struct settings *from, const struct settings *to)
{
	unsigned int which = settings_difference(from, to);

	return apply->place ? place_write_settings(apply->place, apply->groups[0], which, from, to,
						   worker, &apply->result.failure)
			    : group_write_settings(apply->groups[0], which, to);
}

/* The old settings again, in the kernel. Return: 0, or the first error. */
static int restore_kernel(struct change_apply *apply, struct worker *worker)
{
	int r = 0, f;

	if (apply->to.limit != apply->from.limit)
		r = write_limit(apply, worker, apply->from.limit);
	f = apply_others(apply, worker, &apply->to, &apply->from);
	return r < 0 ? r : f;
}

/* Both the change and its undoing failed: says which limit is in force. */
static int not_restored(struct change_apply *apply, int error)
{
	char now[SIZE_TEXT_MAX], why[sizeof(apply->result.failure.text)];
	uint64_t limit;

	(void)snprintf(why, sizeof(why), "%s", apply->result.failure.text);
	if (group_read_limit(apply->groups[0], &limit) == 0)
		size_format(limit, now);
	else
		(void)snprintf(now, sizeof(now), "unknown");
	return fail(&apply->result.failure, apply->result.failure.error,
		    "%.300s; the kernel refused the old settings: %s; its limit is now %s; "
		    "rssctl repair sets the old one again",
		    why, strerror(-error), now);
}

static int apply_all(struct change_apply *apply, struct worker *worker)
{
	struct failure why;
	int r = apply_others(apply, worker, &apply->from, &apply->to), f;

	if (r < 0 && apply->result.failure.error == RSS_ERROR_NONE)
		r = fail(&apply->result.failure, RSS_ERROR_CONTROLLER_FAILED,
			 "The kernel refused the settings of \"%s\": %s", apply->name,
			 strerror(-r));
	if (r == 0 && apply->to.limit != apply->from.limit)
		r = apply_limit(apply, worker);
	if (r == 0)
		return 0;
	/* The limit was not set. */
	why = apply->result.failure;
	f = apply_others(apply, worker, &apply->to, &apply->from);
	apply->result.failure = why;
	return f < 0 && r != -EINTR && r != -ENOMEM ? not_restored(apply, f) : r;
}

static int not_saved(struct change_apply *apply, int error)
{
	if (error == DURABLE_UNKNOWN) {
		apply->state_unknown = true;
		return fail(&apply->result.failure, RSS_ERROR_STATE_NOT_SAVED,
			    "The kernel has the old settings of \"%s\", but it is unknown which "
			    "settings a restart of rssd restores: the state directory could not "
			    "be synced; repeat this when the disk works again",
			    apply->name);
	}
	if (error == -ENOENT)
		return fail(&apply->result.failure, RSS_ERROR_STATE_NOT_SAVED,
			    "The state of \"%s\" could not be saved: the state directory was "
			    "removed; restart rssd, which creates it again; nothing was changed",
			    apply->name);
	return fail(&apply->result.failure, RSS_ERROR_STATE_NOT_SAVED,
		    "The state of \"%s\" could not be saved: %s; nothing was changed; free space "
		    "in the state directory and try again",
		    apply->name, strerror(-error));
}

static int apply_and_save(struct change_apply *apply, struct worker *worker)
{
	cleanup_(state_abort_ptr) struct state_write *write = NULL;
	bool is_new = apply->fresh && !apply->place;
	int r = (is_new ? state_prepare_new : state_prepare)(apply->state, apply->record, &write),
	    f;

	if (r < 0)
		return not_saved(apply, r);
	r = apply_all(apply, worker);
	if (r < 0)
		return r;
	r = state_commit(take_ptr(write));
	if (r == 0)
		return 0;
	f = restore_kernel(apply, worker);
	if (f == 0)
		return not_saved(apply, r);
	apply->state_unknown = r == DURABLE_UNKNOWN;
	(void)fail(&apply->result.failure, RSS_ERROR_STATE_NOT_SAVED,
		   "The state of %s could not be saved: %s", apply->name,
		   r == DURABLE_UNKNOWN ? "it is unknown which settings a restart restores"
					: strerror(-r));
	return not_restored(apply, f);
}

/* If the kernel makes room itself, its counter shows whether it killed for that. */
static uint64_t read_kills(struct change_apply *apply)
{
	struct counters counters;
	uint64_t kills = 0;

	for (size_t i = 0; i < apply->n_groups; i++) {
		if (group_read_counters(apply->groups[i], &counters) == 0 &&
		    counters.oom_kills != COUNTER_ABSENT)
			kills += counters.oom_kills;
	}
	return kills;
}

void change_apply_run(struct change_apply *apply, struct worker *worker)
{
	uint64_t kills = apply->mode == LIMIT_MODE_FORCE ? read_kills(apply) : 0;

	assert(apply->state && apply->record && apply->n_groups > 0);
	apply->result.error = apply_and_save(apply, worker);
	apply->result.usage = change_apply_read_usage(apply);
	if (apply->mode == LIMIT_MODE_FORCE && read_kills(apply) > kills)
		apply->result.outcome = CHANGE_KILLED;
}
