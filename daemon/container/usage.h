/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody saw of a container goes into its usage history. */
#ifndef RSSD_USAGE_H
#define RSSD_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct container;
struct counters;
struct manager;

/* The clock of usage histories, which goes on while the machine sleeps. */
uint64_t container_history_time(const struct manager *manager);
/*
 * Keeps what somebody saw of it at @time in its usage history, and what it had counted
 * where that is wanted.
 * @refaults: of the same look; NULL where they were not wanted
 */
void container_note(struct container *container, uint64_t time, const struct counters *counters,
		    const uint64_t *refaults);
bool container_wants_totals(const struct container *container, uint64_t time);
/* The same of a look just now, with refaults that are read here where they are wanted. */
void container_note_look(struct container *container, const struct counters *counters);
/* Its limit is another one: what is counted from now on is of that. */
void container_restart_totals(struct container *container);

#endif
