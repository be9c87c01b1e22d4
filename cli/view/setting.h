/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a container as cells of tables and as JSON. */
#ifndef RSSCTL_SETTING_H
#define RSSCTL_SETTING_H

#include <stdbool.h>
#include <stddef.h>

struct client_setting;
struct json_object;
struct rss_container;
struct rss_difference;
struct rss_settings;
struct table;

/* The value of one setting; "-" if it is not in @settings. */
int add_setting(struct table *table, const struct rss_settings *settings,
		const struct client_setting *setting);

/* One row of a table for each RSS_DRIFT_*; @declared: with a column of what is declared. */
int add_drift(struct table *table, const struct rss_difference *difference, bool declared);

#define DRIFT_NAMES_MAX 40

/* The names of all that differs in the kernel: keys of settings and parts of the cgroup. Returns how many. */
size_t drift_names(const struct rss_difference *difference,
		   const char *names[static DRIFT_NAMES_MAX]);
/* The same as an array with the key "drift"; empty if @difference is NULL. */
void json_add_drift(struct json_object *object, const struct rss_difference *difference);

/* The settings in @settings as an object, or null if there are none. */
void json_add_settings(struct json_object *object, const char *key,
		       const struct rss_settings *settings);

/* Each setting of a container as a key of @object itself; null if the kernel does not have it. */
void json_add_settings_of(struct json_object *object, const struct rss_container *container);

#endif
