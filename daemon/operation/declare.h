/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Declarations: files by which an administrator says which containers there are,
 * with which settings, hooks and rules. store/declarations.h reads them.
 */
#ifndef RSSD_DECLARE_H
#define RSSD_DECLARE_H

struct manager;

/**
 * declarations_apply() - read the declarations and apply them, at a start and on reload
 *
 * A declaration that is new, or has changed since it was last applied, is
 * applied; settings that were made since then stay. Containers are created and
 * changed on workers, after this has returned; failures are logged.
 *
 * Return: 0, or a negative errno: the directory cannot be read, or out of memory.
 */
int declarations_apply(struct manager *manager);

#endif
