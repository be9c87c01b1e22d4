/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's log as the source of OOM victims on stock kernels: /dev/kmsg is
 * read as lines come, and each OOM kill that they report is handed on. Reading
 * the lines is pure: see kmsg-parser.h.
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
 * @fn: called in the loop for each OOM kill; must not free the kmsg
 *
 * Return: 0, or -ENOENT, -EPERM or another negative errno: the log cannot be read.
 */
int kmsg_new(sd_event *event, kmsg_oom_fn fn, void *userdata, struct kmsg **ret);
struct kmsg *kmsg_free(struct kmsg *kmsg);
DEFINE_CLEANUP(struct kmsg *, kmsg_free);

#endif
