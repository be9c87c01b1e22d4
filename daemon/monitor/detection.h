/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OOM detection: turns what the kernel reports about groups into events of the manager.
 * If the controller reports facts (controller.reports_facts), they are trusted. Other
 * controllers only report that something has changed: then the counters are compared
 * with those of the last poll, and the kernel's log names the victim of an OOM. A kill
 * that the counters have and that the log does not report within a second is reported
 * without its victim.
 *
 * detection.c dispatches, attribution.c finds the container whose limit was hit and the
 * killed process, and coalescing.c limits how often the other events are emitted.
 */
#ifndef RSSD_DETECTION_H
#define RSSD_DETECTION_H

#include <stdint.h>

struct container;
struct kmsg_oom;
struct manager;

/* Return: 0, or -ENOMEM. */
int detection_open(struct manager *manager);
/* Deferred events are not reported after this. */
void detection_close(struct manager *manager);

/**
 * detection_watch() - watch the group of a container
 *
 * Later counters are compared with the current ones.
 * Return: 0, -ENOMEM (the container must not be added to the manager), or another negative
 * errno: its events are not received, but its counters can still be read.
 */
int detection_watch(struct container *container);

/* The same after the group of a place was bound again: earlier counts are kept. */
int detection_watch_again(struct container *container);

/* How many OOM kills of it were reported, on the scale of its counter. */
uint64_t detection_kills_reported(const struct container *container);

/* Handles one OOM kill that the kernel's log reports. @userdata is the manager. */
void detection_kmsg_oom(const struct kmsg_oom *oom, void *userdata);

#endif
