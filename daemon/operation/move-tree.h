/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of a move: descendants are gathered (process-tree.h) and moved until a
 * look finds none that is not there, within a bound. For the worker.
 */
#ifndef RSSD_MOVE_TREE_H
#define RSSD_MOVE_TREE_H

#include <stdbool.h>

#include "host/process-tree.h"

struct move;
struct process;
struct worker;

/* What became of a process that belongs to the tree; nothing if the move has no tree. */
void move_tree_take(struct move *move, const struct process *p, enum membership membership);
void move_tree_take_inside(struct move *move, const struct process *p);

/* Returns false once something failed, or the move is not wanted any more. */
bool move_goes_on(struct move *move, const struct worker *worker);

/* Moves the descendants by move->one(), until move->is_there() holds for all. */
void move_tree(struct move *move, const struct worker *worker);

#endif
