/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes join containers by the rules (policy/rule.h) of declarations. The
 * kernel's process events are hints; a scan of all processes is authoritative.
 * It runs when rules are new, when events were lost, and a few seconds after a
 * hint, never while nothing happens. Scans run on a worker; attach.h moves the
 * processes.
 *
 * Processes are left alone if they are in a container already, if they or an
 * ancestor were detached, and if attach refuses them.
 */
#ifndef RSSD_JOIN_H
#define RSSD_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/process-events.h"
#include "policy/rule.h"

struct manager;

/* What became of processes since the start. */
struct join_counts {
	size_t containers; /* that have rules */
	bool heard;	   /* processes are told of; else they are looked for every few seconds */
	uint64_t joined, vanished, refused;
	/* Rules want them, but they stay in their unit: see leave.h; as of the last look at all. */
	size_t in_units;
};

int join_open(struct manager *manager);
void join_close(struct manager *manager);
/* Asks a look that is on its way to end soon; no other is begun. */
void join_stop(struct manager *manager);

/**
 * join_declare() - from now on these rules hold, and no others
 * @sets: @count of them; they are copied, their rules get a reference
 * @bad_files: files that could not be read; what they said before holds on
 */
int join_declare(struct manager *manager, const struct rule_set sets[], size_t count,
		 char *const bad_files[], size_t n_bad);

/* A container is there: if it has rules, processes may join it now. */
void join_made(struct manager *manager, const char *container);

/* All declared containers are there; until then no process was looked at. */
void join_declared(struct manager *manager);

/* The rules of a container, or NULL. */
const struct rules *join_find(const struct manager *manager, const char *container);

struct join_counts join_count(const struct manager *manager);

/* Is anybody to be told of processes? */
bool join_wants_events(const struct manager *manager);

/* @userdata is the manager. */
void join_process_event(enum process_event what, pid_t pid, pid_t parent, void *userdata);

#endif
