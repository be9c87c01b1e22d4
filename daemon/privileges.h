/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities that rssd keeps, each with its reason; all others go for good. */
#ifndef RSSD_PRIVILEGES_H
#define RSSD_PRIVILEGES_H

#include <stdbool.h>

struct failure;

/*
 * Drops everything but what is listed in privileges.c, from all sets including
 * the bounding one, and forbids gaining more by exec. Called once descriptors
 * are open and the bus name is ours. @admin: the controller asks the kernel for
 * what it tells to CAP_SYS_ADMIN alone.
 */
int privileges_drop(bool admin, struct failure *failure);

#endif
