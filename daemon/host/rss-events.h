/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's rss controller tells by itself: the multicast group of its
 * generic netlink family, through libnl. Each container numbers its messages,
 * so one that got lost is noticed: by a gap in the numbers, and after the
 * kernel said that our buffer was full by asking for each container's number.
 *
 * Nothing here polls, and nothing wakes the loop while nothing happens.
 */
#ifndef RSSD_RSS_EVENTS_H
#define RSSD_RSS_EVENTS_H

#include <linux/rss_container.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/cleanup.h"
#include "shared/list.h"

typedef struct sd_event sd_event;
struct nlmsghdr;

/* One message; what is not told of its kind is 0. */
struct rss_message {
	enum rss_container_event_kind kind;
	uint64_t id; /* inode number of the container's folder */
	uint64_t sequence;
	uint64_t count;	       /* how often this kind happened */
	uint64_t usage, limit; /* bytes; UINT64_MAX: no limit */
	uint64_t bytes;	       /* RECLAIM */
	pid_t pid;	       /* OOM_KILL */
	char comm[16];	       /* OOM_KILL; any bytes but NUL */
};

/*
 * Reads a message as it came over the wire: 0, -ENOTSUP for a kind that is
 * newer than we are (*ret then has id and sequence, so that nothing counts as
 * lost), -EBADMSG. Pure.
 */
int rss_message_parse(struct nlmsghdr *header, struct rss_message *ret);

struct rss_events;

/* Whoever hears of one container. Lives in its owner; the first members are ours. */
struct rss_listener {
	struct list_link link;
	uint64_t id;
	uint64_t sequence; /* of the last message that was told, or was told as lost */
	/*
	 * @message: NULL where @lost messages never came. Must not remove
	 * listeners.
	 */
	void (*fn)(const struct rss_message *message, uint64_t lost, void *userdata);
	void *userdata;
};

/**
 * rss_events_new() - join the kernel's group
 * @problem: what is in the way, a sentence without an end; static
 *
 * Needs CAP_SYS_ADMIN, now and later. -ENOENT where the kernel has no such
 * family, -EPROTO where it speaks another version of it.
 */
int rss_events_new(struct rss_events **ret, const char **problem);
struct rss_events *rss_events_free(struct rss_events *events);
DEFINE_CLEANUP(struct rss_events *, rss_events_free);

/* The number of the family in this kernel. */
int rss_events_family(const struct rss_events *events);

/* Lets @event deliver from now on; calling it again changes nothing. */
int rss_events_attach(struct rss_events *events, sd_event *event);

/* What happened before is not told. @listener->fn and its userdata are set by the caller. */
int rss_events_listen(struct rss_events *events, struct rss_listener *listener, uint64_t id);
/* Does nothing where it does not listen. */
void rss_events_forget(struct rss_events *events, struct rss_listener *listener);

/* The part of the above that needs no kernel: one message to whom it concerns. */
void rss_events_dispatch(struct rss_events *events, const struct rss_message *message);
/* Events without a kernel, for tests: nothing comes in but by dispatch. */
struct rss_events *rss_events_new_deaf(void);

#endif
