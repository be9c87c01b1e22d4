/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows the kernel's log, which names OOM victims on stock kernels: reads
 * /dev/kmsg as records arrive and passes each OOM kill to a callback. The parser
 * is kmsg-parser.h.
 */
#ifndef RSSD_KMSG_H
#define RSSD_KMSG_H

#include "host/kmsg-parser.h"
#include "shared/cleanup.h"

typedef struct sd_event sd_event;

struct kmsg;
typedef void (*kmsg_oom_fn)(const struct kmsg_oom *oom, void *userdata);

/**
 * kmsg_new() - follow the log from now on
 * @fn: called from the event loop for each OOM kill; must not free the kmsg
 *
 * Return: 0, or a negative errno (-ENOENT, -EPERM, ...) if the log cannot be read.
 */
int kmsg_new(sd_event *event, kmsg_oom_fn fn, void *userdata, struct kmsg **ret);
struct kmsg *kmsg_free(struct kmsg *kmsg);
DEFINE_CLEANUP(struct kmsg *, kmsg_free);

#endif
