/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves a tree of processes: scans for descendants (host/process-tree.h) and moves them
 * until a scan finds all of them at the target, within a bound. For the worker.
 */
#ifndef RSSD_MOVE_TREE_H
#define RSSD_MOVE_TREE_H

#include <stdbool.h>

#include "host/process-tree.h"

struct move;
struct process;
struct worker;

/* Adds a process to the tree or updates it. Does nothing if the move has no tree. */
void move_tree_add(struct move *move, const struct process *p, enum membership membership);
void move_tree_add_inside(struct move *move, const struct process *p);

/* Returns false after a failure or a cancel. */
bool move_should_continue(struct move *move, const struct worker *worker);

/* Calls move->one() for descendants until move->is_there() is true for all. */
void move_tree(struct move *move, const struct worker *worker);

#endif
