/* SPDX-License-Identifier: GPL-2.0 */
/* A listener of the controller's netlink events, without a library. */
#ifndef GENL_H
#define GENL_H

#include <stdbool.h>
#include <stdint.h>

#include "linux/rss_container.h"

struct event {
	uint32_t kind, cause, pid;
	uint64_t id, seq, count, usage, limit, scanned, freed, bytes, usec, peak;
	uint32_t processes;
	uint64_t counts[RSS_CONTAINER_EVENT_MAX + 1];
	uint64_t counts_local[RSS_CONTAINER_EVENT_MAX + 1];
	char comm[32];
	unsigned int has;	/* bit n: attribute n was there */
};

int genl_open(void);		/* a socket or -errno */
int genl_family(int fd, uint16_t *ret_family, uint32_t *ret_group);
int genl_join(int fd, uint32_t group);
int genl_listen(void);		/* the three above; fails the case */
int genl_get(int fd, uint16_t family, const uint64_t *id, struct event *ret);
/* All containers: their number, of which the first @max are in @ret, or -errno. */
int genl_dump(int fd, uint16_t family, struct rss_container_state *ret, int max);
/* A dump that is begun and not read to its end. */
int genl_dump_begin(int fd, uint16_t family);
bool genl_next(int fd, struct event *ret, int ms); /* false: none came */
bool genl_lost(void);		/* the socket overflowed since last asked */

#endif
