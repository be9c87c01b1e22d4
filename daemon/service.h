/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rssd from start to stop: who opens and closes all else. */
#ifndef RSSD_SERVICE_H
#define RSSD_SERVICE_H

#include <stdbool.h>

#include "container/manager.h"

/**
 * manager_new() - open controller, state and event sources
 *
 * Takes everything that needs a privilege; containers come with manager_start().
 */
int manager_new(sd_event *event, const struct config *config, struct manager **ret,
		struct failure *failure);
struct manager *manager_free(struct manager *manager);
DEFINE_CLEANUP(struct manager *, manager_free);

/* The first part of it: the controller that the configuration wants, its hierarchy mounted. */
int manager_open_controller(const struct config *config, struct controller **ret,
			    struct failure *failure);

/* Adopts what is there and makes what is declared: see restore.h. */
int manager_start(struct manager *manager, struct failure *failure);

/* True while jobs are on their way; manager_cancel_all() asks them to end. */
bool manager_is_busy(const struct manager *manager);
void manager_cancel_all(struct manager *manager);

#endif
