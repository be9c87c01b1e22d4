/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last OOM_HISTORY_MAX records of all containers, including removed ones. There is
 * one history of OOMs and one of kills by rssd. They are part of the state and survive
 * restarts and reboots. A history is a listener of the manager. A worker writes the
 * whole file, one write at a time, so that a storm of OOMs does not queue writes.
 */
#ifndef RSSD_OOM_HISTORY_H
#define RSSD_OOM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/event.h"

struct manager;
struct oom_history;
struct oom_record;

#define OOM_HISTORY_MAX 256

/**
 * oom_history_open() - read the file and listen to the manager
 * @kind: EVENT_OOM, or EVENT_KILL for the kills by rssd
 * @file: its name in the state directory
 *
 * A line that cannot be read is left out, and logged.
 *
 * Return: 0, or -ENOMEM.
 */
int oom_history_open(struct manager *manager, enum event_kind kind, const char *file,
		     struct oom_history **ret);
struct oom_history *oom_history_free(struct oom_history *history);

/* The record at @i, counted from the oldest; NULL after the last. */
const struct oom_record *oom_history_at(const struct oom_history *history, size_t i);
/* The record of the event with this number, or NULL. */
const struct oom_record *oom_history_find(const struct oom_history *history, uint64_t sequence);

/* Returns true if it was the container's limit, or if the victim was in the container. */
bool oom_concerns(const struct oom_record *record, const char *container);

#endif
