/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what is written down and what the kernel holds to the containers. The
 * cgroup tree is the truth about which processes are where; the state is the
 * truth about limits. What is in the state alone is made again (unless it was
 * transient), what is in the tree alone is adopted with the kernel's settings,
 * and where both know it the kernel is brought to the state; each such drift
 * is logged.
 */
#ifndef RSSD_RESTORE_H
#define RSSD_RESTORE_H

#include <stddef.h>

struct failure;
struct manager;
struct record;

/* At the start: state, tree, declarations. One bad file or group stops nothing. */
int restore_all(struct manager *manager, struct failure *failure);

/*
 * At the start and on reload: a declaration that is new, or says something else
 * than when it was last applied, is applied; others leave what was set since.
 */
int restore_declarations(struct manager *manager);

#endif
