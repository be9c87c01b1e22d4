/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of an OOM, as it stands in the OOM signal and in LastOOM. */
#ifndef RSS_OOM_H
#define RSS_OOM_H

#include <systemd/sd-bus.h>

struct rss_oom;

/* Reads an a{sv} into *@ret; NULL where it is empty: there was no OOM. */
int rss_oom_read(sd_bus_message *message, struct rss_oom **ret);

struct rss_oom *rss_oom_free(struct rss_oom *oom);

#endif
