/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel offers, behind one face. A controller turns a group (one
 * folder of control files) into limits, counters and membership, and knows no
 * container: it is given paths. One file per controller implements
 * struct controller_ops; controller.c chooses among them.
 *
 * A group's folder is opened once and its files are reached through that
 * descriptor, so a group that was removed behind our back answers -ENODEV or
 * -ENOENT and is never confused with a new one of the same name.
 *
 * Errors are negative errnos of the control files unless stated. Sizes are
 * bytes. Functions marked "blocking" may reclaim for seconds, so they run on a
 * worker thread; they touch nothing but the group's descriptor. The others run
 * in the event loop.
 */
#ifndef RSSD_CONTROLLER_H
#define RSSD_CONTROLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/counters.h"
#include "shared/cleanup.h"

typedef struct sd_event sd_event;

struct controller;
struct group;
struct kept_files;
struct failure;

/* What controller_read_all() fills in of a group. */
struct group_reading {
	const struct group *group;
	struct counters counters;
	uint64_t refaults; /* with the counters */
	uint32_t processes;
	bool frozen;
	bool has_counters, has_processes, has_frozen;
};

/* What reclaim works on, nested groups included; bytes, COUNTER_ABSENT where it is not told. */
struct memory_lists {
	uint64_t anon, file, unevictable;
};

/*
 * What a watched group tells. Most controllers can only wake us: then the
 * counters say what changed. One that has controller.tells_facts tells each
 * thing by itself, with what the kernel knew of it at that moment.
 */
enum group_event_kind {
	GROUP_CHANGED, /* something may have happened: read the counters */
	GROUP_LOST,    /* so many facts did not reach us: read the counters */
	GROUP_LIMIT,
	GROUP_RECLAIMED,
	GROUP_HIGH,
	GROUP_LOW,
	GROUP_OOM,	/* the limit of this group ran out; kills may follow, here or below */
	GROUP_OOM_KILL, /* a process of this group, whoever's limit it was */
};

struct group_event {
	enum group_event_kind kind;
	uint64_t lost;	       /* LOST */
	uint64_t count;	       /* LIMIT: how often so far */
	uint64_t usage, limit; /* all facts: of this group, bytes */
	pid_t victim;	       /* OOM_KILL */
	const char *comm;      /* OOM_KILL: as the process named itself, any bytes */
};

typedef void (*group_event_fn)(struct group *group, const struct group_event *event,
			       void *userdata);

/* In which version of cgroups a controller is looked for. */
enum hierarchy_choice { HIERARCHY_AUTO, HIERARCHY_V1, HIERARCHY_V2 };

struct controller_choice {
	const char *name; /* "auto", or a controller's name */
	enum hierarchy_choice hierarchy;
	bool favor_dynmods;	 /* of a hierarchy of our own: attach soon, fork a little later */
	const char *root;	 /* the name of our folder in the hierarchy */
	const char *mount_point; /* where to mount a hierarchy of our own, if there is to be one */
};

struct controller_ops {
	const char *name; /* "memory-v1" */

	/* Is it on this kernel? 0 and *ret, -ENOENT (not here), or why it cannot be used. */
	int (*open)(const struct controller_choice *choice, struct controller **ret,
		    struct failure *failure);
	/* Frees the controller's own struct, after its common members; NULL: free() does. */
	struct controller *(*free)(struct controller *controller);

	/* Called before a folder gets a folder below it; NULL where nothing is needed. */
	int (*prepare_parent)(struct controller *controller, int parent);
	/* A folder that was just made or found becomes a group: what it needs before use. Or NULL. */
	int (*group_open)(struct group *group);
	void (*group_close)(struct group *group);

	int (*read_counters)(struct group *group, struct counters *ret);
	/* See controller_read_all(); NULL where there is no such request. */
	int (*read_all)(struct controller *controller, struct group_reading readings[],
			size_t count);
	/* The control file with the usage in bytes, and nothing else. */
	const char *(*usage_file)(const struct group *group);
	/* The file that has the lists, and what the names of their keys begin with. */
	const char *lists_file, *lists_prefix;
	/* The control file of a setting, by its bit; NULL if this controller has none. */
	const char *(*setting_file)(const struct controller *controller, unsigned int setting);
	int (*reclaim)(struct group *group, uint64_t bytes, uint64_t *ret_freed); /* blocking */
	int (*reset_peak)(struct group *group);
	int (*freeze)(struct group *group, bool freeze);
	int (*read_frozen)(struct group *group, bool *ret);

	int (*watch)(struct group *group, sd_event *event);
};

/* Members that every controller has; each controller's own struct begins with it. */
struct controller {
	const struct controller_ops *ops;
	unsigned int features;
	unsigned int settings;	 /* mask of the settings that this kernel has a control file for */
	const char *infinity;	 /* how no limit is written: "-1" in v1, "max" in v2 */
	char *root;		 /* our folder inside the hierarchy: "rssd" */
	char *mount;		 /* where the hierarchy is mounted */
	int fd;			 /* our folder; where that is removed, everything answers -ENOENT */
	const char *kernel_name; /* "memory" */
	bool oom_events_since_open; /* counters.oom_events begins at 0 when a group is opened */
	bool tells_facts;	    /* see struct group_event */
	bool needs_admin;	    /* CAP_SYS_ADMIN, for what it asks the kernel later */
	bool reads_all;		    /* controller_read_all() has something to ask */
	char *events_problem;	    /* why its events cannot be heard, or NULL */
	char *hierarchy;  /* the controller name for /proc/PID/cgroup: "memory", or "" for v2 */
	const char *leaf; /* where processes of a group live below it, or NULL: in itself */
};

/**
 * controller_open() - the best controller that this kernel has
 *
 * Makes the root folder where it is missing. Fails with a sentence that lists
 * what was looked for and why each cannot be used.
 */
int controller_open(const struct controller_choice *choice, struct controller **ret,
		    struct failure *failure);
struct controller *controller_free(struct controller *controller);
DEFINE_CLEANUP(struct controller *, controller_free);

/* The feature's name on the bus ("oom-group"), by bit; NULL past the last. */
const char *controller_feature_name(unsigned int bit);
/**
 * controller_read_all() - what one request can tell of many groups
 * @readings: their groups; the rest is zero, and filled in where it is known
 *
 * For a worker. Return: 0, -EOPNOTSUPP where there is no such request, or why
 * it failed; what is not filled in has to be read from each group.
 */
static inline int controller_read_all(struct controller *controller,
				      struct group_reading readings[], size_t count)
{
	if (!controller->reads_all)
		return -EOPNOTSUPP;
	return controller->ops->read_all(controller, readings, count);
}

static inline bool controller_can(const struct controller *c, enum controller_feature feature)
{
	return c->features & feature;
}

/* Does an attach take a process out of its systemd unit? All is one tree there. */
static inline bool controller_leaves_units(const struct controller *c)
{
	return !*c->hierarchy;
}

/* The smallest limit that this controller accepts, in bytes. */
uint64_t controller_limit_min(const struct controller *controller);

/* Has our root folder such a file, as every group then has? */
bool controller_has_file(const struct controller *controller, const char *file);

/*
 * Of a group, or of our root folder: see group_read_refaults(). *ret is
 * COUNTER_ABSENT where this kernel does not tell.
 */
int controller_read_refaults(const struct controller *controller, int folder, uint64_t *ret);

/*
 * Making and removing go by paths below the mount, everything else by
 * descriptors, which outlive it. -ESTALE where the root's path does not lead to
 * the folder that we hold open: unmounted, or removed.
 */
int controller_check_mount(const struct controller *controller);

/* The paths of all groups below the root, parents first; a NULL-terminated array. */
int controller_list_groups(struct controller *controller, char ***ret);

/* For the files that implement a controller. */

extern const struct controller_ops rss_ops, memory_v1_ops, memory_v2_ops;

/*
 * Fills the members of @controller, which is all zero but for its leaf: finds
 * the hierarchy (-ENOENT where @kernel_name is not in one of that version),
 * makes the root folder and opens it. Where it fails, controller_free() takes
 * what was done.
 */
int controller_init(struct controller *controller, const struct controller_ops *ops,
		    const char *kernel_name, int version, const char *root,
		    struct failure *failure);

#endif
