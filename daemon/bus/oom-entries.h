/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of OOMs and of kills, appended. */
#ifndef RSSD_BUS_OOM_ENTRIES_H
#define RSSD_BUS_OOM_ENTRIES_H

#include <sys/types.h>
#include <systemd/sd-bus.h>

struct oom_record;

/*
 * Appends an OOM record as a{sv}, which is empty if @oom is NULL, with the processes that @viewer
 * may see: see bus_viewer().
 */
int bus_append_oom(sd_bus_message *message, const struct oom_record *oom, uid_t viewer);
/* The same as an entry of an a{sv}. */
int bus_append_oom_entry(sd_bus_message *message, const char *key, const struct oom_record *oom,
			 uid_t viewer);

#endif
