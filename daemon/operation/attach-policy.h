/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes may be moved, and the names of outcomes. */
#ifndef RSSD_ATTACH_POLICY_H
#define RSSD_ATTACH_POLICY_H

#include <sys/types.h>

#include "operation/attach-types.h"

struct process;

const char *attach_outcome_name(enum attach_outcome outcome);

/**
 * attach_refusal() - the reason why a process must not be moved; a pure function
 * @owner: the uid that the process belongs to (process_read_owner())
 * @caller: the uid of the caller
 * @self: the pid of rssd
 *
 * Return: NULL if it may be moved, else the end of a sentence.
 */
const char *attach_refusal(const struct process *process, uid_t owner, uid_t caller, pid_t self);

#endif
