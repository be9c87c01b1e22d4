/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager owns the containers and what they depend on: the controller, the state,
 * the event sources. manager.c keeps the list of containers, emits events and calls
 * listeners. service.c opens and closes all members. What is done to containers is in
 * operation/, what turns counters and the kernel's reports into events in monitor/,
 * answers about containers in report/; what these keep is a member that only its own
 * file can read.
 *
 * The manager knows no D-Bus: bus/ calls operations and is a listener of changes and
 * events. Blocking work runs on a worker; its callback is called once, from the loop.
 */
#ifndef RSSD_MANAGER_H
#define RSSD_MANAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/cleanup.h"
#include "shared/list.h"
#include "container/container.h"
#include "policy/event.h"
#include "base/failure.h"

typedef struct sd_event sd_event;
typedef struct sd_event_source sd_event_source;

struct config;
struct collector;
struct controller;
struct declarations;
struct detection;
struct drift_watch;
struct event_history;
struct hooks;
struct join;
struct kmsg;
struct metrics_files;
struct oom_history;
struct oom_record;
struct origins;
struct problems;
struct process_events;
struct root_protection;
struct sampler;
struct sequence;
struct state;
struct transaction;
struct threshold_watch;
struct transient_watch;
struct usage_save;

/*
 * The callbacks of a listener; those that are NULL are not called. A callback must not
 * free a container or change the list of listeners.
 */
struct manager_listener {
	void (*added)(struct container *container, void *userdata);
	/* It leaves the list. */
	void (*taken_out)(struct container *container, void *userdata);
	/* It was removed. */
	void (*removed)(const char *name, void *userdata);
	/* @mask: the SETTING_* that changed; 0: whether it is declared or transient */
	void (*changed)(struct container *container, unsigned int mask, void *userdata);
	void (*event)(const struct event *event, void *userdata);
};

/* A listener and its argument. */
struct manager_listening {
	const struct manager_listener *listener;
	void *userdata;
};

struct manager {
	sd_event *event;
	struct jobs *jobs; /* those under way */
	const struct config *config;
	struct controller *controller;
	struct state *state;
	struct origins *origins;
	struct sequence *sequence; /* the numbers of events */
	struct event_history *events;
	uint64_t events_lost; /* messages of the kernel since the start */
	uint64_t ooms_count;  /* OOMs that were reported since the start */
	struct oom_history *ooms, *kills;
	struct hooks *hooks;
	struct kmsg *kmsg;			     /* NULL: victims of OOMs are unknown */
	struct process_events *process_events;	     /* NULL: processes are found by rescans only */
	char *kmsg_problem, *process_events_problem; /* why they are NULL, for the doctor */
	struct problems *problems; /* declarations that are not in force: store/declarations.h */

	struct container **containers; /* sorted by name, so parents come first */
	size_t count, allocated;
	size_t creating;	   /* under creation, not in the list yet */
	size_t transients;	   /* in the list */
	size_t places;		   /* in the list, whose group is foreign */
	size_t joined;		   /* in the list, to which a unit is attached */
	struct list creations;	   /* at places, under way: operation/create-place.c */
	struct list own_creations; /* with cgroups made by rssd, under way: operation/create.c */

	struct manager_listening *listeners; /* in the order in which they are called */
	size_t n_listeners, listeners_room;
	bool hides_processes; /* of other users: ProcessVisibility= */
	bool stopping;	      /* no operation is started any more */
	bool gone_logged;     /* see manager_fail_gone() */

	unsigned int process_events_wanted; /* WANTED_BY_* */
	/* Called after a transient container is added or taken out. */
	void (*transients_changed)(struct manager *manager);

	/* Each is private to the file named. The first two are NULL if there is none under way. */
	struct transaction *transaction;	 /* operation/transaction.c */
	struct declarations *declarations;	 /* operation/declare.c */
	struct join *join;			 /* operation/join.c */
	struct transient_watch *transient_watch; /* operation/transient.c */
	struct collector *collector;		 /* monitor/collect.c */
	struct sampler *sampler;		 /* monitor/sampler.c; NULL if off */
	struct detection *detection;		 /* monitor/detection-state.h */
	struct usage_save *usage_save;		 /* container/usage-save.c; NULL before the start */
	struct drift_watch *drift_watch;	 /* monitor/drift.c */
	struct metrics_files *metrics_files;	 /* report/metrics-file.c; may be NULL */
	struct threshold_watch *threshold_watch; /* monitor/threshold.c */
	struct root_protection *root_protection; /* container/root-protection.c; may be NULL */
};

struct container *manager_find(const struct manager *manager, const char *name);
/*
 * The innermost container whose group is @path (below the controller's root) or an
 * ancestor of it, since other programs may create cgroups inside; NULL if none.
 */
struct container *manager_find_enclosing(const struct manager *manager, const char *path);
/*
 * The container of the cgroup @cgroup, as in /proc/PID/cgroup: the innermost whose group is that
 * cgroup or an ancestor of it; NULL if none. *ret_inner, if not NULL, is set to true if the cgroup
 * is below that group.
 */
struct container *manager_find_by_cgroup(const struct manager *manager, const char *cgroup,
					 bool *ret_inner);
/* The container whose place is @cgroup itself; NULL if there is none. */
struct container *manager_find_place(const struct manager *manager, const char *cgroup);
/* Finds the container, or fails with NoSuchContainer. */
int manager_get(const struct manager *manager, const char *name, struct container **ret,
		struct failure *failure);
/* The container of a process. */
int manager_get_by_pid(const struct manager *manager, pid_t pid, struct container **ret,
		       struct failure *failure);

/* The index of the first container whose name does not sort before @name. */
size_t manager_index(const struct manager *manager, const char *name);

/* Fails with HierarchyGone, for -ESTALE of a group. Logged once, until a group is created again. */
int manager_fail_gone(struct manager *manager, struct failure *failure);

/*
 * Adds an opened container to the list, which takes a reference, or takes it out. After that the
 * container is no longer found and its events are no longer reported.
 */
int manager_insert(struct manager *manager, struct container *container);
void manager_take_out(struct manager *manager, struct container *container);

/* Process events are subscribed to while one of these wants them. */
enum {
	WANTED_BY_TRANSIENT = 1 << 0,
	WANTED_BY_JOIN = 1 << 1,
};
int manager_want_process_events(struct manager *manager, unsigned int who, bool wants);

/**
 * manager_listen() - add a listener, which is called after the earlier ones
 *
 * Return: 0, or -ENOMEM. The listener must be ignored before @userdata is freed.
 */
int manager_listen(struct manager *manager, const struct manager_listener *listener,
		   void *userdata);
/* Removes a listener; does nothing if there is no such one. */
void manager_ignore(struct manager *manager, const struct manager_listener *listener,
		    const void *userdata);

/**
 * manager_emit() - number an event, store it in the event history, call the listeners
 * @event: complete except its number and time, which are set here
 *
 * The event is stored first, so that a listener finds it there, also after a crash.
 */
void manager_emit(struct manager *manager, struct event *event);
void manager_emit_added(struct manager *manager, struct container *container);
void manager_emit_removed(struct manager *manager, const char *name);
void manager_emit_changed(struct manager *manager, struct container *container, unsigned int mask);

#endif
