/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RSSCTL_CONTAINER_JSON_H
#define RSSCTL_CONTAINER_JSON_H

#include <stdbool.h>

struct json_object;
struct rss_container;

/* With the same keys for every verb; @with_oom adds last_oom. NULL when out of memory. */
struct json_object *container_to_json(const struct rss_container *container, bool with_oom);

/* An object with all keys that container_to_json() writes. NULL when out of memory. */
struct json_object *container_json_keys(void);

#endif
