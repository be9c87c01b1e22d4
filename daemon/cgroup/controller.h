/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One interface to the kernel's memory controllers. A controller maps a group
 * (one cgroup directory) to limits, counters and membership. It does not know
 * containers: callers pass paths. One file per controller implements
 * struct controller_ops; controller.c selects one of them.
 *
 * A group's directory is opened once and its files are opened relative to that
 * descriptor. If another program removes the group, the functions return
 * -ENODEV or -ENOENT, and a new group of the same name is never mistaken for it.
 *
 * Errors are negative errnos of the control files unless stated. Sizes are
 * bytes. Functions marked "blocking" may reclaim for seconds, so they run on a
 * worker thread and use only the group's descriptor. The others run in the
 * event loop.
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
struct worker;

/* What controller_read_all() reports about one group. */
struct group_reading {
	const struct group *group;
	struct counters counters;
	uint64_t refaults; /* valid if has_counters */
	uint32_t processes;
	bool frozen;
	bool has_counters, has_processes, has_frozen;
	bool no_inner; /* no cgroup of another program is inside, below its nested groups apart */
};

/*
 * The events of a watched group. Most controllers only report that something
 * happened, and the counters say what changed. A controller with
 * controller.reports_facts reports each event by itself, with the values that the
 * kernel saw at that moment.
 */
enum group_event_kind {
	GROUP_CHANGED, /* something may have happened: read the counters */
	GROUP_LOST,    /* events were dropped: read the counters */
	GROUP_LIMIT,
	GROUP_RECLAIMED,
	GROUP_WMARK_HIGH,
	GROUP_WMARK_LOW,
	GROUP_OOM,	/* OOM at the limit of this group; kills may follow, here or below */
	GROUP_OOM_KILL, /* a process of this group was killed, for any group's limit */
};

struct group_event {
	enum group_event_kind kind;
	uint64_t lost;	       /* LOST: number of dropped events */
	uint64_t count;	       /* LIMIT: number of limit hits so far */
	uint64_t usage, limit; /* all except CHANGED and LOST: of this group, bytes */
	pid_t victim;	       /* OOM_KILL */
	const char *comm;      /* OOM_KILL: the name that the process set, any bytes */
};

typedef void (*group_event_fn)(struct group *group, const struct group_event *event,
			       void *userdata);

/* The cgroup version in which the controller is searched for. */
enum hierarchy_choice { HIERARCHY_AUTO, HIERARCHY_V1, HIERARCHY_V2 };

struct controller_choice {
	const char *name; /* "auto", or a controller's name */
	enum hierarchy_choice hierarchy;
	bool favor_dynmods; /* if rssd mounts a hierarchy: faster attach, slightly slower fork */
	const char *root;   /* rssd's root directory in the hierarchy */
	const char *mount_point; /* of the hierarchy that rssd mounts, if it mounts one */
};

struct controller_ops {
	const char *name; /* "memory-v1" */

	/* Opens the controller: 0 and *ret, -ENOENT if it is not available, or another errno. */
	int (*open)(const struct controller_choice *choice, struct controller **ret,
		    struct failure *failure);
	/* Frees the controller's own struct after the common members; NULL: free() is enough. */
	struct controller *(*free)(struct controller *controller);

	/* Called before a child of @parent is created; NULL if nothing is needed. */
	int (*prepare_parent)(struct controller *controller, int parent);
	/* Prepares a group whose directory was just created or opened. May be NULL. */
	int (*group_open)(struct group *group);
	void (*group_close)(struct group *group);

	int (*read_counters)(struct group *group, struct counters *ret);
	/* See controller_read_all(); NULL if the kernel has no such request. */
	int (*read_all)(struct controller *controller, struct group_reading readings[],
			size_t count);
	/* The control file that contains only the usage in bytes. */
	const char *(*usage_file)(const struct group *group);
	/* The file with the memory lists and refaults, and the prefix of its keys. */
	const char *lists_file, *lists_prefix;
	/* The keys in that file of members of struct memory_parts; NULL: not reported. */
	struct part_keys {
		const char *anon, *file, *shmem, *kernel, *mapped, *dirty, *writeback, *swap,
			*zswap;
	} parts;
	/* The control file of memory_parts.kernel if it has one of its own, or NULL. */
	const char *kernel_file;
	/* The same for memory_parts.swap. */
	const char *swap_file;
	/* The control file of a setting, by its bit; NULL if this controller has none. */
	const char *(*setting_file)(const struct controller *controller, unsigned int setting);
	/* A limit of other programs that the limit must not exceed; NULL: this controller has none. */
	const char *ceiling_file;
	/* Blocking; @swappiness is SWAPPINESS_DEFAULT without FEATURE_SWAPPINESS. */
	int (*reclaim)(struct group *group, uint64_t bytes, int swappiness,
		       const struct worker *worker, uint64_t *ret_freed);
	int (*reset_peak)(struct group *group);
	int (*freeze)(struct group *group, bool freeze);
	int (*read_frozen)(struct group *group, bool *ret);
	/*
	 * NULL if each group has a control file for it. @thaw thaws the group at a path below the
	 * root; @moved is called after a process was moved to the group at @path, or out of the root
	 * (NULL).
	 */
	int (*thaw)(struct controller *controller, const char *path);
	void (*moved)(struct controller *controller, const char *path, pid_t pid);
	/* NULL if the OOM killer cannot be switched off. */
	int (*switch_oom_killer)(struct group *group, bool on);
	int (*read_oom_killer)(struct group *group, bool *ret);

	int (*watch)(struct group *group, sd_event *event);
};

/* The common members. The struct of each controller begins with this one. */
struct controller {
	const struct controller_ops *ops;
	unsigned int features;
	unsigned int settings; /* mask of the settings that this kernel has a control file for */
	unsigned int kept;    /* those in @settings that rssd carries out, without a control file */
	const char *infinity; /* the text for no limit: "-1" in v1, "max" in v2 */
	char *root;	      /* rssd's root directory in the hierarchy: "rssd" */
	char *mount;	      /* mount point of the hierarchy */
	int fd;		      /* the root directory; after its removal all calls give -ENOENT */
	const char *kernel_name;    /* "memory" */
	bool oom_events_since_open; /* counters.oom_events starts at 0 when a group is opened */
	bool reports_facts;	    /* see struct group_event */
	bool needs_admin;	    /* requests after the start need CAP_SYS_ADMIN */
	bool reads_all;		    /* controller_read_all() is supported */
	char *events_problem;	    /* why its events cannot be received, or NULL */
	char *hierarchy;     /* the controller name for /proc/PID/cgroup: "memory", or "" for v2 */
	const char *leaf;    /* name of the child cgroup with a group's processes, or NULL */
	const char *freezer; /* its control file in each group, or NULL */
	struct memory_parts idle_parts; /* of a group that has used nothing */
};

/**
 * controller_open() - open the best controller that this kernel has
 *
 * Creates the root directory if it is missing. The sentence of a failure lists
 * each controller that was tried and why it cannot be used.
 */
int controller_open(const struct controller_choice *choice, struct controller **ret,
		    struct failure *failure);
struct controller *controller_free(struct controller *controller);
DEFINE_CLEANUP(struct controller *, controller_free);

/* The feature's name on the bus ("oom-group"), by bit; NULL past the last. */
const char *controller_feature_name(unsigned int bit);
/**
 * controller_read_all() - read many groups with one request
 * @readings: the caller sets the groups and zeroes the rest, which is filled in
 *	      if the kernel reports it
 *
 * For a worker. Return: 0, -EOPNOTSUPP if the controller has no such request, or
 * another negative errno. Values that are not filled in must be read from the
 * group itself.
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

/* Returns true if an attach moves a process out of its systemd unit, as in v2 with its one tree. */
static inline bool controller_leaves_units(const struct controller *c)
{
	return !*c->hierarchy;
}

/* The smallest limit that this controller accepts, in bytes. */
uint64_t controller_limit_min(const struct controller *controller);

/* Returns true if the root directory has @file; then every group has it. */
bool controller_has_file(const struct controller *controller, const char *file);

/*
 * Opens a trigger of memory pressure: the returned descriptor is ready with EPOLLPRI once in each
 * window in which processes waited for so long, and with EPOLLERR after the directory was removed.
 */
int controller_open_trigger(int directory, uint64_t trigger);

/* Writes a setting of the root directory, by its bit. */
int controller_write_root(const struct controller *controller, unsigned int setting,
			  uint64_t value);

/*
 * Reads the refaults of @directory, the directory of a group or the root: see
 * group_read_refaults(). *ret is COUNTER_ABSENT if this kernel does not report them.
 */
int controller_read_refaults(const struct controller *controller, int directory, uint64_t *ret);
/* As group_read_parts(). */
void controller_read_parts(const struct controller *controller, int directory,
			   struct memory_parts *ret);

/*
 * Groups are created and removed by paths below the mount; everything else uses
 * descriptors, which outlive the mount. -ESTALE if the root's path does not lead
 * to the directory that is open: it was unmounted or removed.
 */
int controller_check_mount(const struct controller *controller);

/* Lists the paths of all groups below the root, parents first, as a NULL-terminated array. */
int controller_list_groups(struct controller *controller, char ***ret);

/* For the files that implement a controller. */

extern const struct controller_ops rss_ops, memory_v1_ops, memory_v2_ops;

/*
 * Fills the members of @controller, which is all zero except for its leaf: finds
 * the hierarchy (-ENOENT if @kernel_name is not in one of that version), and
 * creates and opens the root directory. After an error the caller calls
 * controller_free().
 */
int controller_init(struct controller *controller, const struct controller_ops *ops,
		    const char *kernel_name, int version, const char *root,
		    struct failure *failure);

#endif
