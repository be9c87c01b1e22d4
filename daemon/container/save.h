/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saves a container on a worker. */
#ifndef RSSD_SAVE_H
#define RSSD_SAVE_H

struct container;

/*
 * Saves it soon, on a worker: its last OOM, its declaration. A container that
 * is being removed is not saved, unless its removal fails: then the caller asks again.
 */
void manager_save(struct container *container);

#endif
