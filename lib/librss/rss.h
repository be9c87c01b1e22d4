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
 *   -ETIMEDOUT     the same, because the time was up
 *   -ECANCELED     the container was removed meanwhile, or the caller left
 *   -EOPNOTSUPP    this kernel's controller cannot do that
 *   -EACCES        not permitted
 *   -EUSERS        too many containers or pending calls
 *   -ENOSPC        the state could not be saved: nothing was changed
 *   -EIO           the controller failed      -EBADMSG     a file could not be understood
 *   -EXDEV         the process would leave its systemd unit: nothing was changed
 *   -ENODEV        the cgroup hierarchy was unmounted: nothing was changed
 *   -ENOTCONN      rssd is not running, or the bus cannot be reached
 *   -ETIME         rssd is running and does not answer
 *   -ENOMEM        out of memory
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
/* As a counter: this kernel's controller cannot tell. Never shown as 0. */
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

/*
 * May a password be asked for, where polkit wants one of the caller? It may not
 * unless this says so; then a call can take as long as somebody types.
 */
void rss_allow_interaction(struct rss_client *client, bool allow);

/* Closes and frees; NULL is allowed. Returns NULL. */
struct rss_client *rss_close(struct rss_client *client);

/*
 * A sentence about the last call of @client that failed; never NULL. Of NULL: a
 * sentence about an rss_open() that failed.
 */
const char *rss_error_message(const struct rss_client *client);

/* The D-Bus error name of that failure, or "" where it came from no reply. */
const char *rss_error_name(const struct rss_client *client);

/* --- what is there ------------------------------------------------------ */

/* About the daemon. Strings live as long as the struct. */
struct rss_daemon_info {
	const char *version;	/* of rssd */
	const char *controller; /* "rss", "memory-v2", "memory-v1" */
	const char **features;	/* NULL-terminated: what the controller can do */
};

int rss_daemon_info(struct rss_client *client, struct rss_daemon_info **ret);
struct rss_daemon_info *rss_daemon_info_free(struct rss_daemon_info *info);

/* What is known of the last OOM of a container; absent facts are NULL, 0 or RSS_ABSENT. */
struct rss_oom {
	uint64_t sequence;	      /* of the OOM signal that told it */
	uint64_t time;		      /* microseconds since the epoch */
	const char *container;	      /* whose limit it was: a container's name, or NULL... */
	const char *limit_owner;      /* ...and the control group of that limit */
	const char *victim_container; /* the container that the victim was in, or NULL */
	uint32_t victim_pid;
	uint32_t victim_uid; /* (uint32_t)-1: not known */
	const char *victim_command;
	uint64_t usage;
	uint64_t limit;
	bool group; /* all of the container is killed: one such record for each process */
	/* What reclaim tried since the OOM before, and what was left when it failed. */
	uint64_t failures, reclaimed, scanned;
	uint64_t anonymous, file, locked;
	uint64_t swap_free;		     /* of the machine */
	const struct rss_process *processes; /* the largest at that moment, the largest first */
	size_t n_processes;
};

/* One container. The library allocates it and may add members at the end. */
struct rss_container {
	const char *name;
	const char *object_path;
	const char *control_group; /* as /proc/PID/cgroup spells it */
	uint64_t limit;		   /* RSS_INFINITY: none */
	uint64_t high, low;	   /* watermarks; RSS_INFINITY: none */
	bool oom_group;		   /* an OOM kills all of it */
	bool transient;		   /* removed when its last process has left */
	bool declared;		   /* stands in containers.d */
	uint32_t processes;
	uint64_t usage, peak, failures, reclaimed, oom_events, oom_kills; /* or RSS_ABSENT */
	const struct rss_oom *last_oom; /* NULL where there was none; not in rss_list() */
	uint64_t scanned;		/* pages that reclaim looked at, or RSS_ABSENT */
	bool frozen;
	/* What rss_list() does not tell: */
	const char **rules; /* what joins it, "unit=nginx.service"; NULL-terminated */
	uint64_t refaults;  /* pages that came back soon after reclaim, or RSS_ABSENT */
};

int rss_get(struct rss_client *client, const char *name, struct rss_container **ret);
int rss_get_by_pid(struct rss_client *client, pid_t pid, struct rss_container **ret);
int rss_get_by_pidfd(struct rss_client *client, int pidfd, struct rss_container **ret);
struct rss_container *rss_container_free(struct rss_container *container);

/* All containers, sorted by name. *@ret is freed with rss_list_free(). */
int rss_list(struct rss_client *client, struct rss_container ***ret, size_t *ret_count);
struct rss_container **rss_list_free(struct rss_container **containers, size_t count);

/* What was seen of a container's usage, the highest of a span of time. */
struct rss_usage_sample {
	uint64_t time;	/* when the span began: microseconds since the epoch */
	uint64_t usage; /* bytes */
};

/*
 * What it used over the last day, as far as anybody looked, or rssd for the sake of it
 * (SampleInterval= in rssd.conf(5)), since rssd was started; the oldest sample first.
 */
struct rss_usage_history {
	size_t count; /* 24 at most */
	const struct rss_usage_sample *samples;
	/* Counters as they were at a time of about a day ago, or when the limit was set; 0: unknown. */
	uint64_t since; /* microseconds since the epoch */
	uint64_t failures, reclaimed, oom_events, oom_kills, refaults; /* or RSS_ABSENT */
};

int rss_get_usage_history(struct rss_client *client, const char *name,
			  struct rss_usage_history **ret);
struct rss_usage_history *rss_usage_history_free(struct rss_usage_history *history);

/* --- make, change, remove ----------------------------------------------- */

/* What to set. Only the members named in @set are looked at. */
enum {
	RSS_SET_LIMIT = 1 << 0,
	RSS_SET_HIGH = 1 << 1,
	RSS_SET_LOW = 1 << 2,
	RSS_SET_OOM_GROUP = 1 << 3,
	RSS_SET_TRANSIENT = 1 << 4, /* rss_create() only */
};

struct rss_settings {
	unsigned int set;
	uint64_t limit, high, low;
	bool oom_group;
	bool transient;
};

/* @settings may be NULL. A parent that a nested name needs must exist. */
int rss_create(struct rss_client *client, const char *name, const struct rss_settings *settings);

/* @force: kill what is inside and remove nested containers too. */
int rss_remove(struct rss_client *client, const char *name, bool force);

/* All of @settings or, on failure, nothing. A limit is set as by RSS_LIMIT_RECLAIM. */
int rss_set(struct rss_client *client, const char *name, const struct rss_settings *settings);

enum rss_limit_mode {
	RSS_LIMIT_RECLAIM, /* reclaim until usage fits, or the time is up: the old limit stays */
	RSS_LIMIT_REFUSE,  /* -EBUSY where usage is above the new limit */
	RSS_LIMIT_FORCE,   /* reclaim, and kill inside the container where that is not enough */
};

/* What rss_limit() came to; none of them is negative. */
enum rss_limit_outcome {
	RSS_LIMIT_SET,	     /* usage was below it already */
	RSS_LIMIT_UNCHANGED, /* this was the limit already */
	RSS_LIMIT_RECLAIMED, /* set, after memory was taken back */
	RSS_LIMIT_KILLED,    /* set, after processes inside were killed: RSS_LIMIT_FORCE only */
};

/* Called while a limit is being reclaimed: usage now, and the limit to come. */
typedef void (*rss_progress_fn)(uint64_t usage, uint64_t limit, void *userdata);

/**
 * rss_limit() - set the limit of a container
 * @limit: bytes, or RSS_INFINITY
 * @mode: what to do where usage is above @limit
 * @timeout: microseconds after which reclaim gives up; 0: rssd's default
 * @progress: may be NULL
 * @ret_usage: usage once the limit is in force; may be NULL
 *
 * Blocks until done; dying cancels it and keeps the old limit. @progress is not
 * to call the library.
 *
 * Return: an enum rss_limit_outcome, or a negative errno.
 */
int rss_limit(struct rss_client *client, const char *name, uint64_t limit, enum rss_limit_mode mode,
	      uint64_t timeout, rss_progress_fn progress, void *userdata, uint64_t *ret_usage);

/* What would become of a limit now. A forecast: sizes in bytes, RSS_ABSENT where not known. */
enum rss_verdict {
	RSS_FITS,     /* nothing has to be reclaimed */
	RSS_RECLAIMS, /* reclaim is enough */
	RSS_UNSURE,   /* it may be enough */
	RSS_REFUSES,  /* the old limit would stay */
	RSS_KILLS,    /* memory runs out: processes inside would be killed */
};

/* Settings of one of several containers. */
struct rss_change {
	const char *name;
	struct rss_settings settings;
	/* Filled by rss_apply() and rss_apply_forecast() when they return 0. */
	enum rss_limit_outcome outcome; /* by the former */
	uint64_t usage;
	enum rss_verdict verdict; /* by the latter */
};

/**
 * rss_apply() - set several containers, all of them or none
 * @changes: @count of them, each container once
 * @mode, @timeout: of each limit, as for rss_limit()
 *
 * Where one cannot be had, the others are brought back, also after a crash of
 * rssd in the middle. With RSS_LIMIT_FORCE, who was killed stays dead. Blocks
 * until done; dying cancels it.
 */
int rss_apply(struct rss_client *client, struct rss_change changes[], size_t count,
	      enum rss_limit_mode mode, uint64_t timeout);

/*
 * All that rss_apply() checks before it begins, and what would become of each limit,
 * taken by itself: see rss_forecast_limit(). Nothing is changed.
 */
int rss_apply_forecast(struct rss_client *client, struct rss_change changes[], size_t count,
		       enum rss_limit_mode mode);

/* One container whose settings are not everywhere the same; @set of each: what is known. */
struct rss_difference {
	const char *name;
	struct rss_settings declared; /* in containers.d, as the files are now */
	struct rss_settings stored;   /* what rssd has set */
	struct rss_settings kernel;
	unsigned int differs; /* RSS_SET_* that differ */
};

int rss_diff(struct rss_client *client, struct rss_difference **ret, size_t *ret_count);
struct rss_difference *rss_differences_free(struct rss_difference *differences, size_t count);

struct rss_forecast {
	enum rss_verdict verdict;
	const char *reason; /* a sentence without an end */
	uint64_t usage;
	uint64_t to_free;	  /* usage above the limit */
	uint64_t reclaimable;	  /* at most */
	uint64_t anonymous, file; /* what reclaim works on */
	uint64_t locked;
	uint64_t swap_free; /* of the machine */
};

/* "fits", "reclaims"...: for people and JSON. */
const char *rss_verdict_name(enum rss_verdict verdict);

/* Changes nothing. */
int rss_forecast_limit(struct rss_client *client, const char *name, uint64_t limit,
		       enum rss_limit_mode mode, struct rss_forecast **ret);
struct rss_forecast *rss_forecast_free(struct rss_forecast *forecast);

/* Ask for @bytes to be taken back; *@ret_reclaimed is what was (RSS_ABSENT: unknown). */
int rss_reclaim(struct rss_client *client, const char *name, uint64_t bytes,
		uint64_t *ret_reclaimed);

/* --- processes ---------------------------------------------------------- */

enum rss_outcome {
	RSS_MOVED,	/* inside now */
	RSS_VANISHED,	/* ended before it could be moved */
	RSS_REFUSED,	/* see reason */
	RSS_WOULD_MOVE, /* rss_attach_preview(): nothing is in the way */
};

struct rss_report {
	pid_t pid;
	enum rss_outcome outcome;
	const char *reason; /* a sentence for RSS_REFUSED, else "" */
};

/* pidfds name processes without a race: see pidfd_open(2). @tree: descendants too. */
int rss_attach(struct rss_client *client, const char *name, const int pidfds[], size_t count,
	       bool tree, struct rss_report **ret, size_t *ret_count);

/* The same by pid, for a caller that holds none of them; a reaped pid is reported as vanished. */
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

/* Back to where they were before they were attached. */
int rss_detach_pids(struct rss_client *client, const pid_t pids[], size_t count,
		    struct rss_report **ret, size_t *ret_count);

struct rss_report *rss_report_free(struct rss_report *report, size_t count);

struct rss_process {
	pid_t pid;
	uid_t uid;
	uint64_t resident; /* bytes, whoever is charged for them; RSS_ABSENT: unknown */
	const char *command;
};

int rss_processes(struct rss_client *client, const char *name, struct rss_process **ret,
		  size_t *ret_count);
struct rss_process *rss_processes_free(struct rss_process *processes, size_t count);

/* Sends @signal to every process inside; *@ret_count: how many (may be NULL). */
int rss_kill(struct rss_client *client, const char *name, int signal, uint32_t *ret_count);

/*
 * Stops every process inside, nested containers included, or lets them go on.
 * -EOPNOTSUPP where there is no freezer.
 */
int rss_freeze(struct rss_client *client, const char *name);
int rss_thaw(struct rss_client *client, const char *name);

/* The peak begins anew with the usage of now. */
int rss_reset_peak(struct rss_client *client, const char *name);

/*
 * The OOMs of container @name, or of all where it is NULL, the oldest first; also
 * of containers that are gone. rssd keeps the last few hundred.
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
};

struct rss_event {
	enum rss_event_kind kind;
	uint64_t sequence;
	uint64_t last;	       /* RSS_EVENT_LOST only */
	const char *container; /* its name; "" for events about rssd itself */
	uint64_t usage, limit; /* RSS_ABSENT where the event does not tell */
	uint64_t amount;       /* LIMIT_HIT: failures so far; RECLAIMED: bytes */
	const char *which;     /* WATERMARK: the one that was crossed, "high" or "low"; else NULL */
	const struct rss_oom *oom; /* RSS_EVENT_OOM only */
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

/* For rss_subscribe_since(): what comes from now on. */
#define RSS_NOW UINT64_MAX

/*
 * The same without a gap and without a repeat, from the event behind number
 * @since on (0: all that rssd still has): what has happened until now comes first,
 * out of rssd's history, and so does later what the bus drops because this client
 * is slow, or what happens while rssd restarts. What the history does not reach any
 * more is told as RSS_EVENT_LOST. -EINVAL where no event has the number yet.
 */
int rss_subscribe_since(struct rss_client *client, uint64_t since, rss_event_fn event,
			void *userdata);

/*
 * Handles all that has come in, waiting up to @timeout microseconds (UINT64_MAX:
 * for ever) for the first of it. Return: 0, -EINTR after a signal, -ENOTCONN
 * when rssd left the bus or the bus is gone. Where rssd left, the next call
 * waits on: the events of an rssd that is started later are heard too.
 */
int rss_wait(struct rss_client *client, uint64_t timeout);

/*
 * For callers with a loop of their own: poll this for POLLIN, then call
 * rss_wait(client, 0). Call it once before the first poll, and after every
 * other call of the library: what came in with an answer is held already.
 */
int rss_get_fd(struct rss_client *client);

/* --- care --------------------------------------------------------------- */

struct rss_finding {
	const char *severity; /* "ok", "note", "warning", "error" */
	const char *subject;
	const char *text;
	const char *advice; /* "" where there is nothing to do */
};

int rss_diagnose(struct rss_client *client, struct rss_finding **ret, size_t *ret_count);
struct rss_finding *rss_findings_free(struct rss_finding *findings, size_t count);

/*
 * The metrics of rssd and all containers, as OpenMetrics text, in a file that
 * nobody can change. *@ret_fd is read from its beginning, and closed by the caller.
 */
int rss_dump_metrics(struct rss_client *client, int *ret_fd);

/* rssd reads its configuration again. */
int rss_reload(struct rss_client *client);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
