/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that are run at an OOM, with the record as JSON on standard input.
 * They are declared in containers.d alone, so root has written them. A hook runs
 * outside of the container; its time and the number of hooks are bounded.
 */
#ifndef RSSD_OOM_HOOK_H
#define RSSD_OOM_HOOK_H

#include <sys/stat.h>

struct hooks;
struct manager;
struct records;

/* A hook that takes longer is killed, with its whole process group. */
#define HOOK_USEC (10 * 1000 * 1000)
/* So many run at a time; the others wait. */
#define HOOKS_AT_ONCE 4
/* So many wait; more are dropped and logged. */
#define HOOKS_WAITING 64

int hooks_new(struct manager *manager, struct hooks **ret);
/* Kills the hooks that run. Returns NULL. */
struct hooks *hooks_free(struct hooks *hooks);

/*
 * Replaces the declared hooks. Those of a file that cannot be read now stay.
 * Return: 0 or -ENOMEM, and then nothing has changed.
 */
int hooks_declare(struct hooks *hooks, const struct records *records);

/*
 * Listens to the manager from now on: an OOM starts the hooks of the container whose limit it
 * was and of the victim's. Starting one forks, so the other listeners come before it.
 * Return: 0, or -ENOMEM.
 */
int hooks_listen(struct hooks *hooks);

/* Why a file is not run, as the end of a sentence; NULL if it may be run. Pure. */
const char *hook_refusal(const struct stat *st);

#endif
