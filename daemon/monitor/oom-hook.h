/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that are run when the memory of a container has run out, with the
 * record as JSON on standard input. They are declared in containers.d alone, so
 * root has written them. A hook runs beside rssd, outside of the container,
 * bounded in time; a storm of OOMs starts only so many.
 */
#ifndef RSSD_HOOK_H
#define RSSD_HOOK_H

#include <sys/stat.h>

struct hooks;
struct manager;
struct records;

/* A hook that takes longer is killed, with all that it started in its process group. */
#define HOOK_USEC (10 * 1000 * 1000)
/* At a time; the others wait... */
#define HOOKS_AT_ONCE 4
/* ...as many as this; more are dropped, and that is logged. */
#define HOOKS_WAITING 64

int hooks_new(struct manager *manager, struct hooks **ret);
/* Kills those that run. Returns NULL. */
struct hooks *hooks_free(struct hooks *hooks);

/* From now on these hold; what a file said that cannot be read at present holds on. */
int hooks_declare(struct hooks *hooks, const struct records *records);

/*
 * Listens to the manager from now on: an OOM starts the hooks of the container whose limit it
 * was and of the victim's. Starting one forks, so the other listeners come before it.
 * Return: 0, or -ENOMEM.
 */
int hooks_listen(struct hooks *hooks);

/* Why a file is not run, as the end of a sentence; NULL where it may be. Pure. */
const char *hook_refusal(const struct stat *st);

#endif
