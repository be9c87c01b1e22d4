/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receives the events of the kernel's rss controller: the multicast group of its
 * generic netlink family, through libnl. Messages are numbered per container, so
 * lost ones are detected: by a gap in the numbers, or, after the kernel reported
 * a full receive buffer, by requesting the number of each container.
 *
 * Nothing here polls, and the event loop wakes only for messages.
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

/* One message; fields that its kind does not have are 0. */
struct rss_message {
	enum rss_container_event_kind kind;
	uint64_t id; /* inode number of the container's cgroup directory */
	uint64_t sequence;
	uint64_t count;	       /* how often this kind of event has happened */
	uint64_t usage, limit; /* bytes; UINT64_MAX: no limit */
	uint64_t bytes;	       /* RECLAIM */
	pid_t pid;	       /* OOM_KILL */
	char comm[16];	       /* OOM_KILL; any bytes except NUL */
};

/*
 * Parses a message as received. Return: 0, -EBADMSG, or -ENOTSUP for a kind that
 * this version does not know; *ret is filled then too, so that its number does not
 * count as lost. Pure.
 */
int rss_message_parse(struct nlmsghdr *header, struct rss_message *ret);

struct rss_events;

/* A listener for the events of one container; the caller's memory. link to sequence are private. */
struct rss_listener {
	struct list_link link;
	uint64_t id;
	uint64_t sequence; /* of the last message that was delivered, or reported as lost */
	/* @message: NULL if @lost messages were lost. Must not remove listeners. */
	void (*fn)(const struct rss_message *message, uint64_t lost, void *userdata);
	void *userdata;
};

/**
 * rss_events_new() - join the kernel's multicast group
 * @problem: why it failed, a sentence without a full stop; static
 *
 * Needs CAP_SYS_ADMIN, also later for requests. Return: 0, -ENOENT if the
 * kernel has no such family here, -EPROTO if the family has another version, or
 * another negative errno.
 */
int rss_events_new(struct rss_events **ret, const char **problem);
struct rss_events *rss_events_free(struct rss_events *events);
DEFINE_CLEANUP(struct rss_events *, rss_events_free);

/* Returns the number of the netlink family in this kernel. */
int rss_events_family(const struct rss_events *events);

/* Delivers events from the loop @event. A second call does nothing. */
int rss_events_attach(struct rss_events *events, sd_event *event);

/* Earlier events are not delivered. The caller has set @listener->fn and its userdata. */
int rss_events_listen(struct rss_events *events, struct rss_listener *listener, uint64_t id);
/* Does nothing if @listener does not listen. */
void rss_events_forget(struct rss_events *events, struct rss_listener *listener);

/* Delivers one message to the listener of its container. Needs no kernel. */
void rss_events_dispatch(struct rss_events *events, const struct rss_message *message);
/* For tests without a kernel: only rss_events_dispatch() delivers messages. */
struct rss_events *rss_events_new_without_kernel(void);

#endif
