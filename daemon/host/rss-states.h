/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the state of all containers of the kernel's rss controller: one dump over
 * generic netlink instead of several control files per container.
 */
#ifndef RSSD_RSS_STATES_H
#define RSSD_RSS_STATES_H

#include <linux/rss_container.h>

struct nlmsghdr;

/* Called for one container. The counters in @state count since its creation. */
typedef void (*rss_state_fn)(const struct rss_container_state *state, void *userdata);

/*
 * Calls @fn for each container in a message as received. Return: 0, or -EBADMSG if it is
 * no message of a dump or is incomplete; @fn is not called then.
 */
int rss_states_parse(struct nlmsghdr *header, rss_state_fn fn, void *userdata);

/**
 * rss_states_read() - read the state of all containers
 * @family: see rss_events_family()
 * @fn: called for each, a parent before its children
 *
 * Needs CAP_SYS_ADMIN. Blocks until the kernel has sent the dump; may be called on
 * any thread. Return: 0, -EOPNOTSUPP if the kernel has no such dump, or another
 * negative errno.
 */
int rss_states_read(int family, rss_state_fn fn, void *userdata);

#endif
