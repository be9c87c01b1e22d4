/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last OOM of each container: a listener stores the record in the container whose
 * limit was hit and in the victim's, and saves both.
 */
#ifndef RSSD_OOM_LAST_H
#define RSSD_OOM_LAST_H

struct manager;

/* Starts to listen to the manager. Return: 0, or -ENOMEM. */
int oom_last_open(struct manager *manager);

#endif
