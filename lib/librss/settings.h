/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The settings of a container as a client has them. client_settings has one row
 * for each; it drives what is sent, what is read, and how rssctl reads and shows
 * them. A new setting goes to the end of the structs in rss.h.
 */
#ifndef RSS_SETTINGS_H
#define RSS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "librss/dict.h"
#include "librss/rss.h"

/* The largest number of rows. */
#define CLIENT_SETTINGS_MAX 32

struct client_setting {
	unsigned int bit;     /* RSS_SET_*; 0 after the last row */
	const char *property; /* its name on D-Bus */
	const char *key;      /* its name in JSON */
	const char *type;     /* on D-Bus: "t": bytes; "b": a flag; "s": a pressure trigger */
	size_t offset;	      /* in struct rss_settings: of a uint64_t or a bool */
	size_t shown;	      /* in struct rss_container: the same */
	/* Its bit among the flags of ListCounters: the value of a flag, or that a size is there. */
	unsigned int list_flag;
	bool listed_first; /* of a size: its column of ListCounters comes before "processes" */
};

extern const struct client_setting client_settings[];

#define for_each_client_setting(setting) \
	for (const struct client_setting *setting = client_settings; (setting)->bit; (setting)++)

static inline bool client_setting_is_flag(const struct client_setting *setting)
{
	return setting->type[0] == 'b';
}

static inline bool client_setting_is_size(const struct client_setting *setting)
{
	return setting->type[0] == 't';
}

/* Sets @member, which is that of the setting in one of the structs. */
static inline void client_setting_write(const struct client_setting *setting, void *member,
					uint64_t value)
{
	if (client_setting_is_flag(setting))
		*(bool *)member = value;
	else
		*(uint64_t *)member = value;
}

/* The value in @settings, whether or not it is in @settings->set; a flag is 0 or 1. */
uint64_t client_setting_get(const struct client_setting *setting,
			    const struct rss_settings *settings);
/* Sets the value in @settings and its bit in @settings->set. */
void client_setting_put(const struct client_setting *setting, struct rss_settings *settings,
			uint64_t value);
/* The same for a container. */
uint64_t client_setting_shown(const struct client_setting *setting,
			      const struct rss_container *container);
static inline void client_setting_show(const struct client_setting *setting,
				       struct rss_container *container, uint64_t value)
{
	client_setting_write(setting, (char *)container + setting->shown, value);
}

/* Returns true if some containers do not have it. */
bool client_setting_is_optional(const struct client_setting *setting);
/* Returns true if this container has it; those of the first version are always shown. */
bool client_setting_is_there(const struct client_setting *setting,
			     const struct rss_container *container);
/* All settings that a container has. */
struct rss_settings client_settings_of(const struct rss_container *container);

/* The settings that both have, with different values, as a mask of RSS_SET_*. */
unsigned int client_settings_difference(const struct rss_settings *a, const struct rss_settings *b);

/* Appends the settings in @settings->set, Transient and Join, as an a{sv}; @settings may be NULL. */
int client_settings_append_entries(sd_bus_message *message, const struct rss_settings *settings);
int client_settings_append(sd_bus_message *message, const struct rss_settings *settings);

/* Reads an a{sv} of settings; *@ret has those that were there. */
int client_settings_read(sd_bus_message *message, struct rss_settings *ret);

/* The same for the settings in the kernel, and for RSS_DRIFT_*. */
int client_kernel_read(sd_bus_message *message, struct rss_difference *ret);

/* The fields of struct rss_container for dict_read(); returns how many. */
size_t client_settings_fields(struct dict_field fields[static CLIENT_SETTINGS_MAX]);

#endif
