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

void move_tree_add(struct move *move, const struct process *p, enum membership membership)
{
	if (move->tree && tree_add(move->tree, p, membership) < 0)
		move->error = -ENOMEM;
}

/* Fork events from before the move are processed first: those children are outside. */
void move_tree_add_inside(struct move *move, const struct process *p)
{
	if (move->tree)
		tree_catch_up(move->tree);
	move_tree_add(move, p, MEMBER_INSIDE);
}

/* All processes, as listed at the start of a scan. */
struct snapshot {
	struct process *all;
	size_t count;
};

static void move_descendant(struct move *move, const struct snapshot *snapshot,
			    const struct process *p)
{
	cleanup_close int pidfd = process_open(p->pid);

	/* A process that cannot be opened now may be a descendant, which would stay. */
	if (pidfd < 0 && pidfd != -ESRCH) {
		move->error = pidfd;
		return;
	}
	/* The pidfd pins the pid; the fork event may be older than a reuse of the pid. */
	tree_catch_up(move->tree);
	if (pidfd >= 0 && tree_is_descendant(move->tree, p, snapshot->all, snapshot->count)) {
		move->one(move, pidfd, p);
		return;
	}
	move_add_row(move, p->pid, ATTACH_VANISHED);
	/* Its children in the same snapshot are descendants as well. */
	move_tree_add(move, p, MEMBER_ENDED);
}

/*
 * Scans all processes once: new descendants are added to the tree, and those that are not
 * at the target are moved. Returns true if all were there.
 */
static bool tree_scan(struct move *move)
{
	cleanup_free struct process *all = NULL;
	struct snapshot snapshot = { 0 };
	bool again = true, complete = true;
	int r;

	tree_catch_up(move->tree);
	r = process_list(&all, &snapshot.count);
	if (r < 0)
		move->error = r;
	snapshot.all = all;
	/* A child may have a smaller pid than its parent: repeat until none is added. */
	while (again && move->error == 0) {
		again = false;
		for (size_t i = 0; i < snapshot.count && move->error == 0; i++) {
			const struct process *p = &all[i];

			if (p->ended || !tree_is_descendant(move->tree, p, all, snapshot.count))
				continue;
			again = true;
			if (!move->dry_run && move->is_there(move, p->pid)) {
				/* Forked after its parent was moved; on detach it was never inside. */
				if (move->container)
					move_add_row(move, p->pid, ATTACH_MOVED);
				move_tree_add_inside(move, p);
				continue;
			}
			move_descendant(move, &snapshot, p);
			complete = false;
		}
	}
	if (move->error == 0)
		move->error = tree_exclude(move->tree, all, snapshot.count);
	/* A process may have forked after the listing and ended before it was moved. */
	tree_catch_up(move->tree);
	return complete && tree_is_settled(move->tree);
}

bool move_should_continue(struct move *move, const struct worker *worker)
{
	if (move->error == 0 && worker_cancelled(worker))
		move->error = -ECANCELED;
	return move->error == 0;
}

void move_tree(struct move *move, const struct worker *worker)
{
	uint64_t begin = clock_usec(CLOCK_MONOTONIC);
	enum tree_step step = TREE_AGAIN;

	/* A dry run moves nothing, so one scan reports everything. */
	if (move->dry_run) {
		(void)tree_scan(move);
		return;
	}
	while (step == TREE_AGAIN && move_should_continue(move, worker))
		step = tree_next_step(tree_scan(move), clock_usec(CLOCK_MONOTONIC) - begin);
	move->still_growing = step == TREE_GROWING;
}
