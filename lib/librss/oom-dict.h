/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of an OOM, as the OOM signal, LastOOM and ListOOMs have it. */
#ifndef RSS_OOM_DICT_H
#define RSS_OOM_DICT_H

#include <systemd/sd-bus.h>

struct rss_oom;

/* Reads an a{sv} into *@ret, NULL if it is empty. Unknown facts are NULL, 0 or RSS_ABSENT. */
int oom_dict_read(sd_bus_message *message, struct rss_oom **ret);

struct rss_oom *oom_dict_free(struct rss_oom *oom);

#endif
