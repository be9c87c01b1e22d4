/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's process connector through libnl: fork, exec and exit as they
 * happen. Hints, never the truth: they may be lost, and exist in the initial
 * namespaces only. Every fork of the machine wakes a subscriber, so the
 * subscription is held only while somebody needs it.
 */
#ifndef RSSD_PROCESS_EVENTS_H
#define RSSD_PROCESS_EVENTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/cleanup.h"

typedef struct sd_event sd_event;

enum process_event {
	PROCESS_FORKED, /* pid: the child */
	PROCESS_EXECED,
	PROCESS_EXITED,
	PROCESS_CHANGED,	/* its user or its name */
	PROCESS_EVENTS_STARTED, /* the kernel has heard us: from now on it tells; pid is 0 */
	PROCESS_EVENTS_LOST,	/* look at everything again; pid is 0 */
};

struct process_events;
/* @parent: who forked it, for PROCESS_FORKED; else 0. */
typedef void (*process_event_fn)(enum process_event what, pid_t pid, pid_t parent, void *userdata);

/*
 * Opens the socket; nothing is delivered until process_events_listen(), and
 * without @event nothing but by process_events_drain(). -EPERM
 * without CAP_NET_ADMIN, -EPROTONOSUPPORT where the kernel has no connector.
 * Outside the initial namespaces it succeeds and stays silent: PROCESS_EVENTS_STARTED
 * never comes. @fn may call
 * process_events_listen(), but must not free the events.
 */
int process_events_new(sd_event *event, process_event_fn fn, void *userdata,
		       struct process_events **ret);
struct process_events *process_events_free(struct process_events *events);
DEFINE_CLEANUP(struct process_events *, process_events_free);

int process_events_listen(struct process_events *events, bool on);

/* Returns true if the kernel has confirmed, so that events come in; also for a later listener. */
bool process_events_started(const struct process_events *events);

/* Delivers what has come in until now; for a job that has no loop. */
void process_events_drain(struct process_events *events);

#endif
