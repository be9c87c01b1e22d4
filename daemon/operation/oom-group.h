/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oom-group where the kernel does not have it: after an OOM kill by the kernel, rssd kills the rest
 * of the container. As in cgroup v2, it is the outermost container with oom-group that the victim was
 * in, up to the one whose limit was hit. These kills are reported as kills by rssd.
 */
#ifndef RSSD_OOM_GROUP_H
#define RSSD_OOM_GROUP_H

struct manager;

/* Return: 0, or -ENOMEM. Does nothing if the kernel has it. */
int oom_group_open(struct manager *manager);

#endif
