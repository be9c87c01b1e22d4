/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file with settings of containers, as people write it: a JSON array of
 * objects with the keys of a declaration, or one of these alone.
 */
#ifndef RSSCTL_SETTINGS_FILE_H
#define RSSCTL_SETTINGS_FILE_H

#include <stddef.h>

struct rss_change;

struct settings_file {
	struct rss_change *changes;
	size_t count;
	struct json_object *json; /* the names are in there */
};

/* @path: "-" is standard input. STATUS_DONE, or what was complained of. */
int settings_file_read(const char *path, struct settings_file *ret);
void settings_file_done(struct settings_file *file);

#endif
