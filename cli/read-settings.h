/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses settings: words, options, and JSON files. */
#ifndef RSSCTL_READ_SETTINGS_H
#define RSSCTL_READ_SETTINGS_H

struct args;
struct json_object;
struct rss_settings;

/* Reads "KEY=VALUE" into @settings. Returns the status, with a message on failure. */
int cli_settings_read_word(const char *word, struct rss_settings *settings);

/* Reads the options of a verb whose settings are SETTINGS_OPTIONS. As above. */
int cli_settings_read_options(const struct args *args, struct rss_settings *ret);
/* The given ones, as a mask of RSS_SET_*. */
unsigned int cli_settings_given(const struct args *args);

/*
 * Reads a key and its value from a JSON file. Returns NULL if they are a setting
 * and a valid value, otherwise what is wrong, as the end of a sentence.
 */
const char *cli_settings_read_json(const char *key, struct json_object *value,
				   struct rss_settings *settings);

#endif
