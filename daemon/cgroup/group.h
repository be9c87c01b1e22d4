/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One group: a folder of control files. See controller.h. */
#ifndef RSSD_GROUP_H
#define RSSD_GROUP_H

#include "cgroup/controller.h"
#include "policy/settings.h"

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
/*
 * One setting, by its bit: a size, where no limit is LIMIT_INFINITY, or a flag.
 * -EOPNOTSUPP if this controller does not have it. Writing a limit is
 * group_write_limit().
 */
int group_read_setting(struct group *group, unsigned int setting, uint64_t *ret);
int group_write_setting(struct group *group, unsigned int setting, uint64_t value);
/* What the kernel holds; a setting that it does not have, or that cannot be read, stays. */
void group_read_settings(struct group *group, struct settings *settings);
/*
 * Writes those in the mask @which, in an order that the kernel takes, without
 * the limit. The first error ends it.
 */
int group_write_settings(struct group *group, unsigned int which, const struct settings *settings);

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
/* Calls nothing any more. The group stays open for those who still read it. */
void group_unwatch(struct group *group);

/* Moves a whole process (its thread group). Errors are those of cgroup.procs. */
int group_add_process(struct group *group, pid_t pid);
/* The processes of the group itself, without nested groups; *ret to be freed. */
int group_list_processes(struct group *group, pid_t **ret, size_t *ret_count);
/* How many there are, without a list of them. */
int group_count_processes(struct group *group, uint32_t *ret);
/* The group's path as /proc/PID/cgroup spells it (without the leaf); to be freed. */
char *group_control_group(const struct group *group);

/* For the files that implement a controller. */
/* Tells the group's watcher that something may have happened. */
void group_wake(struct group *group);

#endif
