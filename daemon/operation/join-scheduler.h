/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides when processes are scanned for rules: after hints from process events, for all processes
 * when rules are new or events were lost, and again a few seconds after a hint. Scans run on a
 * worker, one at a time; the processes that they find are attached (join-move.h).
 */
#ifndef RSSD_JOIN_SCHEDULER_H
#define RSSD_JOIN_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/process-events.h"
#include "operation/join-move.h"
#include "policy/rule.h"
#include "shared/cleanup.h"

struct join_scheduler;
struct manager;

int scheduler_new(struct manager *manager, struct join_scheduler **ret);
/* No scan may be running. NULL is allowed. */
struct join_scheduler *scheduler_free(struct join_scheduler *scheduler);
/* Asks a running scan to end soon; no other scan is started. */
void scheduler_stop(struct join_scheduler *scheduler);

/*
 * Scans for these rules from now on, beginning with all processes, and subscribes to process
 * events while there are rules. @sets is borrowed until the next call; its order is that of
 * rule_set_compare().
 */
void scheduler_set_rules(struct join_scheduler *scheduler, const struct rule_set sets[],
			 size_t count);

/* Schedules a scan if there are hints or a scan of all processes was requested. */
void scheduler_schedule(struct join_scheduler *scheduler);
/* As join_wait(); requests a scan of all processes. */
int scheduler_wait(struct join_scheduler *scheduler, void (*done)(void *userdata), void *userdata);
/* Requests a scan of all processes. */
void scheduler_scan_all(struct join_scheduler *scheduler);
void scheduler_process_event(struct join_scheduler *scheduler, enum process_event what, pid_t pid);

/* Returns true if the kernel reports process events. */
bool scheduler_has_events(const struct join_scheduler *scheduler);
const struct join_outcomes *scheduler_outcomes(const struct join_scheduler *scheduler);
/* How many processes matched a rule but stay in their unit, in the last scan of all processes. */
size_t scheduler_in_units(const struct join_scheduler *scheduler);

#endif
