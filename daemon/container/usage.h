/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples for the usage histories of containers. */
#ifndef RSSD_USAGE_H
#define RSSD_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct container;
struct counters;

/*
 * Adds a sample, taken at @time, to its usage history, and the totals if they are wanted.
 * @refaults: of the same sample; NULL if they were not wanted
 */
void container_note(struct container *container, uint64_t time, const struct counters *counters,
		    const uint64_t *refaults);
bool container_wants_totals(const struct container *container, uint64_t time);
/* The same with a sample of this moment; reads the refaults here if they are wanted. */
void container_note_look(struct container *container, const struct counters *counters);
/* Starts the totals again, because the limit has changed. @raised: it is higher now. */
void container_restart_totals(struct container *container, bool raised);

#endif
