/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of a container, and a change of them: a mask of settings and
 * their new values. Sizes are bytes; LIMIT_INFINITY means none.
 *
 * settings_table has one row for each setting. It drives the D-Bus properties
 * and dictionaries, the JSON of state and declarations, the checks, the control
 * files, and the comparison of settings. Only code that gives one setting a
 * meaning of its own names it.
 */
#ifndef RSSD_SETTINGS_H
#define RSSD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct failure;

/* The bits of a mask of settings, in the order of the table. */
enum {
	SETTING_LIMIT = 1 << 0,
	SETTING_HIGH = 1 << 1,
	SETTING_LOW = 1 << 2,
	SETTING_OOM_GROUP = 1 << 3,
	SETTINGS_ALL = (1 << 4) - 1,
};

/* At most so many rows. */
#define SETTINGS_MAX 32

struct settings {
	uint64_t limit;
	uint64_t high, low;
	bool oom_group;
};

struct settings_change {
	unsigned int set;
	struct settings to;
};

enum setting_type {
	SETTING_SIZE, /* uint64_t, bytes; "t" on D-Bus */
	SETTING_FLAG, /* bool; "b" on D-Bus */
};

struct setting {
	unsigned int bit;
	enum setting_type type;
	size_t offset;		/* of the member in struct settings */
	const char *property;	/* its name on D-Bus */
	const char *key;	/* its name in JSON */
	unsigned int list_flag; /* of a flag: its bit among the flags of ListCounters */
	uint64_t initial;	/* of a new container */
	unsigned int feature;	/* that a controller has if it has the setting; 0: none */
	const char *lacking;	/* why it cannot be set: "The rss controller <lacking>" */
};

/* Ends with a row whose bit is 0. */
extern const struct setting settings_table[];

#define for_each_setting(setting) \
	for (const struct setting *setting = settings_table; (setting)->bit; (setting)++)

/* The row of one bit. */
const struct setting *setting_by_bit(unsigned int bit);
/* The row with this name on D-Bus or in JSON, or NULL. */
const struct setting *setting_by_property(const char *property);
const struct setting *setting_by_key(const char *key);

/* One member of @settings; a flag is 0 or 1. */
uint64_t setting_get(const struct setting *setting, const struct settings *settings);
void setting_put(const struct setting *setting, struct settings *settings, uint64_t value);

/*
 * @value as the kernel keeps it: a size in whole pages, rounded down, and
 * LIMIT_INFINITY from the largest number of pages on.
 */
uint64_t setting_canonical(const struct setting *setting, uint64_t value);
/* Makes each value canonical. */
void settings_make_canonical(struct settings *settings);

/* No limit, no watermarks, single kills. */
struct settings settings_default(void);

/* @settings with @change made; what changes is canonical. */
struct settings settings_with(const struct settings *settings,
			      const struct settings_change *change);

/* The settings in which @a and @b differ, as a mask. */
unsigned int settings_difference(const struct settings *a, const struct settings *b);

/**
 * settings_check() - can this change be made at all?
 * @supported: mask of the settings that the controller has
 * @controller: its name, for messages
 * @limit_min: the smallest limit that it accepts, in bytes
 *
 * Usage does not matter here. Pure. Return: 0, or a failure that names the setting.
 */
int settings_check(const struct settings *settings, const struct settings_change *change,
		   unsigned int supported, const char *controller, uint64_t limit_min,
		   struct failure *failure);

#endif
