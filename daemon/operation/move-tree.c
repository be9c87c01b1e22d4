/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moving whole trees: see move-tree.h. */
#include "operation/move-tree.h"

#include <errno.h>
#include <time.h>

#include "base/worker.h"
#include "host/process-tree.h"
#include "host/process.h"
#include "operation/move.h"
#include "shared/cleanup.h"
#include "shared/clock.h"

void move_tree_take(struct move *move, const struct process *p, enum membership membership)
{
	if (move->tree && tree_add(move->tree, p, membership) < 0)
		move->error = -ENOMEM;
}

/* It is inside now: what it bore before was told by then, and was born outside. */
void move_tree_take_inside(struct move *move, const struct process *p)
{
	if (move->tree)
		tree_catch_up(move->tree);
	move_tree_take(move, p, MEMBER_INSIDE);
}

/* Of a pass: all that there are. */
struct look {
	struct process *all;
	size_t count;
};

static void move_descendant(struct move *move, const struct look *look, const struct process *p)
{
	cleanup_close int pidfd = process_open(p->pid);

	/* With the pidfd in hand the pid is pinned; a fork that told of it may have been long ago. */
	tree_catch_up(move->tree);
	if (pidfd >= 0 && tree_claims(move->tree, p, look->all, look->count)) {
		move->one(move, pidfd, p);
		return;
	}
	move_add_row(move, p->pid, ATTACH_VANISHED);
	/* Its children that were seen with it are descendants, too. */
	move_tree_take(move, p, MEMBER_ENDED);
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
			if (!move->dry_run && move->is_there(move, p->pid)) {
				/* Born where its parent was moved to; for a detach it never was inside. */
				if (move->container)
					move_add_row(move, p->pid, ATTACH_MOVED);
				move_tree_take_inside(move, p);
				continue;
			}
			move_descendant(move, &look, p);
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
bool move_goes_on(struct move *move, const struct worker *worker)
{
	if (move->error == 0 && worker_cancelled(worker))
		move->error = -ECANCELED;
	return move->error == 0;
}

void move_tree(struct move *move, const struct worker *worker)
{
	uint64_t begin = clock_usec(CLOCK_MONOTONIC);
	enum tree_step step = TREE_AGAIN;

	/* Nothing is moved in a dry run: one look tells all there is to tell. */
	if (move->dry_run) {
		(void)tree_pass(move);
		return;
	}
	for (unsigned int pass = 1; step == TREE_AGAIN && move_goes_on(move, worker); pass++)
		step = tree_next_step(tree_pass(move), pass, clock_usec(CLOCK_MONOTONIC) - begin);
	move->still_growing = step == TREE_GROWING;
}
