/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OOMs and kills by rssd in the log: a sentence, and in the journal a field for each fact. */
#ifndef RSSD_OOM_LOG_H
#define RSSD_OOM_LOG_H

struct manager;

/* Listens to the manager from now on. Return: 0, or -ENOMEM. */
int oom_log_open(struct manager *manager);

#endif
