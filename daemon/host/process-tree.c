/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees of processes: see process-tree.h. */
#include "host/process-tree.h"

#include <errno.h>
#include <search.h>

struct member {
	pid_t pid;
	uint64_t start; /* 0: known from a fork event, not scanned yet */
	enum membership membership;
	unsigned int epoch; /* of the tree when it was last confirmed */
};

struct tree {
	void *members;		       /* by pid, for tsearch(3) */
	size_t pending;		       /* members that were not scanned yet */
	bool scanning;		       /* forks of unknown parents are recorded as MEMBER_UNKNOWN */
	struct process_events *events; /* NULL: no fork events */
	/*
	 * Incremented when events were lost: a pid from an earlier epoch may have been
	 * reused, so neither it nor its forks count until a scan confirms it.
	 */
	unsigned int epoch;
	bool lost; /* events were lost since the last scan began */
};

static int compare_members(const void *a, const void *b)
{
	const struct member *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

static struct member *find_member(const struct tree *tree, pid_t pid)
{
	struct member key = { .pid = pid };
	struct member **found = tfind(&key, (void *const *)&tree->members, compare_members);

	return found ? *found : NULL;
}

static bool is_pending(const struct tree *tree, const struct member *member)
{
	return member->start == 0 && member->epoch == tree->epoch &&
	       (member->membership == MEMBER_OUTSIDE || member->membership == MEMBER_UNKNOWN);
}

static bool is_descendant(const struct member *member)
{
	return member->membership != MEMBER_NONE && member->membership != MEMBER_UNKNOWN;
}

static int set_member(struct tree *tree, pid_t pid, uint64_t start, enum membership membership)
{
	struct member *member = find_member(tree, pid);

	if (member) {
		tree->pending -= is_pending(tree, member);
	} else {
		member = calloc(1, sizeof(*member));
		if (!member)
			return -ENOMEM;
		member->pid = pid;
		if (!tsearch(member, &tree->members, compare_members)) {
			free(member);
			return -ENOMEM;
		}
	}
	member->start = start;
	member->membership = membership;
	member->epoch = tree->epoch;
	tree->pending += is_pending(tree, member);
	return 0;
}

static void drop_member(struct tree *tree, struct member *member)
{
	tree->pending -= is_pending(tree, member);
	(void)tdelete(member, &tree->members, compare_members);
	free(member);
}

int tree_new_without_events(struct tree **ret)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -ENOMEM;
	*ret = tree;
	return 0;
}

/* Decides on a process of unknown origin while it lives: is it in the session of a member? */
static void classify_unknown(struct tree *tree, pid_t pid)
{
	const struct member *leader;
	struct process p;

	if (process_read(pid, &p) < 0)
		return;
	leader = find_member(tree, p.session);
	(void)set_member(tree, pid, 0,
			 leader && leader->start && is_descendant(leader) ? MEMBER_OUTSIDE
									  : MEMBER_NONE);
}

static void on_event(enum process_event what, pid_t pid, pid_t parent, void *userdata)
{
	struct tree *tree = userdata;
	const struct member *member;

	tree_on_fork(what, pid, parent, tree);
	member = what == PROCESS_FORKED ? find_member(tree, pid) : NULL;
	if (member && member->membership == MEMBER_UNKNOWN)
		classify_unknown(tree, pid);
}

int tree_new(struct tree **ret)
{
	struct tree *tree;
	int r = tree_new_without_events(&tree);

	if (r < 0)
		return r;
	/* Events are optional: without them, orphans in other sessions are not found. */
	if (process_events_new(NULL, on_event, tree, &tree->events) == 0 &&
	    process_events_listen(tree->events, true) < 0)
		tree->events = process_events_free(tree->events);
	*ret = tree;
	return 0;
}

struct tree *tree_free(struct tree *tree)
{
	if (!tree)
		return NULL;
	process_events_free(tree->events);
	tdestroy(tree->members, free);
	free(tree);
	return NULL;
}

int tree_add(struct tree *tree, const struct process *p, enum membership membership)
{
	return set_member(tree, p->pid, p->start, membership);
}

bool tree_has(const struct tree *tree, const struct process *p)
{
	const struct member *member = find_member(tree, p->pid);

	return member && member->start == p->start && is_descendant(member);
}

static int compare_pid(const void *key, const void *element)
{
	const pid_t *pid = key;
	const struct process *p = element;

	return (*pid > p->pid) - (*pid < p->pid);
}

/* Returns true if the process that has @pid in @all is a member. */
static bool is_member(const struct tree *tree, pid_t pid, const struct process all[], size_t count)
{
	const struct process *p = bsearch(&pid, all, count, sizeof(*all), compare_pid);

	return p && tree_has(tree, p);
}

bool tree_is_descendant(const struct tree *tree, const struct process *p,
			const struct process all[], size_t count)
{
	struct member *member = find_member(tree, p->pid);

	if (member && member->start == p->start && is_descendant(member)) {
		member->epoch = tree->epoch;
		return false;
	}
	if (member && member->start == 0 && member->epoch == tree->epoch && is_descendant(member))
		return true;
	return is_member(tree, p->parent, all, count) || is_member(tree, p->session, all, count);
}

int tree_exclude(struct tree *tree, const struct process all[], size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		/* The fork events of a zombie may not have been received yet. */
		if (!all[i].ended && !tree_has(tree, &all[i]))
			r = set_member(tree, all[i].pid, all[i].start, MEMBER_NONE);
	}
	return r;
}

void tree_catch_up(struct tree *tree)
{
	tree->lost = false;
	if (tree->events)
		process_events_drain(tree->events);
	tree->scanning = true;
}

bool tree_is_settled(const struct tree *tree)
{
	return tree->pending == 0 && !tree->lost;
}

void tree_on_fork(enum process_event what, pid_t pid, pid_t parent, void *userdata)
{
	struct tree *tree = userdata;
	struct member *member;

	switch (what) {
	case PROCESS_FORKED:
		member = find_member(tree, parent);
		/* Without memory, the event is as good as lost. */
		if (member && member->epoch == tree->epoch && member->membership != MEMBER_ENDED)
			(void)set_member(tree, pid, 0, member->membership);
		else if (tree->scanning)
			(void)set_member(tree, pid, 0, MEMBER_UNKNOWN);
		break;
	case PROCESS_EXITED:
		member = find_member(tree, pid);
		if (member)
			drop_member(tree, member);
		break;
	case PROCESS_EVENTS_LOST:
		tree->epoch++;
		tree->pending = 0;
		tree->scanning = false;
		tree->lost = true;
		break;
	case PROCESS_EXECED:
	case PROCESS_CHANGED:
	case PROCESS_EVENTS_STARTED:
		break;
	}
}

enum tree_step tree_next_step(bool complete, uint64_t usec)
{
	if (complete)
		return TREE_COMPLETE;
	return usec < TREE_USEC_MAX ? TREE_AGAIN : TREE_GROWING;
}
