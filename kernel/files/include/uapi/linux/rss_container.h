/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * RSS containers: what the control files hold, and the events that the kernel
 * sends as generic netlink multicast.
 *
 * Control files (v2 name, v1 name); sizes are bytes, rounded down to pages:
 *
 *  rss.current   rss.usage_in_bytes       mapped memory charged, subtree
 *  rss.max       rss.limit_in_bytes       the limit; "max" (v1: -1) for none.  A write
 *                                         below usage reclaims; -EINTR or -EBUSY leave
 *                                         the old limit in force
 *  rss.high      rss.high_in_bytes        background reclaim starts above it
 *  rss.low       rss.low_in_bytes         and stops at it; unset: the same as high
 *  rss.peak      rss.max_usage_in_bytes   highest usage; v1: a write resets it
 *  rss.reclaim   rss.reclaim              write-only: bytes to reclaim now; -EAGAIN when
 *                                         less could be had, -EINTR on a signal
 *  -             rss.failcnt              rss.events' "limit"; a write resets it
 *  -             rss.reclaimed            bytes, pgsteal of rss.stat times the page size
 *  rss.events    rss.events               "limit high low reclaim oom oom_kill", one
 *                                         "key count" a line; oom_kill counts the subtree,
 *                                         the others what happened to this container
 *  rss.stat      rss.stat                 "key value" a line: anon file (bytes, exact,
 *                                         subtree), inactive_anon active_anon
 *                                         inactive_file active_file unevictable (bytes on
 *                                         the container's lists), adopted (bytes from
 *                                         removed children), reserved (bytes charged
 *                                         ahead), overrun (pages charged past the limit),
 *                                         uncharged (folios that no memory was left to
 *                                         charge), pgscan pgsteal (pages),
 *                                         workingset_refault_anon
 *                                         workingset_refault_file (pages that were
 *                                         reclaimed and missed in a mapping; subtree)
 *  rss.oom.group rss.oom_group            0 or 1: an OOM kills the whole container
 *
 * A write of rubbish, a negative number, low above high or high below low gives
 * -EINVAL, a number that does not fit -ERANGE; nothing changes then.
 */
#ifndef _UAPI_LINUX_RSS_CONTAINER_H
#define _UAPI_LINUX_RSS_CONTAINER_H

#include <linux/types.h>

#define RSS_CONTAINER_GENL_NAME		"rss_container"
#define RSS_CONTAINER_GENL_VERSION	1
/* Joining needs CAP_SYS_ADMIN; the family exists in the first network namespace only. */
#define RSS_CONTAINER_GENL_GROUP	"events"

enum rss_container_cmd {
	RSS_CONTAINER_CMD_UNSPEC,
	/* kernel to user, multicast: something happened to a container */
	RSS_CONTAINER_CMD_EVENT,
	/*
	 * Request with ID, answered with ID, SEQ, USAGE, LIMIT, PEAK, PROCESSES,
	 * COUNTS, SCANNED, FREED and BYTES as they are now: what a listener asks
	 * when it finds a gap in SEQ.  -EPERM without CAP_SYS_ADMIN, -EINVAL
	 * without ID, -ENOENT when there is no such container.
	 *
	 * As a dump it takes no ID and answers with STATE_SIZE and STATES, many
	 * containers in a message, a parent before its children.  One that comes or
	 * goes meanwhile may be missing; of the others none is, and none is told
	 * twice.
	 */
	RSS_CONTAINER_CMD_GET,

	__RSS_CONTAINER_CMD_MAX,
	RSS_CONTAINER_CMD_MAX = __RSS_CONTAINER_CMD_MAX - 1,
};

enum rss_container_event_kind {
	RSS_CONTAINER_EVENT_LIMIT = 1,	/* a charge met the limit */
	RSS_CONTAINER_EVENT_RECLAIM,	/* a round of reclaim ended */
	RSS_CONTAINER_EVENT_HIGH,	/* usage rose above the high watermark */
	RSS_CONTAINER_EVENT_LOW,	/* background reclaim brought it to low */
	RSS_CONTAINER_EVENT_OOM,	/* reclaim failed at the limit */
	RSS_CONTAINER_EVENT_OOM_KILL,	/* a process of the container was killed */
	__RSS_CONTAINER_EVENT_MAX,
	RSS_CONTAINER_EVENT_MAX = __RSS_CONTAINER_EVENT_MAX - 1,
};

enum rss_container_reclaim_cause {
	RSS_CONTAINER_CAUSE_LIMIT = 1,	/* a charge met the limit */
	RSS_CONTAINER_CAUSE_BACKGROUND,	/* usage was above the high watermark */
	RSS_CONTAINER_CAUSE_REQUEST,	/* rss.reclaim was written */
	RSS_CONTAINER_CAUSE_RESIZE,	/* a limit was written */
};

enum rss_container_attr {
	RSS_CONTAINER_A_UNSPEC,
	RSS_CONTAINER_A_PAD,
	RSS_CONTAINER_A_KIND,		/* u32: enum rss_container_event_kind */
	/* u64: the cgroup's id, which is the inode number of its directory */
	RSS_CONTAINER_A_ID,
	/*
	 * u64: one more with every message of this container, so a gap is a
	 * message that got lost on its way
	 */
	RSS_CONTAINER_A_SEQ,
	/*
	 * u64: how often this kind happened to this container.  Messages are
	 * limited to some per kind and second; what they leave out is in here,
	 * and the second ends with a message for the last one left out.
	 */
	RSS_CONTAINER_A_COUNT,
	RSS_CONTAINER_A_USAGE,		/* u64: bytes, as in rss.current */
	RSS_CONTAINER_A_LIMIT,		/* u64: bytes; all ones: none */
	RSS_CONTAINER_A_CAUSE,		/* RECLAIM: u32, enum rss_container_reclaim_cause */
	RSS_CONTAINER_A_SCANNED,	/* RECLAIM: u64, pages looked at; GET: so far */
	RSS_CONTAINER_A_FREED,		/* RECLAIM: u64, pages taken from it; GET: so far */
	RSS_CONTAINER_A_BYTES,		/* RECLAIM: u64, the same in bytes */
	RSS_CONTAINER_A_USEC,		/* RECLAIM: u64, microseconds it took */
	RSS_CONTAINER_A_PID,		/* OOM_KILL: u32, in the first pid namespace */
	RSS_CONTAINER_A_COMM,		/* OOM_KILL: string */
	RSS_CONTAINER_A_PEAK,		/* GET: u64, bytes, as in rss.peak */
	/* GET: u32, the processes in the container itself, as in cgroup.procs */
	RSS_CONTAINER_A_PROCESSES,
	/* GET: nested, a u64 for each kind of event with the kind for its type: rss.events */
	RSS_CONTAINER_A_COUNTS,
	RSS_CONTAINER_A_STATE_SIZE,	/* GET, dump: u32, bytes of each of STATES */
	RSS_CONTAINER_A_STATES,		/* GET, dump: array of struct rss_container_state */

	__RSS_CONTAINER_A_MAX,
	RSS_CONTAINER_A_MAX = __RSS_CONTAINER_A_MAX - 1,
};

/* rss_container_state::flags */
#define RSS_CONTAINER_STATE_FREEZER	(1 << 0)	/* the freezer is in this hierarchy */
/* The container itself was told to freeze: freezer.self_freezing, or cgroup.freeze of v2. */
#define RSS_CONTAINER_STATE_FROZEN	(1 << 1)

/*
 * A container in a dump.  It may grow at its end: a reader takes STATE_SIZE for
 * the way from one to the next, and refuses what is smaller than it knows.
 */
struct rss_container_state {
	__u64 id;		/* as RSS_CONTAINER_A_ID */
	__u64 usage;		/* bytes, as in rss.current */
	__u64 limit;		/* bytes; all ones: none */
	__u64 peak;		/* bytes, as in rss.peak */
	__u64 scanned;		/* pages looked at so far */
	__u64 freed;		/* bytes taken from it so far */
	__u64 limit_hits;	/* the counts of rss.events... */
	__u64 reclaims;
	__u64 highs;
	__u64 lows;
	__u64 ooms;
	__u64 oom_kills;	/* ...to here */
	__u32 processes;	/* in the container itself, as in cgroup.procs */
	__u32 flags;		/* RSS_CONTAINER_STATE_... */
	__u64 refaults;		/* pages that were reclaimed and came back */
};

#endif /* _UAPI_LINUX_RSS_CONTAINER_H */
