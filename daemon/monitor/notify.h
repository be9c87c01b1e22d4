/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what the kernel lets us notice to the events that are told. A controller
 * that tells facts is taken at its word. Any other only wakes us: counters are
 * compared with the last look, and the kernel's log names the victim of an OOM. A kill that the counters show but the log does
 * not explain within a second is told without its victim.
 */
#ifndef RSSD_NOTICE_H
#define RSSD_NOTICE_H

struct container;
struct kmsg_oom;
struct manager;

int notice_open(struct manager *manager);
void notice_close(struct manager *manager);

/* Begins to watch a container's group; its counters of now are the first look. */
int notice_watch(struct container *container);

/* One OOM as the kernel's log tells it. @userdata is the manager. */
void notice_kmsg_oom(const struct kmsg_oom *oom, void *userdata);

/* Looks at a container's counters now and tells what has changed. */
void notice_look(struct container *container);

#endif
