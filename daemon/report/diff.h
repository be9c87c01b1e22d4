/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where what is declared, what is written down and what the kernel holds are
 * not the same. Nothing is changed; a reload, a setting or a restart is how each
 * is brought to the other.
 */
#ifndef RSSD_DIFF_H
#define RSSD_DIFF_H

#include <stddef.h>

#include "policy/settings.h"

struct failure;
struct manager;

struct diff_row {
	char *name;
	/* Which members of each are known; where it is 0 there is no such thing. */
	unsigned int declared_set, stored_set, kernel_set;
	struct settings declared, stored, kernel;
};

/* The members in which what is known differs, as a mask: pure. */
unsigned int diff_settings(const struct diff_row *row);

/* The rows are the listener's only while it is called. */
typedef void (*diff_done_fn)(int error, const struct failure *failure, const struct diff_row rows[],
			     size_t count, void *userdata);

/* Reads the declarations on a worker; then @done is called. */
int diff_start(struct manager *manager, diff_done_fn done, void *userdata, struct failure *failure);

#endif
