/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be set on a container, and a change of it: a mask of members and
 * their new values. Sizes are bytes; LIMIT_INFINITY means none.
 */
#ifndef RSSD_SETTINGS_H
#define RSSD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct failure;
struct controller;

enum {
	SETTING_LIMIT = 1 << 0,
	SETTING_HIGH = 1 << 1,
	SETTING_LOW = 1 << 2,
	SETTING_OOM_GROUP = 1 << 3,
};

struct settings {
	uint64_t limit;
	uint64_t high, low;
	bool oom_group;
};

struct settings_change {
	unsigned int set;
	struct settings to;
};

/* No limit, no watermarks, single kills. */
struct settings settings_default(void);

/* @settings with @change made. */
struct settings settings_with(const struct settings *settings,
			      const struct settings_change *change);

/* The members in which @a and @b differ, as a mask. */
unsigned int settings_difference(const struct settings *a, const struct settings *b);

/*
 * Whether @change can be made to @settings at all, given what the controller
 * can (its features and the smallest limit that it accepts): 0, or a failure
 * that names the setting. Usage does not matter here. Pure.
 */
int settings_check(const struct settings *settings, const struct settings_change *change,
		   unsigned int features, const char *controller, uint64_t limit_min,
		   struct failure *failure);

#endif
