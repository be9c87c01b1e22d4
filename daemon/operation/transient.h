/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transient container is removed when its last process has left, one that is a unit or an existing
 * cgroup when that is gone. Process events trigger a check while there is a transient container and
 * a few seconds after. A check every few seconds is authoritative, since events can be lost.
 */
#ifndef RSSD_TRANSIENT_H
#define RSSD_TRANSIENT_H

#include <sys/types.h>

#include "host/process-events.h"

struct container;
struct manager;

int transient_open(struct manager *manager);
void transient_close(struct manager *manager);

/* The client that created it has disconnected: removes it if it is empty. */
void transient_disown(struct container *container);

/* The cgroup of a container that is a place was created or removed. */
void transient_place_changed(struct container *container);

/* @userdata is the manager. */
void transient_process_event(enum process_event what, pid_t pid, pid_t parent, void *userdata);

#endif
