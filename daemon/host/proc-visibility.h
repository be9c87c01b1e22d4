/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds whether /proc hides the processes of other users (hidepid= of proc(5)). */
#ifndef RSSD_PROC_VISIBILITY_H
#define RSSD_PROC_VISIBILITY_H

#include <stdbool.h>

/**
 * proc_hides_processes() - does /proc hide processes of other users?
 * @mounts: the text of /proc/self/mounts
 *
 * Pure. Any hidepid= except 0 hides them, even from the group of gid=. Without a proc file system
 * on /proc, they are hidden.
 */
bool proc_hides_processes(const char *mounts);

/* The same on this machine; true if the mounts cannot be read. */
bool proc_hides_processes_here(void);

#endif
