/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes join containers by rules (policy/rule.h): those of declarations, and those that
 * were set at run time, which are stored with the container. The kernel's process events are hints; a scan of all processes is authoritative.
 * join-scheduler.h decides when to scan, join-scan.h scans on a worker, join-move.h
 * attaches the processes that were found.
 *
 * A process does not join if it is in a container already, if it or an ancestor was
 * detached, or if attach refuses it.
 */
#ifndef RSSD_JOIN_H
#define RSSD_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/process-events.h"
#include "policy/rule.h"

struct container;
struct failure;
struct manager;

/* Counts since the start. */
struct join_counts {
	size_t containers; /* that have rules */
	bool has_events; /* the kernel reports processes; else all are scanned every few seconds */
	uint64_t joined, vanished, refused;
	/* Processes that match a rule but stay in their unit (leave.h), in the last scan of all. */
	size_t in_units;
};

int join_open(struct manager *manager);
void join_close(struct manager *manager);
/* Asks a running scan to end soon; no other scan is started. */
void join_stop(struct manager *manager);

/**
 * join_declare() - replace the rules
 * @sets: @count of them; they are copied, their rules get a reference
 * @bad_files: files that could not be read; their previous rules stay
 *
 * Return: 0, or -ENOMEM: then the previous rules stay.
 */
int join_declare(struct manager *manager, const struct rule_set sets[], size_t count,
		 char *const bad_files[], size_t n_bad);

/* Checks if @container may have the rules @rules at run time. Return: 0, or a failure. */
int join_check(const struct container *container, const struct rules *rules,
	       struct failure *failure);
/* The rules of a container (container.join) have changed. */
void join_rules_changed(struct manager *manager);

/* The container exists now: if it has rules, all processes are scanned. */
void join_made(struct manager *manager, const char *container);

/* All declared containers exist; scans wait for that. */
void join_declared(struct manager *manager);

/*
 * Calls @done once, after all processes that exist now were scanned and those that match a rule have
 * joined, or rssd stops. Return: 0, or a negative errno; then @done is not called.
 */
int join_wait(struct manager *manager, void (*done)(void *userdata), void *userdata);

/* The rules of a container, or NULL. */
const struct rules *join_find(const struct manager *manager, const char *container);

struct join_counts join_count(const struct manager *manager);

/* @userdata is the manager. */
void join_process_event(enum process_event what, pid_t pid, pid_t parent, void *userdata);

#endif
