/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last OOM_HISTORY_MAX OOMs of all containers, removed ones included. They are
 * part of the state and survive restarts and reboots. The history is a
 * listener of the manager. The file is written whole, on a worker, one at a time,
 * so that a storm of OOMs costs no more than the disk can take.
 */
#ifndef RSSD_OOM_HISTORY_H
#define RSSD_OOM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct manager;
struct oom_history;
struct oom_record;

#define OOM_HISTORY_MAX 256

/*
 * Reads what is there and listens to the manager; a line that cannot be read is left out,
 * and logged. 0 or -ENOMEM.
 */
int oom_history_open(struct manager *manager, struct oom_history **ret);
struct oom_history *oom_history_free(struct oom_history *history);

/* The record at @i, counted from the oldest; NULL after the last. */
const struct oom_record *oom_history_at(const struct oom_history *history, size_t i);
/* The record of the event with this number, or NULL. */
const struct oom_record *oom_history_find(const struct oom_history *history, uint64_t sequence);

/* Returns true if it was the container's limit, or if the victim was in it. */
bool oom_concerns(const struct oom_record *record, const char *container);

#endif
