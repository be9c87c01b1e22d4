/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attaches processes that are given by their pids, for clients that cannot pass pidfds. A pid that
 * was reused before the call names another process; from the call on, a pidfd holds the process.
 */
#ifndef RSSD_ATTACH_PIDS_H
#define RSSD_ATTACH_PIDS_H

#include <stdint.h>

#include "operation/attach-types.h"

struct attach_caller;
struct container;

/* In one call, because rssd opens a descriptor for each. */
#define ATTACH_PIDS_MAX 1024

/* As attach_start(); a pid without a process has a row too, with that pid. */
int attach_pids_start(struct container *container, const uint32_t pids[], size_t count,
		      unsigned int how, const struct attach_caller *caller, attach_done_fn done,
		      void *userdata, struct failure *failure);

#endif
