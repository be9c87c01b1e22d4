/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities that rssd keeps, each with its reason; all others go for good. */
#ifndef RSSD_PRIVILEGES_H
#define RSSD_PRIVILEGES_H

struct failure;

/*
 * Drops everything but what is listed in privileges.c, from all sets including
 * the bounding one, and forbids gaining more by exec. Called once descriptors
 * are open and the bus name is ours.
 */
int privileges_drop(struct failure *failure);

#endif
