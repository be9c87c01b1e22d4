/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last OOM of each container: a listener keeps the record with the container
 * whose limit it was and with the victim's, and saves both.
 */
#ifndef RSSD_OOM_LAST_H
#define RSSD_OOM_LAST_H

struct manager;

/* Listens to the manager from now on. Return: 0, or -ENOMEM. */
int oom_last_open(struct manager *manager);

#endif
