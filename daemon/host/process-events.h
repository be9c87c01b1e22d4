/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's process connector through libnl: reports fork, exec and exit of
 * every process. Events are hints: they can be lost, and they exist in the initial
 * namespaces only. Every fork of the machine wakes a listener, so rssd listens
 * only while something needs the events.
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
	PROCESS_EVENTS_STARTED, /* the kernel confirmed: events follow; pid is 0 */
	PROCESS_EVENTS_LOST, /* events were lost, or listening was refused: scan again; pid is 0 */
};

struct nlmsghdr;

/* One event; see process_event_fn. */
struct process_message {
	enum process_event what;
	pid_t pid, parent;
};

/*
 * Parses a message of the connector as received. Return: 0, -ENOTSUP for an event of a
 * thread or of a kind that is not used, or -EBADMSG. Pure.
 */
int process_message_parse(struct nlmsghdr *header, struct process_message *ret);

struct process_events;
/* @parent: the parent's pid for PROCESS_FORKED, else 0. */
typedef void (*process_event_fn)(enum process_event what, pid_t pid, pid_t parent, void *userdata);

/*
 * Opens the socket. Events are delivered after process_events_listen(); if @event
 * is NULL, only process_events_drain() delivers them. @fn may call
 * process_events_listen(), but must not free the events.
 *
 * Outside the initial namespaces this succeeds, but there are no events and
 * PROCESS_EVENTS_STARTED is never delivered.
 *
 * Return: 0, -EPERM without CAP_NET_ADMIN, -EPROTONOSUPPORT if the kernel has no
 * connector, or another negative errno.
 */
int process_events_new(sd_event *event, process_event_fn fn, void *userdata,
		       struct process_events **ret);
struct process_events *process_events_free(struct process_events *events);
DEFINE_CLEANUP(struct process_events *, process_events_free);

int process_events_listen(struct process_events *events, bool on);

/* Returns true if the kernel has confirmed, for a listener that missed PROCESS_EVENTS_STARTED. */
bool process_events_started(const struct process_events *events);

/* Delivers all events received so far; for a job without an event loop. */
void process_events_drain(struct process_events *events);

#endif
