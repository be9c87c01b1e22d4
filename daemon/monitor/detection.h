/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OOM detection: what the kernel reports about the groups becomes events of the
 * manager. A controller that tells facts is trusted. Any other only says that
 * something has changed: the counters are compared with those of the last poll,
 * and the kernel's log names the victim of an OOM. A kill that is in the counters
 * and that the log does not explain within a second is reported without its victim.
 *
 * detection.c dispatches, attribution.c finds whose limit an OOM was and who was
 * killed, coalescing.c limits how often the other events are emitted.
 */
#ifndef RSSD_DETECTION_H
#define RSSD_DETECTION_H

struct container;
struct kmsg_oom;
struct manager;

/* Return: 0, or -ENOMEM. */
int detection_open(struct manager *manager);
/* Nothing that waits is reported after this. */
void detection_close(struct manager *manager);

/**
 * detection_watch() - watch the group of a container
 *
 * Its counters of this moment are what later ones are compared with.
 * Return: 0, -ENOMEM (it must not be added to the manager), or another negative errno: its
 * events are not received, and its counters can still be read.
 */
int detection_watch(struct container *container);

/* One OOM kill that the kernel's log reports. @userdata is the manager. */
void detection_kmsg_oom(const struct kmsg_oom *oom, void *userdata);

#endif
