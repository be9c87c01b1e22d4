/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of moving one process that attach.c and detach.c share. For the worker. */
#ifndef RSSD_MOVE_PROCESS_H
#define RSSD_MOVE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct move;
struct process;

/*
 * Reads the process of a pidfd; -ESRCH if it ended, so that its pid may have been reused. The owner
 * is not read, but 0, if @caller is root, who may move all.
 */
int move_identify(int pidfd, uid_t caller, struct process *ret, uid_t *ret_owner);
/*
 * move_begin_process() - read the process of a pidfd and add it to the tree, before it is moved
 * @expected: the process that the pidfd must refer to; NULL: any
 * @ret_refusal: see attach_refusal()
 *
 * Return: false, after adding a row, if it has ended or @pidfd is not a pidfd.
 */
bool move_begin_process(struct move *move, int pidfd, const struct process *expected,
			struct process *ret, const char **ret_refusal);

/*
 * move_has_vanished() - check after a move whether the process has ended
 * @moved: its pid was written to the target: then a new process with that pid is moved back
 *
 * Return: true, after adding a row, if it has ended.
 */
bool move_has_vanished(struct move *move, int pidfd, const struct process *p, bool moved);

#endif
