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

#include "cleanup.h"

typedef struct sd_event sd_event;

struct controller;
struct group;
struct kept_files;
struct failure;

#define COUNTER_ABSENT UINT64_MAX
#define LIMIT_INFINITY UINT64_MAX

/* What a controller can do on this very kernel; the names are in controller.c. */
enum controller_feature {
	FEATURE_PEAK = 1 << 0,
	FEATURE_FAILURES = 1 << 1,
	FEATURE_RECLAIMED = 1 << 2,
	FEATURE_OOM_EVENTS = 1 << 3,
	FEATURE_OOM_KILLS = 1 << 4,
	FEATURE_OOM_GROUP = 1 << 5,
	FEATURE_WATERMARKS = 1 << 6,
	FEATURE_RECLAIM = 1 << 7,      /* group_reclaim() */
	FEATURE_SAFE_LIMIT = 1 << 8,   /* the kernel itself refuses a limit below usage */
	FEATURE_LIMIT_EVENTS = 1 << 9, /* every meeting of the limit is told, none is missed */
	FEATURE_IN_PLACE = 1 << 10,    /* attach leaves the process in its unit's cgroup */
	FEATURE_MAPPED_ONLY = 1 << 11, /* page cache is not counted */
	FEATURE_SCANNED = 1 << 12,
	FEATURE_PEAK_RESET = 1 << 13, /* group_reset_peak() */
	FEATURE_FREEZE = 1 << 14,     /* group_freeze() */
	FEATURE_REFAULTS = 1 << 15,   /* group_read_refaults() */
};

/* Each is COUNTER_ABSENT where this kernel does not tell. */
struct counters {
	uint64_t usage;
	uint64_t peak;
	uint64_t failures;  /* how often a charge met this group's own limit */
	uint64_t reclaimed; /* bytes; on memory-v2 also for the sake of the whole machine */
	/*
	 * Because of this group's own limit. On memory-v1 since group_watch(), and
	 * absent before it (controller.oom_events_since_open).
	 */
	uint64_t oom_events;
	/* Processes of this group that were killed; on rss also those of groups below it. */
	uint64_t oom_kills;
	uint64_t scanned; /* pages that reclaim looked at */
};

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
	int (*read_limit)(struct group *group, uint64_t *ret);
	int (*write_limit)(struct group *group, uint64_t limit);		  /* blocking */
	int (*reclaim)(struct group *group, uint64_t bytes, uint64_t *ret_freed); /* blocking */
	int (*read_oom_group)(struct group *group, bool *ret);
	int (*write_oom_group)(struct group *group, bool value);
	int (*read_watermarks)(struct group *group, uint64_t *ret_high, uint64_t *ret_low);
	int (*write_watermarks)(struct group *group, uint64_t high, uint64_t low);

	int (*reset_peak)(struct group *group);
	int (*freeze)(struct group *group, bool freeze);
	int (*read_frozen)(struct group *group, bool *ret);

	int (*watch)(struct group *group, sd_event *event);
};

/* Members that every controller has; each controller's own struct begins with it. */
struct controller {
	const struct controller_ops *ops;
	unsigned int features;
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

struct group {
	struct controller *controller;
	char *path;		 /* below the controller's root; "" is the root itself */
	int fd;			 /* the folder */
	int procs_fd;		 /* the folder that holds its cgroup.procs: fd, or the leaf */
	struct kept_files *kept; /* while it is looked at again and again: see kept-files.h */
	group_event_fn event;
	void *userdata;
	void *data; /* the controller's own */
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

/* Makes the folder; -EEXIST where it is there. Its parent must exist. As above. */
int group_create(struct controller *controller, const char *path, struct group **ret);
/* Opens the folder that is there; -ENOENT. */
int group_open(struct controller *controller, const char *path, struct group **ret);
/* Closes it; the folder stays. Returns NULL. */
struct group *group_free(struct group *group);
DEFINE_CLEANUP(struct group *, group_free);
/*
 * Removes the folder: -EBUSY where processes or other groups are inside, -ESTALE
 * as above. @group stays to be freed.
 */
int group_remove(struct group *group);

/* What reads may run on a worker, too. */
int group_read_counters(struct group *group, struct counters *ret);
/* The usage alone, by one file. */
int group_read_usage(struct group *group, uint64_t *ret);
void group_read_lists(struct group *group, struct memory_lists *ret);
/* Keeps the files of the counters open from now on, or no longer; not while a worker reads them. */
void group_keep_files(struct group *group, bool keep);
/*
 * Pages that came back soon after they were reclaimed, here and in groups below:
 * COUNTER_ABSENT where this kernel does not tell. Not among the counters, since
 * it is of a file that is long to read.
 */
int group_read_refaults(struct group *group, uint64_t *ret);
int group_read_limit(struct group *group, uint64_t *ret);
/*
 * Blocking. With FEATURE_SAFE_LIMIT -EBUSY and -EINTR (a signal) mean that the
 * old limit is in place. Without it the limit is in place at once, a signal
 * only ends the reclaim (and gives 0), and what does not fit is killed.
 */
int group_write_limit(struct group *group, uint64_t limit);
/*
 * Blocking. -EAGAIN where there was less than @bytes to free, -EINTR after a
 * signal; *ret_freed is set then too, to what was freed until then.
 */
int group_reclaim(struct group *group, uint64_t bytes, uint64_t *ret_freed);
/* -EOPNOTSUPP without the feature. */
int group_read_oom_group(struct group *group, bool *ret);
int group_write_oom_group(struct group *group, bool value);
int group_read_watermarks(struct group *group, uint64_t *ret_high, uint64_t *ret_low);
int group_write_watermarks(struct group *group, uint64_t high, uint64_t low);
int group_reset_peak(struct group *group);
/* Stops the processes of the group and of those below it, or lets them go on; returns at once. */
int group_freeze(struct group *group, bool freeze);
int group_read_frozen(struct group *group, bool *ret);

/*
 * Calls @fn from the loop when something happened to @group. GROUP_CHANGED may
 * be about a neighbour, and about many things at once. Without
 * FEATURE_LIMIT_EVENTS a few meetings of the limit wake nobody: they show in
 * the counters at the next call. @fn must not free @group. Watching again
 * replaces the first watch. All groups of a controller are watched by one loop.
 */
int group_watch(struct group *group, sd_event *event, group_event_fn fn, void *userdata);

/* Moves a whole process (its thread group). Errors are those of cgroup.procs. */
int group_add_process(struct group *group, pid_t pid);
/* The processes of the group itself, without nested groups; *ret to be freed. */
int group_list_processes(struct group *group, pid_t **ret, size_t *ret_count);
/* How many there are, without a list of them. */
int group_count_processes(struct group *group, uint32_t *ret);
/* The paths of all groups below the root, parents first; a NULL-terminated array. */
int controller_list_groups(struct controller *controller, char ***ret);

/* The group's path as /proc/PID/cgroup spells it (without the leaf); to be freed. */
char *group_control_group(const struct group *group);

/*
 * Which group a process is in: 0 and *ret, the path below our root, to be
 * freed; -ENOENT where it is in none of ours; -ESRCH where there is no process.
 */
int controller_path_of_process(struct controller *controller, pid_t pid, char **ret);
/* The same for a path that the kernel spells ("/rssd/web"): pure. */
int controller_path_of_cgroup(const struct controller *controller, const char *cgroup, char **ret);

/* Where a process stands in the controller's hierarchy, as the kernel spells it; to be freed. */
int controller_cgroup_of_process(struct controller *controller, pid_t pid, char **ret);
/* The same from the text of /proc/PID/cgroup, "memory" or "" for v2; -ENOENT. Pure. */
int controller_parse_proc_cgroup(const char *text, const char *hierarchy, char **ret);
/* Moves a process to a cgroup outside our root, for detach. -ENOENT where that is gone. */
int controller_move_to_cgroup(struct controller *controller, const char *cgroup, pid_t pid);

/* For the files that implement a controller. */

extern const struct controller_ops rss_ops, memory_v1_ops, memory_v2_ops;

/* Tells the group's watcher that something may have happened. */
void group_wake(struct group *group);

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
