/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One group: a cgroup directory with its control files. See controller.h. */
#ifndef RSSD_GROUP_H
#define RSSD_GROUP_H

#include "cgroup/controller.h"
#include "policy/settings.h"

struct group {
	struct controller *controller;
	/* Relative to the controller's root; "" is the root. A foreign group: as in /proc/PID/cgroup. */
	char *path;
	bool foreign; /* outside the controller's root: never created, removed or entered by rssd */
	bool absent;  /* see group_is_bound() */
	int fd;	      /* the directory */
	int procs_fd; /* the directory of its cgroup.procs: fd, or the leaf */
	int peak_fd;  /* the open file whose peak was reset, or -1: only memory-v2 */
	struct kept_files *kept; /* see group_keep_files() */
	group_event_fn event;
	void *userdata;
	void *data;		/* private to the controller */
	struct group *replaced; /* see container_replace_group() */
};

/*
 * Creates the directory. Its parent must exist. -EEXIST if the directory exists, -ESTALE as with
 * controller_check_mount().
 */
int group_create(struct controller *controller, const char *path, struct group **ret);
/* Opens the existing directory; -ENOENT if there is none. */
int group_open(struct controller *controller, const char *path, struct group **ret);
/*
 * Opens a group outside the controller's root. It need not exist: see group_bind().
 * @cgroup: its path as in /proc/PID/cgroup
 */
int group_open_foreign(struct controller *controller, const char *cgroup, struct group **ret);
/**
 * group_bind() - open the directory of a foreign group again
 *
 * While there is no directory, the group is not bound, and its functions return -ENOENT. Return: 1
 * if the directory is another one or was removed, 0 if it is the same, or a negative errno. After
 * 1 the caller has to watch the group again.
 */
int group_bind(struct group *group);
/* Returns true if its directory was there at the last bind; always true unless foreign. */
static inline bool group_is_bound(const struct group *group)
{
	return !__atomic_load_n(&group->absent, __ATOMIC_RELAXED);
}
/* Closes the group; the directory stays. Returns NULL. */
struct group *group_free(struct group *group);
DEFINE_CLEANUP(struct group *, group_free);
/*
 * Removes the directory: -EBUSY if it contains processes or other groups, -ESTALE
 * as above. The caller still frees @group.
 */
int group_remove(struct group *group);

/* The functions that read may also run on a worker. */
int group_read_counters(struct group *group, struct counters *ret);
/* Reads only the usage, from one file. */
int group_read_usage(struct group *group, uint64_t *ret);
/* Parts that cannot be read are COUNTER_ABSENT. Reads a large file; see group_read_refaults(). */
void group_read_parts(struct group *group, struct memory_parts *ret);
/*
 * Starts or stops keeping the counter files open: see control-file-cache.h. Not while a worker
 * reads them.
 */
void group_keep_files(struct group *group, bool keep);
/*
 * Reads the refaults: pages that returned to memory soon after they were
 * reclaimed, in this group and in groups below. COUNTER_ABSENT if this kernel
 * does not report them. They are not in struct counters, because their file
 * takes long to read.
 */
int group_read_refaults(struct group *group, uint64_t *ret);
/*
 * Reads or writes one setting, by its bit: a size (LIMIT_INFINITY is no limit) or
 * a flag. -EOPNOTSUPP if this controller does not have it. A limit is written
 * with group_write_limit(). One that rssd carries out itself (controller.kept) cannot be
 * read, and writing it does nothing.
 */
int group_read_setting(struct group *group, unsigned int setting, uint64_t *ret);
int group_write_setting(struct group *group, unsigned int setting, uint64_t value);
/*
 * Reads all settings from the kernel. One that is not supported or not readable is unchanged.
 * Return: 0, or the errno of one that should be readable.
 */
int group_read_settings(struct group *group, struct settings *settings);
/*
 * Writes the settings in the mask @which except the limit, in an order that the
 * kernel accepts. Stops at the first error.
 */
int group_write_settings(struct group *group, unsigned int which, const struct settings *settings);

int group_read_limit(struct group *group, uint64_t *ret);
/*
 * Blocking. With FEATURE_SAFE_LIMIT, -EBUSY and -EINTR (a signal) mean that the
 * old limit is still in place. Without it, the new limit is in place at once, a
 * signal only ends the reclaim (the result is then 0), and if usage stays above
 * the limit, the kernel kills processes.
 */
int group_write_limit(struct group *group, uint64_t limit);
/*
 * Returns true if the kernel refuses @limit because it exceeds another limit of the group, that of memory
 * and swap; *@ret is that limit, and *@ret_file its control file.
 */
bool group_exceeds_ceiling(struct group *group, uint64_t limit, uint64_t *ret,
			   const char **ret_file);
/*
 * Blocking. @swappiness: 0 to SWAPPINESS_MAX with FEATURE_SWAPPINESS, or SWAPPINESS_DEFAULT.
 * @worker: whose cancellation ends it; NULL: a signal
 * -EAGAIN if less than @bytes could be freed, -EINTR after a signal;
 * *ret_freed is then also set, to the bytes freed so far.
 */
int group_reclaim(struct group *group, uint64_t bytes, int swappiness, const struct worker *worker,
		  uint64_t *ret_freed);
/* -EOPNOTSUPP without the feature. */
int group_reset_peak(struct group *group);
/* Returns true if the controller can freeze this group. */
bool group_can_freeze(const struct group *group);
/*
 * Freezes or thaws the processes of the group and of groups below; does not wait for them. For a
 * worker: see v1-freezer.h, also for the errors -EXDEV and -EAGAIN.
 */
int group_freeze(struct group *group, bool freeze);
int group_read_frozen(struct group *group, bool *ret);

/* Switches the OOM killer on or off; -EOPNOTSUPP if the controller cannot. */
int group_switch_oom_killer(struct group *group, bool on);
int group_read_oom_killer(struct group *group, bool *ret);

/* Returns false if the group's path does not lead to its directory any more: it was removed. */
bool group_exists(const struct group *group);
/*
 * Returns true if @file is a control file that group_read_settings(), group_read_frozen() or
 * group_read_oom_killer() reads.
 */
bool group_has_setting_in(const struct group *group, const char *file);

/*
 * Calls @fn from the loop when something happened to @group. GROUP_CHANGED may
 * be caused by another group, and one call may be for many events. Without
 * FEATURE_LIMIT_EVENTS, a few limit hits cause no call; the counters include
 * them at the next call. @fn must not free @group. A second watch replaces the
 * first. All groups of a controller must be watched by the same loop.
 */
int group_watch(struct group *group, sd_event *event, group_event_fn fn, void *userdata);
/* Stops the calls. The group stays open for workers that still read it. */
void group_unwatch(struct group *group);

/* Moves a whole process (its thread group) into the group. Errors are those of cgroup.procs. */
int group_add_process(struct group *group, pid_t pid);
/* Lists the processes of the group itself, without nested groups. The caller frees *ret. */
int group_list_processes(struct group *group, pid_t **ret, size_t *ret_count);
/* Counts these processes without a list. */
int group_count_processes(struct group *group, uint32_t *ret);
/* Returns the group's path as in /proc/PID/cgroup, without the leaf. The caller frees it. */
char *group_control_group(const struct group *group);

/* For the files that implement a controller. */
/* Emits GROUP_CHANGED to the group's watcher. */
void group_wake(struct group *group);

#endif
