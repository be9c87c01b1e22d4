/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs OOMs and kills by rssd: a sentence, and in the journal also a field for each fact. */
#ifndef RSSD_OOM_LOG_H
#define RSSD_OOM_LOG_H

struct manager;

/* Starts to listen to the manager. Return: 0, or -ENOMEM. */
int oom_log_open(struct manager *manager);

#endif
