/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * librss: the client library of rssd, which limits the resident, mapped memory
 * of groups of processes ("containers"). See librss(3).
 *
 * All sizes are bytes, all times microseconds. Every function that can fail
 * returns a negative errno and leaves its ret_ parameters untouched; the
 * sentence that says what happened and what to do is rss_error_message(). NULL
 * for an argument that is needed, the client included, is -EINVAL. The errnos
 * are part of the ABI:
 *
 *   -ENOENT        no such container          -ESRCH       no such process
 *   -EEXIST        the container exists       -EINVAL      a bad name or value
 *   -ENOTEMPTY     processes or containers are inside
 *   -EINPROGRESS   a limit of this container is being changed already
 *   -EBUSY         the limit was refused, the old one is in force
 *   -ETIMEDOUT     the same, because the timeout expired
 *   -ECANCELED     the container was removed, or the caller disconnected
 *   -EOPNOTSUPP    this kernel's controller cannot do that
 *   -EACCES        not permitted
 *   -EUSERS        too many containers or pending calls
 *   -ENOSPC        the state could not be saved: nothing was changed
 *   -EIO           the controller failed      -EBADMSG     a file is malformed
 *   -EXDEV         the process would leave its systemd unit: nothing was changed
 *   -ENODEV        the cgroup hierarchy was unmounted: nothing was changed
 *   -ENOTCONN      rssd is not running, or the bus cannot be reached
 *   -ETIME         rssd is running and does not answer
 *   -ENOMEM        out of memory
 *
 * After -ENOTCONN, -ETIME and -ENOMEM rssd may carry out the call, or have done so.
 *
 * A client is used by one thread at a time. The library never logs, never
 * forks, and installs no signal handler.
 */
#ifndef RSS_H
#define RSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* As a limit or watermark: none. */
#define RSS_INFINITY UINT64_MAX
/* As a counter: this kernel's controller does not have it. Never shown as 0. */
#define RSS_ABSENT UINT64_MAX

struct rss_client;
struct rss_process;

/* --- connection --------------------------------------------------------- */

/**
 * rss_open() - connect to rssd on the system bus
 * @ret: the client, to be closed with rss_close()
 *
 * DBUS_SYSTEM_BUS_ADDRESS is honoured. On failure *@ret is untouched: -ENOTCONN
 * if rssd is not running, -ETIME if it does not answer, -EACCES if the bus does
 * not let the caller talk to it.
 */
int rss_open(struct rss_client **ret);

/**
 * rss_open_host() - connect to rssd on the system bus of another machine
 * @host: "HOST" or "USER@HOST", as ssh takes it
 *
 * It runs ssh, and systemd-stdio-bridge there. ssh passes no file descriptors, so processes cannot be
 * attached. Fails as rss_open(), with -ENOTCONN if ssh fails too; -EINVAL: @host is no name of one.
 */
int rss_open_host(const char *host, struct rss_client **ret);

/**
 * rss_open_within() - the same as rss_open(), for a caller that cannot wait
 * @timeout: microseconds, not 0
 *
 * rss_open_within() itself and each later call of this client, also one that reclaims or kills, returns
 * -ETIME after @timeout, even if the bus itself does not answer.
 */
int rss_open_within(uint64_t timeout, struct rss_client **ret);

/*
 * Each later call of @client returns -ETIME after @timeout microseconds, not 0, as after
 * rss_open_within(): with the time that is left, several calls have one deadline.
 */
int rss_set_timeout(struct rss_client *client, uint64_t timeout);

/* Whether polkit may ask the user for a password, for as long as a call takes; not by default. */
void rss_allow_interaction(struct rss_client *client, bool allow);

/* Closes and frees; NULL is allowed. Returns NULL. */
struct rss_client *rss_close(struct rss_client *client);

/* A sentence about the last failure of @client, or of rss_open() if it is NULL; never NULL. */
const char *rss_error_message(const struct rss_client *client);

/* The D-Bus error name of that failure, or "" if it was not an error reply. */
const char *rss_error_name(const struct rss_client *client);

/* --- reading ------------------------------------------------------------ */

/* About the daemon. Strings live as long as the struct. */
struct rss_daemon_info {
	const char *version;		  /* of rssd */
	const char *controller;		  /* "rss", "memory-v2", "memory-v1" */
	const char **features;		  /* NULL-terminated: what the controller can do */
	const char *containers_directory; /* of the declarations */
};

int rss_daemon_info(struct rss_client *client, struct rss_daemon_info **ret);
struct rss_daemon_info *rss_daemon_info_free(struct rss_daemon_info *info);

/* The record of an OOM; unknown facts are NULL, 0 or RSS_ABSENT. */
struct rss_oom {
	uint64_t id;		      /* the sequence number of its event */
	uint64_t time;		      /* microseconds since the epoch */
	const char *container;	      /* whose limit it was: a container's name, or NULL... */
	const char *limit_owner;      /* ...and the control group of that limit */
	const char *victim_container; /* the container that the victim was in, or NULL */
	uint32_t victim_pid;
	uint32_t victim_uid; /* (uint32_t)-1: not known */
	const char *victim_command;
	uint64_t usage;
	uint64_t limit;
	bool group; /* the whole container is killed, with a record for each process */
	/* What reclaim did since the previous OOM, and what was in use when it failed. */
	uint64_t failures, reclaimed, scanned;
	uint64_t anonymous, file, shmem, kernel, mapped, locked; /* see struct rss_container */
	uint64_t swap_free;					 /* of the machine */
	const struct rss_process *processes; /* the largest at that moment, the largest first */
	size_t n_processes;
	/*
	 * Of kills by rssd (RSS_EVENT_KILL): "limit", "kill", "remove", or "oom" for oom-group; else
	 * NULL. The victim is
	 * the largest process that was killed, and processes are the largest of them.
	 */
	const char *cause;
	uint64_t killed;	/* how many processes */
	uint32_t requester_uid; /* the caller; (uint32_t)-1: rssd itself */
	uint32_t requester_pid;
};

/* One container. The library allocates it and may add members at the end. */
struct rss_container {
	const char *name;
	const char *object_path;
	const char *control_group;	/* as in /proc/PID/cgroup */
	uint64_t limit;			/* RSS_INFINITY: none */
	uint64_t wmark_high, wmark_low; /* watermarks; RSS_INFINITY: none */
	bool oom_group;			/* an OOM kills the whole container */
	bool transient; /* removed when its last process has left, or its unit or cgroup is gone */
	bool declared;	/* declared in containers.d */
	uint32_t processes;
	uint64_t usage, peak, failures, reclaimed, oom_events, oom_kills; /* or RSS_ABSENT */
	const struct rss_oom *last_oom; /* NULL if there was none; not set by rss_list() */
	uint64_t scanned;		/* pages that reclaim scanned, or RSS_ABSENT */
	bool frozen;
	/* Not set by rss_list(): */
	const char **
		rules; /* rules of the processes that join it, "unit=nginx.service"; NULL-terminated */
	uint64_t refaults; /* pages that were faulted in again soon after reclaim, or RSS_ABSENT */
	/*
	 * What the usage consists of, in bytes, or RSS_ABSENT. File is page cache and includes
	 * shmem (tmpfs and shared memory) and mapped (what is in page tables). Locked memory is
	 * mlocked or otherwise unevictable.
	 */
	uint64_t anonymous, file, shmem, kernel, mapped, locked;
	/*
	 * Swapped memory in bytes, which is not part of the usage; how long some, or all, processes
	 * have waited for memory, in microseconds, and in hundredths of a percent of the last 10
	 * seconds; or RSS_ABSENT.
	 */
	uint64_t swap, pressure_some, pressure_full, pressure_some_avg10, pressure_full_avg10;
	/* Set by rss_list() as well: */
	const char *place; /* "own": a cgroup made by rssd; "unit", "cgroup": see rss_create_at() */
	const char *unit;  /* the systemd unit that it is, or "" */
	bool running;	   /* its cgroup is there; always true for "own" */
	/*
	 * See struct rss_settings. @supported says which of RSS_SET_HIGH and the later ones this
	 * container has; the others are not to be shown.
	 */
	uint64_t high, low, min, swap_limit, zswap_limit;
	unsigned int supported;
	/*
	 * Not set by rss_list(): the part of @swap that zswap keeps compressed in memory, before
	 * compression, in bytes; @pressure_some and @pressure_full of the last minute and 5 minutes,
	 * in hundredths of a percent; or RSS_ABSENT.
	 */
	uint64_t zswap;
	uint64_t pressure_some_avg60, pressure_full_avg60;
	uint64_t pressure_some_avg300, pressure_full_avg300;
	/* See struct rss_settings; @pressure is not set by rss_list(). */
	uint64_t threshold, pressure;
	/*
	 * The user who manages it within the action org.rssd1.manage-own of polkit; 0: root. Delegated
	 * if root gave it to that user, otherwise the user created it below such a container.
	 */
	uint32_t owner;
	bool delegated;
};

int rss_get(struct rss_client *client, const char *name, struct rss_container **ret);
int rss_get_by_pid(struct rss_client *client, pid_t pid, struct rss_container **ret);
int rss_get_by_pidfd(struct rss_client *client, int pidfd, struct rss_container **ret);
struct rss_container *rss_container_free(struct rss_container *container);

/* All containers, sorted by name. *@ret is freed with rss_list_free(). */
int rss_list(struct rss_client *client, struct rss_container ***ret, size_t *ret_count);
struct rss_container **rss_list_free(struct rss_container **containers, size_t count);

/*
 * Calls @fn for each container, sorted by name, which takes less memory and time than rss_list().
 * It has the same members, and is good until @fn returns. The first value other than 0 that @fn
 * returns ends it, and is returned.
 */
typedef int (*rss_container_fn)(const struct rss_container *container, void *userdata);
int rss_for_each(struct rss_client *client, rss_container_fn fn, void *userdata);

/* The highest usage of a container that was sampled during a span of time. */
struct rss_usage_sample {
	uint64_t time;	/* the start of the span: microseconds since the epoch */
	uint64_t usage; /* bytes */
};

/*
 * The usage of a container over the last day, the oldest sample first. rssd takes a
 * sample when a client reads the counters, and by itself if SampleInterval= is set
 * in rssd.conf(5). It survives a restart; a crash of rssd loses the samples of the
 * last ten minutes in which there were samples.
 */
struct rss_usage_history {
	size_t count; /* 24 at most */
	const struct rss_usage_sample *samples;
	/* The counters about a day ago, or when the limit was set; @since is 0 if they are unknown. */
	uint64_t since; /* microseconds since the epoch */
	uint64_t failures, reclaimed, oom_events, oom_kills, refaults; /* or RSS_ABSENT */
	/*
	 * The usage in bytes over weeks, in which older usages count less: not exceeded in half, in
	 * 95 percent, and in all of the time; or RSS_ABSENT.
	 */
	uint64_t median, percentile95, highest;
	uint64_t observed; /* for how long it was observed, in microseconds, as far as that counts */
	uint64_t raises;   /* how often the limit was raised after OOMs in the last week */
};

int rss_get_usage_history(struct rss_client *client, const char *name,
			  struct rss_usage_history **ret);
struct rss_usage_history *rss_usage_history_free(struct rss_usage_history *history);

/* --- create, change, remove --------------------------------------------- */

/* What to set: the members named in @set. */
enum {
	RSS_SET_LIMIT = 1 << 0,
	RSS_SET_WMARK_HIGH = 1 << 1,
	RSS_SET_WMARK_LOW = 1 << 2,
	RSS_SET_OOM_GROUP = 1 << 3,
	RSS_SET_TRANSIENT = 1 << 4, /* rss_create() only */
	RSS_SET_JOIN = 1 << 5,	    /* rss_create() and rss_set() only; for root */
	RSS_SET_HIGH = 1 << 6,
	RSS_SET_LOW = 1 << 7,
	RSS_SET_MIN = 1 << 8,
	RSS_SET_SWAP_LIMIT = 1 << 9,
	RSS_SET_ZSWAP_LIMIT = 1 << 10,
	RSS_SET_THRESHOLD = 1 << 11,
	RSS_SET_PRESSURE = 1 << 12,
	RSS_SET_OWNER = 1 << 13, /* rss_create() only, by root: rss_delegate() */
};

struct rss_settings {
	unsigned int set;
	uint64_t limit, wmark_high, wmark_low;
	bool oom_group;
	bool transient;
	/*
	 * The rules by which processes join, ended by NULL, as "user=www-data" or "unit=a.service
	 * command=php*". They replace those that were set before; NULL: none.
	 */
	const char *const *join;
	/*
	 * As in cgroup v2: usage above @high is throttled and reclaimed; usage within @low is
	 * reclaimed last, within @min never.
	 */
	uint64_t high, low, min;
	uint64_t swap_limit, zswap_limit;
	/* RSS_EVENT_THRESHOLD when usage crosses @threshold, and on @pressure: rss_parse_pressure(). */
	uint64_t threshold, pressure;
	uint32_t owner;
};

/* @settings may be NULL. The parent of a nested name must exist. */
int rss_create(struct rss_client *client, const char *name, const struct rss_settings *settings);

/*
 * Creates a container that is an existing systemd unit (@unit, "nginx.service") or an existing
 * cgroup (@control_group, as in /proc/PID/cgroup); the other one is NULL. Its members are the
 * processes in it; none can be attached or detached. @settings may be NULL.
 */
int rss_create_at(struct rss_client *client, const char *name, const char *unit,
		  const char *control_group, const struct rss_settings *settings);

/*
 * @force: kill the processes inside and remove nested containers as well. A unit and a cgroup
 * that existed keep their processes, and get back the limit that they had.
 */
int rss_remove(struct rss_client *client, const char *name, bool force);

/*
 * Gives a container to the user with the ID @owner, who may create containers below it and attach
 * processes to it; 0 takes it back. For root.
 */
int rss_delegate(struct rss_client *client, const char *name, uint32_t owner);

/* Sets all of @settings or, on failure, nothing. A limit is set as by RSS_LIMIT_RECLAIM. */
int rss_set(struct rss_client *client, const char *name, const struct rss_settings *settings);

enum rss_limit_mode {
	RSS_LIMIT_RECLAIM, /* reclaim until usage fits; at the timeout the old limit stays */
	RSS_LIMIT_REFUSE,  /* -EBUSY if usage is above the new limit */
	RSS_LIMIT_FORCE,   /* reclaim, and kill inside the container if that is not enough */
};

/* The results of rss_limit(); none is negative. */
enum rss_limit_outcome {
	RSS_LIMIT_SET,	     /* usage was below it already */
	RSS_LIMIT_UNCHANGED, /* this was the limit already */
	RSS_LIMIT_RECLAIMED, /* set, after memory was reclaimed */
	RSS_LIMIT_KILLED,    /* set, after processes inside were killed: RSS_LIMIT_FORCE only */
};

/* Called during the reclaim for a limit, with the current usage and the new limit. */
typedef void (*rss_progress_fn)(uint64_t usage, uint64_t limit, void *userdata);

/**
 * rss_limit() - set the limit of a container
 * @limit: bytes, or RSS_INFINITY
 * @mode: what to do if usage is above @limit
 * @timeout: microseconds after which reclaim gives up; 0: rssd's default
 * @progress: may be NULL; must not call the library
 * @ret_usage: the usage when the limit was set; may be NULL
 *
 * Blocks until done. If the caller dies, the reclaim is cancelled and the old
 * limit stays.
 *
 * Return: an enum rss_limit_outcome, or a negative errno.
 */
int rss_limit(struct rss_client *client, const char *name, uint64_t limit, enum rss_limit_mode mode,
	      uint64_t timeout, rss_progress_fn progress, void *userdata, uint64_t *ret_usage);

/* The forecast of a limit. */
enum rss_verdict {
	RSS_FITS,     /* nothing has to be reclaimed */
	RSS_RECLAIMS, /* reclaim is enough */
	RSS_UNSURE,   /* it may be enough */
	RSS_REFUSES,  /* the old limit would stay */
	RSS_KILLS,    /* an OOM: processes inside would be killed */
};

/* The new settings of one container, for rss_apply(). */
struct rss_change {
	const char *name;
	struct rss_settings settings;
	/* Filled by rss_apply() and rss_apply_forecast() when they return 0. */
	enum rss_limit_outcome outcome; /* by the former */
	uint64_t usage;
	enum rss_verdict verdict; /* by the latter */
};

/**
 * rss_apply() - change several containers, all of them or none
 * @changes: @count of them, each container once
 * @mode, @timeout: for each limit, as in rss_limit()
 *
 * If one change fails, the others are undone, also after a crash of rssd. Kills
 * by RSS_LIMIT_FORCE are not undone. Blocks until done; if the caller dies, all
 * is undone.
 */
int rss_apply(struct rss_client *client, struct rss_change changes[], size_t count,
	      enum rss_limit_mode mode, uint64_t timeout);

/*
 * Makes all checks that rss_apply() makes before it begins, and forecasts each limit
 * with the others in force: see rss_forecast_limit(). Changes nothing.
 */
int rss_apply_forecast(struct rss_client *client, struct rss_change changes[], size_t count,
		       enum rss_limit_mode mode);

#define RSS_DRIFT_CGROUP     (1 << 0) /* its cgroup was removed; no other difference is known */
#define RSS_DRIFT_OOM_KILLER (1 << 1) /* its OOM killer is switched off */
#define RSS_DRIFT_FREEZER    (1 << 2) /* it is frozen or thawed, unlike the last request */

/* A container whose settings differ. @set of each: the settings that are known. */
struct rss_difference {
	const char *name;
	struct rss_settings declared; /* in the current files of containers.d */
	struct rss_settings stored;   /* what rssd has set */
	struct rss_settings kernel;
	unsigned int differs; /* RSS_SET_* that differ */
	unsigned int drift;   /* RSS_DRIFT_*: what another program changed besides settings */
	bool frozen;	      /* in the kernel, if RSS_DRIFT_FREEZER is in @drift */
};

int rss_diff(struct rss_client *client, struct rss_difference **ret, size_t *ret_count);
struct rss_difference *rss_differences_free(struct rss_difference *differences, size_t count);

/* Sets the kernel as rssd was asked to: the cgroup, the OOM killer, the freezer, the settings. */
int rss_repair(struct rss_client *client, const char *name);

struct rss_forecast {
	enum rss_verdict verdict;
	const char *reason; /* a sentence without a full stop */
	uint64_t usage;
	uint64_t to_free;	  /* usage above the limit */
	uint64_t reclaimable;	  /* at most */
	uint64_t anonymous, file; /* on the lists that reclaim scans; shmem is on the first */
	uint64_t shmem, locked;
	uint64_t dirty;	     /* part of file that must be written first */
	uint64_t swap_free;  /* of the machine */
	uint64_t swappiness; /* 0: reclaim swaps nothing */
};

/* "fits", "reclaims"...: for people and JSON. */
const char *rss_verdict_name(enum rss_verdict verdict);

/* Forecasts the outcome of a limit; changes nothing. Sizes are bytes, or RSS_ABSENT. */
int rss_forecast_limit(struct rss_client *client, const char *name, uint64_t limit,
		       enum rss_limit_mode mode, struct rss_forecast **ret);
struct rss_forecast *rss_forecast_free(struct rss_forecast *forecast);

/* Reclaims up to @bytes; *@ret_reclaimed is the amount (RSS_ABSENT: unknown), and may be NULL. */
int rss_reclaim(struct rss_client *client, const char *name, uint64_t bytes,
		uint64_t *ret_reclaimed);

/*
 * The same with a @swappiness: from 0, which swaps nothing, to 200, which prefers to swap. Fails with
 * -EOPNOTSUPP without the feature "reclaim-swappiness".
 */
int rss_reclaim_swappiness(struct rss_client *client, const char *name, uint64_t bytes,
			   unsigned int swappiness, uint64_t *ret_reclaimed);

/* --- processes ---------------------------------------------------------- */

enum rss_outcome {
	RSS_MOVED,	/* inside now */
	RSS_VANISHED,	/* ended before it could be moved */
	RSS_REFUSED,	/* see reason */
	RSS_WOULD_MOVE, /* rss_attach_preview(): it would be moved */
};

struct rss_report {
	pid_t pid;
	enum rss_outcome outcome;
	const char *reason; /* a sentence for RSS_REFUSED, else "" */
};

/* pidfds name processes without a race: see pidfd_open(2). @tree: their descendants as well. */
int rss_attach(struct rss_client *client, const char *name, const int pidfds[], size_t count,
	       bool tree, struct rss_report **ret, size_t *ret_count);

/* The same by pid, for a caller without pidfds; a reaped pid is reported as vanished. */
int rss_attach_pids(struct rss_client *client, const char *name, const pid_t pids[], size_t count,
		    bool tree, struct rss_report **ret, size_t *ret_count);

/* What rss_attach_pids() would do: nothing is moved. */
int rss_attach_preview(struct rss_client *client, const char *name, const pid_t pids[],
		       size_t count, bool tree, struct rss_report **ret, size_t *ret_count);

/* How to attach, for rss_attach_with(). */
enum {
	RSS_ATTACH_TREE = 1 << 0,    /* the descendants of each process too */
	RSS_ATTACH_DRY_RUN = 1 << 1, /* as rss_attach_preview() */
	/*
	 * On a unified cgroup tree, also processes that leave their systemd unit by it,
	 * with its filters and limits: root only. Without it they are -EXDEV.
	 */
	RSS_ATTACH_LEAVE_UNIT = 1 << 2,
};

/* The same by pid, with RSS_ATTACH_* in @how. */
int rss_attach_with(struct rss_client *client, const char *name, const pid_t pids[], size_t count,
		    unsigned int how, struct rss_report **ret, size_t *ret_count);

/* Moves processes back to where they were before they were attached. */
int rss_detach_pids(struct rss_client *client, const pid_t pids[], size_t count,
		    struct rss_report **ret, size_t *ret_count);

/* With their descendants: @how is RSS_ATTACH_TREE or 0. */
int rss_detach_with(struct rss_client *client, const pid_t pids[], size_t count, unsigned int how,
		    struct rss_report **ret, size_t *ret_count);

struct rss_report *rss_report_free(struct rss_report *report, size_t count);

struct rss_process {
	pid_t pid;
	uid_t uid;
	uint64_t resident; /* bytes, in whichever container they are charged; RSS_ABSENT: unknown */
	const char *command;
	/* Not in the record of an OOM, there NULL: */
	const char *container;	   /* the innermost container of the process */
	const char *control_group; /* as /proc/PID/cgroup spells it */
};

/* Which processes of a container, for functions that take @whom. */
enum {
	RSS_NO_NESTED = 1 << 0, /* without those of nested containers */
};

/*
 * The processes of a container: those of its own control group, of control groups
 * that other programs created inside, and of nested containers.
 */
int rss_processes(struct rss_client *client, const char *name, struct rss_process **ret,
		  size_t *ret_count);
/* The same with RSS_NO_NESTED or 0 as @whom. */
int rss_processes_with(struct rss_client *client, const char *name, unsigned int whom,
		       struct rss_process **ret, size_t *ret_count);
struct rss_process *rss_processes_free(struct rss_process *processes, size_t count);

/* Sends @signal to every process inside; *@ret_count: how many (may be NULL). */
int rss_kill(struct rss_client *client, const char *name, int signal, uint32_t *ret_count);
int rss_kill_with(struct rss_client *client, const char *name, int signal, unsigned int whom,
		  uint32_t *ret_count);

/* Stop or continue every process in the subtree; -EOPNOTSUPP if the kernel has no freezer. */
int rss_freeze(struct rss_client *client, const char *name);
int rss_thaw(struct rss_client *client, const char *name);

/* Sets the peak to the current usage. */
int rss_reset_peak(struct rss_client *client, const char *name);

/*
 * The OOMs of container @name, or all if it is NULL, the oldest first; those of
 * removed containers as well. rssd keeps the last few hundred.
 */
int rss_list_ooms(struct rss_client *client, const char *name, struct rss_oom ***ret,
		  size_t *ret_count);
struct rss_oom **rss_ooms_free(struct rss_oom **ooms, size_t count);

/* --- events ------------------------------------------------------------- */

enum rss_event_kind {
	RSS_EVENT_LIMIT_HIT,
	RSS_EVENT_RECLAIMED,
	RSS_EVENT_OOM,
	RSS_EVENT_WATERMARK,
	RSS_EVENT_LOST,	   /* sequence and last: the range that was lost */
	RSS_EVENT_CREATED, /* these two carry no sequence number: 0 */
	RSS_EVENT_REMOVED,
	RSS_EVENT_KILL,	 /* rssd has killed processes: limit --mode=force, kill, remove --force */
	RSS_EVENT_DRIFT, /* another program changed its cgroup */
	RSS_EVENT_THRESHOLD, /* usage crossed its threshold, or processes waited for memory */
};

struct rss_event {
	enum rss_event_kind kind;
	uint64_t sequence;
	uint64_t last;	       /* RSS_EVENT_LOST only */
	const char *container; /* its name; "" for events about rssd itself */
	uint64_t usage, limit; /* RSS_ABSENT if the event has none */
	uint64_t amount;       /* LIMIT_HIT: failures so far; RECLAIMED: bytes; KILL: processes */
	/*
	 * WATERMARK: "wmark_high" or "wmark_low"; DRIFT: what differs, the key of a setting, "cgroup",
	 * "oom-killer" or "freezer"; THRESHOLD: "above", "below", "pressure-some" or "pressure-full";
	 * else NULL
	 */
	const char *which;
	const struct rss_oom *oom; /* RSS_EVENT_OOM and RSS_EVENT_KILL only */
	/*
	 * Microseconds since the epoch: when the event happened, the same from a signal and from
	 * the history; for CREATED and REMOVED, when the signal was received.
	 */
	uint64_t time;
};

/* "limit-hit", "reclaimed", "oom"...: for people and JSON. */
const char *rss_event_kind_name(enum rss_event_kind kind);

typedef void (*rss_event_fn)(const struct rss_event *event, void *userdata);

/*
 * From now on @event is called, from within rss_wait(), for events of all
 * containers. It may call any other function of this library. Subscribing again
 * replaces @event.
 */
int rss_subscribe(struct rss_client *client, rss_event_fn event, void *userdata);

/* For rss_subscribe_since(): only events from now on. */
#define RSS_NOW UINT64_MAX

/*
 * The same without gaps and repeats, starting after event number @since (0: with
 * all that rssd has stored). Events that happened before, that the bus dropped
 * because this client is slow, or that happened while rssd restarted, come from
 * rssd's history. Events that are no longer in the history are reported as
 * RSS_EVENT_LOST. -EINVAL if no event has the number @since yet.
 */
int rss_subscribe_since(struct rss_client *client, uint64_t since, rss_event_fn event,
			void *userdata);

/*
 * Handles all messages that have arrived, after waiting up to @timeout
 * microseconds (UINT64_MAX: for ever) for the first one. Return: 0, -EINTR after
 * a signal, -ENOTCONN if rssd left the bus or the bus is gone. After rssd has
 * left, the next call waits for an rssd that is started later and its events.
 */
int rss_wait(struct rss_client *client, uint64_t timeout);

/*
 * For callers with a loop of their own: poll this descriptor for POLLIN, then
 * call rss_wait(client, 0). Call it once before the first poll as well, and after
 * every other call of the library, which may have queued events.
 */
int rss_get_fd(struct rss_client *client);

/* --- sizes and pressure --------------------------------------------------- */

/*
 * Reads a size as rssctl does: "4096", "64K", "1.5G", "20%" of the memory of this machine, and
 * "infinity", "max" or "none", which are RSS_INFINITY. *@ret: bytes. Return: 0; -EINVAL if @text is
 * not a size; -ERANGE if it is above 2^63-1.
 */
int rss_parse_size(const char *text, uint64_t *ret);

/* Room for each text of rss_format_size(). */
#define RSS_SIZE_TEXT_MAX 32

/*
 * Writes a size as rssctl does, to a tenth: "512.0M", "infinity". Return: 0; -ENOSPC if the text does
 * not fit into @size bytes, its NUL included.
 */
int rss_format_size(uint64_t bytes, char *buf, size_t size);

/*
 * Reads a trigger of memory pressure, "some:150ms/2s": some processes (or "full": all) have waited for
 * memory for that time within that window, of 500 ms to 10 s. "none" is 0. Return: 0, or -EINVAL.
 */
int rss_parse_pressure(const char *text, uint64_t *ret);

/* Room for each text of rss_format_pressure(). */
#define RSS_PRESSURE_TEXT_MAX 64

/* Writes such a trigger. Return: 0, or -ENOSPC as rss_format_size(). */
int rss_format_pressure(uint64_t trigger, char *buf, size_t size);

/* --- maintenance -------------------------------------------------------- */

struct rss_finding {
	const char *severity; /* "ok", "note", "warning", "error" */
	const char *subject;
	const char *text;
	const char *advice; /* "" if there is nothing to do */
};

int rss_diagnose(struct rss_client *client, struct rss_finding **ret, size_t *ret_count);
struct rss_finding *rss_findings_free(struct rss_finding *findings, size_t count);

/*
 * The metrics of rssd and all containers, as OpenMetrics text, in a sealed file.
 * *@ret_fd is at its start; the caller closes it.
 */
int rss_dump_metrics(struct rss_client *client, int *ret_fd);

/* Makes rssd read its configuration again. */
int rss_reload(struct rss_client *client);
/* The same, and what rssd found wrong: declarations that are not in force, by file. */
int rss_reload_findings(struct rss_client *client, struct rss_finding **ret, size_t *ret_count);

/*
 * Checks the text of a declaration, as a file of rss_daemon_info.containers_directory, and changes
 * nothing; @file is its name in messages. *@ret, to be freed: the container that it declares.
 */
int rss_check_declaration(struct rss_client *client, const char *file, const char *text,
			  char **ret);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
