/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transient containers go when their last process has left. Process events
 * say when to look, while there is a transient container and a few seconds
 * after; a rescan every few seconds is the truth, since events can be lost.
 */
#ifndef RSSD_TRANSIENT_H
#define RSSD_TRANSIENT_H

#include <sys/types.h>

#include "host/process-events.h"

struct container;
struct manager;

/* A transient container came or went: listen for events, or stop doing so. */
void transient_changed(struct manager *manager);

/* The client that made it has left: empty, it may go now. */
void transient_disown(struct container *container);

/* @userdata is the manager. */
void transient_process_event(enum process_event what, pid_t pid, pid_t parent, void *userdata);

void transient_close(struct manager *manager);

#endif
