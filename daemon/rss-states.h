/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's rss controller says of all its containers at once: one
 * dump over generic netlink in place of several control files for each.
 */
#ifndef RSSD_RSS_STATES_H
#define RSSD_RSS_STATES_H

#include <stdbool.h>
#include <stdint.h>

#include "../kernel/files/include/uapi/linux/rss_container.h"

struct nlmsghdr;

/* One container. */
struct rss_state {
	uint64_t id;				      /* inode number of the container's folder */
	uint64_t usage, peak;			      /* bytes */
	uint64_t scanned, reclaimed;		      /* pages; bytes */
	uint64_t counts[RSS_CONTAINER_EVENT_MAX + 1]; /* by kind of event */
	uint32_t processes;			      /* in the folder itself */
	bool has_frozen, frozen;		      /* not told where the freezer is elsewhere */
};

/* Reads a message as it came over the wire: 0, or -EBADMSG where anything is missing. Pure. */
int rss_state_parse(struct nlmsghdr *header, struct rss_state *ret);

/**
 * rss_states_read() - ask for all
 * @family: see rss_events_family()
 * @fn: called for each, a parent before its children
 *
 * Needs CAP_SYS_ADMIN. Blocks for as long as the kernel needs; may be called on
 * any thread. -EOPNOTSUPP where the kernel has no such dump.
 */
int rss_states_read(int family, void (*fn)(const struct rss_state *state, void *userdata),
		    void *userdata);

#endif
