/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of processes, as GetProcesses and the record of an OOM have them. */
#ifndef RSS_PROCESS_LIST_H
#define RSS_PROCESS_LIST_H

#include <systemd/sd-bus.h>

#include "librss/rss.h"

/* Reads an a(uuts); *@ret is freed with rss_processes_free(). */
int processes_read(sd_bus_message *message, struct rss_process **ret, size_t *ret_count);
/* Reads an a(uutsss), as ListProcesses answers. */
int members_read(sd_bus_message *message, struct rss_process **ret, size_t *ret_count);

#endif
