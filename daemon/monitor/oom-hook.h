/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that rssd runs at an OOM, with the record as JSON on standard input. They
 * are declared only in containers.d, so root has written them. A hook runs outside the
 * container; its run time and the number of hooks are bounded.
 */
#ifndef RSSD_OOM_HOOK_H
#define RSSD_OOM_HOOK_H

#include <sys/stat.h>

struct hooks;
struct manager;
struct records;

/* A hook that takes longer is killed, with its whole process group. */
#define HOOK_USEC (10 * 1000 * 1000)
/* At most this many run at a time; the others wait. */
#define HOOKS_AT_ONCE 4
/* At most this many wait; further hooks are dropped and logged. */
#define HOOKS_WAITING 64

int hooks_new(struct manager *manager, struct hooks **ret);
/* Kills the running hooks. Returns NULL. */
struct hooks *hooks_free(struct hooks *hooks);

/*
 * Replaces the declared hooks, except those of files that cannot be read now.
 * Return: 0, or -ENOMEM and nothing has changed.
 */
int hooks_declare(struct hooks *hooks, const struct records *records);

/*
 * Starts to listen to the manager: an OOM starts the hooks of the container whose limit was
 * hit and of the victim's. Starting a hook forks, so register the other listeners first.
 * Return: 0, or -ENOMEM.
 */
int hooks_listen(struct hooks *hooks);

/* Returns why a file may not be run, as the end of a sentence, or NULL if it may. Pure. */
const char *hook_refusal(const struct stat *st);

#endif
