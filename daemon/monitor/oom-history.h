/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The OOMs of all containers, also of those that are gone: the last
 * OOM_HISTORY_MAX of them, kept in the state over restarts and reboots. It is a
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

/* The @i-th, the oldest first; NULL past the last. */
const struct oom_record *oom_history_at(const struct oom_history *history, size_t i);
/* The one that was told with this number, or NULL. */
const struct oom_record *oom_history_find(const struct oom_history *history, uint64_t sequence);

/* Does it concern this container: as the one whose limit it was, or the victim's? */
bool oom_concerns(const struct oom_record *record, const char *container);

#endif
