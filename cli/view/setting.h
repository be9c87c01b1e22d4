/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a container one by one, for tables that compare them: apply and diff. */
#ifndef RSSCTL_SETTING_H
#define RSSCTL_SETTING_H

#include <stddef.h>

struct json_object;
struct rss_settings;
struct table;

#define SETTINGS_COUNT 4

/* The RSS_SET_* bit of the i-th, and its name as rssctl set takes it. */
unsigned int setting_bit(size_t i);
const char *setting_name(size_t i);

/* Its value as a cell; "-" where it is not in @settings. */
int add_setting(struct table *table, const struct rss_settings *settings, size_t i);

/* All that are in @settings as an object, or null where there are none. */
void json_add_settings(struct json_object *object, const char *key,
		       const struct rss_settings *settings);

#endif
