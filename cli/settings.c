/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of a container in the words of rssctl: see settings.h. */
#include "settings.h"

const struct cli_setting cli_settings[] = {
	{
		.bit = RSS_SET_LIMIT,
		.option = { "limit", 'l', "SIZE",
			    "Hard bound of the resident memory; default: none" },
		.what = "The limit",
		.label = "Limit",
	},
	{
		.bit = RSS_SET_WMARK_HIGH,
		.option = { "wmark-high", 0, "SIZE", "Reclaim in the background above this" },
		.what = "The high watermark",
		.label = "Watermark high",
	},
	{
		.bit = RSS_SET_WMARK_LOW,
		.option = { "wmark-low", 0, "SIZE",
			    "Stop the reclaim in the background below this" },
		.what = "The low watermark",
		.label = "Watermark low",
	},
	{
		.bit = RSS_SET_OOM_GROUP,
		.option = { "oom-group", 0, NULL,
			    "When memory runs out, kill all of it, not one process" },
		.what = "oom-group",
		.label = "On OOM",
		.yes = "kill all of it",
		.no = "kill one process",
	},
	{ 0 },
};

const struct client_setting *cli_setting_client(const struct cli_setting *setting)
{
	return &client_settings[setting - cli_settings];
}
