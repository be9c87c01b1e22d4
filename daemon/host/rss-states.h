/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's rss controller says of all its containers at once: one
 * dump over generic netlink in place of several control files for each.
 */
#ifndef RSSD_RSS_STATES_H
#define RSSD_RSS_STATES_H

#include <linux/rss_container.h>

struct nlmsghdr;

/* What is done with one container; @state's counters are since its start. */
typedef void (*rss_state_fn)(const struct rss_container_state *state, void *userdata);

/*
 * Hands the containers of a message, as it came over the wire, to @fn: 0, or -EBADMSG
 * where it is not one of a dump or where anything is missing, and then none of them.
 */
int rss_states_parse(struct nlmsghdr *header, rss_state_fn fn, void *userdata);

/**
 * rss_states_read() - ask for all
 * @family: see rss_events_family()
 * @fn: called for each, a parent before its children
 *
 * Needs CAP_SYS_ADMIN. Blocks for as long as the kernel needs; may be called on
 * any thread. -EOPNOTSUPP where the kernel has no such dump.
 */
int rss_states_read(int family, rss_state_fn fn, void *userdata);

#endif
