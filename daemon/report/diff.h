/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the differences between declarations, saved state and kernel. Changes nothing: a
 * reload, a set or a restart removes a difference.
 */
#ifndef RSSD_DIFF_H
#define RSSD_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/settings.h"

struct failure;
struct manager;

struct diff_row {
	char *name;
	/* The SETTING_* that are known of each; 0: there is no such record. */
	unsigned int declared_set, stored_set, kernel_set;
	struct settings declared, stored, kernel;
	unsigned int drift; /* DRIFT_* of policy/drift.h */
	bool frozen;	    /* in the kernel; for DRIFT_FREEZER */
};

/* The SETTING_* that differ between those that are known. A pure function. */
unsigned int diff_settings(const struct diff_row *row);

/* @rows are valid only during the call. */
typedef void (*diff_done_fn)(int error, const struct failure *failure, const struct diff_row rows[],
			     size_t count, void *userdata);

/* Reads the declarations on a worker; then @done is called. */
int diff_start(struct manager *manager, diff_done_fn done, void *userdata, struct failure *failure);

#endif
