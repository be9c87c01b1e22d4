/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the capabilities that rssd needs; drops all others for good. */
#ifndef RSSD_PRIVILEGES_H
#define RSSD_PRIVILEGES_H

#include <stdbool.h>

struct failure;

/*
 * Drops everything but what is listed in privileges.c, from all sets including
 * the bounding one, and forbids gaining more by exec. Called once descriptors
 * are open and rssd has its bus name. @admin: the controller uses a kernel interface
 * that needs CAP_SYS_ADMIN.
 */
int privileges_drop(bool admin, struct failure *failure);

#endif
