/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * RSS containers: the control files, and the events that the kernel sends as
 * generic netlink multicast.
 *
 * Control files (v2 name, v1 name); sizes are bytes, rounded down to pages:
 *
 *  rss.current   rss.usage_in_bytes       mapped memory charged, subtree
 *  rss.max       rss.limit_in_bytes       the limit; "max" (v1: -1) for none.  A write
 *                                         below usage reclaims; -EINTR or -EBUSY leave
 *                                         the old limit in force.  It gives up after 30
 *                                         seconds and one more for each megabyte
 *  rss.wmark_high                         background reclaim starts above it; v1:
 *                                         rss.wmark_high_in_bytes
 *  rss.wmark_low                          and stops at it; unset: the same as wmark_high;
 *                                         v1: rss.wmark_low_in_bytes
 *  rss.low       rss.low_in_bytes       protection: global reclaim takes mapped pages
 *                                         last while usage is below it; hierarchical
 *                                         and best-effort as memory.low; 0 for none
 *  rss.peak      rss.max_usage_in_bytes   highest usage, with charges in stocks: up to a
 *                                         quarter and three pages for each CPU more, but
 *                                         not above the limit; a write resets it, in v2
 *                                         for reads of the same open file only
 *  rss.reclaim   rss.reclaim              write-only: "SIZE [swappiness=0..200]" reclaims
 *                                         so much now; -EAGAIN if less was, -EINTR on a
 *                                         signal; the default is vm.swappiness
 *  -             rss.failcnt              "max" of rss.events_local; a write resets it
 *  -             rss.reclaimed            bytes, pgsteal of rss.stat times the page size
 *  rss.numa_stat rss.numa_stat            the lists of rss.stat by node: "key N0=bytes ..."
 *  rss.events    rss.events               events of the container and its descendants, one
 *                                         "key count" a line: max (a charge hit the
 *                                         limit), wmark_high, wmark_low, reclaim, oom,
 *                                         oom_kill, low (protected pages were reclaimed;
 *                                         without a message); a change is notified to
 *                                         poll() as POLLPRI
 *  rss.events.local  rss.events_local     the same without descendants
 *  rss.stat      rss.stat                 "key value" a line: anon file (bytes, exact,
 *                                         subtree), inactive_anon active_anon
 *                                         inactive_file active_file unevictable (bytes on
 *                                         the container's lists), adopted (bytes from
 *                                         removed children that are not merged yet),
 *                                         reserved (bytes in stocks), overrun (pages
 *                                         charged past the limit), uncharged (folios
 *                                         not charged for lack of memory), pgscan
 *                                         pgsteal (pages), workingset_refault_anon
 *                                         workingset_refault_file (reclaimed pages that
 *                                         a fault read again; subtree)
 *  rss.oom.group rss.oom_group            0 or 1: an OOM kills the whole container
 *
 * Sizes are written as memparse() takes them: decimal, 0x... or 0..., with one of
 * the suffixes K M G T P E.  A write of anything else, a negative number, or a low
 * watermark above the high one gives -EINVAL, a number that does not fit -ERANGE;
 * nothing changes then.
 */
#ifndef _UAPI_LINUX_RSS_CONTAINER_H
#define _UAPI_LINUX_RSS_CONTAINER_H

#include <linux/types.h>

#define RSS_CONTAINER_GENL_NAME		"rss_container"
#define RSS_CONTAINER_GENL_VERSION	1
/* To join requires CAP_SYS_ADMIN; the family exists in the initial network namespace only. */
#define RSS_CONTAINER_GENL_GROUP	"events"

enum rss_container_cmd {
	RSS_CONTAINER_CMD_UNSPEC,
	/* kernel to user, multicast: an event of a container */
	RSS_CONTAINER_CMD_EVENT,
	/*
	 * Request with ID; the reply has ID, SEQ, USAGE, LIMIT, PEAK, PROCESSES,
	 * COUNTS, SCANNED, FREED and BYTES as they are now.  A listener sends it
	 * after a gap in SEQ.  -EPERM without CAP_SYS_ADMIN, -EINVAL without ID,
	 * -ENOENT if there is no such container.
	 *
	 * A dump takes no ID and replies with STATE_SIZE and STATES, many containers
	 * in a message, a parent before its children.  A container that is created
	 * or removed meanwhile may be missing; each other one is included once.
	 */
	RSS_CONTAINER_CMD_GET,

	__RSS_CONTAINER_CMD_MAX,
	RSS_CONTAINER_CMD_MAX = __RSS_CONTAINER_CMD_MAX - 1,
};

enum rss_container_event_kind {
	RSS_CONTAINER_EVENT_LIMIT = 1,	/* a charge hit the limit */
	RSS_CONTAINER_EVENT_RECLAIM,	/* a round of reclaim ended */
	RSS_CONTAINER_EVENT_WMARK_HIGH,	/* usage rose above the high watermark */
	RSS_CONTAINER_EVENT_WMARK_LOW,	/* background reclaim brought it to the low one */
	RSS_CONTAINER_EVENT_OOM,	/* reclaim failed at the limit */
	RSS_CONTAINER_EVENT_OOM_KILL,	/* a process of the container was killed */
	__RSS_CONTAINER_EVENT_MAX,
	RSS_CONTAINER_EVENT_MAX = __RSS_CONTAINER_EVENT_MAX - 1,
};

enum rss_container_reclaim_cause {
	RSS_CONTAINER_CAUSE_LIMIT = 1,	/* a charge hit the limit */
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
	 * u64: incremented by each message of this container, so a gap is a lost
	 * message
	 */
	RSS_CONTAINER_A_SEQ,
	/*
	 * u64: events of this kind, as in rss.events.local.  The messages of a kind in a
	 * second are limited; the count includes events without a message, and the
	 * last of these is sent when the second is over.
	 */
	RSS_CONTAINER_A_COUNT,
	RSS_CONTAINER_A_USAGE,		/* u64: bytes, as in rss.current */
	RSS_CONTAINER_A_LIMIT,		/* u64: bytes; all ones: none */
	RSS_CONTAINER_A_CAUSE,		/* RECLAIM: u32, enum rss_container_reclaim_cause */
	RSS_CONTAINER_A_SCANNED,	/* RECLAIM: u64, pages scanned; GET: so far */
	RSS_CONTAINER_A_FREED,		/* RECLAIM: u64, pages reclaimed; GET: so far */
	RSS_CONTAINER_A_BYTES,		/* RECLAIM: u64, the same in bytes */
	RSS_CONTAINER_A_USEC,		/* RECLAIM: u64, microseconds it took */
	RSS_CONTAINER_A_PID,		/* OOM_KILL: u32, in the first pid namespace */
	RSS_CONTAINER_A_COMM,		/* OOM_KILL: string */
	RSS_CONTAINER_A_PEAK,		/* GET: u64, bytes, as in rss.peak */
	/* GET: u32, the processes in the container itself, as in cgroup.procs */
	RSS_CONTAINER_A_PROCESSES,
	/* GET: nested, a u64 for each kind of event with the kind for its type: rss.events */
	RSS_CONTAINER_A_COUNTS,
	RSS_CONTAINER_A_COUNTS_LOCAL,	/* GET: the same of rss.events.local */
	RSS_CONTAINER_A_STATE_SIZE,	/* GET, dump: u32, bytes of each of STATES */
	RSS_CONTAINER_A_STATES,		/* GET, dump: array of struct rss_container_state */

	__RSS_CONTAINER_A_MAX,
	RSS_CONTAINER_A_MAX = __RSS_CONTAINER_A_MAX - 1,
};

/* rss_container_state::flags */
#define RSS_CONTAINER_STATE_FREEZER	(1 << 0)	/* the freezer is in this hierarchy */
/* The container itself was frozen: freezer.self_freezing, or cgroup.freeze in v2. */
#define RSS_CONTAINER_STATE_FROZEN	(1 << 1)

/*
 * A container in a dump.  Later versions may add fields at the end: a reader steps
 * by STATE_SIZE, and rejects a size smaller than the struct that it knows.
 */
struct rss_container_state {
	__u64 id;		/* as RSS_CONTAINER_A_ID */
	__u64 usage;		/* bytes, as in rss.current */
	__u64 limit;		/* bytes; all ones: none */
	__u64 peak;		/* bytes, as in rss.peak */
	__u64 scanned;		/* pages scanned so far */
	__u64 freed;		/* bytes reclaimed so far */
	__u64 limit_hits;	/* the counts of rss.events... */
	__u64 reclaims;
	__u64 wmark_highs;
	__u64 wmark_lows;
	__u64 ooms;
	__u64 oom_kills;	/* ...to here */
	__u32 processes;	/* in the container itself, as in cgroup.procs */
	__u32 flags;		/* RSS_CONTAINER_STATE_... */
	__u64 refaults;		/* reclaimed pages that were read again */
	__u64 local_limit_hits;	/* the counts of rss.events.local... */
	__u64 local_reclaims;
	__u64 local_wmark_highs;
	__u64 local_wmark_lows;
	__u64 local_ooms;
	__u64 local_oom_kills;	/* ...to here */
};

#endif /* _UAPI_LINUX_RSS_CONTAINER_H */
