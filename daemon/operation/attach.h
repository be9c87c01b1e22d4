/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves processes into a container and back. Each process is identified by a pidfd
 * throughout, so a reused pid is never moved. Each has a row in the report. With
 * ATTACH_TREE, all processes are scanned for descendants (host/process-tree.h) until a
 * scan finds none outside, within a bound. The work runs on a worker.
 */
#ifndef RSSD_ATTACH_H
#define RSSD_ATTACH_H

#include <stddef.h>
#include <sys/types.h>

#include "operation/attach-types.h"

struct attach_caller;
struct container;
struct failure;
struct manager;

/**
 * attach_start() - move processes into a container
 * @pidfds: @count descriptors; they are copied
 * @how: ATTACH_*
 * @caller: who asked for it
 *
 * If one of @pidfds must not leave its unit, nothing is moved and the job fails
 * (InUnit, AccessDenied); a descendant that must not is refused in its row. After a
 * success every living descendant is inside, also those of a refused process. The
 * exception is a process that left the session of its ancestors and lost its parent
 * before the job began: the kernel no longer shows whose descendant it is.
 *
 * Return: 0 (then @done is called; its failure is NULL unless the tree did not stop
 * growing, the job was cancelled or the kernel refused), or a failure at once.
 */
int attach_start(struct container *container, const int pidfds[], size_t count, unsigned int how,
		 const struct attach_caller *caller, attach_done_fn done, void *userdata,
		 struct failure *failure);

/* Moves processes back to the cgroups they were attached from. @how: ATTACH_TREE or 0. */
int detach_start(struct manager *manager, const int pidfds[], size_t count, unsigned int how,
		 uid_t caller, attach_done_fn done, void *userdata, struct failure *failure);

#endif
