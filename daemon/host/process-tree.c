/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees of processes: see tree.h. */
#include "host/process-tree.h"

#include <errno.h>
#include <search.h>

struct member {
	pid_t pid;
	uint64_t start; /* 0: a fork told of it, nobody has looked yet */
	enum membership membership;
	unsigned int era;
};

struct tree {
	void *members;		       /* by pid, for tsearch(3) */
	size_t open;		       /* how many are to be looked at */
	bool looking;		       /* who is listed from now on was born before what is told */
	struct process_events *events; /* NULL: forks are not told */
	/*
	 * Begins anew when events were lost: a pid from an era before may be
	 * anybody's now, so neither it nor its forks count until it was looked at.
	 */
	unsigned int era;
	bool lost; /* in this era nobody has looked yet */
};

static int compare_members(const void *a, const void *b)
{
	const struct member *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

static struct member *find(const struct tree *tree, pid_t pid)
{
	struct member key = { .pid = pid };
	struct member **found = tfind(&key, (void *const *)&tree->members, compare_members);

	return found ? *found : NULL;
}

static bool is_open(const struct tree *tree, const struct member *member)
{
	return member->start == 0 && member->era == tree->era &&
	       (member->membership == MEMBER_OUTSIDE || member->membership == MEMBER_UNKNOWN);
}

static bool belongs(const struct member *member)
{
	return member->membership != MEMBER_NONE && member->membership != MEMBER_UNKNOWN;
}

static int put(struct tree *tree, pid_t pid, uint64_t start, enum membership membership)
{
	struct member *member = find(tree, pid);

	if (member) {
		tree->open -= is_open(tree, member);
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
	member->era = tree->era;
	tree->open += is_open(tree, member);
	return 0;
}

static void drop(struct tree *tree, struct member *member)
{
	tree->open -= is_open(tree, member);
	(void)tdelete(member, &tree->members, compare_members);
	free(member);
}

int tree_new_deaf(struct tree **ret)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -ENOMEM;
	*ret = tree;
	return 0;
}

/* Of whom it is not known, while it lives: is it in the session of a member? */
static void look_into(struct tree *tree, pid_t pid)
{
	const struct member *leader;
	struct process p;

	if (process_read(pid, &p) < 0)
		return;
	leader = find(tree, p.session);
	(void)put(tree, pid, 0,
		  leader && leader->start && belongs(leader) ? MEMBER_OUTSIDE : MEMBER_NONE);
}

static void on_event(enum process_event what, pid_t pid, pid_t parent, void *userdata)
{
	struct tree *tree = userdata;
	const struct member *member;

	tree_hear(what, pid, parent, tree);
	member = what == PROCESS_FORKED ? find(tree, pid) : NULL;
	if (member && member->membership == MEMBER_UNKNOWN)
		look_into(tree, pid);
}

int tree_new(struct tree **ret)
{
	struct tree *tree;
	int r = tree_new_deaf(&tree);

	if (r < 0)
		return r;
	/* Without them it works as well, but for orphans. */
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
	return put(tree, p->pid, p->start, membership);
}

bool tree_has(const struct tree *tree, const struct process *p)
{
	const struct member *member = find(tree, p->pid);

	return member && member->start == p->start && belongs(member);
}

static int compare_pid(const void *key, const void *element)
{
	const pid_t *pid = key;
	const struct process *p = element;

	return (*pid > p->pid) - (*pid < p->pid);
}

/* The process that has @pid now, if it lives: is that one a member? */
static bool is_member(const struct tree *tree, pid_t pid, const struct process all[], size_t count)
{
	const struct process *p = bsearch(&pid, all, count, sizeof(*all), compare_pid);

	return p && tree_has(tree, p);
}

bool tree_claims(const struct tree *tree, const struct process *p, const struct process all[],
		 size_t count)
{
	struct member *member = find(tree, p->pid);

	if (member && member->start == p->start && belongs(member)) {
		member->era = tree->era;
		return false;
	}
	if (member && member->start == 0 && member->era == tree->era && belongs(member))
		return true;
	return is_member(tree, p->parent, all, count) || is_member(tree, p->session, all, count);
}

int tree_exclude(struct tree *tree, const struct process all[], size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		/* What a zombie bore while it lived may not have been heard yet. */
		if (!all[i].ended && !tree_has(tree, &all[i]))
			r = put(tree, all[i].pid, all[i].start, MEMBER_NONE);
	}
	return r;
}

void tree_catch_up(struct tree *tree)
{
	tree->lost = false;
	if (tree->events)
		process_events_drain(tree->events);
	tree->looking = true;
}

bool tree_is_settled(const struct tree *tree)
{
	return tree->open == 0 && !tree->lost;
}

void tree_hear(enum process_event what, pid_t pid, pid_t parent, void *userdata)
{
	struct tree *tree = userdata;
	struct member *member;

	switch (what) {
	case PROCESS_FORKED:
		member = find(tree, parent);
		/* A hint that there is no memory for is one that was not heard. */
		if (member && member->era == tree->era && member->membership != MEMBER_ENDED)
			(void)put(tree, pid, 0, member->membership);
		else if (tree->looking)
			(void)put(tree, pid, 0, MEMBER_UNKNOWN);
		break;
	case PROCESS_EXITED:
		member = find(tree, pid);
		if (member)
			drop(tree, member);
		break;
	case PROCESS_EVENTS_LOST:
		tree->era++;
		tree->open = 0;
		tree->looking = false;
		tree->lost = true;
		break;
	case PROCESS_EXECED:
	case PROCESS_CHANGED:
	case PROCESS_EVENTS_STARTED:
		break;
	}
}

enum tree_step tree_next_step(bool complete, unsigned int passes, uint64_t usec)
{
	if (complete)
		return TREE_COMPLETE;
	return passes < TREE_PASSES_MAX && usec < TREE_USEC_MAX ? TREE_AGAIN : TREE_GROWING;
}
