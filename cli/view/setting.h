/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a container as cells of tables and as JSON. */
#ifndef RSSCTL_SETTING_H
#define RSSCTL_SETTING_H

#include <stdbool.h>

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
/* The names of all that differs in the kernel, as an array with the key "drift". */
void json_add_drift(struct json_object *object, const struct rss_difference *difference);

/* The settings in @settings as an object, or null if there are none. */
void json_add_settings(struct json_object *object, const char *key,
		       const struct rss_settings *settings);

/* Each setting of a container as a key of @object itself. */
void json_add_settings_of(struct json_object *object, const struct rss_container *container);

#endif
