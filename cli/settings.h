/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of a container in the words of rssctl. cli_settings has one row
 * for each row of client_settings, in the same order: the options of create and
 * run, the keys of set, apply and its files, and the lines of show come from it.
 */
#ifndef RSSCTL_SETTINGS_H
#define RSSCTL_SETTINGS_H

#include "librss/settings.h"
#include "verb.h"

struct cli_setting {
	unsigned int bit;	   /* RSS_SET_*; 0 after the last row */
	struct option_spec option; /* of create and run; its name is the key of set */
	const char *what;	   /* begins a message: "The limit" */
	const char *label;	   /* in rssctl show */
	const char *yes, *no;	   /* of a flag, in rssctl show */
};

extern const struct cli_setting cli_settings[];

#define for_each_cli_setting(setting) \
	for (const struct cli_setting *setting = cli_settings; (setting)->bit; (setting)++)

/* The row of the library. */
const struct client_setting *cli_setting_client(const struct cli_setting *setting);

#endif
