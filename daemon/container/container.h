/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One container: its name, its settings, its group of control files, and the
 * operations under way. Everything here runs in the loop.
 *
 * A container is counted: the manager's list holds one reference, and so does
 * each operation that keeps a pointer to it across turns of the loop or gives
 * its group to a worker. The last reference frees it. A removed container
 * leaves the list at once and its memory later.
 */
#ifndef RSSD_CONTAINER_H
#define RSSD_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/job.h"
#include "cgroup/group.h"
#include "policy/access-policy.h"
#include "policy/place.h"
#include "policy/record.h"
#include "policy/settings.h"

typedef struct sd_event_source sd_event_source;

struct change;
struct container_detection;
struct manager;
struct oom_record;
struct place_follow;
struct rules;
struct transaction;
struct usage_history;
struct worker;

struct container {
	unsigned int refs;
	struct manager *manager;
	char *name;
	struct settings settings;
	struct place *place; /* the unit or the cgroup that it is; NULL: a cgroup made by rssd */
	struct group *group; /* foreign if there is a place */
	/* The unit whose processes are attached to its group by a rule; NULL: none, or there is a place. */
	char *joined_unit;
	struct rules *join; /* the rules that were set at run time; NULL: none */

	/* The kernel's settings differ from the saved ones since the start: @settings are the kernel's. */
	bool drifted;
	struct settings written;

	sd_event_source *place_watch;	   /* operation/place-watch.c */
	struct place_follow *place_follow; /* operation/place-follow.c; NULL: none under way */

	bool transient;		      /* removed when nothing is left in it: see transient.h */
	bool fresh;		      /* its cgroup was created a moment ago and has used nothing */
	bool populated;		      /* a process has been attached to it */
	bool was_unused;	      /* when it was looked at before its usage history began */
	bool owned;		      /* its creator is on the bus, so it stays even if empty */
	struct settings *declaration; /* as last applied; NULL: none was */
	struct access_owner owner;    /* all zero: root */

	struct change *change;		       /* of its settings, under way */
	void (*resume)(struct change *change); /* once it has been saved */
	const struct transaction *held_by;     /* only this one may change it */
	/* Called once when it can be changed again; see container_end_change(). May be NULL. */
	void (*change_ended)(struct container *container);
	struct job_list jobs; /* that use its group: a removal waits for them */
	bool removing;	      /* takes no new operation and is not saved */
	bool removed;	      /* has left the list; holders of a reference remain */
	bool saving, save_again;

	bool frozen; /* as requested last; at the start, as in the kernel */
	struct {
		int watch;		/* the inotify watch of its cgroup; 0: none */
		unsigned int suspected; /* the drift that was seen once */
		unsigned int reported;	/* the drift that has an event */
		bool queued;		/* is checked again soon */
	} drift;			/* of monitor/drift.c */

	struct counters seen;	  /* the counters of the last poll */
	uint64_t oom_events_base; /* OOMs before the group was opened, if it cannot know them */
	/*
	 * OOM kills in cgroups inside that are no containers, which the counters of the group leave
	 * out; written by the loop, and read by workers.
	 */
	uint64_t inner_oom_kills;
	/* A place only: the counters of its earlier cgroups; written by the loop, read by workers. */
	struct earlier_counters earlier;
	struct oom_record *last_oom;
	/* Of monitor/detection.h: set when the group is watched, before it is in the manager. */
	struct container_detection *detection;
	void (*detection_free)(struct container_detection *detection);
	struct {
		bool above;		  /* the threshold, at the last check */
		sd_event_source *trigger; /* of pressure, or NULL */
		const struct group *of;	  /* its group and its value */
		uint64_t value;
	} threshold;			     /* of monitor/threshold.c */
	bool kills_group;		     /* operation/oom-group.c is killing it */
	struct usage_history *usage_history; /* NULL before the first sample */
};

/* With one reference, the caller's; NULL if out of memory. */
struct container *container_new(struct manager *manager, const char *name);
/* Return @container, and NULL. */
struct container *container_ref(struct container *container);
struct container *container_unref(struct container *container);
DEFINE_CLEANUP(struct container *, container_unref);
/* Returns true if anything besides the manager's list holds it: a worker may be reading its group. */
bool container_is_shared(const struct container *container);

/* The counters as they are reported: those of the group and its base. Also from a worker. */
int container_read_counters(struct container *container, struct counters *ret);
/* Turns counters of the group into such counters. */
void container_add_base(const struct container *container, struct counters *counters);

/*
 * The SETTING_* that can be set: those of the controller, but of a unit only those that systemd can
 * set.
 */
unsigned int container_supported(const struct container *container);
/* The SETTING_* that rssd keeps in force: of a place only those that were set through rssd. */
unsigned int container_managed(const struct container *container);
/* Returns true if it is the cgroup of a systemd unit. */
bool container_is_unit(const struct container *container);
/* The kind of its place as it was requested, and its unit or "": also if a rule attaches the unit. */
enum place_kind container_place_kind(const struct container *container);
const char *container_unit(const struct container *container);
/* The unit or the cgroup, "web.service" or "/web"; NULL if it is a cgroup made by rssd alone. */
const char *container_place_target(const struct container *container);
/* "unit web.service" or "cgroup /web", for messages; "" if it is a cgroup made by rssd alone. */
const char *container_describe_place(const struct container *container, char *buf, size_t size);
/* Returns true if its members are those of a unit or of another program's cgroup. */
bool container_is_elsewhere(const struct container *container);
/* Returns true if it is what @place, which may be NULL, requests. */
bool container_is_at(const struct container *container, const struct place *place);
/* settings_check() with what this container supports. */
int container_check_settings(const struct container *container,
			     const struct settings_change *change, struct failure *failure);
/*
 * The cgroup of a place was removed: its counters, as read last, are kept as those of earlier
 * cgroups.
 * @kills: those that the kernel's log has reported, since it may be ahead of the counters
 */
void container_end_incarnation(struct container *container, uint64_t kills);

/* Starts its usage history again, and forgets the peak of earlier cgroups. */
void container_forget_usage(struct container *container);

/* The settings in the kernel; those that it does not report are taken from @fallback. */
struct settings container_read_settings(struct container *container,
					const struct settings *fallback);

/* The SETTING_* whose value in the kernel differs from the one set last. */
unsigned int container_settings_drift(struct container *container);
/* These, and the other DRIFT_* of policy/drift.h. */
unsigned int container_drift(struct container *container);
/* Takes over from the kernel if it is frozen, after rssd froze or thawed it. */
void container_note_frozen(struct container *container);

/*
 * Replaces its group. Workers may still be reading the old one, which is closed later. The new
 * group is not watched.
 */
void container_replace_group(struct container *container, struct group *group);

/* The settings that were set last, also while the kernel has others. */
const struct settings *container_set_last(const struct container *container);

/* The record to save, with @settings as its settings; NULL if out of memory. */
struct record *container_to_record(const struct container *container,
				   const struct settings *settings);

/* Takes over a saved record. */
void container_from_record(struct container *container, struct record *record);

/*
 * Returns true if something is under way that must end before it can be removed. Reading its
 * counters is not: readers hold a reference, which keeps the group open.
 */
bool container_is_busy(const struct container *container);

/* A change or a transaction has ended: calls change_ended, except while the other goes on. */
void container_end_change(struct container *container);

/* Refuses new work on a container that is being removed or changed; returns the failure. */
int container_fail_busy(const struct container *container, struct failure *failure);

#endif
