/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start and stop of the manager: opens and closes everything else. */
#ifndef RSSD_SERVICE_H
#define RSSD_SERVICE_H

#include <stdbool.h>

#include "container/manager.h"

/**
 * manager_new() - open controller, state and event sources
 *
 * Opens everything that needs a privilege; manager_start() restores the containers.
 */
int manager_new(sd_event *event, const struct config *config, struct manager **ret,
		struct failure *failure);
struct manager *manager_free(struct manager *manager);
DEFINE_CLEANUP(struct manager *, manager_free);

/* Its first part: opens the configured controller and mounts its hierarchy if needed. */
int manager_open_controller(const struct config *config, struct controller **ret,
			    struct failure *failure);

/* Takes over the containers there are and creates those declared: see restore.h. */
int manager_start(struct manager *manager, struct failure *failure);

/* Returns true while jobs run; manager_cancel_all() asks them to end. */
bool manager_is_busy(const struct manager *manager);
void manager_cancel_all(struct manager *manager);

#endif
