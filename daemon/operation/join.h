/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes join containers by rules (rule.h), which declarations give. The
 * kernel's process events are hints of whom to look at; a look at all
 * processes is the truth. That is taken when rules are new, when events were
 * lost, and a few seconds after a hint, never while nothing happens. Looking
 * runs on a worker, moving is attach.h's.
 *
 * Left alone are processes that are in a container already, those that were
 * detached, with what they have forked since, and those that attach refuses.
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
