/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of rssctl apply: a JSON array of objects, each with the name of a
 * container and its settings, or one such object.
 */
#ifndef RSSCTL_SETTINGS_FILE_H
#define RSSCTL_SETTINGS_FILE_H

#include <stddef.h>

struct rss_change;

struct settings_file {
	struct rss_change *changes;
	size_t count;
	struct json_object *json; /* owns the names in @changes */
};

/* @path: "-" is standard input. STATUS_DONE, or the status after printing what is wrong. */
int settings_file_read(const char *path, struct settings_file *ret);
void settings_file_done(struct settings_file *file);

#endif
