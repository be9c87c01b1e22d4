/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of a container, and a change of them: a mask of settings and
 * their new values. Sizes are bytes; LIMIT_INFINITY means none.
 *
 * settings_table has one row for each setting. It drives the D-Bus properties and
 * dictionaries, the JSON of state and declarations, the checks, the control files,
 * and the comparison of settings. Other code names a setting only if the setting
 * has a special meaning there.
 */
#ifndef RSSD_SETTINGS_H
#define RSSD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct failure;
struct rules;

/* The bits of a mask of settings, in the order of the table. */
enum {
	SETTING_LIMIT = 1 << 0,
	SETTING_WMARK_HIGH = 1 << 1,
	SETTING_WMARK_LOW = 1 << 2,
	SETTING_OOM_GROUP = 1 << 3,
	SETTING_HIGH = 1 << 4,
	SETTING_LOW = 1 << 5,
	SETTING_MIN = 1 << 6,
	SETTING_SWAP_LIMIT = 1 << 7,
	SETTING_ZSWAP_LIMIT = 1 << 8,
	SETTING_THRESHOLD = 1 << 9,
	SETTING_PRESSURE = 1 << 10,
	SETTINGS_ALL = (1 << 11) - 1,
	/* Those that only cause events. */
	SETTINGS_OF_EVENTS = SETTING_THRESHOLD | SETTING_PRESSURE,
	SETTINGS_FIRST = SETTING_LIMIT | SETTING_WMARK_HIGH | SETTING_WMARK_LOW | SETTING_OOM_GROUP,
	/* Those that are properties of a systemd unit as well. */
	SETTINGS_OF_UNITS = SETTING_LIMIT | SETTING_HIGH | SETTING_LOW | SETTING_MIN |
			    SETTING_SWAP_LIMIT | SETTING_ZSWAP_LIMIT,
};

/* The largest number of rows. */
#define SETTINGS_MAX 32

struct settings {
	uint64_t limit;
	uint64_t wmark_high, wmark_low;
	bool oom_group;
	/* As in cgroup v2: usage above high is throttled; low and min are protected from reclaim. */
	uint64_t high, low, min;
	uint64_t swap_limit, zswap_limit;
	uint64_t threshold; /* an event when usage crosses it */
	uint64_t pressure;  /* shared/pressure-trigger.h */
};

struct settings_change {
	unsigned int set;
	struct settings to;
	struct rules *join; /* the new rules, borrowed; NULL: they stay as they are */
};

enum setting_type {
	SETTING_SIZE,		  /* uint64_t, bytes; "t" on D-Bus */
	SETTING_FLAG,		  /* bool; "b" on D-Bus */
	SETTING_PRESSURE_TRIGGER, /* uint64_t, of shared/pressure-trigger.h; "s" on D-Bus */
};

struct setting {
	unsigned int bit;
	enum setting_type type;
	size_t offset;	      /* of the member in struct settings */
	const char *property; /* its name on D-Bus */
	const char *key;      /* its name in JSON */
	/* Its bit in the flags of ListCounters: the value of a flag, or that a size is supported. */
	unsigned int list_flag;
	uint64_t initial;     /* the value in a new container */
	unsigned int feature; /* the controller feature that it needs; 0: none */
	const char *lacking;  /* why it cannot be set, after "The rss controller " */
};

/* The last row has the bit 0. */
extern const struct setting settings_table[];

#define for_each_setting(setting) \
	for (const struct setting *setting = settings_table; (setting)->bit; (setting)++)

/* Returns the row of one bit. */
const struct setting *setting_by_bit(unsigned int bit);
/* Return the row with this name on D-Bus, or in JSON; NULL if there is none. */
const struct setting *setting_by_property(const char *property);
const struct setting *setting_by_key(const char *key);

/* Read and write one member of @settings; a flag is 0 or 1. */
uint64_t setting_get(const struct setting *setting, const struct settings *settings);
void setting_put(const struct setting *setting, struct settings *settings, uint64_t value);

/*
 * Returns @value as the kernel stores it: a size is rounded down to whole pages, and
 * is LIMIT_INFINITY from the kernel's largest number of pages on.
 */
uint64_t setting_canonical(const struct setting *setting, uint64_t value);
/* Makes each value canonical. */
void settings_make_canonical(struct settings *settings);

/* Returns the initial settings: no limits, no watermarks, no protection, single kills. */
struct settings settings_default(void);

/* Returns @settings with @change applied; changed values are canonical. */
struct settings settings_with(const struct settings *settings,
			      const struct settings_change *change);

/* Returns a mask of the settings in which @a and @b differ. */
unsigned int settings_difference(const struct settings *a, const struct settings *b);

/**
 * settings_check() - check if a change is valid
 * @supported: mask of the settings that the controller has
 * @controller: its name, for messages
 * @limit_min: the smallest limit that it accepts, in bytes
 *
 * Does not check usage. Pure. Return: 0, or a failure that names the setting.
 */
int settings_check(const struct settings *settings, const struct settings_change *change,
		   unsigned int supported, const char *controller, uint64_t limit_min,
		   struct failure *failure);

#endif
