/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager owns the containers and everything that feeds them: controller,
 * state, event sources. It knows no D-Bus: an API calls it and receives changes
 * and events as a listener. Blocking work runs on a worker and reports through a
 * callback, always from the loop and exactly once.
 *
 * manager.c holds the containers and the way from start to stop; one file per
 * deed stands beside it: change.h, removal.h, attach.h, reclaim.h, monitor/detection.h
 * (counters and kernel log become events), collect.h, sampler.h, transient.h,
 * join.h, restore.h, diagnose.h.
 */
#ifndef RSSD_MANAGER_H
#define RSSD_MANAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/cleanup.h"
#include "container/container.h"
#include "policy/event.h"
#include "base/failure.h"

typedef struct sd_event sd_event;
typedef struct sd_event_source sd_event_source;

struct config;
struct controller;
struct detection;
struct join;
struct event_history;
struct hooks;
struct kmsg;
struct oom_history;
struct oom_record;
struct origins;
struct problems;
struct process_events;
struct sequence;
struct state;
struct transaction;

/*
 * What a listener is called for; a callback that is NULL is left out. A callback
 * frees no container and changes no list of listeners.
 */
struct manager_listener {
	void (*added)(struct container *container, void *userdata);
	void (*removed)(const char *name, void *userdata);
	/* @mask: the SETTING_* that changed, or 0: declared, transient */
	void (*changed)(struct container *container, unsigned int mask, void *userdata);
	void (*event)(const struct event *event, void *userdata);
};

/* A listener and what it is called with. */
struct manager_listening {
	const struct manager_listener *listener;
	void *userdata;
};

struct manager {
	sd_event *event;
	struct jobs *jobs; /* all that are under way */
	const struct config *config;
	struct controller *controller;
	struct state *state;
	struct origins *origins;
	struct sequence *sequence; /* the numbers of events */
	struct event_history *events;
	struct oom_history *ooms, *kills;
	struct hooks *hooks;
	struct kmsg *kmsg;			     /* NULL: victims are unknown */
	struct process_events *process_events;	     /* NULL: only rescans find processes */
	char *kmsg_problem, *process_events_problem; /* why they are NULL, for the doctor */

	struct container **containers; /* sorted by name, so parents come first */
	size_t count, allocated;
	size_t creating;   /* being created, not in the list yet */
	size_t transients; /* of those in the list */

	struct manager_listening *listeners; /* in the order in which they are called */
	size_t n_listeners, listeners_room;
	bool stopping;	  /* no further change is begun */
	bool gone_logged; /* see manager_fail_gone() */

	unsigned int process_events_wanted;
	void (*transients_changed)(struct manager *manager);

	struct transaction *transaction;     /* on its way */
	struct declarations *declarations;   /* on their way: see restore.c */
	struct problems *problems;	     /* declarations that are not in force */
	struct join *join;		     /* see join.c */
	struct collection *collection;	     /* on its way: see collect.h */
	uint64_t collected_at;		     /* when the last one began */
	uint64_t noted;			     /* when the last one was noted: see collect.c */
	sd_event_source *collect_idle;	     /* see collect.c */
	sd_event_source *sampler;	     /* see sampler.h */
	sd_event_source *transient_check;    /* see transient.c */
	struct detection *detection;	     /* see monitor/detection.h */
	struct metrics_files *metrics_files; /* see report/metrics-file.h */
};

struct container *manager_find(const struct manager *manager, const char *name);
/*
 * The innermost container whose group is @path (below the controller's root) or
 * above it, as for a control group that something else made inside; NULL if none.
 */
struct container *manager_find_enclosing(const struct manager *manager, const char *path);
/* The container, or a failure with NoSuchContainer. */
int manager_get(const struct manager *manager, const char *name, struct container **ret,
		struct failure *failure);
/* The container of a process. */
int manager_get_by_pid(const struct manager *manager, pid_t pid, struct container **ret,
		       struct failure *failure);

/* The index of the first container whose name is not below @name. */
size_t manager_index(const struct manager *manager, const char *name);

/* HierarchyGone, for -ESTALE of a group; logged once, until a group can be made again. */
int manager_fail_gone(struct manager *manager, struct failure *failure);

/*
 * Adds an opened container to the list, which takes a reference, or takes it out. What was taken
 * out can no longer be found, and its events are no longer reported.
 */
int manager_insert(struct manager *manager, struct container *container);
void manager_take_out(struct manager *manager, struct container *container);

/* Process events are received while at least one user wants them. */
enum {
	WANTED_BY_TRANSIENT = 1 << 0,
	WANTED_BY_JOIN = 1 << 1,
};
int manager_want_process_events(struct manager *manager, unsigned int who, bool wants);

/**
 * manager_listen() - have a listener called, after those that are there already
 *
 * Return: 0, or -ENOMEM. The listener must be ignored before @userdata is freed.
 */
int manager_listen(struct manager *manager, const struct manager_listener *listener,
		   void *userdata);
/* Ends that; does nothing if it is not in the list. */
void manager_ignore(struct manager *manager, const struct manager_listener *listener,
		    const void *userdata);

/**
 * manager_emit() - number an event, store it in the event history, call the listeners
 * @event: filled in but for its number and time, which are set here
 *
 * The event is stored first: a listener that asks for it finds it, also after a crash.
 */
void manager_emit(struct manager *manager, struct event *event);
void manager_emit_added(struct manager *manager, struct container *container);
void manager_emit_removed(struct manager *manager, const char *name);
void manager_emit_changed(struct manager *manager, struct container *container, unsigned int mask);

#endif
