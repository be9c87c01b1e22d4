/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the usage histories across restarts, in the file "usage-history" of the state
 * directory. A worker writes it after a sample if the last write was USAGE_SAVE_USEC
 * ago, so nothing wakes up for it; a regular stop writes it as well. A crash loses the
 * samples since the last write.
 */
#ifndef RSSD_USAGE_SAVE_H
#define RSSD_USAGE_SAVE_H

#include <stdint.h>

struct manager;

#define USAGE_SAVE_USEC (600ULL * 1000000)

/*
 * Gives the containers that there are their stored histories. A file that is damaged or cannot be
 * read is logged and not used; one that cannot be read now is not overwritten either.
 * Blocks on the disk: call it at the start. Return: 0, or -ENOMEM.
 */
int usage_save_open(struct manager *manager);
/* Writes them if they have changed, and frees what usage_save_open() made. */
void usage_save_close(struct manager *manager);

/* The histories have changed. @time: now, of their clock */
void usage_save_later(struct manager *manager, uint64_t time);
/*
 * A history was dropped. The next sample writes the others at once: a new container of the same
 * name must not get it.
 */
void usage_save_dropped(struct manager *manager);

#endif
